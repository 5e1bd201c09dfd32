/// What a pull does to a directory: which files it writes, which it takes away, and which it must not touch because somebody
/// changed them here.
package struct PullPlan: Sendable {
    /// A file as the store would have it.
    package struct Wanted: Sendable {
        /// What the file is for: `task media.transcode 2`, `bpmn ingest`. Several for a model of several processes.
        package var subjects: [String]
        /// Where it is written if no file here is for it.
        package var path: String
        /// The artifact's hash in the store.
        package var artifact: String
        package var bytes: [UInt8]
        /// Of a contract: what a file named `.json` gets.
        package var json: [UInt8]?

        package init(subjects: [String], path: String, artifact: String, bytes: [UInt8], json: [UInt8]? = nil) {
            self.subjects = subjects
            self.path = path
            self.artifact = artifact
            self.bytes = bytes
            self.json = json
        }

        fileprivate func bytes(in path: String) -> [UInt8] { path.hasSuffix(".json") ? json ?? bytes : bytes }
    }

    /// A file that is here.
    package struct Local: Sendable {
        package var path: String
        /// Empty if it cannot be read as a contract or model.
        package var subjects: [String]
        /// The hash that a push of it would make; nil if it cannot be read.
        package var artifact: String?
        /// Of the file as it is.
        package var fileHash: String
        /// Of the file with other ends of lines, which say nothing: version control changes them.
        package var spellings: Set<String>

        package init(
            path: String, subjects: [String], artifact: String?, fileHash: String, spellings: Set<String> = []
        ) {
            self.path = path
            self.subjects = subjects
            self.artifact = artifact
            self.fileHash = fileHash
            self.spellings = spellings
        }

        fileprivate func says(_ wanted: Wanted) -> Bool {
            artifact == wanted.artifact || artifact == fileHash && spellings.contains(wanted.artifact)
        }

        fileprivate func isUnchanged(since hash: String?) -> Bool {
            hash.map { $0 == fileHash || spellings.contains($0) } ?? false
        }
    }

    package var writes: [(path: String, bytes: [UInt8])] = []
    package var deletes: [String] = []
    /// Files that say already what the store says, in whatever words.
    package var kept: [String] = []
    /// Files changed here since the last pull: without force nothing is written at all.
    package var refused: [(path: String, why: String)] = []

    /// - Parameter pulled: the hashes of files as the last pull left them, by path.
    package init(wanted: [Wanted], local: [Local], pulled: [String: String], force: Bool) {
        let byPath = Dictionary(local.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        var bySubject: [String: Local] = [:]
        for file in local.sorted(by: { $0.path < $1.path }) {
            for subject in file.subjects where bySubject[subject] == nil { bySubject[subject] = file }
        }
        var used: Set<String> = []
        for wanted in wanted.sorted(by: { $0.path < $1.path }) {
            let here = wanted.subjects.lazy.compactMap { bySubject[$0] }.first ?? byPath[wanted.path]
            guard let here, used.insert(here.path).inserted else {
                used.insert(wanted.path)
                writes.append((wanted.path, wanted.bytes(in: wanted.path)))
                continue
            }
            if here.says(wanted) {
                kept.append(here.path)
            } else if force || here.isUnchanged(since: pulled[here.path]) {
                writes.append((here.path, wanted.bytes(in: here.path)))
            } else {
                refused.append((here.path, "differs from the store's \(wanted.subjects.joined(separator: ", "))"))
            }
        }
        for (path, hash) in pulled.sorted(by: { $0.key < $1.key }) where !used.contains(path) {
            guard let here = byPath[path] else { continue }
            if force || here.isUnchanged(since: hash) {
                deletes.append(path)
            } else {
                refused.append((path, "is no longer in the store, and was changed here"))
            }
        }
    }
}
