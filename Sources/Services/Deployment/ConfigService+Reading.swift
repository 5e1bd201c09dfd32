package import Contracts
import OrderedCollections
import ProcessEngine
import Staging
import Values

/// Everything a revision contains, to be copied elsewhere.
package struct ConfigSnapshot: Sendable {
    /// Which store it is of.
    package var store: String
    /// Nil: the store is new.
    package var revision: Revision?
    package var artifacts: [(entry: ArtifactEntry, content: [UInt8])]
}

extension ConfigService {
    /// The store's id, which tells installations apart.
    package func storeID() async throws -> String { try await store.identity() }

    package func head() async throws -> Revision? { try await store.head() }

    /// A revision; the newest with nil, which is none in a new store. Throws `Rejection(.gone)` if there is no such revision.
    package func revision(_ number: Int?) async throws -> Revision? {
        let head = try await store.head()
        guard let number, number != head?.number else { return head }
        // The number is the caller's: below the newest, one may be added to it.
        guard let head, number < head.number,
            let found = try await store.revisions(before: number + 1, limit: 1).first, found.number == number
        else { throw Rejection(.gone, "there is no revision \(number); the newest is \(head?.number ?? 0)") }
        return found
    }

    /// All of a revision, with contents. Throws `Rejection(.gone)` if there is no such revision.
    package func snapshot(at number: Int?) async throws -> ConfigSnapshot {
        let revision = try await revision(number)
        var snapshot = ConfigSnapshot(store: try await store.identity(), revision: revision, artifacts: [])
        guard let revision else { return snapshot }
        for entry in try await store.artifacts(at: revision.number) {
            snapshot.artifacts.append((entry, try await content(of: entry)))
        }
        return snapshot
    }

    /// Who uses a contract in a revision: the newest version of each workflow, or all with `olderToo`. A version stands for its major,
    /// since that is what models ask for.
    ///
    /// Throws `Rejection(.gone)` if the revision has no such contract.
    package func uses(
        of name: String, _ wanted: Contract.Wanted?, at number: Int? = nil, olderToo: Bool = false
    ) async throws -> [ContractUse] {
        let revision = try await revision(number)
        let entries = revision == nil ? [] : try await store.artifacts(at: revision?.number)
        let contracts = try await self.contracts(among: entries)
        let catalog = try ContractCatalog(contracts)
        let versions = contracts.filter { $0.name == name }
        guard !versions.isEmpty else {
            let hint = Spelling.suggestion(for: name, among: catalog.names).map { "; \($0)" } ?? ""
            throw Rejection(.gone, "there is no contract \(name)\(hint)")
        }
        var asked = versions
        if let wanted {
            guard let contract = catalog.contract(named: name, wanted) else {
                let there = versions.map(\.version.description).joined(separator: ", ")
                throw Rejection(.gone, "\(name) has no such version; there are: \(there)")
            }
            asked = versions.filter { $0.version.major == contract.version.major }
        }
        let models = try await models(of: contracts, among: entries, olderToo: olderToo)
        return UseSearch.uses(
            of: name, major: wanted == nil ? nil : asked.first?.version.major,
            processes: Set(asked.compactMap(\.process)),
            decisions: Set(asked.filter { $0.kind == .decision }.map { $0.decision ?? $0.name }), in: models)
    }

    /// The newest models of the workflows of the store beside those of a push. Only where that calls workflows of the store: else none
    /// of them leads back to it.
    func models(
        beside pushed: [ProcessDefinition], of contracts: [Contract], among entries: [ArtifactEntry]
    ) async throws -> [ProcessDefinition] {
        let workflows = contracts.filter { $0.kind == .workflow }
        let names = Set(workflows.map(\.name))
        let calls = pushed.contains { definition in
            definition.elements.contains { element in
                (element as? ServiceTask).map { $0.contract.map { names.contains($0.name) } ?? true }
                    ?? (element is CallActivity)
            }
        }
        guard calls else { return [] }
        let processes = Set(pushed.map(\.process))
        let others = workflows.filter { workflow in workflow.process.map { !processes.contains($0) } ?? false }
        return try await models(of: others, among: entries, olderToo: false).map(\.definition)
    }

    /// The workflows with their models, by name and version.
    private func models(
        of contracts: [Contract], among entries: [ArtifactEntry], olderToo: Bool
    ) async throws -> [UseSearch.Model] {
        var workflows: OrderedDictionary<String, [Contract]> = [:]
        for contract in contracts where contract.kind == .workflow {
            workflows[contract.name, default: []].append(contract)
        }
        var models: [UseSearch.Model] = []
        for versions in workflows.values {
            let ordered = versions.sorted { $0.version < $1.version }
            for workflow in olderToo ? ordered[...] : ordered.suffix(1) {
                guard
                    let entry = entries.first(where: {
                        $0.kind == Artifact.bpmnKind && $0.name == workflow.process
                            && $0.version == workflow.version.description
                    })
                else { continue }
                let definitions = try readModel(try await content(of: entry), "\(entry.name).bpmn")
                guard let definition = definitions.first(where: { $0.process == entry.name }) else { continue }
                models.append(UseSearch.Model(workflow: workflow, definition: definition))
            }
        }
        return models
    }
}
