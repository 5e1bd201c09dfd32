import Foundation
import Testing
import Values

/// A Waybill of its own for one test: directory, private RabbitMQ, server process and agents, all ended with it.
final class Installation {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// What the servers keep their data in.
    enum Store { case sqlite, postgres }

    let directory: URL
    /// Where each server listens.
    let ports: [Int]
    private let busPort: Int
    let store: Store
    private var servers: [Int: ChildProcess] = [:]
    private(set) var agents: [String: ChildProcess] = [:]

    /// The first server's.
    var port: Int { ports[0] }
    /// The first server.
    var server: ChildProcess? { servers[0] }

    init(_ name: String, store: Store = .sqlite, servers: Int = 1) throws {
        self.store = store
        directory = FileManager.default.temporaryDirectory.appending(
            path: "waybill-\(name)-\(UInt32.random(in: 0...UInt32.max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        ports = try (0..<servers).map { _ in try Self.freePort() }
        busPort = try Self.freePort()
    }

    /// Ends everything it started, whatever state it is in.
    func tearDown() {
        for agent in agents.values { agent.kill() }
        for server in servers.values { server.kill() }
        _ = try? rabbitMQ("stop")
        if store == .postgres { _ = try? postgres("remove") }
        try? FileManager.default.removeItem(at: directory)
    }

    // MARK: - RabbitMQ

    /// - Parameter prefixes: of Waybills that share it, each of which has agents of its own.
    /// - Parameter tls: a directory of certificates.
    @discardableResult
    func rabbitMQ(_ action: String, prefixes: [String] = [], tls: String? = nil) throws -> String {
        var arguments = [action, directory.appending(path: "rabbitmq").path]
        if action == "start" { arguments += ["--port", String(busPort)] }
        for prefix in prefixes { arguments += ["--bus-prefix", prefix] }
        if let tls { arguments += ["--tls", tls] }
        return try Self.run(Self.root.appending(path: "deploy/rabbitmq").path, arguments)
    }

    // MARK: - PostgreSQL

    @discardableResult
    func postgres(_ action: String) throws -> String {
        try Self.run(
            Self.root.appending(path: "deploy/postgres").path, [action, directory.appending(path: "postgres").path])
    }

    // MARK: - The program

    /// `waybill` as SwiftPM built it beside the tests.
    static let program: String = {
        if let given = ProcessInfo.processInfo.environment["WAYBILL_BINARY"] { return given }
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appending(path: "waybill").path
            if FileManager.default.isExecutableFile(atPath: candidate), !folder.path.hasSuffix("Sources") {
                return candidate
            }
            folder = folder.deletingLastPathComponent()
        }
        return root.appending(path: ".build/debug/waybill").path
    }()

    /// - Parameter bus: the file of the address, in the directory of RabbitMQ.
    func startServer(_ more: [String] = [], number: Int = 0, bus: String = "amqp.url") throws {
        let place =
            switch store {
            case .sqlite: ["dev", "--data", directory.appending(path: "data").path]
            case .postgres: ["serve", "--postgres-url-file", directory.appending(path: "postgres/postgres.url").path]
            }
        servers[number] = try spawn(
            Self.program,
            place + [
                "--listen", "127.0.0.1:\(ports[number])", "--amqp-url-file",
                directory.appending(path: "rabbitmq/\(bus)").path,
            ] + more, log: number == 0 ? "server" : "server-\(number)")
    }

    func startAgent(
        _ name: String, contract: String, exec: String, prefetch: Int, arguments: [String] = [],
        bus: String = "agent.url"
    ) throws {
        agents[name] = try spawn(
            Self.program,
            [
                "agent", "--name", name, "--contract", contract, "--exec", exec, "--prefetch", String(prefetch),
                "--amqp-url-file",
                directory.appending(path: "rabbitmq/\(bus)").path,
            ] + (arguments.isEmpty ? [] : ["--"] + arguments), log: "agent-\(name)")
    }

    /// Asks the server to stop; its exit status.
    func stopServer(_ number: Int = 0) throws -> Int32 {
        guard let server = servers[number] else { throw Failure("no server runs") }
        return server.terminate()
    }

    /// Checks the store when everything is over, and answers what `waybill verify` says; throws with that if it finds something.
    /// The file of an embedded store is given free for it.
    func verify() throws -> String {
        let place: [String]
        switch store {
        case .sqlite:
            for number in ports.indices { _ = try stopServer(number) }
            place = ["--data", directory.appending(path: "data").path]
        case .postgres: place = ["--postgres-url-file", directory.appending(path: "postgres/postgres.url").path]
        }
        return try Self.run(Self.program, ["verify", "--settled"] + place)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Waits until a queue has no message that is ready, as `/metrics` and the broker see it.
    func queueIsEmpty(_ queue: String, tries: Int = 50) async throws -> Bool {
        let script = """
            import sys, pika
            channel = pika.BlockingConnection(pika.URLParameters(open(sys.argv[1]).read().strip())).channel()
            print(channel.queue_declare(sys.argv[2], passive=True).method.message_count)
            """
        for _ in 0..<tries {
            let count = try Self.run(
                "/usr/bin/python3", ["-c", script, directory.appending(path: "rabbitmq/amqp.url").path, queue])
            if count.trimmingCharacters(in: .whitespacesAndNewlines) == "0" { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    func hasQueue(_ queue: String) async throws -> Bool {
        let script = """
            import sys, pika
            channel = pika.BlockingConnection(pika.URLParameters(open(sys.argv[1]).read().strip())).channel()
            channel.queue_declare(sys.argv[2], passive=True)
            """
        let outcome = try Self.outcome(
            of: "/usr/bin/python3", ["-c", script, directory.appending(path: "rabbitmq/amqp.url").path, queue])
        return outcome.status == 0
    }

    func killServer(_ number: Int = 0) {
        servers[number]?.kill()
    }

    func killAgent(_ name: String) {
        agents[name]?.kill()
    }

    /// Runs a command of the program against this server and answers what it printed; throws with its output if it fails.
    @discardableResult
    func waybill(_ arguments: String...) throws -> String {
        try Self.run(Self.program, arguments, environment: ["WAYBILL_SERVER": "http://127.0.0.1:\(port)"])
    }

    /// Waits until the server says that it is ready.
    func waitUntilReady(seconds: Int = 90, server number: Int = 0) async throws {
        let deadline = Date().addingTimeInterval(Double(seconds))
        while Date() < deadline {
            if let (status, _) = try? await HTTP(port: ports[number]).request("GET", "/health/ready"), status == 200 {
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Failure("the server was not ready after \(seconds) s; its log ends with\n\(logTail("server"))")
    }

    /// Waits until no instance runs any more.
    func waitForAll(seconds: Int) async throws {
        let deadline = Date().addingTimeInterval(Double(seconds))
        while Date() < deadline {
            let page = try? await request("GET", "/v1/instances?state=Running,Incident&limit=1")
            if let page, page.status == 200, page.body["instances"]?.elements()?.isEmpty == true { return }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw Failure("instances still run after \(seconds) s; the server's log ends with\n\(logTail("server"))")
    }

    func request(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> (status: Int, body: JSON) {
        let client = HTTP(port: port)
        return try await client.request(method, path, body)
    }

    func logTail(_ name: String, lines: Int = 20) -> String {
        let text = (try? String(contentsOf: directory.appending(path: "\(name).log"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    // MARK: - Processes

    private func spawn(_ program: String, _ arguments: [String], log: String) throws -> ChildProcess {
        try ChildProcess(program, arguments, log: directory.appending(path: "\(log).log").path)
    }

    /// Runs a command to its end and answers what it printed; throws with that if it fails.
    @discardableResult
    static func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> String {
        let (status, text) = try outcome(of: program, arguments, environment: environment)
        guard status == 0 else {
            throw Failure("\(program) \(arguments.joined(separator: " ")) ended with \(status):\n\(text)")
        }
        return text
    }

    /// Runs a command to its end: exit status and what it printed.
    static func outcome(
        of program: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, text: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: "waybill-output-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let status = try ChildProcess(program, arguments, environment: environment, log: file.path).wait()
        return (status, try String(contentsOf: file, encoding: .utf8))
    }

    /// A port that is free now, and below those that the system gives to outgoing connections: one of them would take it while
    /// a server that was killed is away.
    static func freePort() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 20_000..<32_000)
            if canListen(port) { return port }
        }
        throw Failure("no free port")
    }

    private static func canListen(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return Loopback.with(port) { bind(descriptor, $0, $1) } == 0
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ text: String) { description = text }
    }
}
