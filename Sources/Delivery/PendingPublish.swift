import Values

/// A publish whose outcome is not known yet.
struct PendingPublish: Sendable {
    let message: TaskMessage
    /// The dispatch lease: afterwards the engine may have given the task a new attempt.
    let leaseUntil: Timestamp
    /// When the message expires in the queue: fixed at the first publish, so that a second copy does not live longer.
    let expiresAt: Timestamp
    var tries = 0
    /// The agent already answered: the confirm changes nothing any more.
    var isAnswered = false

    init(message: TaskMessage, leaseUntil: Timestamp, expiresAt: Timestamp) {
        self.message = message
        self.leaseUntil = leaseUntil
        self.expiresAt = expiresAt
    }

    func dispatch(names: BusNames, at now: Timestamp) -> DeliveryMachine.Dispatch {
        let left = max(.milliseconds(1), expiresAt.duration(since: now))
        return DeliveryMachine.Dispatch(id: message.id, message: message.encoded(names: names, expiration: left))
    }

    /// None before the first repetition: the bus port waits for its connection. Then longer and longer, for the message that
    /// makes the bus close the connection each time.
    static func pause(beforeTry tries: Int) -> Duration {
        tries <= 1 ? .zero : min(.milliseconds(100) * (1 << min(tries - 2, 8)), .seconds(5))
    }
}
