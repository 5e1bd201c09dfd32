import GRDB
import GRDBSQLite
import ProcessEngine
import Services
import Values

/// Short forms over the connection's cache of prepared statements: every statement of ours is prepared once.
///
/// GRDB prepares, caches and keeps transactions; rows are bound and read with SQLite's own calls, because GRDB's way (collect,
/// check, convert) costs as much as SQLite needs for a row.
extension Database {
    /// Runs a change. Inside a transaction only: GRDB, which sees to that, does not see the statement run.
    func run(_ sql: String, _ values: [(any StatementValue)?]) throws {
        try step(sql, values) { _ in true }
    }

    /// Runs a change and says whether it changed a row.
    func changes(_ sql: String, _ values: [(any StatementValue)?]) throws -> Bool {
        try run(sql, values)
        return changesCount > 0
    }

    func first<Answer>(
        _ sql: String, _ values: [(any StatementValue)?] = [], _ read: (StoredRow) throws -> Answer
    ) throws -> Answer? {
        var answer: Answer?
        try step(sql, values) { row in
            answer = try read(row)
            return false
        }
        return answer
    }

    func all<Answer>(
        _ sql: String, _ values: [(any StatementValue)?] = [], _ read: (StoredRow) throws -> Answer
    ) throws -> [Answer] {
        var answers: [Answer] = []
        try step(sql, values) { row in
            answers.append(try read(row))
            return true
        }
        return answers
    }

    /// Gives each row to `body` until there is none or it answers false.
    private func step(
        _ sql: String, _ values: [(any StatementValue)?], _ body: (StoredRow) throws -> Bool
    ) throws {
        let statement = try cachedStatement(sql: sql).sqliteStatement
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        guard Int(sqlite3_bind_parameter_count(statement)) == values.count else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "\(values.count) values", sql: sql)
        }
        for (index, value) in zip(Int32(1)..., values) {
            // What is not bound is NULL.
            guard let value else { continue }
            try check(value.bind(to: statement, at: index), sql)
        }
        var code = sqlite3_step(statement)
        while code == SQLITE_ROW {
            guard try body(StoredRow(statement: statement)) else { return }
            code = sqlite3_step(statement)
        }
        if code != SQLITE_DONE { try check(code, sql) }
    }

    private func check(_ code: Int32, _ sql: String) throws {
        guard code != SQLITE_OK else { return }
        let message = sqliteConnection.map { String(cString: sqlite3_errmsg($0)) }
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: sql)
    }
}
