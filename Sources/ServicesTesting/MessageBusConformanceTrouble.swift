import Delivery
import Services

extension MessageBusConformance {
    static let deadLetterCases: [Case] = [
        Case(name: "a rejected message goes to the dead letters, with the reason") { subject in
            try await subject.bus.declare(subject.topologyWithDeadLetters())
            try await subject.publish([subject.message("a")])
            var (subscription, reader) = try await subject.subscribe(subject.queue)
            await subscription.reject([try await reader.next().tag], requeue: false)
            var (dead, deadReader) = try await subject.subscribe(subject.deadQueue)
            let delivery = try await deadReader.next()
            try expect("message", delivery.message.messageID, "a")
            try expect("death", Subject.death(of: delivery), ["rejected", subject.queue])
            await dead.ack([delivery.tag])
            await subscription.cancel()
            await dead.cancel()
        },
        Case(name: "an expired message goes to the dead letters") { subject in
            try await subject.bus.declare(subject.topologyWithDeadLetters())
            var message = subject.message("a")
            message.expirationMilliseconds = 50
            try await subject.publish([message])
            await subject.pass(.milliseconds(50))
            let (dead, deadReader) = try await subject.subscribe(subject.deadQueue)
            var reader = deadReader
            let delivery = try await reader.next()
            try expect("death", Subject.death(of: delivery), ["expired", subject.queue])
            try expect("expiration", delivery.message.expirationMilliseconds, nil)
            await dead.cancel()
        },
        Case(name: "a message that comes back too often goes to the dead letters") { subject in
            try await subject.bus.declare(
                subject.topologyWithDeadLetters(arguments: [("x-delivery-limit", .integer(2))]))
            try await subject.publish([subject.message("a")])
            let (subscription, liveReader) = try await subject.subscribe(subject.queue)
            var reader = liveReader
            for _ in 0..<3 { await subscription.reject([try await reader.next().tag], requeue: true) }
            let (dead, deadReader) = try await subject.subscribe(subject.deadQueue)
            var reader2 = deadReader
            try expect("death", Subject.death(of: try await reader2.next()), ["delivery_limit", subject.queue])
            await subscription.cancel()
            await dead.cancel()
        },
    ]

    static let connectionCases: [Case] = [
        Case(name: "after an interruption what was acknowledged is gone and the rest comes again") { subject in
            try await subject.bus.declare(subject.topology())
            try await subject.publish(subject.messages(0..<4))
            let (subscription, liveReader) = try await subject.subscribe(subject.queue)
            var reader = liveReader
            let held = try await reader.next(4)
            await subscription.ack([held[0].tag, held[2].tag])
            // The bus handles a channel in order: once this one has come back, it has taken the acks before.
            await subscription.reject([held[3].tag], requeue: true)
            try expect("came back", try await reader.next().message.messageID, "3")
            await subject.interrupt()
            let again = try await reader.next(2)
            try expect("again", again.map(\.message.messageID), ["1", "3"])
            try expect("redelivered", again.map(\.redelivered), [true, true])
            // Tags of the lost connection mean nothing now.
            await subscription.ack(held.map(\.tag))
            await subscription.cancel()
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 2, consumers: 0))
        },
        Case(name: "publishing goes on after interruptions, and nothing that was confirmed is lost") { subject in
            try await subject.bus.declare(subject.topology())
            let count = 200
            async let interrupted: Void = {
                for _ in 0..<3 {
                    await subject.interrupt()
                    try? await connection(of: subject.bus)
                }
            }()
            for index in 0..<count {
                var outcome = PublishOutcome.unknown
                // As the broker does: again with the same id, until it is certain.
                while outcome != .confirmed {
                    outcome = await subject.bus.publish([subject.message("\(index)")], timeout: .seconds(30))[0]
                    if outcome == .refused || outcome == .notSent { throw fail("\(outcome)") }
                }
            }
            await interrupted
            let (subscription, liveReader) = try await subject.subscribe(subject.queue)
            var reader = liveReader
            var seen: Set<String> = []
            while seen.count < count {
                let delivery = try await reader.next()
                seen.insert(delivery.message.messageID ?? "")
                await subscription.ack([delivery.tag])
            }
            await subscription.cancel()
        },
        Case(name: "states tell of an interruption and of the return") { subject in
            var states = subject.bus.states().makeAsyncIterator()
            try expect("now", await states.next(), .connected)
            await subject.interrupt()
            guard case .disconnected = await states.next() else { throw fail("the interruption was not told") }
            while let state = await states.next(), state != .connected {}
            try expect("inspect", try await subject.bus.inspect(queue: subject.queue), nil)
        },
        Case(name: "without a connection, a publish is not sent when its time is over") { subject in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await subject.unreachable.run() }
                group.addTask {
                    async let outcomes = subject.unreachable.publish(
                        subject.messages(0..<2), timeout: .milliseconds(100))
                    await subject.pass(.milliseconds(100))
                    try expect("outcomes", await outcomes, [.notSent, .notSent])
                    guard case .disconnected = await subject.unreachable.states().first(where: { _ in true }) else {
                        throw fail("it says that it is connected")
                    }
                }
                try await group.next()
                group.cancelAll()
            }
        },
    ]
}
