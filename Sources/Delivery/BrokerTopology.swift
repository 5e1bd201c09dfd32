package import ProcessEngine

/// The kind of queue that is declared. Quorum unless an install puts the latency of an idle bus first.
package enum QueueType: String, Sendable, Hashable, CaseIterable { case quorum, classic }

extension BusNames {
    /// Everything the broker declares: the exchanges, one queue for each contract, and the queues it consumes.
    ///
    /// The arguments of a task queue never change, because a queue cannot be declared again with others (406). What may change
    /// (length, time to live) is a policy of the bus.
    package func brokerTopology(
        contracts: [ContractKey], queueType: QueueType = .quorum, partition: Int = 0, partitions: Int = 1
    ) -> Topology {
        var topology = Topology(
            exchanges: [
                .init(name: tasksExchange, kind: .direct),
                .init(name: unroutableExchange, kind: .fanout),
                .init(name: resultsExchange, kind: .direct, alternate: unroutableExchange),
                .init(name: controlExchange, kind: .topic),
                .init(name: eventsExchange, kind: .topic),
                .init(name: deadExchange, kind: .fanout),
            ])
        var results = deadLettering(queueType)
        if partitions > 1 { results.append(.init(name: "x-single-active-consumer", value: .bool(true))) }
        topology.add(
            queue: resultsQueue(partition: partition), arguments: results, exchange: resultsExchange,
            key: resultsKey(partition: partition))
        topology.add(
            queue: unroutableQueue, arguments: keeping(queueType), exchange: unroutableExchange, key: "")
        topology.add(queue: deadQueue, arguments: keeping(queueType), exchange: deadExchange, key: "")
        for contract in contracts.sorted() {
            var arguments = deadLettering(queueType)
            if queueType == .quorum { arguments.append(.init(name: "x-delivery-limit", value: .integer(20))) }
            topology.add(
                queue: taskQueue(of: contract), arguments: arguments, exchange: tasksExchange,
                key: taskKey(of: contract))
        }
        return topology
    }

    /// What a queue needs that must not lose a message: neither by overflow nor by a delivery limit.
    private func deadLettering(_ type: QueueType) -> [BusMessage.Header] {
        switch type {
        case .quorum:
            keeping(type) + [
                .init(name: "x-dead-letter-exchange", value: .string(deadExchange)),
                .init(name: "x-dead-letter-strategy", value: .string("at-least-once")),
            ]
        case .classic:
            keeping(type) + [.init(name: "x-dead-letter-exchange", value: .string(deadExchange))]
        }
    }

    func keeping(_ type: QueueType) -> [BusMessage.Header] {
        let kind = BusMessage.Header(name: "x-queue-type", value: .string(type.rawValue))
        return switch type {
        case .quorum: [kind, .init(name: "x-overflow", value: .string("reject-publish"))]
        case .classic: [kind]
        }
    }
}

extension Topology {
    mutating func add(queue: String, arguments: [BusMessage.Header], exchange: String, key: String) {
        queues.append(.init(name: queue, arguments: arguments))
        bindings.append(.init(exchange: exchange, queue: queue, routingKey: key))
    }
}
