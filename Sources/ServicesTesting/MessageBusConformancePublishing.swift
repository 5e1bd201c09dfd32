import Delivery
import Services

extension MessageBusConformance {
    static let publishingCases: [Case] = [
        Case(name: "declaring again changes nothing; other arguments are refused with 406") { subject in
            try await subject.bus.declare(subject.topology())
            try await subject.publish([subject.message("a")])
            try await subject.bus.declare(subject.topology())
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 1, consumers: 0))
            do {
                try await subject.bus.declare(subject.topology(arguments: [("x-max-length", .integer(7))]))
                throw fail("a queue was declared again with other arguments")
            } catch BusError.refused(let code, _) {
                try expect("code", code, 406)
            }
            // The refusal harms nothing else.
            try await subject.publish([subject.message("b")])
        },
        Case(name: "an exchange with another alternate exchange is refused with 406: it can mark whose bus it is") {
            subject in
            func declare(_ store: String) async throws {
                try await subject.bus.declare(BusNames(prefix: subject.exchange).ownership(of: store))
            }
            try await declare("one")
            try await declare("one")
            do {
                try await declare("two")
                throw fail("two stores own one bus")
            } catch BusError.refused(let code, _) {
                try expect("code", code, 406)
            }
            try await declare("one")
        },
        Case(name: "a message arrives as it was published") { subject in
            try await subject.bus.declare(subject.topology())
            let sent = allKinds(of: subject)
            try await subject.publish(sent)
            var (subscription, reader) = try await subject.subscribe(subject.queue)
            for (expected, delivery) in zip(sent, try await reader.next(sent.count)) {
                try expectSame(delivery.message, expected)
                try expect("redelivered", delivery.redelivered, false)
            }
            await subscription.cancel()
        },
        Case(name: "messages keep their order, each confirmed and delivered once") { subject in
            try await subject.bus.declare(subject.topology())
            var (subscription, reader) = try await subject.subscribe(subject.queue, prefetch: 50)
            let count = 1000
            async let published: Void = subject.publish(subject.messages(0..<count))
            for index in 0..<count {
                let delivery = try await reader.next()
                try expect("message", delivery.message.messageID, "\(index)")
                await subscription.ack([delivery.tag])
            }
            try await published
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 0, consumers: 1))
            await subscription.cancel()
        },
        Case(name: "many publishers at once get their own answers") { subject in
            try await subject.bus.declare(subject.topology())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for publisher in 0..<50 {
                    group.addTask {
                        var lost = subject.message("lost \(publisher)")
                        lost.routingKey = "nowhere"
                        let outcomes = await subject.bus.publish(
                            [subject.message("a \(publisher)"), lost, subject.message("b \(publisher)")],
                            timeout: .seconds(30))
                        try expect(
                            "outcomes of \(publisher)", outcomes.map(Kind.init),
                            [.confirmed, .returned(312), .confirmed])
                    }
                }
                try await group.waitForAll()
            }
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 100, consumers: 0))
        },
        Case(name: "a message that no queue takes is returned, also without an id and with a body") { subject in
            try await subject.bus.declare(subject.topology())
            var nameless = subject.message("", body: Array(repeating: 7, count: 300_000))
            nameless.messageID = nil
            nameless.routingKey = "nowhere"
            let outcomes = await subject.bus.publish([nameless, subject.message("a"), nameless], timeout: .seconds(30))
            try expect("outcomes", outcomes.map(Kind.init), [.returned(312), .confirmed, .returned(312)])
        },
        Case(name: "a notice that nobody takes is confirmed, and one that somebody takes arrives") { subject in
            try await subject.bus.declare(subject.topology())
            var (heard, unheard) = (subject.message("a"), subject.message("b"))
            unheard.routingKey = "nowhere"
            (heard.isNotice, unheard.isNotice) = (true, true)
            let outcomes = await subject.bus.publish([unheard, heard, unheard], timeout: .seconds(30))
            try expect("outcomes", outcomes.map(Kind.init), [.confirmed, .confirmed, .confirmed])
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: 1, consumers: 0))
        },
        Case(name: "a message to an exchange that is not there is returned; publishing goes on") { subject in
            try await subject.bus.declare(subject.topology())
            var lost = subject.message("a")
            lost.exchange = "\(subject.prefix)missing"
            let outcomes = await subject.bus.publish([lost], timeout: .seconds(30))
            try expect("outcomes", outcomes.map(Kind.init), [.returned(404)])
            try await subject.publish([subject.message("b")])
        },
        Case(name: "what AMQP cannot carry is returned and harms nothing else") { subject in
            try await subject.bus.declare(subject.topology())
            let tooLarge = subject.message("a", body: Array(repeating: 0, count: (16 << 20) + 1))
            let outcomes = await subject.bus.publish([tooLarge, subject.message("b")], timeout: .seconds(30))
            try expect("outcomes", outcomes.map(Kind.init), [.returned(311), .confirmed])
        },
        Case(name: "a full queue refuses") { subject in
            try await subject.bus.declare(
                subject.topology(arguments: [("x-max-length", .integer(2)), ("x-overflow", .string("reject-publish"))]))
            // A quorum queue may take a few more than its limit before it notices.
            var confirmed = 0
            var outcome = PublishOutcome.confirmed
            while outcome == .confirmed, confirmed < 1000 {
                outcome = await subject.bus.publish([subject.message("a")], timeout: .seconds(30))[0]
                if outcome == .confirmed { confirmed += 1 }
            }
            try expect("outcome", outcome, .refused)
            try expect("took its limit", confirmed >= 2, true)
            try await subject.awaitStatus(of: subject.queue, QueueStatus(messages: confirmed, consumers: 0))
        },
        Case(name: "an alternate exchange takes what its exchange cannot route") { subject in
            var topology = subject.topology()
            topology.exchanges = [
                Topology.Exchange(name: subject.deadExchange, kind: .fanout),
                Topology.Exchange(name: subject.exchange, kind: .direct, alternate: subject.deadExchange),
            ]
            topology.queues.append(Topology.Queue(name: subject.deadQueue, arguments: Subject.arguments()))
            topology.bindings.append(
                Topology.Binding(exchange: subject.deadExchange, queue: subject.deadQueue, routingKey: ""))
            try await subject.bus.declare(topology)
            var stray = subject.message("stray")
            stray.routingKey = "nowhere"
            try await subject.publish([stray])
            try await subject.awaitStatus(of: subject.deadQueue, QueueStatus(messages: 1, consumers: 0))
        },
        Case(name: "a topic exchange matches words") { subject in
            var topology = subject.topology(kind: .topic)
            topology.bindings = ["cancel.*", "config.#"].map {
                Topology.Binding(exchange: subject.exchange, queue: subject.queue, routingKey: $0)
            }
            try await subject.bus.declare(topology)
            let keys = ["cancel.a", "cancel.a.b", "config", "config.changed.now", "cancel"]
            let messages = keys.map { BusMessage(exchange: subject.exchange, routingKey: $0, messageID: $0, body: []) }
            let outcomes = await subject.bus.publish(messages, timeout: .seconds(30))
            try expect(
                "outcomes", outcomes.map(Kind.init),
                [.confirmed, .returned(312), .confirmed, .confirmed, .returned(312)])
        },
    ]

    /// An outcome without the bus's text.
    enum Kind: Equatable {
        case confirmed, refused, unknown, notSent
        case returned(Int)

        init(_ outcome: PublishOutcome) {
            switch outcome {
            case .confirmed: self = .confirmed
            case .returned(let code, _): self = .returned(code)
            case .refused: self = .refused
            case .unknown: self = .unknown
            case .notSent: self = .notSent
            }
        }
    }

    private static func allKinds(of subject: Subject) -> [BusMessage] {
        let bytes = (0..<256).map { UInt8($0) }
        var full = subject.message("é-1:2", body: bytes)
        full.correlationID = "root"
        full.type = "media.transcode@2.1"
        full.replyTo = "results.0"
        full.expirationMilliseconds = 86_400_000
        full.headers = [
            BusMessage.Header(name: "text", value: .string("with ünïcode and \0")),
            BusMessage.Header(name: "empty", value: .string("")),
            BusMessage.Header(name: "number", value: .integer(.min)),
            BusMessage.Header(name: "flag", value: .bool(true)),
            BusMessage.Header(name: "half", value: .double(0.5)),
            BusMessage.Header(name: "list", value: .array([.string("a"), .integer(1), .table([])])),
            BusMessage.Header(name: "table", value: .table([BusMessage.Header(name: "inner", value: .array([]))])),
        ]
        var bare = subject.message("", body: [])
        bare.messageID = nil
        bare.contentType = nil
        // More than two frames.
        let large = subject.message("large", body: (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        return [full, bare, large, subject.message("last")]
    }

    private static func expectSame(_ found: BusMessage, _ expected: BusMessage) throws {
        try expect("exchange", found.exchange, expected.exchange)
        try expect("routing key", found.routingKey, expected.routingKey)
        try expect("message id", found.messageID, expected.messageID)
        try expect("correlation id", found.correlationID, expected.correlationID)
        try expect("type", found.type, expected.type)
        try expect("reply to", found.replyTo, expected.replyTo)
        try expect("content type", found.contentType, expected.contentType)
        try expect("expiration", found.expirationMilliseconds, expected.expirationMilliseconds)
        // The bus may sort a table.
        for header in expected.headers { try expect(header.name, found.header(header.name), header.value) }
        try expect("number of headers", found.headers.count, expected.headers.count)
        try expect("body", found.body, expected.body)
    }
}
