import Contracts
import ProcessEngine
package import Staging
import Values

extension ConfigService {
    /// What differs between two revisions; nil stands for the newest. Throws `Rejection(.gone)` if one is not there.
    package func diff(from old: Int?, to new: Int?) async throws -> [PartDiff] {
        PartDiff.between(try await parts(at: old), try await parts(at: new))
    }

    /// What a push of these files would change in a revision. Of names that no file is for nothing is said, unless the files are all
    /// there is to be (`prune`).
    ///
    /// Other than a push, it takes content that differs under a version that exists: that is what somebody at work wants to see.
    package func diff(from number: Int?, to files: [File], prune: Bool) async throws -> [PartDiff] {
        let (sources, _, _) = try read(files)
        let snapshot = try await snapshot(at: number).artifacts
        let before = Part.parts(of: try load(snapshot))
        let wanted = Part.parts(of: try loaded(sources, beside: snapshot.map { Artifact($0.entry) }))
        let after = before.map { part in
            guard let mine = wanted.first(where: { $0.id == part.id }) else { return prune ? nil : part }
            // Versions that are there stay there.
            let kept = part.releases.filter { old in !mine.releases.contains { $0.version == old.version } }
            return Part(id: part.id, releases: (kept + mine.releases).sorted { $0.version < $1.version })
        }.compactMap { $0 }
        let known = Set(before.map(\.id))
        return PartDiff.between(before, after + wanted.filter { !known.contains($0.id) })
    }

    /// What the files change in the store; a version that is there with other content is told with what differs.
    func changeSet(
        _ files: [SourceFile], _ entries: [ArtifactEntry], _ headContracts: [Contract], _ scope: ChangeSet.Scope
    ) async throws -> ChangeSet {
        let head = entries.map(Artifact.init)
        do {
            return try ChangeSet(files: files, head: head, headContracts: headContracts, scope: scope)
        } catch {
            var differences: [Artifact: String] = [:]
            for (existing, file) in ChangeSet.clashes(files: files, head: head, headContracts: headContracts) {
                let was = try tree(try await content(of: ArtifactEntry(existing)), of: existing.kind, existing.name)
                let now = try tree(file.bytes, of: existing.kind, file.path)
                differences[existing] = DifferenceText.brief(
                    ModelDiff(process: existing.name, from: was, to: now).phrases)
            }
            guard !differences.isEmpty else { throw error }
            return try ChangeSet(
                files: files, head: head, headContracts: headContracts, scope: scope, differences: differences)
        }
    }

    /// What a revision contains, read.
    package func parts(at number: Int?) async throws -> [Part] {
        Part.parts(of: try load(try await snapshot(at: number).artifacts))
    }

    func load(_ artifacts: [(entry: ArtifactEntry, content: [UInt8])]) throws -> [LoadedArtifact] {
        try artifacts.map { entry, content in
            let artifact = Artifact(entry)
            return LoadedArtifact(
                artifact: artifact,
                content: artifact.isContract
                    ? .contract(try Contract(canonical: JSON(validating: content)))
                    : .model(try tree(content, of: artifact.kind, "\(entry.name).\(entry.kind)")))
        }
    }

    /// Files as the artifacts that a push would make of them; a process that no contract names has the version 0.0.
    private func loaded(_ files: [SourceFile], beside head: [Artifact]) throws -> [LoadedArtifact] {
        func artifact(_ kind: String, _ name: String, _ version: String, _ file: SourceFile) -> Artifact {
            let existing = head.first { $0.kind == kind && $0.name == name && $0.version == version }
            return Artifact(kind: kind, name: name, version: version, hash: file.hash(beside: existing))
        }
        var versions: [String: String] = [:]
        for file in files {
            guard let contract = file.contract else { continue }
            if let process = contract.process { versions[process] = contract.version.description }
            if contract.kind == .decision {
                versions[contract.decision ?? contract.name] = contract.version.description
            }
        }
        return try files.flatMap { file in
            switch file.content {
            case .contract(let contract):
                return [
                    LoadedArtifact(
                        artifact: Artifact(
                            kind: contract.kind.rawValue, name: contract.name, version: contract.version.description,
                            hash: file.hash), content: .contract(contract))
                ]
            case .bpmn(let processes):
                let source = try tree(file.bytes, of: Artifact.bpmnKind, file.path)
                return processes.map { process in
                    LoadedArtifact(
                        artifact: artifact(Artifact.bpmnKind, process, versions[process] ?? "0.0", file),
                        content: .model(source))
                }
            case .dmn(let decisions):
                let source = try tree(file.bytes, of: Artifact.dmnKind, file.path)
                return decisions.map { decision in
                    LoadedArtifact(
                        artifact: artifact(Artifact.dmnKind, decision.id, versions[decision.id] ?? "0.0", file),
                        content: .model(source))
                }
            }
        }
    }

    /// A model as one tree: DMN files that belong together as if they were one.
    private func tree(_ content: [UInt8], of kind: String, _ file: String) throws -> SourceNode {
        guard kind == Artifact.dmnKind else { return try readTree(content, file) }
        guard let bundle = DecisionBundle(content), let first = bundle.files.first else {
            throw Diagnostics(Diagnostic(code: "no-decision", file: file, message: "the content has no DMN files"))
        }
        var root = try readTree(Array(first.text.utf8), first.name)
        for other in bundle.files.dropFirst() {
            root.children += try readTree(Array(other.text.utf8), other.name).children
        }
        return root
    }
}
