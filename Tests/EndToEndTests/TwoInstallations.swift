import Foundation
import Testing
import Values

/// Two installations on two databases of one PostgreSQL and on one RabbitMQ, where their names differ by a prefix.
final class TwoInstallations {
    /// One of them: its database, its prefix on the bus, its server while it runs.
    final class Site {
        let name: String
        let busPrefix: String
        let port: Int
        /// The database that the server uses from its next start on.
        var database: String
        fileprivate var server: ChildProcess?

        fileprivate init(_ name: String, busPrefix: String) throws {
            self.name = name
            self.busPrefix = busPrefix
            database = name
            port = try Installation.freePort()
        }

        var url: String { "http://127.0.0.1:\(port)" }
        var isRunning: Bool { server?.isRunning == true }
    }

    let shared: Installation
    let dev: Site
    let prod: Site
    private var more: [Site] = []
    private var agents: [ChildProcess] = []
    /// What a person at a terminal would have seen.
    private(set) var transcript = ""

    init(_ name: String) throws {
        shared = try Installation(name, store: .postgres)
        dev = try Site("dev", busPrefix: "dev.")
        prod = try Site("prod", busPrefix: "")
    }

    /// Another server of an installation.
    func anotherServer(of site: Site) throws -> Site {
        let other = try Site("\(site.name)-\(more.count + 2)", busPrefix: site.busPrefix)
        other.database = site.database
        more.append(other)
        return other
    }

    func start() throws {
        try shared.rabbitMQ("start", prefixes: [dev.busPrefix])
        try shared.postgres("start")
        for site in [dev, prod] { try sql("CREATE DATABASE \(site.database)") }
    }

    func tearDown() {
        for agent in agents { agent.kill() }
        for site in [dev, prod] + more { site.server?.kill() }
        shared.tearDown()
    }

    // MARK: - The database

    private var databaseURL: String {
        get throws {
            try String(
                contentsOf: shared.directory.appending(path: "postgres/postgres.url"), encoding: .utf8
            ).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    func sql(_ statement: String) throws {
        let newest = "exec $(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)/psql \"$@\""
        try Installation.run(
            "/bin/sh",
            ["-c", newest, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", try databaseURL, "-c", statement])
    }

    /// A copy of a database that nobody uses at the moment.
    func copy(_ database: String, to copy: String) throws {
        try sql("CREATE DATABASE \(copy) TEMPLATE \(database)")
    }

    // MARK: - Servers

    /// - Parameter fault: where the server ends itself, like `change:3`.
    func launch(_ site: Site, _ more: [String] = [], fault: String? = nil) throws {
        let url = shared.directory.appending(path: "\(site.database).url")
        let base = try databaseURL
        let end = try #require(base.lastIndex(of: "/"))
        try (base[...end] + site.database).write(to: url, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path)
        site.server = try ChildProcess(
            Installation.program,
            [
                "serve", "--postgres-url-file", url.path, "--listen", "127.0.0.1:\(site.port)", "--bus-prefix",
                site.busPrefix, "--amqp-url-file", shared.directory.appending(path: "rabbitmq/amqp.url").path,
            ] + more, environment: fault.map { ["WAYBILL_FAULT": $0] } ?? [:], log: log(site))
    }

    func waitUntilReady(_ site: Site, seconds: Int = 90) async throws {
        let deadline = Date().addingTimeInterval(Double(seconds))
        while Date() < deadline {
            if let (status, _) = try? await HTTP(port: site.port).request("GET", "/health/ready"), status == 200 {
                return
            }
            if !site.isRunning { break }
            try await Task.sleep(for: .milliseconds(30))
        }
        throw Installation.Failure("\(site.name) is not ready; its log ends with\n\(shared.logTail(site.name))")
    }

    /// Whether its server lives: one that is ending does not answer any more.
    func answers(_ site: Site) async -> Bool {
        (try? await HTTP(port: site.port).request("GET", "/health/live")) != nil
    }

    func stop(_ site: Site) {
        _ = site.server?.terminate()
    }

    private func log(_ site: Site) -> String { shared.directory.appending(path: "\(site.name).log").path }

    func startAgent(_ site: Site, _ contract: String, exec: String) throws {
        agents.append(
            try ChildProcess(
                Installation.program,
                [
                    "agent", "--name", "\(site.name)-\(agents.count)", "--contract", contract, "--exec", exec,
                    "--bus-prefix", site.busPrefix,
                    "--amqp-url-file", shared.directory.appending(path: "rabbitmq/\(site.busPrefix)agent.url").path,
                ], log: shared.directory.appending(path: "agent-\(site.name)-\(agents.count).log").path))
    }

    /// Writes a shell script that can be executed.
    func program(_ name: String, _ script: String) throws -> String {
        let file = shared.directory.appending(path: name)
        try "#!/bin/sh\n\(script)\n".write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        return file.path
    }

    /// Waits until something is so that nobody tells of.
    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        let deadline = Date().addingTimeInterval(90)
        while Date() < deadline {
            if try await holds() { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw Installation.Failure("90 s have passed, and it is not so that \(what)")
    }

    // MARK: - Commands

    /// Runs `waybill` as a person would; what it printed goes to the transcript.
    @discardableResult
    func waybill(_ arguments: String..., at site: Site? = nil, status expected: Int32 = 0) throws -> String {
        try waybill(arguments, at: site, status: expected)
    }

    @discardableResult
    func waybill(_ arguments: [String], at site: Site? = nil, status expected: Int32 = 0) throws -> String {
        let (status, text) = try outcome(arguments, at: site)
        guard status == expected else {
            throw Installation.Failure(
                "waybill \(arguments.joined(separator: " ")) ended with \(status), not \(expected):\n\(text)")
        }
        return text
    }

    func outcome(_ arguments: [String], at site: Site? = nil) throws -> (status: Int32, text: String) {
        let environment = site.map { ["WAYBILL_SERVER": $0.url] } ?? [:]
        let outcome = try Installation.outcome(of: Installation.program, arguments, environment: environment)
        let words = arguments.map { $0.contains(" ") ? "\"\($0)\"" : $0 }.joined(separator: " ")
        transcript +=
            "$ waybill \(words)\(site.map { "    # \($0.name)" } ?? "")\n\(outcome.text)[\(outcome.status)]\n\n"
        return outcome
    }

    /// All that a staging changes in an installation, as one text: what is stored and what is deployed.
    func state(of site: Site) async throws -> String {
        let http = HTTP(port: site.port)
        let artifacts = try await http.request("GET", "/v1/config/artifacts").body["artifacts"]?.elements() ?? []
        let contracts = try await http.request("GET", "/v1/contracts").body["contracts"]?.elements() ?? []
        let revisions =
            try await http.request("GET", "/v1/config/revisions?limit=200").body["revisions"]?.elements() ?? []
        let definitions = try await http.request("GET", "/v1/workflows").body["workflows"]?.elements() ?? []
        let deployment = try await http.request("GET", "/v1/config/deployment").body
        func text(_ rows: [JSON], _ members: String...) -> String {
            rows.map { row in
                members.map { row[$0].map { $0.stringValue ?? $0.text } ?? "-" }.joined(separator: " ")
            }.joined(separator: "\n")
        }
        return """
            artifacts
            \(text(artifacts, "kind", "name", "version", "hash"))
            contracts
            \(contracts.map(\.text).joined(separator: "\n"))
            revisions
            \(text(revisions, "number", "parent", "author", "message"))
            definitions
            \(text(definitions, "definition", "workflow", "version", "open"))
            deployment \(deployment.text)
            """
    }
}
