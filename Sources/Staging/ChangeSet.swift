package import Contracts
package import Values

/// What files change in a config store: made from the files and the store's head, and refused as a whole if anything is wrong.
package struct ChangeSet: Sendable {
    /// What becomes of the head's artifacts that no file is for.
    package enum Scope: Sendable, Hashable {
        /// They stay: the files are a part of the store.
        case merge
        /// Those whose name no file has are removed: the files are the whole store. Older versions of what stays, stay.
        case replace
    }

    /// Names that are new to the store.
    package var added: [Artifact] = []
    /// New versions of names the store has.
    package var changed: [Artifact] = []
    package var unchanged: [Artifact] = []
    package var removed: [Artifact] = []
    /// Everything the new revision contains, ordered.
    package var entries: [Artifact] = []
    /// The contents that the store does not have yet, each once, ordered by hash.
    package var contents: [(hash: String, content: [UInt8])] = []

    /// Whether the store would stay as it is.
    package var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }

    /// Compares the files with the head. `headContracts` are the contracts among `head`.
    ///
    /// Refused: two files for one artifact; other content under a version that exists; a version older than its major's newest; a new
    /// minor that breaks users of the last; a workflow without its process, and a process without its workflow.
    ///
    /// - Parameter differences: what is other in the files, of models among `head` that they are not (`clashes`).
    package init(
        files: [SourceFile], head: [Artifact], headContracts: [Contract], scope: Scope = .merge,
        differences: [Artifact: String] = [:]
    ) throws(Diagnostics) {
        var staging = StagingCheck(files: files, head: head, headContracts: headContracts)
        staging.differences = differences
        let wanted = staging.artifacts()
        guard staging.problems.isEmpty else { throw Diagnostics(staging.problems) }

        let headSet = Set(head)
        let headNames = Set(head.map { [$0.kind, $0.name] })
        let wantedNames = Set(wanted.map { [$0.artifact.kind, $0.artifact.name] })
        for (artifact, _) in wanted {
            if headSet.contains(artifact) {
                unchanged.append(artifact)
            } else if headNames.contains([artifact.kind, artifact.name]) {
                changed.append(artifact)
            } else {
                added.append(artifact)
            }
        }
        if scope == .replace { removed = head.filter { !wantedNames.contains([$0.kind, $0.name]) }.sorted() }
        let gone = Set(removed)
        entries = (head.filter { !gone.contains($0) } + added + changed).sorted()

        var known = Set(head.map(\.hash))
        for (artifact, bytes) in wanted.sorted(by: { $0.artifact.hash < $1.artifact.hash })
        where known.insert(artifact.hash).inserted {
            contents.append((artifact.hash, bytes))
        }
    }

    /// The models of the store that files have other content for, under the same version: each is a problem of the change set.
    package static func clashes(
        files: [SourceFile], head: [Artifact], headContracts: [Contract]
    ) -> [(existing: Artifact, file: SourceFile)] {
        var staging = StagingCheck(files: files, head: head, headContracts: headContracts)
        _ = staging.artifacts()
        return staging.clashes
    }
}

/// Finds what the files stand for, and everything that is wrong with them.
struct StagingCheck {
    let files: [SourceFile]
    let head: [Artifact]
    let headContracts: [Contract]
    var problems: [Diagnostic] = []
    var clashes: [(existing: Artifact, file: SourceFile)] = []
    var differences: [Artifact: String] = [:]

    init(files: [SourceFile], head: [Artifact], headContracts: [Contract]) {
        self.files = files.sorted { $0.path < $1.path }
        self.head = head
        self.headContracts = headContracts
    }

    mutating func report(
        _ code: String, _ file: String, at position: SourcePosition? = nil, element: String?, _ message: String,
        _ suggestion: String? = nil
    ) {
        problems.append(
            Diagnostic(
                code: code, file: file, position: position ?? SourcePosition(line: 0, column: 0), element: element,
                message: message,
                suggestion: suggestion))
    }

    mutating func artifacts() -> [(artifact: Artifact, bytes: [UInt8])] {
        var result: [(artifact: Artifact, bytes: [UInt8])] = []
        var contracts: [(file: SourceFile, contract: Contract)] = []
        for file in files {
            guard case .contract(let contract) = file.content else { continue }
            if let other = contracts.first(where: {
                $0.contract.name == contract.name && $0.contract.version == contract.version
            }) {
                report(
                    "duplicate", file.path, element: contract.name,
                    "\(contract.reference) is also in \(other.file.path)")
                continue
            }
            check(contract, of: file)
            contracts.append((file, contract))
            result.append((artifact(contract, file), file.bytes))
        }
        for (file, contract) in contracts {
            checkCompatibility(of: contract, in: file, among: contracts.map(\.contract))
        }
        result += processes(of: contracts)
        result += decisions(of: contracts)
        return result.sorted { $0.artifact < $1.artifact }
    }

    private func artifact(_ contract: Contract, _ file: SourceFile) -> Artifact {
        Artifact(
            kind: contract.kind.rawValue, name: contract.name, version: contract.version.description, hash: file.hash)
    }

    private mutating func check(_ contract: Contract, of file: SourceFile) {
        let kinds = Contract.Kind.allCases.map(\.rawValue)
        let versions = head.filter { kinds.contains($0.kind) && $0.name == contract.name }
        if let other = versions.first(where: { $0.kind != contract.kind.rawValue }) {
            report(
                "duplicate", file.path, element: contract.name, "\(contract.name) exists as a \(other.kind) contract",
                "use another name")
            return
        }
        if let same = versions.first(where: { $0.version == contract.version.description }) {
            if same.hash != file.hash { reportSameVersion(contract, file) }
            return
        }
        let newest = versions.compactMap { ContractVersion($0.version) }.filter { $0.major == contract.version.major }
            .max()
        if let newest, newest > contract.version {
            report(
                "old-version", file.path, at: contract.places.position(of: "/version"), element: contract.name,
                "version \(contract.version) of \(contract.name) is older than \(newest), which exists",
                "raise the version")
        }
    }

    private mutating func reportSameVersion(_ contract: Contract, _ file: SourceFile) {
        let other = headContracts.first { $0.name == contract.name && $0.version == contract.version }
        let phrases = other.map { ContractDiff.changes(from: $0, to: contract).map(\.phrase) } ?? []
        report(
            "version-exists", file.path, at: contract.places.position(of: "/version"), element: contract.name,
            Self.otherContent("version \(contract.version) of \(contract.name)", DifferenceText.brief(phrases)),
            "raise the version")
    }

    /// A model whose version is there with other content.
    mutating func reportClash(
        _ subject: String, _ existing: Artifact, _ file: SourceFile, at position: SourcePosition?, _ suggestion: String
    ) {
        clashes.append((existing, file))
        report(
            "version-exists", file.path, at: position, element: existing.name,
            Self.otherContent("version \(existing.version) of \(subject)", differences[existing]), suggestion)
    }

    private static func otherContent(_ subject: String, _ difference: String?) -> String {
        "\(subject) exists with other content" + (difference.map { ": \($0)" } ?? "")
    }

    /// Compares a new minor with the last one before it, in the store or in the files.
    private mutating func checkCompatibility(of contract: Contract, in file: SourceFile, among others: [Contract]) {
        let isNew = !head.contains { $0.name == contract.name && $0.version == contract.version.description }
        let before = (headContracts + others).filter {
            $0.name == contract.name && $0.version.major == contract.version.major && $0.version < contract.version
        }
        guard isNew, let last = before.max(by: { $0.version < $1.version }) else { return }
        for var finding in Compatibility.breaks(from: last, to: contract) {
            finding.file = file.path
            problems.append(finding)
        }
    }

    private mutating func processes(
        of contracts: [(file: SourceFile, contract: Contract)]
    ) -> [(artifact: Artifact, bytes: [UInt8])] {
        var homes: [(process: String, file: SourceFile)] = []
        for file in files {
            guard case .bpmn(let processes) = file.content else { continue }
            for process in processes {
                if let other = homes.first(where: { $0.process == process }) {
                    report(
                        "duplicate", file.path, element: process, "the process \(process) is also in \(other.file.path)"
                    )
                } else {
                    homes.append((process, file))
                }
            }
        }

        var result: [(artifact: Artifact, bytes: [UInt8])] = []
        var used: Set<String> = []
        for (file, contract) in contracts {
            guard let process = contract.process else { continue }
            let version = contract.version.description
            let existing = head.first { $0.kind == Artifact.bpmnKind && $0.name == process && $0.version == version }
            guard let home = homes.first(where: { $0.process == process })?.file else {
                if existing == nil { reportMissing(process, of: contract, in: file, among: homes.map(\.process)) }
                continue
            }
            guard used.insert(process).inserted else {
                reportShared(process, by: contract, in: file)
                continue
            }
            let hash = home.hash(beside: existing)
            if let existing, existing.hash != hash {
                reportClash(
                    "the process \(process)", existing, home, at: home.positions[process],
                    "raise the version of its workflow contract, \(contract.name) in \(file.path)")
            }
            result.append((Artifact(kind: Artifact.bpmnKind, name: process, version: version, hash: hash), home.bytes))
        }
        for (process, file) in homes where !used.contains(process) {
            report(
                "process-without-contract", file.path, element: process,
                "no workflow contract names the process \(process)",
                "add a contract with kind: workflow and process: \(process)")
        }
        return result
    }

    private mutating func reportMissing(
        _ process: String, of contract: Contract, in file: SourceFile, among known: [String]
    ) {
        report(
            "unknown-process", file.path, element: contract.name,
            "\(contract.reference) names the process \"\(process)\", which no BPMN file has",
            Spelling.suggestion(for: process, among: known))
    }

    private mutating func reportShared(_ process: String, by contract: Contract, in file: SourceFile) {
        report(
            "duplicate", file.path, element: contract.name,
            "\(contract.reference) names the process \"\(process)\", which another workflow contract has")
    }
}
