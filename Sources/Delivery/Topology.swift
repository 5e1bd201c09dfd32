/// Exchanges, queues and bindings to be declared, in this order. Idempotent.
package struct Topology: Sendable, Hashable {
    package enum ExchangeKind: String, Sendable, Hashable { case direct, topic, fanout }
    package struct Exchange: Sendable, Hashable {
        package var name: String
        package var kind: ExchangeKind
        /// The alternate exchange, if any.
        package var alternate: String?
        package init(name: String, kind: ExchangeKind, alternate: String? = nil) {
            self.name = name
            self.kind = kind
            self.alternate = alternate
        }
    }
    package struct Queue: Sendable, Hashable {
        package var name: String
        /// `x-…` arguments, exactly these.
        package var arguments: [BusMessage.Header]
        package init(name: String, arguments: [BusMessage.Header]) {
            self.name = name
            self.arguments = arguments
        }
    }
    package struct Binding: Sendable, Hashable {
        package var exchange: String
        package var queue: String
        package var routingKey: String
        package init(exchange: String, queue: String, routingKey: String) {
            self.exchange = exchange
            self.queue = queue
            self.routingKey = routingKey
        }
    }
    package var exchanges: [Exchange]
    package var queues: [Queue]
    package var bindings: [Binding]
    package init(exchanges: [Exchange] = [], queues: [Queue] = [], bindings: [Binding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }
}
