import Delivery
import ProcessEngine
package import Services
import Values

/// What every process store must do, as named cases.
package enum ProcessStoreConformance {
    package typealias Case = StoreConformanceCase<any ProcessStore>

    package static let cases: [Case] =
        journalCases + fenceCases + changeCases + claimCases + leaseCases + waitingCases
        + eventCases + pauseCases
}

/// The words of the cases: one contract, times as milliseconds, transitions that hold their tasks' inputs.
extension ProcessStoreConformance {
    static let probe = ContractKey(name: "media.probe", major: 1)
    static let other = ContractKey(name: "media.transcode", major: 2)

    static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: 1_000_000 + milliseconds) }

    static func task(_ instance: String, _ number: Int) -> TaskID {
        TaskID(instance: InstanceID(instance), number: number)
    }

    static func transition(_ instance: String, _ seq: Int, _ tasks: [TaskChange] = []) -> Transition {
        var transition = Transition(instance: InstanceID(instance), seq: seq, at: at(0), events: events)
        transition.tasks = tasks
        return transition
    }

    /// Stands for coded events. The task of number n has the input `[n]`, which is in here.
    static let events = Array("events [1] [2] [3] [4] [5] [6] [7] [8] [9] end".utf8)

    static func new(
        _ number: Int, _ contract: ContractKey = probe, priority: Int = 0, dueAt: Int64 = 0, lease: TaskLease? = nil
    ) -> NewTask {
        let first = 7 + 4 * ((number - 1) % 9)
        return NewTask(
            number: number, element: ElementID("element\(number)"), contract: contract, priority: priority, retries: 3,
            availableAt: at(dueAt), definition: DefinitionID(process: "ingest", version: 4), businessKey: "key",
            inputRange: first..<first + 3, lease: lease)
    }

    static func request(
        _ credits: [ClaimRequest.Credit]? = nil, limit: Int = 10, at now: Int64 = 0, until: Int64? = nil,
        tokens: String = "t"
    ) -> ClaimRequest {
        ClaimRequest(
            credits: credits ?? [ClaimRequest.Credit(contract: probe, count: 10)], limit: limit, owner: "broker",
            now: at(now),
            leaseUntil: at(until ?? now + 30_000), tokens: (1...max(limit, 1)).map { "\(tokens)\($0)" })
    }

    /// A store with one instance, `a`, whose tasks are due at 0.
    static func start(_ store: any ProcessStore, _ tasks: [NewTask]) async throws {
        let receipt = try await store.commit([transition("a", 1, tasks.map { .create($0) })], marks: [])
        try requireOfStore(receipt.outcomes.first?.isCommitted ?? false, "the first transition must be committed")
    }

    static func row(_ store: any ProcessStore, _ number: Int, of instance: String = "a") async throws -> TaskRow {
        guard let row = try await store.tasks([task(instance, number)]).first else {
            throw StoreConformanceFailure(description: "task \(instance).\(number) is not there")
        }
        return row
    }

    static func mark(_ number: Int, _ change: LeaseMark.Change, attempt: Int = 1, token: String = "t1") -> LeaseMark {
        LeaseMark(task: task("a", number), attempt: attempt, token: token, change: change)
    }

    static func numbers(_ tasks: [LeasedTask]) -> [Int] { tasks.map(\.id.number) }
}

extension CommitReceipt.Outcome {
    var isCommitted: Bool {
        switch self {
        case .committed: true
        case .conflict, .fenceLost, .keyTaken, .uniqueKeyTaken, .consumed: false
        }
    }
}
