import ProcessEngine
package import Services
import Values

/// What every deployment store must do, as named cases.
package enum DeploymentStoreConformance {
    package typealias Case = StoreConformanceCase<any DeploymentStore>

    private static let now = Timestamp(millisecondsSinceEpoch: 5_000)

    private static func process(_ name: String, _ text: String, workflowVersion: String? = "1.0") -> Deployment.Process
    {
        Deployment.Process(
            process: name, source: Array(text.utf8), hash: "hash of \(text)", workflow: "media.\(name)",
            workflowVersion: workflowVersion)
    }

    private static func contract(_ name: String, _ version: String, _ content: JSON = .emptyObject) -> DeployedContract
    {
        DeployedContract(kind: "task", name: name, version: version, content: content)
    }

    private static func deploy(
        _ store: any DeploymentStore, _ processes: [Deployment.Process], _ contracts: [DeployedContract] = []
    ) async throws -> [String] {
        let receipt = try await store.deploy(Deployment(processes: processes, contracts: contracts), at: now)
        return receipt.definitions.map { $0.new ? "new \($0.id)" : "\($0.id)" }
    }

    private static func close(_ store: any DeploymentStore, _ processes: String...) async throws {
        _ = try await store.deploy(Deployment(processes: [], contracts: [], closed: processes), at: now)
    }

    package static let cases: [Case] = [
        Case("is empty at first") { store in
            try requireAnswer(try await store.definitions(), [])
            try requireAnswer(try await store.contracts(), [])
            try requireAnswer(try await store.source(of: DefinitionID(process: "a", version: 1)), nil)
        },
        Case("gives each changed process the next version") { store in
            try requireAnswer(try await deploy(store, [process("a", "1"), process("b", "1")]), ["new a:1", "new b:1"])
            try requireAnswer(try await deploy(store, [process("b", "2"), process("a", "1")]), ["new b:2", "a:1"])
            try requireAnswer(try await deploy(store, [process("a", "2"), process("a", "3")]), ["new a:2", "new a:3"])
            // Only the newest version is compared: going back is a change.
            try requireAnswer(try await deploy(store, [process("a", "1")]), ["new a:4"])
            let ids = try await store.definitions().map(\.id.description)
            try requireAnswer(ids, ["a:1", "a:2", "a:3", "a:4", "b:1", "b:2"])
            try requireAnswer(try await store.source(of: DefinitionID(process: "a", version: 3)), Array("3".utf8))
            try requireAnswer(try await store.source(of: DefinitionID(process: "a", version: 5)), nil)
        },
        Case("says what was deployed") { store in
            _ = try await deploy(store, [process("a", "1", workflowVersion: nil)])
            try requireAnswer(
                try await store.definitions(),
                [
                    DeployedDefinition(
                        id: DefinitionID(process: "a", version: 1), hash: "hash of 1", workflow: "media.a",
                        workflowVersion: nil,
                        deployedAt: now, open: true)
                ])
        },
        Case("takes the same process with another workflow contract for a change") { store in
            _ = try await deploy(store, [process("a", "1")])
            try requireAnswer(try await deploy(store, [process("a", "1", workflowVersion: "1.1")]), ["new a:2"])
        },
        Case("changes nothing when the same is deployed again") { store in
            let contracts = [contract("media.probe", "1.0")]
            _ = try await deploy(store, [process("a", "1")], contracts)
            let epoch = try await store.deploymentEpoch()
            try requireAnswer(try await deploy(store, [process("a", "1")], contracts), ["a:1"])
            try requireAnswer(try await store.deploymentEpoch(), epoch)
            try requireAnswer(try await store.definitions().count, 1)
        },
        Case("closes processes for new starts, and opens them again") { store in
            _ = try await deploy(store, [process("a", "1"), process("b", "1")])
            try await close(store, "a", "unknown")
            try requireAnswer(try await store.definitions().map(\.open), [false, true])
            _ = try await store.deploy(
                Deployment(processes: [], contracts: [], closed: ["b"], opened: ["a", "unknown"]), at: now)
            try requireAnswer(try await store.definitions().map(\.open), [true, false])
        },
        Case("opens a closed process by deploying it: a new version") { store in
            _ = try await deploy(store, [process("a", "1")])
            try await close(store, "a")
            try requireAnswer(try await deploy(store, [process("a", "1")]), ["new a:2"])
            try requireAnswer(try await store.definitions().last?.open, true)
        },
        Case("replaces a contract of the same name and version, and orders them by version number") { store in
            let first = [contract("b", "1.10"), contract("b", "1.9"), contract("b", "10.0"), contract("a", "2.0")]
            _ = try await deploy(store, [], first)
            try requireAnswer(
                try await store.contracts().map { "\($0.name) \($0.version)" }, ["a 2.0", "b 1.9", "b 1.10", "b 10.0"])
            let changed = contract("a", "2.0", try JSON(validating: "{\"x\":[1,\"ü\"]}"))
            _ = try await deploy(store, [], [changed])
            try requireAnswer(try await store.contracts().first, changed)
            try requireAnswer(try await store.contracts().count, 4)
        },
        Case("gives each changed decision the next version, beside processes") { store in
            func decision(_ text: String, _ version: String? = "0.1") -> Deployment.Decision {
                Deployment.Decision(
                    decision: "dish", source: Array(text.utf8), hash: "hash of \(text)", contract: nil,
                    configVersion: version)
            }
            func deploy(_ decisions: Deployment.Decision...) async throws -> [String] {
                let receipt = try await store.deploy(
                    Deployment(processes: [], contracts: [], decisions: decisions), at: now)
                return receipt.decisions.map { $0.new ? "new \($0.id)" : "\($0.id)" }
            }
            try requireAnswer(try await store.decisions(), [])
            try requireAnswer(
                try await deploy(decision("1"), decision("1"), decision("2")), ["new dish:1", "dish:1", "new dish:2"])
            let epoch = try await store.deploymentEpoch()
            try requireAnswer(try await deploy(decision("2")), ["dish:2"])
            try requireAnswer(try await store.deploymentEpoch(), epoch)
            try requireAnswer(try await deploy(decision("2", nil)), ["new dish:3"])
            try requireOfStore(try await store.deploymentEpoch() > epoch, "a new decision must count the epoch up")
            try requireAnswer(
                try await store.decisions().last,
                DeployedDecision(
                    id: DecisionID(decision: "dish", version: 3), hash: "hash of 2", contract: nil, configVersion: nil,
                    deployedAt: now))
            try requireAnswer(try await store.source(of: DecisionID(decision: "dish", version: 1)), Array("1".utf8))
            try requireAnswer(try await store.source(of: DecisionID(decision: "dish", version: 9)), nil)
        },
        Case("takes decisions back, whose numbers are not given again") { store in
            func deploy(_ text: String) async throws -> [String] {
                let decision = Deployment.Decision(
                    decision: "dish", source: Array(text.utf8), hash: "hash of \(text)", contract: nil,
                    configVersion: nil)
                let receipt = try await store.deploy(
                    Deployment(processes: [], contracts: [], decisions: [decision]), at: now)
                return receipt.decisions.map { $0.new ? "new \($0.id)" : "\($0.id)" }
            }
            try requireAnswer(try await deploy("1") + deploy("2"), ["new dish:1", "new dish:2"])
            let epoch = try await store.deploymentEpoch()
            let withdrawal = Deployment(
                processes: [], contracts: [],
                withdrawnDecisions: [DecisionID(decision: "dish", version: 2), DecisionID(decision: "x", version: 1)])
            _ = try await store.deploy(withdrawal, at: now)
            try requireAnswer(try await store.decisions().map(\.id.description), ["dish:1"])
            let after = try await store.deploymentEpoch()
            try requireOfStore(after > epoch, "the epoch must grow")
            _ = try await store.deploy(withdrawal, at: now)
            try requireAnswer(try await store.deploymentEpoch(), after)
            try requireAnswer(try await deploy("1") + deploy("2"), ["dish:1", "new dish:3"])
        },
        Case("removes contracts, and counts that as a change") { store in
            _ = try await deploy(store, [], [contract("a", "1.0"), contract("a", "1.1")])
            let epoch = try await store.deploymentEpoch()
            let removal = Deployment(processes: [], contracts: [], removed: [("a", "1.1"), ("b", "1.0")])
            _ = try await store.deploy(removal, at: now)
            try requireAnswer(try await store.contracts().map(\.version), ["1.0"])
            let after = try await store.deploymentEpoch()
            try requireOfStore(after > epoch, "the epoch must grow")
            _ = try await store.deploy(removal, at: now)
            try requireAnswer(try await store.deploymentEpoch(), after)
        },
        Case("counts its epoch up with every change") { store in
            var epochs = [try await store.deploymentEpoch()]
            _ = try await deploy(store, [process("a", "1")])
            epochs.append(try await store.deploymentEpoch())
            _ = try await deploy(store, [], [contract("c", "1.0")])
            epochs.append(try await store.deploymentEpoch())
            try await close(store, "a")
            epochs.append(try await store.deploymentEpoch())
            try requireOfStore(zip(epochs, epochs.dropFirst()).allSatisfy { $0 < $1 }, "epochs must grow: \(epochs)")
            try await close(store, "a")
            try requireAnswer(try await store.deploymentEpoch(), epochs.last)
        },
        Case("takes versions back, whose numbers are not given again") { store in
            _ = try await deploy(store, [process("a", "1"), process("a", "2"), process("b", "1")])
            let epoch = try await store.deploymentEpoch()
            let withdrawal = Deployment(
                processes: [], contracts: [],
                withdrawn: [DefinitionID(process: "a", version: 2), DefinitionID(process: "c", version: 1)])
            _ = try await store.deploy(withdrawal, at: now)
            try requireAnswer(try await store.definitions().map(\.id.description), ["a:1", "b:1"])
            let gone = try await store.withdrawnDefinitions()
            try requireAnswer(gone.map(\.id.description), ["a:2"])
            try requireAnswer(gone.map(\.open), [false])
            // Instances that have it go on.
            try requireAnswer(try await store.source(of: DefinitionID(process: "a", version: 2)), Array("2".utf8))
            let after = try await store.deploymentEpoch()
            try requireOfStore(after > epoch, "the epoch must grow")
            _ = try await store.deploy(withdrawal, at: now)
            try requireAnswer(try await store.deploymentEpoch(), after)
            try requireAnswer(try await deploy(store, [process("a", "1")]), ["a:1"])
            try requireAnswer(try await deploy(store, [process("a", "2")]), ["new a:3"])
        },
        Case("changes nothing for who decided on an older epoch") { store in
            _ = try await deploy(store, [process("a", "1")])
            let epoch = try await store.deploymentEpoch()
            func change(_ text: String) async throws -> DeploymentReceipt {
                try await store.deploy(
                    Deployment(
                        processes: [process("a", text)], contracts: [contract("c", text)], removed: [], closed: ["a"],
                        basis: epoch), at: now)
            }
            let first = try await change("2")
            try requireAnswer(first.isOutdated, false)
            try requireAnswer(first.definitions.map(\.id.version), [2])
            let second = try await change("3")
            try requireAnswer(second.isOutdated, true)
            try requireAnswer(try await store.definitions().map(\.hash), ["hash of 1", "hash of 2"])
            try requireAnswer(try await store.contracts().map(\.version), ["2"])
        },
    ]
}
