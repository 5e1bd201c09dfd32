package import Delivery
package import ProcessEngine
package import Values

/// The live state of an external task, and the rules by which it changes: stores that decide in memory use them as they are, the
/// others do the same in their own words.
package struct TaskRow: Sendable, Hashable {
    package var id: TaskID
    package var element: ElementID
    package var contract: ContractKey
    package var phase: TaskPhase
    package var priority: Int
    package var retries: Int
    package var attempt: Int
    /// Nil while no attempt is valid.
    package var token: String?
    /// Who took the lease; nil while there is none.
    package var owner: String?
    package var availableAt: Timestamp
    package var leaseUntil: Timestamp?
    package var startedAt: Timestamp?
    package var progress: Double?
    package var progressMessage: String?
    package var error: String?
    /// Its instance is suspended: whatever the phase, it is not due, and nobody reaps it.
    package var isPaused: Bool

    package init(
        id: TaskID, element: ElementID, contract: ContractKey, phase: TaskPhase, priority: Int, retries: Int,
        attempt: Int,
        token: String?, availableAt: Timestamp, leaseUntil: Timestamp?, startedAt: Timestamp?, progress: Double?,
        progressMessage: String?, error: String?, owner: String? = nil, isPaused: Bool = false
    ) {
        self.id = id
        self.element = element
        self.contract = contract
        self.phase = phase
        self.priority = priority
        self.retries = retries
        self.attempt = attempt
        self.token = token
        self.owner = owner
        self.availableAt = availableAt
        self.leaseUntil = leaseUntil
        self.startedAt = startedAt
        self.progress = progress
        self.progressMessage = progressMessage
        self.error = error
        self.isPaused = isPaused
    }
}

extension TaskRow {
    package init(_ task: NewTask, of instance: InstanceID) {
        self.init(
            id: TaskID(instance: instance, number: task.number), element: task.element, contract: task.contract,
            phase: task.lease == nil ? .waiting : .dispatched, priority: task.priority, retries: task.retries,
            attempt: task.lease?.attempt ?? 0, token: task.lease?.token, availableAt: task.availableAt,
            leaseUntil: task.lease?.until, startedAt: nil, progress: nil, progressMessage: nil, error: nil,
            owner: task.lease?.owner, isPaused: task.isPaused)
    }

    /// An attempt is out, and not yet counted as failed, as long as it has a lease.
    package var isOut: Bool { leaseUntil != nil }

    /// Whether a claim could have it.
    package func isDue(at now: Timestamp) -> Bool {
        guard !isPaused else { return false }
        return switch phase {
        case .waiting: availableAt <= now
        case .dispatched, .queued: leaseUntil.map { $0 <= now } ?? false
        case .running, .suspended: false
        }
    }

    package func isHeld(by attempt: Int, _ token: String) -> Bool { self.attempt == attempt && self.token == token }

    package func holds(_ fence: Fence) -> Bool {
        guard isHeld(by: fence.attempt, fence.token) else { return false }
        if fence.mustBeOut, !isOut { return false }
        guard let time = fence.expiredAt else { return true }
        return leaseUntil.map { $0 <= time } ?? false
    }

    /// Whether an agent has the task, and has shown so lately.
    package func isWorkedOn(at now: Timestamp) -> Bool { phase == .running && leaseUntil.map { $0 > now } ?? false }

    /// The attempt is over or given back. Without `keepToken` nothing of it counts any more.
    package mutating func end(_ phase: TaskPhase, keepToken: Bool) {
        self.phase = phase
        leaseUntil = nil
        owner = nil
        startedAt = nil
        progress = nil
        progressMessage = nil
        if !keepToken { token = nil }
    }

    package mutating func reschedule(retries: Int, dueAt: Timestamp, error: String?, keepToken: Bool) {
        end(.waiting, keepToken: keepToken)
        self.retries = retries
        availableAt = dueAt
        self.error = error
    }

    package mutating func suspend(retries: Int, error: String, keepToken: Bool) {
        end(.suspended, keepToken: keepToken)
        self.retries = retries
        self.error = error
    }

    /// False, and nothing changes, if the mark is not of the attempt that is out. An attempt that was counted as failed is not, even
    /// if its late result would still count.
    package mutating func apply(_ mark: LeaseMark) -> Bool {
        guard isHeld(by: mark.attempt, mark.token), isOut else { return false }
        switch mark.change {
        case .queued(let until):
            guard phase == .dispatched else { return true }
            phase = .queued
            leaseUntil = until
        case .started(let at, let until):
            phase = .running
            startedAt = at
            leaseUntil = until
        case .heartbeat(let until, let progress, let message):
            phase = .running
            leaseUntil = leaseUntil.map { max($0, until) } ?? until
            self.progress = progress ?? self.progress
            progressMessage = message ?? progressMessage
        case .released(let dueAt):
            end(.waiting, keepToken: false)
            availableAt = dueAt
        }
        return true
    }
}
