import Delivery
import Services

extension MessageBusConformance {
    static let consumingCases: [Case] = [
        Case(name: "a consumer holds no more than its prefetch") { subject in
            try await subject.bus.declare(subject.topology())
            try await subject.publish(subject.messages(0..<5))
            var (subscription, reader) = try await subject.subscribe(subject.queue, prefetch: 2)
            let held = try await reader.next(2)
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 3, consumers: 1))
            await subscription.ack([held[0].tag])
            try expect("third", try await reader.next().message.messageID, "2")
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 2, consumers: 1))
            await subscription.cancel()
        },
        Case(name: "acks in any order settle just what they name") { subject in
            try await subject.bus.declare(subject.topology())
            try await subject.publish(subject.messages(0..<10))
            var (subscription, reader) = try await subject.subscribe(subject.queue)
            let held = try await reader.next(10)
            await subscription.ack([2, 0, 1].map { held[$0].tag })
            await subscription.ack([5, 7].map { held[$0].tag })
            // Twice, and of nobody: ignored.
            await subscription.ack([held[0].tag, held[5].tag, BusDelivery.Tag(epoch: -1, number: 4)])
            await subscription.reject([held[7].tag], requeue: true)
            await subscription.cancel()
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 5, consumers: 0))
            let (again, rest) = try await subject.subscribe(subject.queue)
            var reader2 = rest
            let left = try await reader2.next(5)
            try expect("left", left.map(\.message.messageID), ["3", "4", "6", "8", "9"])
            try expect("redelivered", left.map(\.redelivered), Array(repeating: true, count: 5))
            await again.cancel()
        },
        Case(name: "what is given back comes again, marked") { subject in
            try await subject.bus.declare(subject.topology())
            try await subject.publish([subject.message("a")])
            var (subscription, reader) = try await subject.subscribe(subject.queue)
            let first = try await reader.next()
            try expect("first time", first.redelivered, false)
            await subscription.reject([first.tag], requeue: true)
            let second = try await reader.next()
            try expect("message", second.message.messageID, "a")
            try expect("second time", second.redelivered, true)
            await subscription.ack([second.tag])
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 0, consumers: 1))
            await subscription.cancel()
        },
        Case(name: "a stopped subscription keeps what it has and takes no more; cancel gives back") { subject in
            try await subject.bus.declare(subject.topology())
            try await subject.publish(subject.messages(0..<3))
            var (subscription, reader) = try await subject.subscribe(subject.queue)
            let held = try await reader.next(3)
            await subscription.stop()
            try await subject.publish(subject.messages(3..<4))
            await subscription.ack([held[1].tag])
            // RabbitMQ counts a quorum queue's consumer until it has settled everything.
            while let status = try await subject.bus.inspect(queue: subject.queue), status.messages != 1 {}
            await subscription.cancel()
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 3, consumers: 0))
            let hasEnded = await reader.hasEnded()
            try expect("deliveries have ended", hasEnded, true)
        },
        Case(name: "a subscription waits for its queue, and others do not mind") { subject in
            try await subject.bus.declare(subject.topology())
            var (other, otherReader) = try await subject.subscribe(subject.queue)
            var (early, earlyReader) = try await subject.subscribe(subject.deadQueue)
            try await subject.publish([subject.message("a")])
            try expect("other", try await otherReader.next().message.messageID, "a")
            try await subject.bus.declare(subject.topologyForLateQueue())
            var late = subject.message("late")
            late.routingKey = subject.deadQueue
            try await subject.publish([late])
            try expect("late", try await earlyReader.next().message.messageID, "late")
            await early.cancel()
            await other.cancel()
        },
        Case(name: "inspect tells of a missing queue with nil, and goes on working") { subject in
            try expect("missing", try await subject.bus.inspect(queue: subject.queue), nil)
            try await subject.bus.declare(subject.topology())
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 0, consumers: 0))
            try expect("missing", try await subject.bus.inspect(queue: subject.deadQueue), nil)
            let (one, _) = try await subject.subscribe(subject.queue)
            let (two, _) = try await subject.subscribe(subject.queue)
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 0, consumers: 2))
            await one.cancel()
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 0, consumers: 1))
            await two.cancel()
        },
        Case(name: "two consumers share a queue, each message once") { subject in
            try await subject.bus.declare(subject.topology())
            let (one, oneReader) = try await subject.subscribe(subject.queue, prefetch: 1)
            let (two, twoReader) = try await subject.subscribe(subject.queue, prefetch: 1)
            var (reader1, reader2) = (oneReader, twoReader)
            try await subject.publish(subject.messages(0..<2))
            let ids = [
                try await reader1.next().message.messageID ?? "", try await reader2.next().message.messageID ?? "",
            ]
            try expect("messages", ids.sorted(), ["0", "1"])
            await one.cancel()
            await two.cancel()
        },
        Case(name: "a temporary queue takes what is bound to it and ends with its subscription") { subject in
            try await subject.bus.declare(
                Topology(exchanges: [Topology.Exchange(name: subject.exchange, kind: .topic)]))
            let queue = "\(subject.prefix)temporary"
            let bindings = ["cancel.*", "config.changed"].map {
                Topology.Binding(exchange: subject.exchange, queue: queue, routingKey: $0)
            }
            let subscription = try await subject.bus.subscribe(
                Subscription(queue: queue, prefetch: 10, temporaryBindings: bindings))
            var reader = DeliveryReader(subscription)
            for key in ["cancel.a", "config.changed"] {
                try await subject.publish([BusMessage(exchange: subject.exchange, routingKey: key, body: [])])
                try expect("key", try await reader.next().message.routingKey, key)
            }
            await subject.interrupt()
            // It is made again; what is published before that is not routed.
            while await subject.bus.publish(
                [BusMessage(exchange: subject.exchange, routingKey: "cancel.again", body: [])], timeout: .seconds(30))
                != [.confirmed]
            {}
            try expect("key", try await reader.next().message.routingKey, "cancel.again")
            await subscription.cancel()
            for _ in 0..<20_000 where (try? await subject.bus.inspect(queue: queue)) == .some(nil) { return }
            throw fail("the temporary queue is still there")
        },
    ]
}

extension MessageBusConformance.Subject {
    /// Makes the dead-letter queue an ordinary one of the exchange.
    fileprivate func topologyForLateQueue() -> Topology {
        Topology(
            queues: [Topology.Queue(name: deadQueue, arguments: Self.arguments())],
            bindings: [Topology.Binding(exchange: exchange, queue: deadQueue, routingKey: deadQueue)])
    }
}
