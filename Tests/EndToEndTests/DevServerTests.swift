import Foundation
import Testing
import Values

/// `waybill dev` as the person at the terminal meets it.
@Suite(.serialized) struct DevServerTests {
    @Test func `a second run goes on with the data of the first, and a clean stop is quick`() async throws {
        let site = try Installation("dev")
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        try site.startServer()
        try await site.waitUntilReady()
        try site.waybill(
            "push", Installation.root.appending(path: "Tests/EndToEndTests/Fixtures/hostile").path, "-m", "first")
        let started = try site.waybill("start", "hostile.flow", "--set", "text=hello", "--set", "count=1", "--json")
        let id = try #require(JSON(validating: started)["id"]?.stringValue)

        #expect(try site.stopServer() == 0)
        try site.startServer()
        try await site.waitUntilReady()

        #expect(try site.waybill("list").contains(id))
        #expect(
            try site.waybill(
                "push", Installation.root.appending(path: "Tests/EndToEndTests/Fixtures/hostile").path, "-m", "again"
            ).contains("Nothing changed"))
        #expect(try site.waybill("workflows").contains("hostile.flow"))
        #expect(try site.waybill("cancel", id, "--reason", "enough").contains(id))
        for _ in 0..<100 where try !site.waybill("list", "--state", "Canceled").contains(id) {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try site.waybill("show", id).contains("enough"))
    }

    @Test func `a second server with a store of its own leaves the bus alone, and says why`() async throws {
        let site = try Installation("owner")
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        try site.startServer()
        try await site.waitUntilReady()
        let second = [
            "dev", "--data", site.directory.appending(path: "other").path, "--listen", "127.0.0.1:0",
            "--amqp-url-file", site.directory.appending(path: "rabbitmq/amqp.url").path,
        ]
        let (status, text) = try Installation.outcome(of: Installation.program, second)
        #expect(status != 0 && text.contains("another Waybill store") && text.contains("--bus-prefix"), "\(text)")
        #expect(try await site.request("GET", "/health/ready").status == 200)
    }

    /// Asks for a start as any AMQP client would, and prints the type and body of the answer.
    private static let startOverBus = """
        import sys, pika
        url, workflow, key, body = sys.argv[1:]
        channel = pika.BlockingConnection(pika.URLParameters(open(url).read().strip())).channel()
        channel.confirm_delivery()
        answers = "waybill.client." + key
        channel.queue_declare(answers, exclusive=True)
        channel.queue_bind(answers, "waybill.answers", answers)
        channel.basic_publish("waybill.starts", "start." + workflow, body, pika.BasicProperties(
            message_id=key, correlation_id="mine", reply_to=answers, delivery_mode=2), mandatory=True)
        for _, properties, answer in channel.consume(answers, auto_ack=True, inactivity_timeout=30):
            print(properties.type if properties else "nothing came", properties and properties.correlation_id)
            print(answer.decode() if answer else "null")
            break
        """

    @Test func `a workflow is started over the bus, and its agent hears for whom`() async throws {
        let site = try Installation("starts")
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        try site.startServer()
        try await site.waitUntilReady()
        let fixture = Installation.root.appending(path: "Tests/EndToEndTests/Fixtures/hostile").path
        try site.waybill("push", fixture, "-m", "first")
        let url = site.directory.appending(path: "rabbitmq/amqp.url").path
        func ask(_ key: String, _ body: String, of workflow: String = "hostile.flow") throws -> (
            type: String, answer: JSON
        ) {
            let lines = try Installation.run(
                "/usr/bin/python3", ["-c", Self.startOverBus, url, workflow, key, body]
            ).split(separator: "\n").map { String($0) }
            return (try #require(lines.first), try JSON(validating: try #require(lines.last)))
        }
        // The queue is made when the deployment is seen.
        for _ in 0..<100 where try await !site.hasQueue("start.hostile.flow") {
            try await Task.sleep(for: .milliseconds(50))
        }
        let body =
            #"{"input": {"text": "hello", "count": 1}, "runAs": "anna", "correlationId": "order-42", "priority": 3}"#

        let first = try ask("m-1", body)
        let again = try ask("m-1", body)
        let refused = try ask("m-2", #"{"input": {"count": 1}}"#)
        let unknown = try ask("m-3", body, of: "hostile.nope")

        #expect(first.type == "started mine" && again.type == "started mine" && refused.type == "refused mine")
        #expect(
            unknown.type == "refused mine" && unknown.answer.text.contains("hostile.nope"), "\(unknown.answer.text)")
        let id = try #require(first.answer["id"]?.stringValue, "\(first.answer.text)")
        #expect(again.answer["id"]?.stringValue == id && again.answer["new"]?.boolValue == false)
        #expect(refused.answer["detail"]?.stringValue?.contains("text") == true, "\(refused.answer.text)")
        #expect(try await site.queueIsEmpty("start.hostile.flow"))
        #expect(try await !site.queueIsEmpty("waybill.starts.refused", tries: 1))

        try site.startAgent(
            "told", contract: "hostile.echo@1", exec: "/bin/sh", prefetch: 1,
            arguments: ["-c", #"printf '{"text": "%s %s"}' "$WAYBILL_RUN_AS" "$WAYBILL_CORRELATION_ID""#])
        try site.waybill("wait", id, "--timeout", "60")
        #expect(try site.waybill("show", id, "--json").contains("anna order-42"))
        #expect(try site.waybill("list", "--correlation-id", "order-42").contains(id))
    }

    @Test func `waiting for an instance outlasts a restart, and ends at an incident`() async throws {
        let site = try Installation("wait")
        defer { site.tearDown() }
        try site.rabbitMQ("start")
        try site.startServer()
        try await site.waitUntilReady()
        let fixture = Installation.root.appending(path: "Tests/EndToEndTests/Fixtures/hostile").path
        try site.waybill("push", fixture, "-m", "first")
        let started = try site.waybill("start", "hostile.flow", "--set", "text=hello", "--set", "count=1", "--json")
        let id = try #require(JSON(validating: started)["id"]?.stringValue)
        let wait = ["wait", id, "--server", "http://127.0.0.1:\(site.port)"]
        let impatient = try Installation.outcome(of: Installation.program, wait + ["--timeout", "0.2"])
        #expect(impatient.status == 4, "\(impatient.text)")

        #expect(try site.stopServer() == 0)
        async let outcome = Task.detached { try Installation.outcome(of: Installation.program, wait) }.value
        try site.startServer()
        try await site.waitUntilReady()
        try site.startAgent(
            "broken", contract: "hostile.echo@1", exec: "/bin/sh", prefetch: 1, arguments: ["-c", "exit 64"])
        let stuck = try await outcome
        #expect(stuck.status == 3 && stuck.text.contains("Incident"), "\(stuck.text)")
    }

    @Test func `says what is wrong with how it is run`() throws {
        func run(_ arguments: String...) throws -> (status: Int32, text: String) {
            try Installation.outcome(of: Installation.program, arguments, environment: ["WAYBILL_AMQP_URL": ""])
        }
        let exposed = try run("dev", "--listen", "0.0.0.0:8585", "--amqp-url-file", "/nonexistent")
        #expect(exposed.status != 0 && exposed.text.contains("--keys-file"), "\(exposed.text)")
        let address = try run("dev", "--listen", "nonsense", "--amqp-url-file", "/nonexistent")
        #expect(address.status != 0 && address.text.contains("HOST:PORT"), "\(address.text)")
        let bus = try run("dev", "--amqp-url-file", "/nonexistent")
        #expect(bus.status != 0 && bus.text.contains("/nonexistent"), "\(bus.text)")
        let server = try run("list", "--server", "http://127.0.0.1:1")
        #expect(server.status != 0 && server.text.contains("waybill dev"), "\(server.text)")
        for command in [
            "dev", "agent", "push", "start", "wait", "list", "show", "tasks", "cancel", "retry", "workflows", "bench",
            "migrate",
        ] {
            let help = try run(command, "--help")
            #expect(help.status == 0 && help.text.contains("Example"), "\(command) --help has no example")
        }
    }
}
