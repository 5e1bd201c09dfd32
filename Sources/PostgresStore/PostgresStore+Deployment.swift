package import ProcessEngine
package import Services
package import Values

extension PostgresStore: DeploymentStore {
    package func deploy(_ deployment: Deployment, at now: Timestamp) async throws -> DeploymentReceipt {
        try await search.transaction { connection in
            let epoch = try Self.lockDeployments(connection)
            if let basis = deployment.basis, basis != epoch { return .outdated }
            var changed = false
            for contract in deployment.contracts {
                let answer = try connection.run(
                    """
                    INSERT INTO contract (name, version, kind, content) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (name, version) DO UPDATE SET kind = excluded.kind, content = excluded.content
                    WHERE contract.kind <> excluded.kind OR contract.content <> excluded.content
                    """,
                    [
                        .text(contract.name), .text(contract.version), .text(contract.kind),
                        .text(contract.content.text),
                    ])
                if answer.changes > 0 { changed = true }
            }
            for (name, version) in deployment.removed {
                let answer = try connection.run(
                    "DELETE FROM contract WHERE name = $1 AND version = $2", [.text(name), .text(version)])
                if answer.changes > 0 { changed = true }
            }
            var definitions: [(id: DefinitionID, new: Bool)] = []
            for process in deployment.processes {
                definitions.append(try Self.deploy(process, at: now, connection))
            }
            var decisions: [(id: DecisionID, new: Bool)] = []
            for decision in deployment.decisions {
                decisions.append(try Self.deploy(decision, at: now, connection))
            }
            for (open, processes) in [(false, deployment.closed), (true, deployment.opened)] where !processes.isEmpty {
                let answer = try connection.run(
                    "UPDATE process SET open = $1 WHERE name = ANY($2::text[]) AND open <> $1",
                    [.bool(open), .texts(processes)])
                if answer.changes > 0 { changed = true }
            }
            for definition in deployment.withdrawn {
                let answer = try connection.run(
                    "UPDATE definition SET withdrawn = true WHERE process = $1 AND version = $2 AND NOT withdrawn",
                    [.text(definition.process), .int(definition.version)])
                if answer.changes > 0 { changed = true }
            }
            for decision in deployment.withdrawnDecisions {
                let answer = try connection.run(
                    "UPDATE decision SET withdrawn = true WHERE decision = $1 AND version = $2 AND NOT withdrawn",
                    [.text(decision.decision), .int(decision.version)])
                if answer.changes > 0 { changed = true }
            }
            if changed || definitions.contains(where: \.new) || decisions.contains(where: \.new) {
                try Self.nextEpoch(connection)
            }
            return DeploymentReceipt(definitions: definitions, decisions: decisions)
        }
    }

    private static func deploy(
        _ process: Deployment.Process, at now: Timestamp, _ connection: Connection
    ) throws -> (id: DefinitionID, new: Bool) {
        let newest = try connection.first(
            """
            SELECT version, hash = $1::text AND workflow IS NOT DISTINCT FROM $2::text
                AND workflow_version IS NOT DISTINCT FROM $3::text AND open
            FROM definition JOIN process ON process.name = definition.process
            WHERE process = $4::text AND NOT withdrawn ORDER BY version DESC LIMIT 1
            """,
            [.text(process.hash), .text(process.workflow), .text(process.workflowVersion), .text(process.process)]
        ) { (version: $0.number(0), same: $0.bool(1)) }
        if let newest, newest.same { return (DefinitionID(process: process.process, version: newest.version), false) }
        let version =
            try connection.first(
                "SELECT coalesce(max(version), 0) + 1 FROM definition WHERE process = $1::text",
                [.text(process.process)]
            ) { $0.number(0) } ?? 1
        try connection.run([
            Connection.Statement(
                sql: "INSERT INTO process (name, open) VALUES ($1, true) ON CONFLICT (name) DO UPDATE SET open = true",
                values: [.text(process.process)]),
            Connection.Statement(
                sql: """
                    INSERT INTO definition (process, version, hash, workflow, workflow_version, deployed_at, source)
                    VALUES ($1, $2, $3, $4, $5, $6, $7)
                    """,
                values: [
                    .text(process.process), .int(version), .text(process.hash), .text(process.workflow),
                    .text(process.workflowVersion), .int(now.stored), .bytes(process.source),
                ]),
        ])
        return (DefinitionID(process: process.process, version: version), true)
    }

    package func definitions() async throws -> [DeployedDefinition] { try await definitions(withdrawn: false) }

    package func withdrawnDefinitions() async throws -> [DeployedDefinition] { try await definitions(withdrawn: true) }

    private func definitions(withdrawn: Bool) async throws -> [DeployedDefinition] {
        try await search.repeatable { connection in
            try connection.all(
                """
                SELECT process, version, hash, workflow, workflow_version, deployed_at, open AND NOT withdrawn
                FROM definition JOIN process ON process.name = definition.process WHERE \(withdrawn ? "" : "NOT ")withdrawn
                ORDER BY process, version
                """
            ) { row in
                DeployedDefinition(
                    id: DefinitionID(process: row.text(0), version: row.number(1)), hash: row.text(2),
                    workflow: row.optional(3, row.text), workflowVersion: row.optional(4, row.text),
                    deployedAt: row.timestamp(5), open: row.bool(6))
            }
        }
    }

    package func source(of definition: DefinitionID) async throws -> [UInt8]? {
        try await search.repeatable { connection in
            try connection.first(
                "SELECT source FROM definition WHERE process = $1 AND version = $2",
                [.text(definition.process), .int(definition.version)]
            ) { $0.bytes(0) }
        }
    }

    package func contracts() async throws -> [DeployedContract] {
        try await search.repeatable { connection in
            try connection.all(
                "SELECT kind, name, version, content FROM contract ORDER BY name, \(Self.versionOrder)"
            ) { row in
                guard let content = try? JSON(validating: row.bytes(3)) else {
                    throw StoreError(.corrupt, "the contract \(row.text(1)) is stored as no JSON; deploy it again")
                }
                return DeployedContract(
                    kind: row.text(0), name: row.text(1), version: row.text(2), content: content)
            }
        }
    }

    package func deploymentEpoch() async throws -> Int64 {
        try await search.repeatable { try $0.first("SELECT epoch FROM deployment_epoch") { $0.int(0) } ?? 0 }
    }

    /// The epoch: nobody else counts it up before this transaction ends.
    private static func lockDeployments(_ connection: Connection) throws -> Int64 {
        try connection.first("SELECT epoch FROM deployment_epoch FOR UPDATE") { $0.int(0) } ?? 0
    }

    private static func nextEpoch(_ connection: Connection) throws {
        try connection.run("UPDATE deployment_epoch SET epoch = epoch + 1")
    }

    /// `major.minor` by number: 1.10 comes after 1.9. Texts of another form come first, by text.
    static let versionOrder = """
        coalesce(substring(version FROM '^[0-9]{1,18}')::bigint, 0), \
        coalesce(substring(version FROM '[.]([0-9]{1,18})')::bigint, 0), version
        """
}
