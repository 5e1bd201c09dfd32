/// What became of one publish.
package enum PublishOutcome: Sendable, Hashable {
    case confirmed
    /// No queue took it (mandatory): code and text of the bus.
    case returned(code: Int, text: String)
    /// The bus said no (nack): overflow, or a queue in trouble.
    case refused
    /// The connection died between publish and confirm, or the confirm did not come in time: it may be there or not.
    case unknown
    /// It never left: no connection, or the bus is blocked.
    case notSent
}

package enum BusState: Sendable, Hashable {
    case disconnected(reason: String)
    case connected
    /// The bus has an alarm (memory, disk): publishing waits.
    case blocked(reason: String)
}

/// What a passive declare tells of a queue.
package struct QueueStatus: Sendable, Hashable {
    package var messages: Int
    package var consumers: Int
    package init(messages: Int, consumers: Int) {
        self.messages = messages
        self.consumers = consumers
    }
}
