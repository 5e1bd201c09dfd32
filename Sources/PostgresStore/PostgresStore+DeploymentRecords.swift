package import Services
import Values

extension PostgresStore: DeploymentRecordStore {
    package func add(_ record: DeploymentRecord) async throws {
        try await search.repeatable { connection in
            _ = try connection.run(
                """
                INSERT INTO deployment_record (id, name, source, deployed_at, resources) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (id) DO UPDATE SET name = excluded.name, source = excluded.source,
                    deployed_at = excluded.deployed_at, resources = excluded.resources
                """,
                [
                    .text(record.id), .text(record.name), .text(record.source), .int(record.deployedAt.stored),
                    .text(record.resourcesJSON.text),
                ])
        }
    }

    package func removeDeploymentRecord(_ id: String) async throws {
        try await search.repeatable { connection in
            _ = try connection.run("DELETE FROM deployment_record WHERE id = $1", [.text(id)])
        }
    }

    package func deploymentRecords() async throws -> [DeploymentRecord] {
        try await search.repeatable { connection in
            try connection.all(
                "SELECT id, name, source, deployed_at, resources FROM deployment_record ORDER BY deployed_at, id"
            ) { row in
                guard let json = try? JSON(validating: row.text(4)),
                    let resources = DeploymentRecord.resources(from: json)
                else { throw StoreError(.corrupt, "a deployment record cannot be read; restore from a backup") }
                return DeploymentRecord(
                    id: row.text(0), name: row.optional(1, row.text), source: row.optional(2, row.text),
                    deployedAt: row.timestamp(3), resources: resources)
            }
        }
    }
}
