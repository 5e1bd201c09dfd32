import CPostgres
import Foundation
import Services

/// Opens connections as the configuration says, and sets up their sessions. Blocks: only for threads of our own.
struct Connector: Sendable {
    enum Use: Sendable {
        /// Statements that only ever look rows up by an index.
        case lookups
        /// Searches, whose plans are the planner's.
        case searches
        case listening
    }

    let configuration: PostgresConfiguration

    func connect(for use: Use) throws -> Connection {
        var settings = try given()
        for (name, value) in Self.defaults where settings[name] == nil { settings[name] = value }
        settings["client_encoding"] = "UTF8"
        if settings["application_name"] == nil { settings["application_name"] = configuration.applicationName }
        if let password = try configuration.password() { settings["password"] = password }
        let names = settings.keys.sorted()
        let handle = Self.withCStrings(names + names.map { settings[$0] ?? "" }) { strings in
            // Blocks at most `connect_timeout` for each host.
            PQconnectdbParams(
                Array(strings.prefix(names.count)) + [nil], Array(strings.suffix(names.count)) + [nil], 0)
        }
        guard let handle else { throw PostgresFailure.lost("libpq has no memory for a connection") }
        guard PQstatus(handle) == CONNECTION_OK else {
            defer { PQfinish(handle) }
            throw Self.refusal(handle)
        }
        let answerLimit = configuration.statementTimeout + .seconds(15)
        let connection: Connection
        connection = try Connection(owning: handle, answerLimit: answerLimit)
        try setUp(connection, for: use)
        return connection
    }

    /// What keeps a dead peer from being waited for; a caller's own value counts.
    private static let defaults = [
        "connect_timeout": "5", "keepalives": "1", "keepalives_idle": "20", "keepalives_interval": "5",
        "keepalives_count": "4", "tcp_user_timeout": "30000", "target_session_attrs": "read-write",
    ]

    /// The settings of the URL. libpq's own text of what is wrong may quote a part of the password: it is left out.
    private func given() throws(StoreError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(configuration.url, &message) else {
            PQfreemem(message)
            throw StoreError(
                .misuse,
                "the address of the database cannot be read: give postgresql://user@host:port/database?sslmode=…, "
                    + "with special characters of the password as %XX")
        }
        defer { PQconninfoFree(options) }
        var settings: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { settings[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return settings
    }

    /// libpq gives no SQLSTATE of a refused connection, only the server's text: what no later attempt mends is told apart
    /// by whether the server asked for a password, and by the words of untranslated servers.
    private static func refusal(_ handle: OpaquePointer) -> PostgresFailure {
        let text = Connection.text(PQerrorMessage(handle)) ?? "no connection"
        var failure = PostgresFailure.lost(text)
        if PQconnectionNeedsPassword(handle) == 1 || text.contains("password authentication failed")
            || text.contains("no pg_hba.conf entry")
        {
            failure.state = "28000"
        } else if text.contains("FATAL:"), text.contains("database \""), text.contains("does not exist") {
            failure.state = "3D000"
        }
        return failure
    }

    private func setUp(_ connection: Connection, for use: Use) throws {
        var settings = [
            ("search_path", configuration.schema), ("jit", "off"),
            ("statement_timeout", "\(configuration.statementTimeout.milliseconds)"),
            ("lock_timeout", "\(configuration.lockTimeout.milliseconds)"),
            ("idle_in_transaction_session_timeout", "60000"),
        ]
        switch use {
        case .lookups:
            // These plans must not depend on what the planner knows of tables that are empty today and full tomorrow.
            settings += [
                ("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
            ]
        case .searches: settings.append(("plan_cache_mode", "force_custom_plan"))
        case .listening: break
        }
        let encoding = try connection.first(
            """
            SELECT current_setting('server_encoding'), current_setting('synchronous_commit'),
                (SELECT count(set_config(name, value, false)) FROM unnest($1::text[], $2::text[]) AS s(name, value))
            """, [.texts(settings.map(\.0)), .texts(settings.map(\.1))]
        ) { (encoding: $0.text(0), synchronous: $0.text(1)) }
        guard let encoding, encoding.encoding == "UTF8" else {
            throw StoreError(.misuse, "the database has another encoding than UTF8: make one with ENCODING 'UTF8'")
        }
        // What a commit answers is durable, whatever the server's default is for others.
        if encoding.synchronous == "off" { try connection.run("SET synchronous_commit = on") }
    }

    private static func withCStrings<Answer>(_ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Answer) -> Answer {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies.map { UnsafePointer($0) })
    }
}
