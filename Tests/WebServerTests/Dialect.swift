import Foundation
import Services
import Testing
import Values
import WebServerTesting

/// Models and words of the tests of the dialect.
enum Model {
    /// start -> a task for each topic -> end
    static func sequence(_ topics: String..., process: String = "p", inside: String = "", after: String = "") -> [UInt8]
    {
        let ids = ["start"] + topics.indices.map { "t\($0 + 1)" } + ["end"]
        let tasks = zip(ids.dropFirst(), topics).map { id, topic in
            "<serviceTask id=\"\(id)\" camunda:type=\"external\" camunda:topic=\"\(topic)\">\(inside)</serviceTask>"
        }
        let flows = zip(ids, ids.dropFirst()).map {
            "<sequenceFlow id=\"\($0)-\($1)\" sourceRef=\"\($0)\" targetRef=\"\($1)\"/>"
        }
        return bpmn(
            "<startEvent id=\"start\"/>" + tasks.joined() + "<endEvent id=\"end\"/>" + flows.joined() + after,
            process: process)
    }

    static func bpmn(_ body: String, process: String = "p") -> [UInt8] {
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
              xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t">
            <error id="gone" errorCode="GONE"/>
            <process id="\(process)" name="A process" isExecutable="true">\(body)</process>
            </definitions>
            """.utf8)
    }

    /// start -> t1 -> end, and t1's error GONE -> caught
    static let catching = sequence(
        "topic",
        after: """
            <boundaryEvent id="boundary" attachedToRef="t1"><errorEventDefinition errorRef="gone"/></boundaryEvent>
            <endEvent id="caught"/><sequenceFlow id="f" sourceRef="boundary" targetRef="caught"/>
            """)
}

/// A client of the dialect that a test speaks with.
struct Dialect: Sendable {
    let client: TestClient

    init(_ server: TestServer) {
        client = TestClient(server)
    }

    func get(_ path: String) async throws -> TestClient.Answer { try await client.get("/engine-rest/" + path) }
    func delete(_ path: String) async throws -> TestClient.Answer { try await client.delete("/engine-rest/" + path) }
    func put(_ path: String, _ body: String) async throws -> TestClient.Answer {
        try await client.put("/engine-rest/" + path, body)
    }
    func post(_ path: String, _ body: String = "{}") async throws -> TestClient.Answer {
        try await client.post("/engine-rest/" + path, body)
    }

    /// Starts process `p` and answers its id.
    @discardableResult
    func start(_ body: String = "{}", key: String = "p") async throws -> String {
        let answer = try await post("process-definition/key/\(key)/start", body)
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(answer.json["id"]?.stringValue)
    }

    func fetch(
        _ topic: String = "topic", worker: String = "w", lock: Int = 60_000, wait: Int = 0, max: Int = 10,
        more: String = ""
    ) async throws -> [JSON] {
        let answer = try await post(
            "external-task/fetchAndLock",
            """
            {"workerId":"\(worker)","maxTasks":\(max),"asyncResponseTimeout":\(wait),
             "topics":[{"topicName":"\(topic)","lockDuration":\(lock)\(more)}]}
            """)
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(answer.json.elements())
    }

    /// The one task that is due.
    func take(_ topic: String = "topic", worker: String = "w", lock: Int = 60_000, wait: Int = 0) async throws -> String
    {
        let task = try #require(try await fetch(topic, worker: worker, lock: lock, wait: wait).first, "no task is due")
        return try #require(task["id"]?.stringValue)
    }

    func task(_ id: String) async throws -> JSON { try await get("external-task/\(id)").json }
}

extension JSON {
    /// A text at a path of members.
    func text(_ path: String...) -> String? {
        path.reduce(self as JSON?) { $0?[$1] }.map { $0.stringValue ?? $0.text }
    }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
