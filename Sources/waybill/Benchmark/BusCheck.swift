import Delivery
import Glibc
import ProcessEngine
import RabbitMQBus

/// What the bench asks of the bus beside its messages: whether queues are what they must be, and their end.
enum BusCheck {
    /// A message as the bus would hand it over.
    struct Sample {
        var isPersistent: Bool
        var bodyBytes: Int
    }

    /// Makes durable queues of a type, each empty.
    static func declare(_ queues: [String], type: String, at address: RabbitMQAddress) throws(AMQPTrouble) {
        let connection = try AMQPConnection(address)
        for queue in queues {
            try connection.deleteQueue(queue)
            try connection.declare(queue, [.init(name: "x-queue-type", value: .string(type))])
        }
    }

    static func delete(queues: [String], exchanges: [String], at address: RabbitMQAddress) throws(AMQPTrouble) {
        let connection = try AMQPConnection(address)
        for queue in queues { try connection.deleteQueue(queue) }
        for exchange in exchanges {
            try connection.call(.exchangeDelete, answer: [.exchangeDeleteOk]) { frame in
                frame.integer(UInt16(0))
                frame.shortString(exchange)
                frame.byte(0)
            }
        }
    }

    /// Throws unless every queue is there, durable and with exactly these arguments, the queue's type among them: the bus
    /// compares a declaration with the queue that exists, and refuses one that differs (406).
    static func assertDurable(_ queues: [Topology.Queue], at address: RabbitMQAddress) throws {
        let connection = try AMQPConnection(address)
        for queue in queues {
            try connection.inspect(queue.name)
            do {
                try connection.declare(queue.name, queue.arguments)
            } catch {
                guard error.code == 406 else { throw error }
                throw CommandError("the queue \(queue.name) is not durable as it must be: \(error)")
            }
        }
    }

    /// Throws, and says what to do, if the user may not send to queues by their names, as the raw round trips do.
    static func assertMayPublishToQueues(at address: RabbitMQAddress) throws {
        let connection = try AMQPConnection(address)
        connection.out.publish(
            channel: AMQPConnection.channel, exchange: "", routingKey: "waybill.bench.nobody", body: [],
            frameLimit: connection.frameLimit)
        do {
            try connection.barrier()
        } catch {
            guard error.code == 403 else { throw error }
            throw CommandError(
                """
                the user \(address.user) of the bus may not write to the default exchange, over which the bench measures what the \
                bus alone gives: let him write to amq.default for it, with the pattern ^(?!amq\\.(?!default$)).*$ as the write \
                permission on the virtual host \(address.virtualHost); \(error)
                """)
        }
    }

    /// Looks at the first message of a queue and puts it back; nil if the queue is empty.
    static func sample(of queue: String, at address: RabbitMQAddress) throws(AMQPTrouble) -> Sample? {
        let connection = try AMQPConnection(address)
        guard let (sample, tag) = try connection.get(queue) else { return nil }
        connection.out.method(channel: AMQPConnection.channel, .basicReject) { frame in
            frame.integer(tag)
            frame.byte(1)
        }
        try connection.barrier()
        return sample
    }

    /// A copy of what an exchange gets from now on, in a queue of this connection alone.
    static func listen(
        to exchange: String, key: String, queue: String, at address: RabbitMQAddress
    ) throws(AMQPTrouble) -> AMQPConnection {
        let connection = try AMQPConnection(address)
        try connection.call(.queueDeclare, answer: [.queueDeclareOk]) { frame in
            frame.queue(queue, flags: .exclusive, arguments: [])
        }
        try connection.bind(queue, to: exchange, key: key)
        return connection
    }
}

private struct QueueFlags {
    static let passive = QueueFlags(bits: 1)
    static let durable = QueueFlags(bits: 2)
    static let exclusive = QueueFlags(bits: 4)
    var bits: UInt8
}

extension AMQPBuffer {
    fileprivate mutating func queue(_ name: String, flags: QueueFlags, arguments: [BusMessage.Header]) {
        integer(UInt16(0))
        shortString(name)
        byte(flags.bits)
        table(
            arguments.map { argument in
                switch argument.value {
                case .string(let text): (argument.name, .text(text))
                case .integer(let number): (argument.name, .number(number))
                case .bool(let flag): (argument.name, .flag(flag))
                case .double, .table, .array, .other: (argument.name, .nothing)
                }
            })
    }
}

extension AMQPConnection {
    /// The first message of a queue, unacknowledged, with its tag.
    func get(_ queue: String) throws(AMQPTrouble) -> (sample: BusCheck.Sample, tag: UInt64)? {
        let answer = try call(.basicGet, answer: [.basicGetOk, .basicGetEmpty]) { frame in
            frame.integer(UInt16(0))
            frame.shortString(queue)
            frame.byte(0)
        }
        guard answer.method == .basicGetOk else { return nil }
        var arguments = answer.arguments
        guard let tag = arguments.integer(UInt64.self) else { throw AMQPTrouble("the bus answered without a tag") }
        let header = try expect(.header)
        let isPersistent = header.deliveryMode == AMQPProperties.persistent
        return (BusCheck.Sample(isPersistent: isPersistent, bodyBytes: header.bodySize ?? 0), tag)
    }

    /// The largest of the messages that are in a queue, which are taken out: agents also say who they are.
    func largest(of queue: String) throws(AMQPTrouble) -> BusCheck.Sample? {
        var largest: BusCheck.Sample?
        while let (sample, _) = try get(queue) {
            if sample.bodyBytes > largest?.bodyBytes ?? 0 { largest = sample }
        }
        return largest
    }

    /// Returns once the bus has taken what was sent before.
    fileprivate func barrier() throws(AMQPTrouble) {
        try call(.basicQos, answer: [.basicQosOk]) { frame in
            frame.integer(UInt32(0))
            frame.integer(UInt16(1))
            frame.byte(0)
        }
    }

    fileprivate func declare(_ queue: String, _ arguments: [BusMessage.Header]) throws(AMQPTrouble) {
        try call(.queueDeclare, answer: [.queueDeclareOk]) { frame in
            frame.queue(queue, flags: .durable, arguments: arguments)
        }
    }

    /// Throws with code 404 if there is no such queue.
    fileprivate func inspect(_ queue: String) throws(AMQPTrouble) {
        try call(.queueDeclare, answer: [.queueDeclareOk]) { frame in
            frame.queue(queue, flags: .passive, arguments: [])
        }
    }

    fileprivate func bind(_ queue: String, to exchange: String, key: String) throws(AMQPTrouble) {
        try call(.queueBind, answer: [.queueBindOk]) { frame in
            frame.integer(UInt16(0))
            frame.shortString(queue)
            frame.shortString(exchange)
            frame.shortString(key)
            frame.byte(0)
            frame.table([])
        }
    }

    fileprivate func deleteQueue(_ queue: String) throws(AMQPTrouble) {
        try call(.queueDelete, answer: [.queueDeleteOk]) { frame in
            frame.integer(UInt16(0))
            frame.shortString(queue)
            frame.byte(0)
        }
    }
}
