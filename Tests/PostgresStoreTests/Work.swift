import Delivery
import Foundation
import PostgresStore
import ProcessEngine
import Services
import Values

/// Words for tests: transitions, tasks and claims of one contract.
enum Work {
    static let contract = ContractKey(name: "media.probe", major: 1)

    static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: milliseconds) }

    static func transition(_ instance: String, _ seq: Int = 1, _ tasks: [TaskChange] = []) -> Transition {
        var transition = Transition(
            instance: InstanceID(instance), seq: seq, at: at(0), events: Array("[\(seq)] of \(instance)".utf8))
        transition.tasks = tasks
        return transition
    }

    /// Its input is `[seq]` of the transition that makes it, for seqs of one digit.
    static func task(_ number: Int, _ contract: ContractKey = contract, business: String? = nil) -> NewTask {
        NewTask(
            number: number, element: ElementID("element"), contract: contract, priority: 0, retries: 3,
            availableAt: at(0), definition: DefinitionID(process: "p", version: 1), businessKey: business,
            inputRange: 0..<3)
    }

    static func claim(_ limit: Int, at now: Int64 = 0, concurrency: Int? = nil, owner: String = "broker")
        -> ClaimRequest
    {
        ClaimRequest(
            credits: [ClaimRequest.Credit(contract: contract, count: limit, concurrency: concurrency)], limit: limit,
            owner: owner, now: at(now), leaseUntil: at(now + 1000),
            tokens: (0..<limit).map { _ in UUID().uuidString })
    }

    static func isCommitted(_ outcome: CommitReceipt.Outcome) -> Bool {
        if case .committed = outcome { true } else { false }
    }
}
