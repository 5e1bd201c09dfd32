package import Contracts
import Decisions
import ProcessEngine
import Staging
package import Values

/// Takes change sets into the config store: everything is read and checked first, nothing invalid is stored.
package struct ConfigService: Sendable {
    /// Reads a contract file, or throws `Diagnostics`; the YAML adapter, given by the wiring.
    package typealias ContractReader = @Sendable (_ bytes: [UInt8], _ file: String) throws -> Contract

    package struct File: Sendable {
        package var path: String
        package var content: [UInt8]
        package init(path: String, content: [UInt8]) {
            self.path = path
            self.content = content
        }
    }

    package struct Report: Sendable {
        package enum Status: String, Sendable {
            case stored
            case unchanged
            /// A dry run: checked, nothing stored.
            case checked
        }
        package var status: Status
        package var revision: Revision?
        package var added: [ArtifactEntry]
        package var changed: [ArtifactEntry]
        package var unchanged: [ArtifactEntry]
        package var removed: [ArtifactEntry]
        package var warnings: [Diagnostic]
    }

    let store: any ConfigStore & StoreIdentity
    private let readContract: ContractReader
    let readModel: DefinitionRegistry.ModelReader
    let readTree: DecisionFiles.TreeReader
    let hash: @Sendable ([UInt8]) -> String
    let time: any TimeSource
    let changed: @Sendable (Revision) async -> Void
    let faults: FaultPoint
    private let engineCheck: EngineCheck?

    /// Throws `Rejection(.invalid)` if another engine does not take models.
    package typealias EngineCheck = @Sendable (_ models: [File]) async throws -> Void

    /// - Parameters:
    ///   - hash: SHA-256, hexadecimal.
    ///   - engineCheck: asked for new models before they are stored.
    ///   - changed: called after each new revision, before the push is answered.
    package init(
        store: any ConfigStore & StoreIdentity, readContract: @escaping ContractReader,
        readModel: @escaping DefinitionRegistry.ModelReader, readTree: @escaping DecisionFiles.TreeReader,
        hash: @escaping @Sendable ([UInt8]) -> String, time: any TimeSource,
        faults: FaultPoint = .none, engineCheck: EngineCheck? = nil,
        changed: @escaping @Sendable (Revision) async -> Void
    ) {
        self.store = store
        self.readContract = readContract
        self.readModel = readModel
        self.readTree = readTree
        self.hash = hash
        self.time = time
        self.faults = faults
        self.engineCheck = engineCheck
        self.changed = changed
    }

    package func revisions(before: Int?, limit: Int) async throws -> [Revision] {
        try await store.revisions(before: before, limit: limit)
    }

    /// Throws `Rejection(.gone)` if there is no such revision.
    package func artifacts(at number: Int?) async throws -> [ArtifactEntry] {
        let revision = try await revision(number)
        return revision == nil ? [] : try await store.artifacts(at: revision?.number)
    }

    /// Stores files as one revision. Throws `Diagnostics` with everything wrong with them, or `Rejection(.conflict)` if somebody
    /// else pushed in between.
    /// - Parameter permit: throws if the caller may not change something of one of these names: contracts, processes, decisions.
    package func push(
        _ files: [File], author: String, message: String, parent: Int?, prune: Bool, dryRun: Bool,
        attempts: Int = 20, permit: @Sendable ([String]) throws -> Void = { _ in }
    ) async throws -> Report {
        let head = try await store.head()
        if let parent, parent != head?.number {
            throw Rejection(
                .conflict, "revision \(head?.number ?? 0) is the newest, not \(parent): pull, look, and push again")
        }
        let entries = head == nil ? [] : try await store.artifacts(at: nil)
        let (sources, definitions, dmnWarnings) = try read(files)
        let headContracts = try await contracts(among: entries)
        let change = try await changeSet(sources, entries, headContracts, prune ? .replace : .merge)
        try permit(Self.names(in: change, sources, headContracts))
        let kept = Set(change.entries.map { [$0.kind, $0.name, $0.version] })
        let keptContracts = headContracts.filter {
            kept.contains([$0.kind.rawValue, $0.name, $0.version.description])
        }
        let decisions = Set(change.entries.filter { $0.kind == Artifact.dmnKind }.map(\.name))
        let warnings =
            try await dmnWarnings
            + check(
                definitions, beside: models(beside: definitions, of: keptContracts, among: entries),
                against: keptContracts + sources.compactMap(\.contract), decisions: decisions)
        var report = Report(
            status: dryRun ? .checked : .unchanged, revision: head, added: change.added.map(ArtifactEntry.init),
            changed: change.changed.map(ArtifactEntry.init), unchanged: change.unchanged.map(ArtifactEntry.init),
            removed: change.removed.map(ArtifactEntry.init), warnings: warnings)
        guard !dryRun, !change.isEmpty else { return report }
        let outcome = try await commit(
            NewRevision(
                parent: head?.number, author: author, message: message, entries: change.entries.map(ArtifactEntry.init),
                contents: change.contents))
        switch outcome {
        case .stored(let revision):
            report.status = .stored
            report.revision = revision
            await changed(revision)
        case .unchanged(let revision): report.revision = revision
        case .outdated(let newest):
            // Who names no parent wants these files beside whatever else is there: they are checked and stored upon the newest.
            if parent == nil, attempts > 1 {
                return try await push(
                    files, author: author, message: message, parent: nil, prune: prune, dryRun: dryRun,
                    attempts: attempts - 1, permit: permit)
            }
            throw Rejection(
                .conflict, "\(newest.author) pushed revision \(newest.number) at the same moment; push again")
        }
        return report
    }

    /// Everything that a change touches, once each: a contract that is changed, and the process that it takes for its workflow.
    private static func names(in change: ChangeSet, _ sources: [SourceFile], _ head: [Contract]) -> [String] {
        let touched = change.added + change.changed + change.removed
        let contracts = (head + sources.compactMap(\.contract)).filter { contract in
            touched.contains { $0.kind == contract.kind.rawValue && $0.name == contract.name }
        }
        return Set(touched.map(\.name) + contracts.compactMap(\.process)).sorted()
    }

    /// Stores what was found sound here, once an engine elsewhere finds so as well.
    func commit(_ revision: NewRevision) async throws -> PushOutcome {
        if let engineCheck {
            let new = Dictionary(revision.contents.map { ($0.hash, $0.content) }, uniquingKeysWith: { $1 })
            let models = revision.entries.compactMap { entry in
                entry.kind == Artifact.bpmnKind
                    ? new[entry.hash].map { File(path: "\(entry.name).bpmn", content: $0) } : nil
            }
            let decisions = revision.entries.compactMap { entry in
                entry.kind == Artifact.dmnKind
                    ? new[entry.hash].flatMap { DecisionBundle($0)?.files.first }.map { file in
                        File(path: "\(entry.name).dmn", content: Array(file.text.utf8))
                    } : nil
            }
            if !(models + decisions).isEmpty { try await engineCheck(models + decisions) }
        }
        return try await faults.around(.change, "revision") { try await store.push(revision, at: time.now) }
    }

    /// Every file, read, and warnings about those with decisions; every problem of every file at once.
    func read(_ files: [File]) throws -> ([SourceFile], [ProcessDefinition], [Diagnostic]) {
        var sources: [SourceFile] = []
        var definitions: [ProcessDefinition] = []
        var problems: [Diagnostic] = []
        for file in files where !Self.isDMN(file) {
            do {
                if SourceFile.isModel(file.path) {
                    let content = LineEnds.unified(file.content)
                    let processes = try readModel(content, file.path)
                    definitions += processes
                    sources.append(
                        SourceFile(
                            path: file.path, content: .bpmn(processes: processes.map(\.process)), bytes: content,
                            hash: hash(content), spellings: Set(LineEnds.spellings(of: file.content).map(hash)),
                            positions: processes.positions))
                } else {
                    let contract = try readContract(file.content, file.path)
                    let canonical = contract.canonical.bytes
                    sources.append(
                        SourceFile(
                            path: file.path, content: .contract(contract), bytes: canonical, hash: hash(canonical)))
                }
            } catch let error as Diagnostics {
                problems += error.all
            }
        }
        var warnings: [Diagnostic] = []
        do {
            let read = try DecisionFiles(
                files.filter(Self.isDMN).map { ($0.path, $0.content) }, read: readTree)
            sources += read.units.map(source)
            warnings = read.units.flatMap(\.warnings)
        } catch let error as Diagnostics {
            problems += error.all
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        return (sources, definitions, warnings)
    }

    private static func isDMN(_ file: File) -> Bool { file.path.hasSuffix(".dmn") }

    private func source(_ unit: DecisionFiles.Unit) -> SourceFile {
        let spellings = unit.bundle.spellings.map(\.bytes)
        return SourceFile(
            path: unit.path, content: .dmn(decisions: unit.named), bytes: spellings[0], hash: hash(spellings[0]),
            spellings: Set(spellings.map(hash)))
    }

    func contracts(among entries: [ArtifactEntry]) async throws -> [Contract] {
        var contracts: [Contract] = []
        for entry in entries where Artifact.isContract(entry.kind) {
            contracts.append(try Contract(canonical: JSON(validating: try await content(of: entry))))
        }
        return contracts
    }

    func content(of entry: ArtifactEntry) async throws -> [UInt8] {
        guard let content = try await store.content(entry.hash) else {
            throw StoreError(
                .corrupt, "the config store has no content for \(entry.kind) \(entry.name)@\(entry.version)")
        }
        return content
    }

    /// Models against contracts and decisions; throws if there are errors, else answers the warnings.
    private func check(
        _ definitions: [ProcessDefinition], beside others: [ProcessDefinition], against contracts: [Contract],
        decisions: Set<String>
    ) throws -> [Diagnostic] {
        let catalog = try ContractCatalog(contracts)
        let findings =
            (definitions.flatMap(\.warnings) + ModelCheck.check(definitions, beside: others, against: catalog)
            + definitions.flatMap { DecisionCheck.check($0, against: decisions) }).inOrder
        guard findings.allSatisfy({ $0.severity == .warning }) else { throw Diagnostics(findings) }
        return findings
    }
}

extension SourceFile {
    var contract: Contract? {
        switch content {
        case .contract(let contract): contract
        case .bpmn, .dmn: nil
        }
    }
}

extension Artifact {
    init(_ entry: ArtifactEntry) {
        self.init(kind: entry.kind, name: entry.name, version: entry.version, hash: entry.hash)
    }
}

extension ArtifactEntry {
    init(_ artifact: Artifact) {
        self.init(kind: artifact.kind, name: artifact.name, version: artifact.version, hash: artifact.hash)
    }
}
