import Foundation
import Testing
import Values

/// What peers should never send, sent to the real program: each gets a clear answer, the process stays up, nothing is lost.
@Suite(.serialized) final class BadInputTests {
    private let site: Installation

    init() async throws {
        site = try Installation("bad-input")
        try site.rabbitMQ("start")
        try site.startServer()
        try await site.waitUntilReady()
    }

    deinit {
        site.tearDown()
    }

    private static let fixtures = Installation.root.appending(path: "Tests/EndToEndTests/Fixtures")

    private static func read(_ path: String) throws -> String {
        try String(contentsOf: fixtures.appending(path: path), encoding: .utf8)
    }

    /// Pushes the fixture with one file replaced.
    private func push(_ path: String, _ content: String) async throws -> (status: Int, body: JSON) {
        let files = try ["echo.yaml", "workflow.yaml", "flow.bpmn"].map { name in
            JSON.object([
                (name: "path", value: .string(name)),
                (name: "content", value: .string(name == path ? content : try Self.read("hostile/\(name)"))),
            ])
        }
        return try await site.request("POST", "/v1/config/push", .object([(name: "files", value: .array(files))]))
    }

    @Test func `bad files, bad starts and bad results`() async throws {
        try await badFilesAreRefused()
        try site.waybill("push", Self.fixtures.appending(path: "hostile").path, "-m", "good files")
        try await badStartsAreRefused()
        try await badResultsChangeNothing()
        #expect(try await site.request("GET", "/health/ready").status == 200)
    }

    private func badFilesAreRefused() async throws {
        let bpmn = try Self.read("hostile/flow.bpmn")
        let bomb = """
            <?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
            <d>&c;</d>
            """
        let external = #"<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>"#
        let cases: [(file: String, content: String, says: String)] = [
            ("flow.bpmn", String(bpmn.prefix(400)), "flow.bpmn"),
            ("flow.bpmn", "this is not XML", "flow.bpmn"),
            ("flow.bpmn", "<html><body/></html>", "definitions"),
            ("flow.bpmn", bomb, "DOCTYPE"),
            ("flow.bpmn", external, "DOCTYPE"),
            ("flow.bpmn", bpmn.replacingOccurrences(of: #"targetRef="end""#, with: #"targetRef="nowhere""#), "nowhere"),
            ("flow.bpmn", bpmn.replacingOccurrences(of: "bpmn:serviceTask", with: "bpmn:callActivity"), "callActivity"),
            ("flow.bpmn", bpmn.replacingOccurrences(of: "hostile.echo@1", with: "hostile.ecko@1"), "hostile.echo"),
            (
                "echo.yaml",
                try Self.read("hostile/echo.yaml").replacingOccurrences(of: "type: string", with: "type: strong"),
                "strong"
            ),
            ("echo.yaml", "kind: [task", "echo.yaml"),
            (
                "workflow.yaml",
                try Self.read("hostile/workflow.yaml").replacingOccurrences(of: "process:", with: "proces:"), "process"
            ),
        ]
        for (file, content, says) in cases {
            let answer = try await push(file, content)
            #expect(answer.status == 422, "\(content.prefix(60)): \(answer.body.text)")
            let problem = answer.body["problems"]?.elements()?.first { $0["file"]?.stringValue == file }
            #expect(problem != nil, "no problem names \(file): \(answer.body.text)")
            #expect(answer.body.text.contains(says), "expected \(says) in \(answer.body.text)")
            #expect(!answer.body.text.contains("root:"), "the content of a local file leaked")
        }
        let stored = try await site.request("GET", "/v1/config/artifacts")
        #expect(stored.body["artifacts"]?.elements()?.isEmpty == true, "nothing invalid is stored")
    }

    private func badStartsAreRefused() async throws {
        func start(_ input: String) async throws -> (status: Int, body: JSON) {
            try await site.request(
                "POST", "/v1/workflows/hostile.flow/start",
                .object([(name: "input", value: try JSON(validating: Array(input.utf8)))]))
        }
        let wrong = try await start(#"{"count": "three", "colour": "red"}"#)
        #expect(wrong.status == 422)
        for word in ["text", "count", "colour"] {
            #expect(
                wrong.body["detail"]?.stringValue?.contains(word) == true, "\(word) is not named: \(wrong.body.text)")
        }
        #expect(try await start("[1]").status == 400)
        let unknown = try await site.request("POST", "/v1/workflows/hostile.flaw/start", .emptyObject)
        #expect(unknown.status == 404)
        #expect(
            unknown.body["detail"]?.stringValue?.contains("hostile.flow") == true, "a suggestion: \(unknown.body.text)")
        try await mistypedRequestsAreRefused()
        let list = try await site.request("GET", "/v1/instances")
        #expect(list.body["instances"]?.elements()?.isEmpty == true, "no refused start left an instance")
    }

    /// A member nobody reads, or of another type, must not be left out in silence: a mistyped key would start twice.
    private func mistypedRequestsAreRefused() async throws {
        let input = #""input": {"text": "a", "count": 1}"#
        let start = "/v1/workflows/hostile.flow/start"
        let cases: [(path: String, body: String, status: Int, says: String)] = [
            (start, "{\(input), \"idempotencyKey\": 7}", 400, "idempotencyKey must be a string"),
            (start, "{\(input), \"businessKey\": [1]}", 400, "businessKey must be a string"),
            (start, "{\(input), \"version\": 1.0}", 400, "version must be a string"),
            (start, "{\(input), \"idempotencyKey\": \"\"}", 422, "idempotencyKey is empty"),
            (start, "{\(input), \"busnessKey\": \"b\"}", 400, "did you mean"),
            (start + "?wait=true", "{\(input)}", 400, "wait"),
            ("/v1/instances/x/retry", #"{"incident": "3"}"#, 400, "incident must be a whole number"),
            ("/v1/instances/x/retry", #"{"incidents": 3}"#, 400, "unknown member"),
            ("/v1/instances/x/cancel", #"{"why": "so"}"#, 400, "unknown member"),
            ("/v1/config/push", #"{"files": "all"}"#, 400, "files must be a list"),
        ]
        for (path, body, status, says) in cases {
            let answer = try await site.request("POST", path, JSON(validating: Array(body.utf8)))
            #expect(answer.status == status, "\(path) \(body): \(answer.body.text)")
            #expect(answer.body["detail"]?.stringValue?.contains(says) == true, "\(path) \(body): \(answer.body.text)")
        }
        let empty = try await site.request("GET", "/v1/instances?workflow=")
        #expect(empty.status == 400, "\(empty.body.text)")
    }

    private func badResultsChangeNothing() async throws {
        let started = try await site.request(
            "POST", "/v1/workflows/hostile.flow/start",
            .object([(name: "input", value: try JSON(validating: Array(#"{"text": "quiet", "count": 1}"#.utf8)))]))
        #expect(started.status == 201)
        let id = try #require(started.body["id"]?.stringValue)
        let (status, text) = try Installation.outcome(
            of: "/usr/bin/python3",
            [
                Self.fixtures.appending(path: "hostile.py").path,
                site.directory.appending(path: "rabbitmq/agent.url").path,
            ])
        #expect(status == 0, "the hostile agent: \(text)")
        var instance = JSON.null
        for _ in 0..<300 {
            instance = try await site.request("GET", "/v1/instances/\(id)").body
            if instance["endedAt"]?.isNull == false { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(instance["state"]?.stringValue == "Completed", "\(instance.text)")
        #expect(instance["output"]?["text"]?.stringValue == "QUIET", "a forged result was applied: \(instance.text)")
        let metrics = try await HTTP(port: site.port).text("/metrics")
        #expect(Self.value("waybill_results_total{type=\"malformed\"}", in: metrics) >= 6, "\(metrics)")
        #expect(Self.value("waybill_result_outcomes_total{outcome=\"stale\"}", in: metrics) >= 2, "\(metrics)")
        #expect(Self.value("waybill_result_outcomes_total{outcome=\"gone\"}", in: metrics) >= 2, "\(metrics)")
        #expect(try await site.queueIsEmpty("results.0"), "every hostile message was taken from the queue")
    }

    private static func value(_ name: String, in text: String) -> Int {
        for line in text.split(separator: "\n") where line.hasPrefix(name + " ") {
            return Int(line.dropFirst(name.count + 1)) ?? 0
        }
        return 0
    }
}
