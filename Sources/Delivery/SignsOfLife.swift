import Values

/// `started`, progress and heartbeats of a running attempt: one message at a time, the latest progress only.
struct SignsOfLife: Sendable {
    /// Progress that was made and not yet sent.
    var waiting: (value: Double?, message: String?)?
    private let startedAt: Timestamp
    private let heartbeat: Duration?
    private var isStartedConfirmed = false
    private var sending: (at: Timestamp, progress: (value: Double?, message: String?)?)?
    private var lastSentAt: Timestamp?
    /// When the last confirmed one was sent: from then on the engine's lease runs.
    private var lastHeardAt: Timestamp
    private(set) var isLastConfirmed = false
    private var retryAt: Timestamp?

    init(startedAt: Timestamp, heartbeat: Duration?) {
        self.startedAt = startedAt
        self.heartbeat = heartbeat
        lastHeardAt = startedAt
    }

    /// When the engine's lease (three heartbeats) is so nearly over that the work must stop.
    var fence: Timestamp? { heartbeat.map { lastHeardAt.advanced(by: $0 * 5 / 2) } }

    /// When the next one is to be sent; nil while one is on its way, or none is needed.
    func nextDue(_ configuration: AgentSession.Configuration) -> Timestamp? {
        if sending != nil { return nil }
        if let retryAt { return retryAt }
        guard isStartedConfirmed, let lastSentAt else {
            return startedAt.advanced(by: min(configuration.startedAfter, heartbeat ?? configuration.startedAfter))
        }
        let beat = heartbeat.map { lastSentAt.advanced(by: $0) }
        guard waiting != nil else { return beat }
        let next = lastSentAt.advanced(by: configuration.progressSpacing)
        return beat.map { min($0, next) } ?? next
    }

    mutating func send(at now: Timestamp) -> TaskReport.Content {
        retryAt = nil
        lastSentAt = now
        guard isStartedConfirmed else {
            sending = (now, nil)
            return .started
        }
        sending = (now, waiting)
        let progress = waiting
        waiting = nil
        return .progress(progress?.value, message: progress?.message)
    }

    mutating func answered(isConfirmed: Bool, at now: Timestamp) {
        guard let sent = sending else { return }
        sending = nil
        isLastConfirmed = isConfirmed
        if isConfirmed {
            isStartedConfirmed = true
            lastHeardAt = max(lastHeardAt, sent.at)
        } else {
            waiting = waiting ?? sent.progress
            retryAt = now.advanced(by: max(.milliseconds(50), min(.seconds(1), (heartbeat ?? .seconds(4)) / 4)))
        }
    }
}
