import Delivery
import Synchronization

/// Everything that has been declared, to be declared again after a reconnect.
final class TopologyMemory: Sendable {
    private let topology = Mutex(Topology())

    var all: Topology { topology.withLock { $0 } }

    /// Adds what is new; what has the name of something known replaces it in its place.
    func remember(_ added: Topology) {
        topology.withLock { topology in
            for exchange in added.exchanges {
                Self.put(exchange, into: &topology.exchanges) { $0.name == exchange.name }
            }
            for queue in added.queues { Self.put(queue, into: &topology.queues) { $0.name == queue.name } }
            for binding in added.bindings { Self.put(binding, into: &topology.bindings) { $0 == binding } }
        }
    }

    private static func put<T>(_ element: T, into list: inout [T], where isSame: (T) -> Bool) {
        if let index = list.firstIndex(where: isSame) { list[index] = element } else { list.append(element) }
    }
}

extension AMQPConnection {
    /// Declares everything in order on an open channel. When the bus refuses something, the channel is closed:
    /// `refused` is told what, and says whether to open it again and go on.
    func declare(
        _ topology: Topology, channel: UInt16, between: () -> Void,
        refused: (_ what: String, _ code: Int, _ text: String) -> Bool
    ) throws(AMQPFailure) {
        func attempt(_ what: @autoclosure () -> String, _ call: () throws(AMQPFailure) -> Void) throws(AMQPFailure)
            -> Bool
        {
            between()
            defer { releaseBuffers() }
            do {
                try call()
            } catch .channelClosed(let code, let text) {
                guard refused(what(), code, text) else { return false }
                try openChannel(channel)
            }
            return true
        }
        for exchange in topology.exchanges {
            let goOn = try attempt("the exchange \(exchange.name)") { () throws(AMQPFailure) in
                try declare(exchange, channel: channel)
            }
            guard goOn else { return }
        }
        for queue in topology.queues {
            let goOn = try attempt("the queue \(queue.name)") { () throws(AMQPFailure) in
                try declare(queue, channel: channel)
            }
            guard goOn else { return }
        }
        for binding in topology.bindings {
            let goOn = try attempt("a binding of the queue \(binding.queue)") { () throws(AMQPFailure) in
                try bind(binding, channel: channel)
            }
            guard goOn else { return }
        }
    }
}
