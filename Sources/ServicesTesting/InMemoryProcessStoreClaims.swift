import Delivery
import ProcessEngine
import Services
import Values

extension InMemoryProcessState {
    mutating func claim(_ request: ClaimRequest) throws -> [LeasedTask] {
        var candidates: [StoredTask] = []
        var seen: Set<ContractKey> = []
        for credit in request.credits where seen.insert(credit.contract).inserted {
            candidates += best(of: credit, at: request.now)
        }
        candidates.sort(by: Self.comesBefore)
        let limit = max(min(request.limit, request.tokens.count), 0)
        return try zip(candidates.prefix(limit), request.tokens).map { candidate, token in
            try lease(
                candidate,
                TaskLease(
                    owner: request.owner, attempt: candidate.row.attempt + 1, token: token, until: request.leaseUntil))
        }
    }

    private mutating func lease(_ candidate: StoredTask, _ lease: TaskLease) throws -> LeasedTask {
        var task = candidate
        task.row.phase = .dispatched
        task.row.attempt = lease.attempt
        task.row.token = lease.token
        task.row.owner = lease.owner
        task.row.leaseUntil = lease.until
        tasks[task.row.id] = task
        return LeasedTask(
            id: task.row.id, element: task.row.element, contract: task.row.contract, priority: task.row.priority,
            retries: task.row.retries, definition: task.definition, businessKey: task.businessKey, lease: lease,
            input: try JSON(validating: task.input), correlationID: task.correlationID, runAs: task.runAs)
    }

    mutating func lock(_ request: LockRequest) throws -> LeasedTask? {
        guard let task = tasks[request.task], task.row.isDue(at: request.now) else { return nil }
        return try lease(
            task,
            TaskLease(
                owner: request.owner, attempt: task.row.attempt + 1, token: request.token, until: request.leaseUntil))
    }

    mutating func extend(_ attempt: AttemptID, at now: Timestamp, until: Timestamp) -> Bool {
        guard let task = tasks[attempt.task], task.row.isHeld(by: attempt.attempt, attempt.token),
            let lease = task.row.leaseUntil, lease > now
        else { return false }
        tasks[attempt.task]?.row.leaseUntil = until
        return true
    }

    private func best(of credit: ClaimRequest.Credit, at now: Timestamp) -> ArraySlice<StoredTask> {
        let all = tasks.values.filter { $0.row.contract == credit.contract }
        var room = credit.count
        if let concurrency = credit.concurrency {
            // Only live leases count: what expired is over, or is among the candidates.
            room = min(room, concurrency - all.count { $0.row.leaseUntil.map { $0 > now } ?? false })
        }
        return all.filter { $0.row.isDue(at: now) }.sorted(by: Self.comesBefore).prefix(max(room, 0))
    }

    private static func comesBefore(_ left: StoredTask, _ right: StoredTask) -> Bool {
        if left.row.priority != right.row.priority { return left.row.priority > right.row.priority }
        return (left.row.availableAt, left.order) < (right.row.availableAt, right.order)
    }

    func overdue(at now: Timestamp, limit: Int) -> [OverdueTask] {
        let overdue = tasks.values.compactMap { task -> (order: Int, task: OverdueTask)? in
            guard task.row.phase == .running, !task.row.isPaused, let until = task.row.leaseUntil, until <= now,
                let token = task.row.token
            else { return nil }
            return (
                task.order,
                OverdueTask(
                    id: task.row.id, contract: task.row.contract, attempt: task.row.attempt, token: token,
                    leaseUntil: until)
            )
        }
        let ordered = overdue.sorted { ($0.task.leaseUntil, $0.order) < ($1.task.leaseUntil, $1.order) }
        return ordered.prefix(max(limit, 0)).map(\.task)
    }

    func backlog(at now: Timestamp) -> [ContractBacklog] {
        var counts: [ContractKey: ContractBacklog] = [:]
        for task in tasks.values {
            let contract = task.row.contract
            let isDue = task.row.isDue(at: now)
            // The lease of a paused one may be over, and nobody reaps it.
            let isOut = task.row.isOut && !(task.row.isPaused && task.row.leaseUntil.map { $0 <= now } ?? true)
            guard isDue || isOut else { continue }
            counts[contract, default: ContractBacklog(contract: contract, due: 0, out: 0)].due += isDue ? 1 : 0
            counts[contract]?.out += isDue ? 0 : 1
        }
        return counts.values.sorted { $0.contract < $1.contract }
    }
}
