import Delivery
import ProcessEngine
import Values

/// Long polls that found nothing and wait. A parked poll is demand: a commit that creates tasks gives them to it.
///
/// A poll is parked only after a claim found none of its contracts due, so nothing older is passed over. That claim may have been
/// an earlier poll's, if nothing has become due since, or another one is on its way to claim that: so of two polls, one takes what
/// one commit left and the other is there for the next.
struct ParkedPolls {
    enum Answer: Sendable {
        case tasks([LeasedTask])
        /// Something may be due now: claim again.
        case recheck
        case timeout
    }

    struct Poll {
        let request: FetchRequest
        let deadline: Timestamp
        let continuation: CheckedContinuation<Answer, Never>
        var credit: [ContractKey: Int]
        var taken: [LeasedTask] = []
    }

    private var polls: [Int: Poll] = [:]
    private var order: [Int] = []
    private var nextID = 0
    /// How many tasks of a contract were created without a lease, ever: shows a poll that its claim is out of date.
    private var unleased: [ContractKey: Int] = [:]
    /// How often polls were told to claim again, ever: shows the same to a poll that was not parked yet.
    private var rechecks = 0
    /// How many tasks ended, ever, as long as there are contracts with a limit: an end may make room.
    private var ends = 0
    /// Contracts of which there may be something since the last `resumeStale`.
    private var stale: Set<ContractKey> = []
    /// The watermark of each contract when a claim last left nothing of it that was due.
    private var exhausted: [ContractKey: Int] = [:]
    /// How many claims of each contract are on their way.
    private var claiming: [ContractKey: Int] = [:]
    /// Contracts with a limit are never handed over: the claim counts them.
    var limited: Set<ContractKey> = []

    var earliestDeadline: Timestamp? { polls.values.map(\.deadline).min() }
    var isEmpty: Bool { polls.isEmpty }

    /// A number that changes when a task of one of these contracts is created without a lease, and when one may have fallen due.
    func watermark(of contracts: [ContractKey]) -> Int {
        contracts.reduce(0) { $0 + watermark(of: $1) }
    }

    func watermark(of contract: ContractKey) -> Int {
        rechecks + unleased[contract, default: 0] + (limited.contains(contract) ? ends : 0)
    }

    /// Whether a claim might find something that no other claim is after. Of a contract with a limit it always might: another
    /// attempt's end makes room.
    func mayBeDue(_ contracts: [ContractKey]) -> Bool {
        contracts.contains { limited.contains($0) || exhausted[$0] != watermark(of: $0) && claiming[$0] == nil }
    }

    /// A claim begins; the watermarks of the contracts that it asks for.
    mutating func claimBegins(_ request: FetchRequest) -> [Int] {
        request.credits.map { credit in
            claiming[credit.contract, default: 0] += 1
            return watermark(of: credit.contract)
        }
    }

    /// What a claim found that began at these watermarks; nil if it failed. Polls that it kept waiting claim what it left.
    mutating func claimEnds(_ request: FetchRequest, at marks: [Int], found tasks: [LeasedTask]?) {
        var counts: [ContractKey: Int] = [:]
        for task in tasks ?? [] { counts[task.contract, default: 0] += 1 }
        let isFull = tasks.map { $0.count >= request.limit } ?? true
        for (credit, mark) in zip(request.credits, marks) {
            let contract = credit.contract
            if let others = claiming[contract] { claiming[contract] = others > 1 ? others - 1 : nil }
            if !isFull, counts[contract, default: 0] < credit.count { exhausted[contract] = mark }
            if exhausted[contract] != watermark(of: contract) { stale.insert(contract) }
        }
        resumeStale()
    }

    mutating func park(
        _ request: FetchRequest, until deadline: Timestamp, _ continuation: CheckedContinuation<Answer, Never>
    ) {
        nextID += 1
        polls[nextID] = Poll(
            request: request, deadline: deadline, continuation: continuation,
            credit: Dictionary(request.credits.map { ($0.contract, $0.count) }, uniquingKeysWith: max))
        order.append(nextID)
    }

    /// A lease for a new task, if a poll waits for its contract. It counts once `answerTaken` is called.
    mutating func reserve(
        _ task: NewTask, of instance: InstanceID, input: JSON, now: Timestamp, token: () -> String
    ) -> TaskLease? {
        guard !limited.contains(task.contract) else { return nil }
        for id in order {
            guard var poll = polls[id], poll.taken.count < poll.request.limit, let credit = poll.credit[task.contract],
                credit > 0
            else { continue }
            let lease = TaskLease(
                owner: poll.request.owner, attempt: 1, token: token(),
                until: now.advanced(by: poll.request.dispatchLease))
            poll.credit[task.contract] = credit - 1
            poll.taken.append(
                LeasedTask(
                    id: TaskID(instance: instance, number: task.number), element: task.element, contract: task.contract,
                    priority: task.priority, retries: task.retries, definition: task.definition,
                    businessKey: task.businessKey, lease: lease, input: input, correlationID: task.correlationID,
                    runAs: task.runAs))
            polls[id] = poll
            return lease
        }
        return nil
    }

    /// The commit of an instance's tasks did not happen: they are nobody's.
    mutating func giveBack(_ instance: InstanceID) {
        for id in order {
            guard var poll = polls[id] else { continue }
            for task in poll.taken where task.id.instance == instance { poll.credit[task.contract, default: 0] += 1 }
            poll.taken.removeAll { $0.id.instance == instance }
            polls[id] = poll
        }
    }

    /// After a commit: polls that got tasks are answered.
    mutating func answerTaken() {
        for id in order {
            guard let poll = polls[id], !poll.taken.isEmpty else { continue }
            remove(id)
            poll.continuation.resume(returning: .tasks(poll.taken))
        }
    }

    mutating func created(_ contract: ContractKey) {
        unleased[contract, default: 0] += 1
        stale.insert(contract)
    }

    /// A task is over: a contract with a limit may have room.
    mutating func freed() {
        guard !limited.isEmpty else { return }
        ends += 1
        stale.formUnion(limited)
    }

    /// After a commit: polls for which it left something claim again.
    mutating func resumeStale() {
        guard !stale.isEmpty else { return }
        for id in order {
            guard let poll = polls[id], poll.taken.isEmpty, poll.credit.keys.contains(where: stale.contains) else {
                continue
            }
            remove(id)
            poll.continuation.resume(returning: .recheck)
        }
        stale = []
    }

    mutating func expire(at now: Timestamp) {
        for id in order {
            guard let poll = polls[id], poll.deadline <= now, poll.taken.isEmpty else { continue }
            remove(id)
            poll.continuation.resume(returning: .timeout)
        }
    }

    /// Polls that a commit on its way will answer are left alone.
    mutating func resumeAll(with answer: Answer, owner: String? = nil) {
        if owner == nil { rechecks += 1 }
        for id in order {
            guard let poll = polls[id], poll.taken.isEmpty, owner == nil || poll.request.owner == owner else {
                continue
            }
            remove(id)
            poll.continuation.resume(returning: answer)
        }
    }

    private mutating func remove(_ id: Int) {
        polls[id] = nil
        order.removeAll { $0 == id }
    }
}
