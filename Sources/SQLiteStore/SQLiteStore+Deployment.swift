import Foundation
import GRDB
package import ProcessEngine
package import Services
package import Values

extension SQLiteStore: DeploymentStore {
    package func deploy(_ deployment: Deployment, at now: Timestamp) async throws -> DeploymentReceipt {
        try await write { database in
            if let basis = deployment.basis, basis != (try Self.epoch(database)) { return .outdated }
            var changed = false
            for contract in deployment.contracts {
                if try database.changes(
                    """
                    INSERT INTO contract (name, version, kind, content) VALUES (?, ?, ?, ?)
                    ON CONFLICT (name, version) DO UPDATE SET kind = excluded.kind, content = excluded.content
                    WHERE kind <> excluded.kind OR content <> excluded.content
                    """, [contract.name, contract.version, contract.kind, contract.content.text])
                {
                    changed = true
                }
            }
            for (name, version) in deployment.removed {
                let isGone = try database.changes(
                    "DELETE FROM contract WHERE name = ? AND version = ?", [name, version])
                if isGone { changed = true }
            }
            var definitions: [(id: DefinitionID, new: Bool)] = []
            for process in deployment.processes {
                definitions.append(try Self.deploy(process, at: now, in: database))
            }
            var decisions: [(id: DecisionID, new: Bool)] = []
            for decision in deployment.decisions {
                decisions.append(try Self.deploy(decision, at: now, in: database))
            }
            for (open, processes) in [(false, deployment.closed), (true, deployment.opened)] {
                for process in processes
                where try database.changes(
                    "UPDATE process SET open = ?1 WHERE name = ?2 AND open <> ?1", [open, process])
                {
                    changed = true
                }
            }
            for definition in deployment.withdrawn
            where try database.changes(
                "UPDATE definition SET withdrawn = 1 WHERE process = ? AND version = ? AND NOT withdrawn",
                [definition.process, definition.version])
            {
                changed = true
            }
            for decision in deployment.withdrawnDecisions
            where try database.changes(
                "UPDATE decision SET withdrawn = 1 WHERE decision = ? AND version = ? AND NOT withdrawn",
                [decision.decision, decision.version])
            {
                changed = true
            }
            if changed || definitions.contains(where: \.new) || decisions.contains(where: \.new) {
                try Self.nextEpoch(database)
            }
            return DeploymentReceipt(definitions: definitions, decisions: decisions)
        }
    }

    private static func deploy(
        _ process: Deployment.Process, at now: Timestamp, in database: Database
    ) throws -> (id: DefinitionID, new: Bool) {
        let newest = try database.first(
            """
            SELECT version, hash = ? AND workflow IS ? AND workflow_version IS ? AND open
            FROM definition JOIN process ON process.name = definition.process
            WHERE process = ? AND NOT withdrawn ORDER BY version DESC LIMIT 1
            """, [process.hash, process.workflow, process.workflowVersion, process.process]
        ) { (version: $0[0] as Int, same: $0[1] as Bool) }
        if let newest, newest.same { return (DefinitionID(process: process.process, version: newest.version), false) }
        let version =
            try database.first(
                "SELECT coalesce(max(version), 0) + 1 FROM definition WHERE process = ?", [process.process]
            ) { $0[0] as Int } ?? 1
        try database.run(
            "INSERT INTO process (name, open) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET open = 1",
            [process.process])
        try database.run(
            """
            INSERT INTO definition (process, version, hash, workflow, workflow_version, deployed_at, source)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                process.process, version, process.hash, process.workflow, process.workflowVersion, now.stored,
                process.source,
            ])
        return (DefinitionID(process: process.process, version: version), true)
    }

    package func definitions() async throws -> [DeployedDefinition] { try await definitions(withdrawn: false) }

    package func withdrawnDefinitions() async throws -> [DeployedDefinition] { try await definitions(withdrawn: true) }

    private func definitions(withdrawn: Bool) async throws -> [DeployedDefinition] {
        try await read { database in
            try database.all(
                """
                SELECT process, version, hash, workflow, workflow_version, deployed_at, open AND NOT withdrawn
                FROM definition JOIN process ON process.name = definition.process WHERE withdrawn = ?
                ORDER BY process, version
                """, [withdrawn]
            ) { row in
                DeployedDefinition(
                    id: DefinitionID(process: row[0], version: row[1]), hash: row[2], workflow: row[3],
                    workflowVersion: row[4],
                    deployedAt: row.timestamp(5), open: row[6])
            }
        }
    }

    package func source(of definition: DefinitionID) async throws -> [UInt8]? {
        try await read { database in
            try database.first(
                "SELECT source FROM definition WHERE process = ? AND version = ?",
                [definition.process, definition.version]
            ) { $0[0] as [UInt8] }
        }
    }

    package func contracts() async throws -> [DeployedContract] {
        try await read { database in
            try database.all(
                "SELECT kind, name, version, content FROM contract ORDER BY name, \(Self.versionOrder)"
            ) { row in
                DeployedContract(
                    kind: row[0], name: row[1], version: row[2], content: try JSON(validating: row[3] as String))
            }
        }
    }

    package func deploymentEpoch() async throws -> Int64 {
        try await read { try Self.epoch($0) }
    }

    private static func epoch(_ database: Database) throws -> Int64 {
        try database.first("SELECT epoch FROM deployment_epoch") { $0[0] } ?? 0
    }

    private static func nextEpoch(_ database: Database) throws {
        try database.run("UPDATE deployment_epoch SET epoch = epoch + 1", [])
    }

    /// `major.minor` by number: 1.10 comes after 1.9. Texts of another form come first, by text.
    static let versionOrder =
        "CAST(version AS INTEGER), CAST(substr(version, instr(version, '.') + 1) AS INTEGER), version"
}
