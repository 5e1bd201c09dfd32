package import ProcessEngine
package import Values

/// Keeps what deployments over the Camunda 7 dialect called themselves. The definitions are in the `DeploymentStore`; a record
/// that was lost is written anew when the same files are deployed again. All methods throw `StoreError`.
package protocol DeploymentRecordStore: Sendable {
    /// Adds a record; one with the same id is replaced.
    func add(_ record: DeploymentRecord) async throws

    /// Takes a record away; nothing happens if there is none.
    func removeDeploymentRecord(_ id: String) async throws

    /// Every record, oldest first.
    func deploymentRecords() async throws -> [DeploymentRecord]
}

/// One deployment: named files, and the definitions that came of them.
package struct DeploymentRecord: Sendable, Hashable {
    package struct Resource: Sendable, Hashable {
        package var name: String
        /// SHA-256 of the file, hexadecimal.
        package var hash: String
        /// What the file became, new or as it was already.
        package var definitions: [DefinitionID]
        package var decisions: [DecisionID]

        package init(name: String, hash: String, definitions: [DefinitionID], decisions: [DecisionID] = []) {
            self.name = name
            self.hash = hash
            self.definitions = definitions
            self.decisions = decisions
        }
    }
    package var id: String
    package var name: String?
    package var source: String?
    package var deployedAt: Timestamp
    package var resources: [Resource]

    package init(id: String, name: String?, source: String?, deployedAt: Timestamp, resources: [Resource]) {
        self.id = id
        self.name = name
        self.source = source
        self.deployedAt = deployedAt
        self.resources = resources
    }
}

/// How stores keep the resources: as one JSON text.
extension DeploymentRecord {
    package var resourcesJSON: JSON {
        .array(
            resources.map { resource in
                .object([
                    ("name", .string(resource.name)), ("hash", .string(resource.hash)),
                    ("definitions", .array(resource.definitions.map { .string($0.description) })),
                    ("decisions", .array(resource.decisions.map { .string($0.description) })),
                ])
            })
    }

    /// Nil for a text of another form.
    package static func resources(from json: JSON) -> [Resource]? {
        guard let elements = json.elements() else { return nil }
        var resources: [Resource] = []
        for element in elements {
            guard let name = element["name"]?.stringValue, let hash = element["hash"]?.stringValue,
                let texts = element["definitions"]?.elements()
            else { return nil }
            let definitions = texts.compactMap { $0.stringValue.flatMap { DefinitionID($0) } }
            // Older records do not tell of decisions.
            let names = element["decisions"]?.elements() ?? []
            let decisions = names.compactMap { $0.stringValue.flatMap { DecisionID($0) } }
            guard definitions.count == texts.count, decisions.count == names.count else { return nil }
            resources.append(Resource(name: name, hash: hash, definitions: definitions, decisions: decisions))
        }
        return resources
    }
}
