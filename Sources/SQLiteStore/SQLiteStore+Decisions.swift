import Foundation
import GRDB
package import ProcessEngine
package import Services
import Values

/// The decisions of the deployment store.
extension SQLiteStore {
    static func deploy(
        _ decision: Deployment.Decision, at now: Timestamp, in database: Database
    ) throws -> (id: DecisionID, new: Bool) {
        let newest = try database.first(
            """
            SELECT version, hash = ? AND contract IS ? AND config_version IS ?
            FROM decision WHERE decision = ? AND NOT withdrawn ORDER BY version DESC LIMIT 1
            """, [decision.hash, decision.contract, decision.configVersion, decision.decision]
        ) { (version: $0[0] as Int, same: $0[1] as Bool) }
        if let newest, newest.same {
            return (DecisionID(decision: decision.decision, version: newest.version), false)
        }
        let version =
            try database.first(
                "SELECT coalesce(max(version), 0) + 1 FROM decision WHERE decision = ?", [decision.decision]
            ) { $0[0] as Int } ?? 1
        try database.run(
            """
            INSERT INTO decision (decision, version, hash, contract, config_version, deployed_at, source)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                decision.decision, version, decision.hash, decision.contract, decision.configVersion, now.stored,
                Data(decision.source),
            ])
        return (DecisionID(decision: decision.decision, version: version), true)
    }

    package func decisions() async throws -> [DeployedDecision] {
        try await read { database in
            try database.all(
                """
                SELECT decision, version, hash, contract, config_version, deployed_at
                FROM decision WHERE NOT withdrawn ORDER BY decision, version
                """
            ) { row in
                DeployedDecision(
                    id: DecisionID(decision: row[0], version: row[1]), hash: row[2], contract: row[3],
                    configVersion: row[4], deployedAt: row.timestamp(5))
            }
        }
    }

    package func source(of decision: DecisionID) async throws -> [UInt8]? {
        try await read { database in
            try database.first(
                "SELECT source FROM decision WHERE decision = ? AND version = ?",
                [decision.decision, decision.version]
            ) { $0[0] as [UInt8] }
        }
    }
}
