package import ProcessEngine
package import Services
import Values

/// The decisions of the deployment store.
extension PostgresStore {
    /// The deployments are locked.
    static func deploy(
        _ decision: Deployment.Decision, at now: Timestamp, _ connection: Connection
    ) throws -> (id: DecisionID, new: Bool) {
        let newest = try connection.first(
            """
            SELECT version, hash = $1::text AND contract IS NOT DISTINCT FROM $2::text
                AND config_version IS NOT DISTINCT FROM $3::text
            FROM decision WHERE decision = $4::text AND NOT withdrawn ORDER BY version DESC LIMIT 1
            """,
            [.text(decision.hash), .text(decision.contract), .text(decision.configVersion), .text(decision.decision)]
        ) { (version: $0.number(0), same: $0.bool(1)) }
        if let newest, newest.same {
            return (DecisionID(decision: decision.decision, version: newest.version), false)
        }
        let version =
            try connection.first(
                "SELECT coalesce(max(version), 0) + 1 FROM decision WHERE decision = $1::text",
                [.text(decision.decision)]
            ) { $0.number(0) } ?? 1
        try connection.run([
            Connection.Statement(
                sql: """
                    INSERT INTO decision (decision, version, hash, contract, config_version, deployed_at, source)
                    VALUES ($1, $2, $3, $4, $5, $6, $7)
                    """,
                values: [
                    .text(decision.decision), .int(version), .text(decision.hash), .text(decision.contract),
                    .text(decision.configVersion), .int(now.stored), .bytes(decision.source),
                ])
        ])
        return (DecisionID(decision: decision.decision, version: version), true)
    }

    package func decisions() async throws -> [DeployedDecision] {
        try await search.repeatable { connection in
            try connection.all(
                """
                SELECT decision, version, hash, contract, config_version, deployed_at
                FROM decision WHERE NOT withdrawn ORDER BY decision, version
                """
            ) { row in
                DeployedDecision(
                    id: DecisionID(decision: row.text(0), version: row.number(1)), hash: row.text(2),
                    contract: row.optional(3, row.text), configVersion: row.optional(4, row.text),
                    deployedAt: row.timestamp(5))
            }
        }
    }

    package func source(of decision: DecisionID) async throws -> [UInt8]? {
        try await search.repeatable { connection in
            try connection.first(
                "SELECT source FROM decision WHERE decision = $1 AND version = $2",
                [.text(decision.decision), .int(decision.version)]
            ) { $0.bytes(0) }
        }
    }
}
