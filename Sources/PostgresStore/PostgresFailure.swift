import Services

/// What the server or libpq said went wrong.
struct PostgresFailure: Error {
    /// The server's SQLSTATE; nil if it could not be asked.
    var state: String?
    var message: String
    var statement: String?
    /// The connection cannot be used any more. What was sent may have been done.
    var isLost: Bool

    static func lost(_ message: String) -> PostgresFailure {
        PostgresFailure(state: nil, message: message, statement: nil, isLost: true)
    }

    /// Everything was rolled back because of what others did at the same time: the same work may succeed now.
    var isTransient: Bool {
        switch state {
        // Serialization failure, deadlock, lock timeout.
        case "40001", "40P01", "55P03": true
        default: false
        }
    }

    /// The server is there, and no later attempt to connect can succeed as things are.
    var isRefusal: Bool {
        guard let state else { return false }
        return state.hasPrefix("28") || state == "3D000" || state == "42501"
    }
}

extension StoreError {
    /// Keeps the server's own code and text, and adds what to do.
    init(_ failure: PostgresFailure) {
        guard let state = failure.state else {
            self.init(
                .unavailable, "\(failure.message); check that the server runs and can be reached, then try again")
            return
        }
        let text = "PostgreSQL error \(state): \(failure.message)"
        switch (state, String(state.prefix(2))) {
        case ("53100", _):
            self.init(.full, "\(text); nothing was stored: free disk space on the server, then try again")
        case ("XX001", _), ("XX002", _):
            self.init(.corrupt, "\(text); the database is damaged: restore it from a backup")
        case (_, "28"):
            self.init(.misuse, "\(text); check the user, the password and the server's pg_hba.conf")
        case ("3D000", _):
            self.init(.misuse, "\(text); make the database, or name another one")
        case ("42501", _):
            self.init(.misuse, "\(text); give the user the right to use and to create in the schema")
        case (_, "08"), (_, "53"), (_, "57"), (_, "58"), (_, "40"), ("55P03", _), ("25006", _), ("25P03", _):
            self.init(.unavailable, "\(text); check the server, then try again")
        default:
            // What is left are constraints and statements: a caller broke the port's contract, or we did.
            self.init(.misuse, failure.statement.map { "\(text) in \($0)" } ?? text)
        }
    }
}
