import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization
import Values

/// The server of the bench, over its REST API.
struct BenchServer: Sendable {
    let process: BenchChild
    let client: RESTClient

    /// Speaks with the server of `process` while `body` runs: it says in its log where it listens.
    static func with<Answer>(
        _ process: BenchChild, _ body: (BenchServer) async throws -> Answer
    ) async throws -> Answer {
        var address: String?
        for _ in 0..<600 where address == nil {
            guard process.isRunning else {
                throw CommandError("the server ended; its log ends with\n\(process.logTail)")
            }
            address = process.log.firstMatch(of: #/(?:ready|serving) in \d+ ms: (http://\S+)/#).map {
                String($0.output.1)
            }
            if address == nil { try await Task.sleep(for: .milliseconds(100)) }
        }
        guard let address else { throw CommandError("the server did not start; its log ends with\n\(process.logTail)") }
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<Answer, any Error>
        do {
            let server = BenchServer(
                process: process, client: RESTClient(server: address, token: nil, http: http))
            try await server.waitUntilReady()
            result = .success(try await body(server))
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        return try result.get()
    }

    private func waitUntilReady() async throws {
        for _ in 0..<600 {
            do {
                _ = try await client.get("/health/ready", with: "status")
                return
            } catch let error as CommandError where error.isPassing {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        throw CommandError("the server is not ready; its log ends with\n\(process.logTail)")
    }

    func push(_ files: [(path: String, content: String)]) async throws {
        _ = try await client.post(
            "/v1/config/push",
            .object([
                ("author", .string("bench")), ("message", .string("the workload of the bench")),
                (
                    "files",
                    .array(files.map { .object([("path", .string($0.path)), ("content", .string($0.content))]) })
                ),
            ]), with: "status")
        for _ in 0..<300 {
            let deployed = try await client.get("/v1/workflows", with: "workflows")["workflows"]?.elements() ?? []
            if !deployed.isEmpty { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw CommandError("the workflow was not deployed; the server's log ends with\n\(process.logTail)")
    }

    /// Starts instances, `concurrency` requests at once.
    func start(_ count: Int, businessKey: String, payload: Int, concurrency: Int) async throws {
        try await start(count, of: Workload.workflow, concurrency: concurrency) {
            Workload.start(businessKey: businessKey, payload: payload)
        }
    }

    /// Starts instances of a workflow, `concurrency` requests at once, each with a body of its own.
    func start(
        _ count: Int, of workflow: String, concurrency: Int, body: @escaping @Sendable () -> JSON
    ) async throws {
        let started = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<min(concurrency, count) {
                group.addTask {
                    while started.take() < count {
                        _ = try await client.post("/v1/workflows/\(workflow)/start", body(), with: "id")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    func startOne(businessKey: String, payload: Int) async throws {
        _ = try await client.post(
            "/v1/workflows/\(Workload.workflow)/start", Workload.start(businessKey: businessKey, payload: payload),
            with: "id")
    }

    /// Whether the index has an instance in a state.
    func has(_ state: String) async throws -> Bool {
        let page = try await client.get("/v1/instances", query: [("state", state), ("limit", "1")], with: "instances")
        return page["instances"]?.elements()?.isEmpty == false
    }

    /// All rows of `/v1/instances` or `/v1/tasks` with a business key.
    func rows(_ kind: String, businessKey: String) async throws -> [JSON] {
        var rows: [JSON] = []
        var next: String?
        repeat {
            let page = try await client.get(
                "/v1/\(kind)", query: [("businessKey", businessKey), ("limit", "1000"), ("after", next)], with: kind)
            rows += page[kind]?.elements() ?? []
            next = page["next"]?.stringValue
        } while next != nil
        return rows
    }

    func metrics() async throws -> BenchMetrics {
        let response = try await client.http.execute(
            HTTPClientRequest(url: client.server + "/metrics"), timeout: .seconds(30))
        return BenchMetrics(String(buffer: try await response.body.collect(upTo: 4 << 20)))
    }
}

/// Gives each taker the next number, from 0.
private final class Counter: Sendable {
    private let next = Atomic(0)

    func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}
