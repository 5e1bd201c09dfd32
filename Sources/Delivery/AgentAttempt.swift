import Values

/// One attempt that an agent has: its deliveries, its work, and what it has to say.
struct AgentAttempt: Sendable {
    enum Phase: Sendable {
        /// → running; or it goes back to the queue.
        case held(since: Timestamp)
        /// → finished.
        case running
        /// The result waits for its confirm.
        case finished(result: BusMessage)
    }

    enum PublishKind: Sendable, Hashable {
        case signOfLife
        case event(number: Int)
        case result
    }

    let task: TaskMessage
    private var phase: Phase
    /// The deliveries that an acknowledgement is owed to.
    private(set) var tags: [(tag: AgentSession.Tag, deliveredAt: Timestamp)] = []
    private var startedAt: Timestamp
    /// Why the work was told to stop; it may still be running.
    var stop: AgentSession.StopReason?
    private var signs: SignsOfLife
    private var events: [(number: Int, message: BusMessage)] = []
    private var eventCount = 0
    /// Events, then the result: one publish at a time, so that their order holds.
    private var isPublishing = false
    private var tries = 0
    private var notBefore: Timestamp

    init(task: TaskMessage, heldSince now: Timestamp) {
        self.task = task
        phase = .held(since: now)
        startedAt = now
        notBefore = now
        signs = SignsOfLife(startedAt: now, heartbeat: task.heartbeat)
    }

    var isHeld: Bool {
        if case .held = phase { true } else { false }
    }
    var isRunning: Bool {
        if case .running = phase { true } else { false }
    }

    mutating func attach(_ tag: AgentSession.Tag, at now: Timestamp) {
        guard !tags.contains(where: { $0.tag == tag }) else { return }
        tags.append((tag, now))
        if !isRunning { notBefore = min(notBefore, now) }
    }

    mutating func dropTags(before epoch: Int) {
        tags.removeAll { $0.tag.epoch < epoch }
    }

    mutating func start(at now: Timestamp) {
        phase = .running
        startedAt = now
        notBefore = now
        signs = SignsOfLife(startedAt: now, heartbeat: task.heartbeat)
    }

    mutating func finish(_ result: BusMessage) {
        phase = .finished(result: result)
    }

    mutating func progress(_ value: Double?, message: String?) {
        if isRunning { signs.waiting = (value, message) }
    }

    mutating func raise(_ message: BusMessage) -> Int {
        eventCount += 1
        events.append((eventCount, message))
        return eventCount
    }

    // MARK: What is due.

    func isHeldTooLong(at now: Timestamp, _ configuration: AgentSession.Configuration) -> Bool {
        guard case .held(let since) = phase else { return false }
        return now >= since.advanced(by: configuration.holdLimit)
    }

    func reasonToStop(at now: Timestamp) -> AgentSession.StopReason? {
        guard isRunning, stop == nil else { return nil }
        if let timesOutAt, now >= timesOutAt { return .timedOut }
        if let fence = signs.fence, now >= fence { return .leaseLost }
        return nil
    }

    private var timesOutAt: Timestamp? { task.timeout.map { startedAt.advanced(by: $0) } }

    /// The next message that is due, which then counts as on its way; nil if none is.
    mutating func nextPublish(
        at now: Timestamp, _ configuration: AgentSession.Configuration
    ) -> (kind: PublishKind, message: BusMessage, timeout: Duration)? {
        if !isHeld, !isPublishing, now >= notBefore {
            if let event = events.first {
                isPublishing = true
                return (.event(number: event.number), event.message, configuration.publishTimeout)
            }
            if case .finished(let result) = phase {
                isPublishing = true
                return (.result, result, configuration.publishTimeout)
            }
        }
        guard isRunning, stop == nil, let due = signs.nextDue(configuration), now >= due else { return nil }
        let content = signs.send(at: now)
        let message = TaskReport(task.id, content).encoded(for: task, names: configuration.names)
        return (.signOfLife, message, min(task.heartbeat ?? configuration.publishTimeout, configuration.publishTimeout))
    }

    /// Deliveries that the bus would take away soon, if the engine is known to hold the task.
    mutating func tagsToAckEarly(at now: Timestamp, _ configuration: AgentSession.Configuration) -> [AgentSession.Tag] {
        guard isRunning, stop == nil, signs.isLastConfirmed else { return [] }
        let limit = Self.earlyAckAge(configuration)
        let due = tags.filter { now >= $0.deliveredAt.advanced(by: limit) }.map(\.tag)
        tags.removeAll { due.contains($0.tag) }
        return due
    }

    private static func earlyAckAge(_ configuration: AgentSession.Configuration) -> Duration {
        configuration.consumerTimeout * 4 / 5
    }

    func nextWake(_ configuration: AgentSession.Configuration) -> Timestamp? {
        var earliest: Timestamp?
        func consider(_ time: Timestamp?) {
            if let time { earliest = min(earliest ?? time, time) }
        }
        switch phase {
        case .held(let since):
            consider(since.advanced(by: configuration.holdLimit))
        case .running:
            if stop == nil {
                consider(timesOutAt)
                consider(signs.fence)
                consider(signs.nextDue(configuration))
                if signs.isLastConfirmed {
                    for tag in tags { consider(tag.deliveredAt.advanced(by: Self.earlyAckAge(configuration))) }
                }
            }
            if !events.isEmpty, !isPublishing { consider(notBefore) }
        case .finished:
            if !isPublishing { consider(notBefore) }
        }
        return earliest
    }

    // MARK: What the bus said.

    mutating func signOfLifeAnswered(isConfirmed: Bool, at now: Timestamp) {
        signs.answered(isConfirmed: isConfirmed, at: now)
    }

    mutating func eventAnswered(isConfirmed: Bool, at now: Timestamp, _ configuration: AgentSession.Configuration) {
        if isConfirmed {
            isPublishing = false
            tries = 0
            events.removeFirst()
        } else {
            resultAnswered(at: now, configuration)
        }
    }

    /// It was not confirmed: again, after a pause that grows.
    mutating func resultAnswered(at now: Timestamp, _ configuration: AgentSession.Configuration) {
        isPublishing = false
        tries += 1
        let pause = min(.milliseconds(100) * (1 << min(tries - 1, 12)), configuration.longestPause)
        notBefore = now.advanced(by: pause)
    }
}
