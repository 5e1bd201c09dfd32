import Delivery
import ProcessEngine
import Testing
import Values

struct EnvelopeTests {
    private let policy = TaskPolicy(version: "2.1", timeout: .seconds(7200), heartbeat: .seconds(30))

    @Test func `a task message says all that an agent may know`() throws {
        let task = leasedTask(7, attempt: 2, input: try json(#"{"sourceUri":"file:///a.mov"}"#))

        let message = TaskMessage(task, policy: policy, replyTo: "results.0", traceparent: "00-1-2-01")
            .encoded(names: BusNames(), expiration: .seconds(300))

        #expect(message.exchange == "waybill.tasks")
        #expect(message.routingKey == "task.media.transcode.v2")
        #expect(message.messageID == "0197a000-0000-7000-8000-000000000001.7:2")
        #expect(message.correlationID == "0197a000-0000-7000-8000-000000000001")
        #expect(message.type == "media.transcode@2.1")
        #expect(message.replyTo == "results.0")
        #expect(message.expirationMilliseconds == 300_000)
        #expect(
            message.text
                == #"{"input":{"sourceUri":"file:///a.mov"},"workflow":"ingest:3","timeoutMs":7200000,"heartbeatMs":30000}"#
        )
        #expect(message.header("waybill-task") == .string("0197a000-0000-7000-8000-000000000001.7"))
        #expect(message.header("waybill-attempt") == .integer(2))
        #expect(message.header("waybill-token") == .string("token-7-2"))
        #expect(message.header("traceparent") == .string("00-1-2-01"))
        // Each costs the bus something, for every message.
        #expect(message.headers.count == 4)
    }

    @Test func `a correlation id is a property, a user is in the body, and results have the same correlation id`()
        throws
    {
        var task = leasedTask(7)
        task.correlationID = "order-42"
        task.runAs = "anna"

        let message = TaskMessage(task, policy: policy, replyTo: "results.0")
        let onBus = message.encoded(names: BusNames(), expiration: nil)

        #expect(onBus.correlationID == "order-42")
        #expect(
            onBus.text
                == #"{"input":{},"workflow":"ingest:3","timeoutMs":7200000,"heartbeatMs":30000,"runAs":"anna"}"#)
        #expect(
            onBus.headers.map(\.name)
                == TaskMessage(leasedTask(7), policy: policy, replyTo: "r").onBus.headers.map(\.name))
        #expect(try TaskMessage(decoding: onBus) == message)
        let result = TaskReport(task.attemptID, .started).encoded(for: message, names: BusNames())
        #expect(result.correlationID == "order-42")
    }

    @Test func `what the model gives along is in the body, by name`() throws {
        var task = leasedTask(7)
        task.headers = [Variable(name: "team", value: .string("ingest")), Variable(name: "b", value: .string(""))]

        let message = TaskMessage(task, policy: policy, replyTo: "results.0")

        #expect(
            message.onBus.text
                == #"{"input":{},"workflow":"ingest:3","timeoutMs":7200000,"heartbeatMs":30000,"headers":{"team":"ingest","b":""}}"#
        )
        #expect(try TaskMessage(decoding: message.onBus) == message)
        for body in [#"{"input":{},"headers":{"team":7}}"#, #"{"input":{},"headers":[]}"#] {
            #expect(throws: EnvelopeError.self) { try TaskMessage(decoding: message.onBus.with(body: body)) }
        }
    }

    @Test func `a task message is read as it was written`() throws {
        let task = TaskMessage(
            leasedTask(7, input: try json(#"{"a":[1,2]}"#)), policy: policy, replyTo: "results.0",
            traceparent: "00-1-2-01")

        #expect(try TaskMessage(decoding: task.encoded(names: BusNames(prefix: "x."), expiration: nil)) == task)
    }

    static let contents: [(TaskReport.Content, String, String)] = [
        (.started, "started", "{}"),
        (.progress(0.5, message: "half"), "progress", #"{"progress":0.500000,"message":"half"}"#),
        (.progress(1, message: nil), "progress", #"{"progress":1.000000}"#),
        (.progress(nil, message: nil), "progress", "{}"),
        (.event(name: "warning", payload: .number(3)), "event", #"{"name":"warning","payload":3}"#),
        (.completed(output: .emptyObject), "completed", #"{"output":{}}"#),
        (
            .failed(TaskFailure(message: "no disk", details: "log", retry: false, retryAfter: .seconds(5))), "failed",
            #"{"message":"no disk","details":"log","retry":false,"retryAfterMs":5000}"#
        ),
        (.failed(TaskFailure(message: "no disk")), "failed", #"{"message":"no disk"}"#),
        (
            .error(
                BPMNError(code: "UNSUPPORTED", message: "no", variables: [Variable(name: "codec", value: .string("x"))])
            ),
            "error", #"{"code":"UNSUPPORTED","message":"no","variables":{"codec":"x"}}"#
        ),
    ]

    @Test(arguments: contents.indices)
    func `a result message has its golden body, and is read as it was written`(index: Int) throws {
        let (content, type, body) = Self.contents[index]
        let task = taskMessage(7)
        let report = TaskReport(task.id, content)

        let message = report.encoded(for: task, names: BusNames())

        #expect(message.exchange == "waybill.results")
        #expect(message.routingKey == "results.0")
        #expect(message.messageID == task.id.description)
        #expect(message.type == type)
        #expect(message.text == body)
        #expect(try ResultMessage(decoding: message) == .report(report, contract: transcode))
    }

    @Test func `an agent needs to send back only the three headers of the fence`() throws {
        let task = taskMessage(7)
        let message = TaskReport(task.id, .completed(output: .emptyObject)).encoded(for: task, names: BusNames())
            .with(header: "waybill-contract", nil)
            .with(header: "waybill-attempt", .string("1"))

        let expected = TaskReport(task.id, .completed(output: .emptyObject))
        #expect(try ResultMessage(decoding: message) == .report(expected, contract: nil))
    }

    static let malformed: [(type: String?, body: String, reason: EnvelopeError.Reason, endsAttempt: Bool)] = [
        ("completed", "not JSON", .notJSON, true),
        ("completed", "[1]", .wrongShape, true),
        ("completed", #"{"output": 5}"#, .wrongShape, true),
        ("completed", #"{"output": {"a":1,"a":2}}"#, .notJSON, true),
        ("completed", "\u{0}", .notJSON, true),
        ("error", "{}", .wrongShape, true),
        ("error", #"{"code": ""}"#, .wrongShape, true),
        ("error", #"{"code": 7}"#, .wrongShape, true),
        ("error", #"{"code": "X", "variables": []}"#, .wrongShape, true),
        ("failed", #"{"message": 1}"#, .wrongShape, true),
        ("failed", #"{"retry": "yes"}"#, .wrongShape, true),
        ("failed", #"{"retryAfterMs": -1}"#, .wrongShape, true),
        ("progress", #"{"progress": 1.5}"#, .wrongShape, false),
        ("progress", #"{"progress": "half"}"#, .wrongShape, false),
        ("event", #"{"payload": 1}"#, .wrongShape, false),
        ("done", "{}", .unknownType, false),
        (nil, "{}", .unknownType, false),
    ]

    @Test(arguments: malformed.indices)
    func `a result that cannot be read is an error, and fails its attempt if it was to end it`(index: Int) throws {
        let (type, body, reason, endsAttempt) = Self.malformed[index]
        let task = taskMessage(7)
        let message = TaskReport(task.id, .started).encoded(for: task, names: BusNames()).with(type: type).with(
            body: body)

        let error = try #require(throws: EnvelopeError.self) { try ResultMessage(decoding: message) }

        #expect(error.reason == reason)
        #expect((error.report != nil) == endsAttempt)
        if let report = error.report {
            #expect(report.attemptID == task.id)
            guard case .failed = report.content else {
                Issue.record("the attempt is to fail, not \(report.content)")
                return
            }
        }
    }

    static let headers: [(String, BusMessage.HeaderValue?)] = [
        ("waybill-task", nil), ("waybill-task", .string("7")), ("waybill-task", .string("a.0")),
        ("waybill-task", .bool(true)),
        ("waybill-task", .string(String(repeating: "a", count: 5000) + ".1")), ("waybill-attempt", nil),
        ("waybill-attempt", .integer(0)), ("waybill-attempt", .integer(.min)), ("waybill-attempt", .string("one")),
        ("waybill-attempt", .double(1)), ("waybill-token", nil), ("waybill-token", .string("")),
        ("waybill-token", .string(String(repeating: "t", count: 129))), ("waybill-token", .table([])),
    ]

    @Test(arguments: headers.indices)
    func `a message without a readable fence is an error that blames no attempt`(index: Int) throws {
        let (name, value) = Self.headers[index]
        let task = taskMessage(7)
        let message = TaskReport(task.id, .completed(output: .emptyObject)).encoded(for: task, names: BusNames())
            .with(header: name, value)

        let error = try #require(throws: EnvelopeError.self) { try ResultMessage(decoding: message) }

        #expect(error.reason == .missingID)
        #expect(error.report == nil)
    }

    @Test func `a result over the cap is refused before it is read`() throws {
        let task = taskMessage(7)
        let message = TaskReport(task.id, .completed(output: .emptyObject)).encoded(for: task, names: BusNames())
            .with(body: "{" + String(repeating: " ", count: 100))

        let error = try #require(throws: EnvelopeError.self) {
            try ResultMessage(decoding: message, limits: EnvelopeLimits(bodyBytes: 100))
        }

        #expect(error.reason == .tooLarge)
        #expect(error.report?.attemptID == task.id)
    }

    @Test func `long texts are cut`() throws {
        let task = taskMessage(7)
        let failure = TaskFailure(
            message: String(repeating: "ä", count: 100), details: String(repeating: "d", count: 100))
        let message = TaskReport(task.id, .failed(failure)).encoded(for: task, names: BusNames())

        let result = try ResultMessage(decoding: message, limits: EnvelopeLimits(textBytes: 11, detailsBytes: 20))

        let cut = TaskFailure(message: "äääää…", details: String(repeating: "d", count: 20) + "…")
        #expect(result == .report(TaskReport(task.id, .failed(cut)), contract: transcode))
    }

    @Test func `a failure's code is part of its message`() throws {
        let task = taskMessage(7)
        let message = TaskReport(task.id, .started).encoded(for: task, names: BusNames())
            .with(type: "failed").with(body: #"{"code":"UNREADABLE","message":"no such file"}"#)

        let expected = TaskReport(task.id, .failed(TaskFailure(message: "UNREADABLE: no such file")))
        #expect(try ResultMessage(decoding: message) == .report(expected, contract: transcode))
    }

    @Test func `hello and cancel are read as they were written`() throws {
        let hello = AgentHello(agent: "probe.x1", contract: probe, prefetch: 4)
        let cancel = CancelMessage(task: taskMessage(7).id.task, attempt: 2, reason: "boundary event")

        #expect(try ResultMessage(decoding: hello.encoded(names: BusNames())) == .hello(hello))
        #expect(try CancelMessage(decoding: cancel.encoded(for: probe, names: BusNames())) == cancel)
        #expect(cancel.encoded(for: probe, names: BusNames()).routingKey == "cancel.media.probe")
    }

    static let deaths: [(reason: String, isReleased: Bool)] = [
        ("expired", true), ("delivery_limit", false), ("rejected", false), ("maxlen", false), ("of old age", false),
    ]

    @Test(arguments: deaths.indices)
    func `a dead letter that only waited is released, any other is a failed attempt`(index: Int) throws {
        let (reason, isReleased) = Self.deaths[index]
        let task = taskMessage(7)
        let death = BusMessage.HeaderValue.table([
            .init(name: "count", value: .integer(1)), .init(name: "reason", value: .string(reason)),
        ])
        let message = task.onBus.with(header: "x-death", .array([death]))

        guard case .task(let report, let contract) = try DeadLetter(decoding: message) else {
            Issue.record("a dead task is a task")
            return
        }
        #expect(report.attemptID == task.id)
        #expect(contract == transcode)
        #expect((report.content == .expired) == isReleased)
    }

    @Test func `a dead result is taken as a result`() throws {
        let task = taskMessage(7)
        let report = TaskReport(task.id, .completed(output: .emptyObject))

        let letter = try DeadLetter(decoding: report.encoded(for: task, names: BusNames()))

        #expect(letter == .result(.report(report, contract: transcode)))
    }

    /// Peers may send anything: a message is read or refused, and nothing else happens.
    @Test(arguments: 0..<20)
    func `mutilated messages are read or refused`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let types = [
            "started", "progress", "event", "completed", "failed", "error", "hello", "cancel", "media.transcode@2.1",
            "x", "",
        ]
        let values: [BusMessage.HeaderValue] = [
            .string(""), .string("\u{0}"), .string("1.1"), .integer(.max), .integer(-1), .bool(true), .double(.nan),
            .array([]), .table([]), .other,
        ]
        var refused = 0
        for _ in 0..<500 {
            var message = taskMessage(7).onBus.with(type: types.randomElement(using: &random))
            if Bool.random(using: &random) { message.replyTo = nil }
            if Int.random(in: 0..<3, using: &random) == 0 {
                message.headers[Int.random(in: 0..<message.headers.count, using: &random)].value =
                    values.randomElement(using: &random) ?? .other
            }
            for _ in 0..<Int.random(in: 0..<6, using: &random) where !message.body.isEmpty {
                message.body[Int.random(in: 0..<message.body.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            if Bool.random(using: &random) {
                message.headers.append(.init(name: "x-death", value: values[Int(seed) % 10]))
            }
            refused += (try? TaskMessage(decoding: message)) == nil ? 1 : 0
            refused += (try? ResultMessage(decoding: message)) == nil ? 1 : 0
            refused += (try? DeadLetter(decoding: message)) == nil ? 1 : 0
            refused += (try? CancelMessage(decoding: message)) == nil ? 1 : 0
        }
        #expect(refused > 500)
        #expect(refused < 2000)
    }
}
