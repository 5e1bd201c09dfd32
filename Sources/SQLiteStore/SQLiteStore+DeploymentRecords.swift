import GRDB
package import Services
import Values

extension SQLiteStore: DeploymentRecordStore {
    package func add(_ record: DeploymentRecord) async throws {
        try await write { database in
            try database.run(
                """
                INSERT OR REPLACE INTO deployment_record (id, name, source, deployed_at, resources)
                VALUES (?, ?, ?, ?, ?)
                """,
                [record.id, record.name, record.source, record.deployedAt.stored, record.resourcesJSON.text])
        }
    }

    package func removeDeploymentRecord(_ id: String) async throws {
        try await write { try $0.run("DELETE FROM deployment_record WHERE id = ?", [id]) }
    }

    package func deploymentRecords() async throws -> [DeploymentRecord] {
        try await read { database in
            try database.all(
                "SELECT id, name, source, deployed_at, resources FROM deployment_record ORDER BY deployed_at, id"
            ) { row in
                let text: String = row[4]
                guard let json = try? JSON(validating: text), let resources = DeploymentRecord.resources(from: json)
                else {
                    throw StoreError(.corrupt, "a deployment record cannot be read; check the file")
                }
                return DeploymentRecord(
                    id: row[0], name: row[1], source: row[2], deployedAt: row.timestamp(3), resources: resources)
            }
        }
    }
}
