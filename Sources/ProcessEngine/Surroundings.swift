package import Expressions
package import Values

/// What `decide` may know beside the instance and its definition. All of it is data of the moment: same arguments, same
/// events.
package struct Surroundings: Sendable {
    package var now: Timestamp
    /// The one that is decided about, for expressions that ask; nil: nobody knows.
    package var instance: InstanceID?
    package var contracts: any TaskContracts
    package var decisions: any DecisionMaker
    /// Of times in expressions.
    package var zones: any ZoneRules

    package init(
        now: Timestamp, contracts: any TaskContracts, decisions: any DecisionMaker = NoDecisions(),
        zones: any ZoneRules = FixedZones()
    ) {
        self.now = now
        self.contracts = contracts
        self.decisions = decisions
        self.zones = zones
    }
}

/// The engine's view of the deployed task contracts. The newest minor of a major answers.
package protocol TaskContracts: Sendable {
    /// The policies of a contract; nil if it is not deployed (legal for a bare topic).
    func policy(of contract: ContractKey) -> TaskPolicy?
    /// The names of the inputs the contract declares, in its order; nil if it is not deployed.
    func inputNames(of contract: ContractKey) -> [String]?
    /// The input with the contract's defaults, or what is wrong with it, one sentence a problem. As it is for a bare topic.
    func checkInput(_ input: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation>
    /// The output as an agent gave it, or what is wrong with it. A bare topic takes any.
    func checkOutput(_ output: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation>
    /// The codes of the BPMN errors that the contract declares; nil if it is not deployed: then there may be any.
    func errorCodes(of contract: ContractKey) -> [String]?
    /// Who does what the contract promises.
    func performer(of contract: ContractKey) -> ContractPerformer
    /// The names of the outputs the contract declares, in its order; nil if it is not deployed.
    func outputNames(of contract: ContractKey) -> [String]?
}

extension TaskContracts {
    package func performer(of contract: ContractKey) -> ContractPerformer { .agent }
    package func outputNames(of contract: ContractKey) -> [String]? { nil }
}

/// Who does what a contract promises: its kind.
package enum ContractPerformer: Sendable, Hashable {
    /// A task, and a bare topic.
    case agent
    /// A workflow: another instance, of this process.
    case workflow(process: String)
    /// A decision, made in the engine.
    case decision
}

package struct ContractViolation: Error, Sendable, Hashable {
    package var problems: [String]

    package init(_ problems: [String]) {
        self.problems = problems
    }

    /// What an incident says: all of it.
    package func message(about subject: String, of contract: ContractKey) -> String {
        "\(subject) does not fit contract \(contract): \(problems.joined(separator: " "))"
    }
}

/// The part of a contract that the engine and the broker keep.
package struct TaskPolicy: Sendable, Hashable {
    package var version: String
    package var maxAttempts: Int
    package var backoff: Duration
    package var multiplier: Double
    package var maxBackoff: Duration
    /// How long one attempt may run.
    package var timeout: Duration
    /// The longest silence of a running attempt; nil: it need not report before `timeout`.
    package var heartbeat: Duration?
    package var priority: Int
    /// How many attempts may be out at once over all brokers; nil = no limit.
    package var concurrency: Int?
    /// The settings that an agent gets with the task, by name.
    package var settings: [String]

    package init(
        version: String, maxAttempts: Int = 3, backoff: Duration = .seconds(10), multiplier: Double = 2,
        maxBackoff: Duration = .seconds(300), timeout: Duration = .seconds(3600), heartbeat: Duration? = nil,
        priority: Int = 0,
        concurrency: Int? = nil, settings: [String] = []
    ) {
        self.settings = settings
        self.version = version
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.multiplier = multiplier
        self.maxBackoff = maxBackoff
        self.timeout = timeout
        self.heartbeat = heartbeat
        self.priority = priority
        self.concurrency = concurrency
    }

    /// The pause after attempt `failed` (from 1): `backoff × multiplier^(failed−1)`, at most `maxBackoff`.
    package func pause(afterAttempt failed: Int) -> Duration {
        var factor = 1.0
        for _ in 1..<max(failed, 1) where factor < 1e9 { factor *= multiplier }
        let milliseconds = Double(backoff.milliseconds) * factor
        let limit = Double(maxBackoff.milliseconds)
        return .milliseconds(Int64(min(milliseconds, limit)))
    }
}
