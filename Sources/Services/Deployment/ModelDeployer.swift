import Contracts
import Decisions
package import ProcessEngine
import Values

/// Deploys BPMN and DMN files past the config store: what modelers and scripts made for Camunda 7 do.
///
/// Such a definition has no workflow contract, which is how `DeploymentService` knows that it came by another way and leaves it
/// alone. What belongs to a workflow of the config store is refused here: the next comparison would put the store's version back.
package struct ModelDeployer: Sendable {
    package struct File: Sendable {
        package var name: String
        package var content: [UInt8]
        package init(name: String, content: [UInt8]) {
            self.name = name
            self.content = content
        }
    }

    package struct Draft: Sendable {
        package var name: String?
        package var source: String?
        /// Nothing is deployed if the newest deployment of this name and source has the same files.
        package var filtersDuplicates = false
        package var files: [File] = []
        package init() {}
    }

    package struct Deployed: Sendable {
        package var record: DeploymentRecord
        /// The definitions of all files; none if it is a duplicate.
        package var definitions: [DefinitionID]
        package var decisions: [DecisionID] = []
    }

    package let records: any DeploymentRecordStore
    private let index: any IndexStore
    private let registry: DefinitionRegistry
    private let readModel: DefinitionRegistry.ModelReader
    private let readTree: DecisionFiles.TreeReader
    private let hash: @Sendable ([UInt8]) -> String
    private let time: any TimeSource
    private let random: any RandomSource

    /// - Parameter hash: SHA-256, hexadecimal.
    package init(
        records: any DeploymentRecordStore, index: any IndexStore, registry: DefinitionRegistry,
        readModel: @escaping DefinitionRegistry.ModelReader, readTree: @escaping DecisionFiles.TreeReader,
        hash: @escaping @Sendable ([UInt8]) -> String, time: any TimeSource, random: any RandomSource
    ) {
        self.records = records
        self.index = index
        self.registry = registry
        self.readModel = readModel
        self.readTree = readTree
        self.hash = hash
        self.time = time
        self.random = random
    }

    /// Throws `Diagnostics` with everything wrong with any file, `Rejection`, or `StoreError`; then nothing is deployed.
    ///
    /// A process whose file equals its newest version makes no new one: its definition is the one there was.
    /// - Parameter permit: throws if the caller may not deploy these.
    package func deploy(
        _ draft: Draft, permit: (_ processes: [String], _ decisions: [String]) throws -> Void = { _, _ in }
    ) async throws -> Deployed {
        let (processes, counts) = try read(draft.files)
        let units = try DecisionFiles(draft.files.filter(Self.isDMN).map { ($0.name, $0.content) }, read: readTree)
            .units
        let decisions = try self.decisions(of: units)
        try permit(processes.map(\.process), decisions.map(\.decision))
        if draft.filtersDuplicates, let duplicate = try await duplicate(of: draft) {
            return Deployed(record: duplicate, definitions: [])
        }
        try await refuseManaged(processes.map(\.process), decisions.map(\.decision))
        let now = time.now
        let receipt = try await registry.store.deploy(
            Deployment(processes: processes, contracts: [], decisions: decisions), at: now)
        var ids = receipt.definitions.map(\.id)[...]
        var resources: [DeploymentRecord.Resource] = []
        for (file, count) in zip(draft.files, counts) {
            let named = Set(units.filter { $0.path == file.name }.flatMap(\.decisions).map(\.id))
            resources.append(
                DeploymentRecord.Resource(
                    name: file.name, hash: hash(file.content), definitions: Array(ids.prefix(count)),
                    decisions: receipt.decisions.map(\.id).filter { named.contains($0.decision) }))
            ids = ids.dropFirst(count)
        }
        let record = DeploymentRecord(
            id: UUIDv7.text(at: now, random: random.next()), name: draft.name, source: draft.source, deployedAt: now,
            resources: resources)
        try await records.add(record)
        try await registry.refresh()
        return Deployed(
            record: record, definitions: receipt.definitions.map(\.id), decisions: receipt.decisions.map(\.id))
    }

    /// Takes a deployment back: the versions that no other deployment has, and the config store does not, are not seen, started or
    /// evaluated any more.
    ///
    /// Throws `Rejection(.gone)` if there is none, and `Rejection(.conflict)` while instances of such a version run.
    package func delete(_ id: String) async throws {
        let all = try await records.deploymentRecords()
        guard let record = all.first(where: { $0.id == id }) else {
            throw Rejection(.gone, "Deployment with id '\(id)' does not exist")
        }
        try await registry.refresh()
        let kept = all.filter { $0.id != id }.flatMap(\.resources)
        let others = Set(kept.flatMap(\.definitions))
        let managed = Set(await registry.deployed.filter { $0.workflow != nil }.map(\.id))
        let made = Set(record.resources.flatMap(\.definitions)).subtracting(others).subtracting(managed)
        let open = try await index.openInstances()
        for definition in made.sorted() {
            guard let running = open[definition], running > 0 else { continue }
            throw Rejection(.conflict, "\(running) instances of \(definition) run: cancel or migrate them first")
        }
        let managedDecisions = await registry.decisions.all.map(\.deployed).filter { $0.configVersion != nil }.map(\.id)
        let decisions = Set(record.resources.flatMap(\.decisions)).subtracting(kept.flatMap(\.decisions))
            .subtracting(managedDecisions)
        _ = try await registry.store.deploy(
            Deployment(
                processes: [], contracts: [], withdrawn: made.sorted(), withdrawnDecisions: decisions.sorted()),
            at: time.now)
        try await records.removeDeploymentRecord(id)
        try await registry.refresh()
    }

    /// Closes a process for new starts, or opens it again; running instances go on. Throws `Rejection(.gone)` for one that is not
    /// deployed, and `Rejection(.conflict)` for one of the config store.
    package func setOpen(_ isOpen: Bool, process: String) async throws {
        try await registry.refresh()
        guard let newest = await registry.deployed.last(where: { $0.id.process == process }) else {
            throw Rejection(.gone, "No matching process definition with key: \(process) and no tenant-id")
        }
        if let workflow = newest.workflow {
            throw Rejection(
                .conflict, "process '\(process)' belongs to workflow \(workflow) of the config store: change it there")
        }
        _ = try await registry.store.deploy(
            Deployment(
                processes: [], contracts: [], closed: isOpen ? [] : [process], opened: isOpen ? [process] : []),
            at: time.now)
        try await registry.refresh()
    }

    private func duplicate(of draft: Draft) async throws -> DeploymentRecord? {
        let last = try await records.deploymentRecords().last { $0.name == draft.name && $0.source == draft.source }
        guard let last else { return nil }
        let files = Dictionary(draft.files.map { ($0.name, hash($0.content)) }, uniquingKeysWith: { $1 })
        let known = Dictionary(last.resources.map { ($0.name, $0.hash) }, uniquingKeysWith: { $1 })
        guard files == known else { return nil }
        // Somebody else may have deployed another version of a process since: then this is none.
        let newest = Dictionary(
            await registry.deployed.map { ($0.id.process, $0.id.version) }, uniquingKeysWith: max)
        let decisions = await registry.decisions
        let isNewest =
            last.resources.flatMap(\.definitions).allSatisfy { newest[$0.process] == $0.version }
            && last.resources.flatMap(\.decisions).allSatisfy {
                decisions.version(of: $0.decision)?.deployed.id == $0
            }
        return isNewest ? last : nil
    }

    /// The processes of all files, and how many each file has.
    private func read(_ files: [File]) throws -> (processes: [Deployment.Process], counts: [Int]) {
        var processes: [Deployment.Process] = []
        var counts: [Int] = []
        var problems: [Diagnostic] = []
        for file in files {
            guard !Self.isDMN(file) else {
                counts.append(0)
                continue
            }
            guard file.name.hasSuffix(".bpmn") || file.name.hasSuffix(".bpmn20.xml") else {
                throw Rejection(
                    .invalid,
                    "\(file.name): only BPMN and DMN files can be deployed (.bpmn, .bpmn20.xml, .dmn, .dmn11.xml)")
            }
            do {
                let found = try readModel(file.content, file.name)
                counts.append(found.count)
                processes += found.map {
                    Deployment.Process(
                        process: $0.process, source: file.content, hash: hash(file.content), workflow: nil,
                        workflowVersion: nil)
                }
            } catch let error as Diagnostics {
                problems += error.all
            }
        }
        guard problems.isEmpty else { throw Diagnostics(problems) }
        let names = processes.map(\.process)
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw Rejection(.invalid, "the deployment has the process '\(twice)' twice")
        }
        return (processes, counts)
    }

    private static func isDMN(_ file: File) -> Bool {
        file.name.hasSuffix(".dmn") || file.name.hasSuffix(".dmn11.xml")
    }

    private func decisions(of units: [DecisionFiles.Unit]) throws(Rejection) -> [Deployment.Decision] {
        let names = units.flatMap { $0.decisions.map(\.id) }
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw Rejection(.invalid, "the deployment has the decision '\(twice)' twice")
        }
        return units.flatMap { unit in
            let bytes = unit.bundle.bytes
            return unit.decisions.map {
                Deployment.Decision(
                    decision: $0.id, source: bytes, hash: hash(bytes), contract: nil, configVersion: nil)
            }
        }
    }

    private func refuseManaged(_ processes: [String], _ decisions: [String]) async throws {
        try await registry.refresh()
        let deployed = await registry.decisions
        for decision in decisions where deployed.version(of: decision)?.deployed.configVersion != nil {
            throw Rejection(
                .conflict, "decision '\(decision)' belongs to the config store: change it with `waybill push`")
        }
        for process in processes {
            let newest = await registry.deployed.last { $0.id.process == process }
            guard let newest, newest.open, let workflow = newest.workflow else { continue }
            throw Rejection(
                .conflict,
                "process '\(process)' belongs to workflow \(workflow) of the config store: change it with `waybill push`"
            )
        }
    }
}
