import Foundation
package import Services

/// Where the database is and how it is used.
package struct PostgresConfiguration: Sendable {
    /// A URL or a list of keywords as libpq takes them: several hosts, `sslmode`, `passfile`, `target_session_attrs` and all
    /// others work (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING). In a URL `schema` is ours.
    /// The server itself, or a pooler that keeps a session for each connection: statements stay prepared.
    package var url: String
    /// All tables are in here. Several Waybills can share a database.
    package var schema = "waybill"
    /// A file whose first line is the password. It is read at every connect, so that it may change.
    package var passwordFile: String?
    /// Shown in `pg_stat_activity`.
    package var applicationName = "waybill"
    /// Whether other processes are told of commits, and are listened to.
    package var hints = true
    /// How long a call waits for a server that is restarting or failing over before it throws.
    package var patience: Duration = .seconds(10)
    /// How long the server may work on one statement.
    package var statementTimeout: Duration = .seconds(30)
    package var lockTimeout: Duration = .seconds(10)

    /// Takes `schema` out of the URL. Throws `.misuse` for a schema that is not a plain name.
    package init(url: String) throws(StoreError) {
        self.url = url
        if let mark = url.firstIndex(of: "?"), Self.isURL(url) {
            var parameters = url[url.index(after: mark)...].split(separator: "&")
            if let place = parameters.firstIndex(where: { $0.hasPrefix("schema=") }) {
                schema = String(parameters.remove(at: place).dropFirst("schema=".count))
                self.url = url[..<mark] + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
            }
        }
        try check()
    }

    /// The schema's name goes into statements: it may be nothing but a name.
    func check() throws(StoreError) {
        let isName =
            (1...63).contains(schema.utf8.count) && schema.utf8.first.map { !(48...57).contains($0) } ?? false
            && schema.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        guard isName, !schema.hasPrefix("pg_") else {
            throw StoreError(
                .misuse,
                "a schema is named by lower-case letters, digits and _, at most 63, not \(schema.debugDescription)")
        }
    }

    private static func isURL(_ text: String) -> Bool {
        text.hasPrefix("postgresql://") || text.hasPrefix("postgres://")
    }

    func password() throws(StoreError) -> String? {
        guard let passwordFile else { return nil }
        guard let text = try? String(contentsOfFile: passwordFile, encoding: .utf8) else {
            throw StoreError(.misuse, "the password file \(passwordFile) cannot be read: check its path and rights")
        }
        return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
