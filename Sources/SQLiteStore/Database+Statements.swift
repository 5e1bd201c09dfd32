import Foundation
import GRDB
import GRDBSQLite
import ProcessEngine
import Services
import Values

/// Short forms over the connection's cache of prepared statements: every statement of ours is prepared once.
extension Database {
    /// Runs a change. Inside a transaction only: GRDB, which sees to that, does not see the statement run.
    func run(_ sql: String, _ values: [(any StatementValue)?]) throws {
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
        var code: Int32
        repeat { code = sqlite3_step(statement) } while code == SQLITE_ROW
        if code != SQLITE_DONE { try check(code, sql) }
    }

    private func check(_ code: Int32, _ sql: String) throws {
        guard code != SQLITE_OK else { return }
        let message = sqliteConnection.map { String(cString: sqlite3_errmsg($0)) }
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: sql)
    }

    /// Runs a change and says whether it changed a row.
    func changes(_ sql: String, _ values: [(any StatementValue)?]) throws -> Bool {
        try run(sql, values)
        return changesCount > 0
    }

    func first<Answer>(
        _ sql: String, _ arguments: StatementArguments = [], _ read: (Row) throws -> Answer
    ) throws -> Answer? {
        let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        return try rows.next().map(read)
    }

    func all<Answer>(
        _ sql: String, _ arguments: StatementArguments = [], _ read: (Row) throws -> Answer
    ) throws -> [Answer] {
        let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        var answers: [Answer] = []
        while let row = try rows.next() { answers.append(try read(row)) }
        return answers
    }
}

/// How our values stand in columns. What cannot be read back is a damaged file, not a crash.
extension Row {
    func timestamp(_ column: Int) -> Timestamp { Timestamp(millisecondsSinceEpoch: self[column]) }

    func optionalTimestamp(_ column: Int) -> Timestamp? {
        (self[column] as Int64?).map(Timestamp.init(millisecondsSinceEpoch:))
    }

    func bytes(_ column: Int) throws -> [UInt8] {
        // One copy, straight from SQLite's memory, which is valid in here.
        try withUnsafeData(atIndex: column) { Array($0 ?? Data()) }
    }

    func contractKey(_ column: Int) throws -> ContractKey {
        try parsed(column, ContractKey.init)
    }

    func definitionID(_ column: Int) throws -> DefinitionID {
        try parsed(column, DefinitionID.init)
    }

    func parsed<Value>(_ column: Int, _ parse: (String) -> Value?) throws -> Value {
        let text: String = self[column]
        guard let value = parse(text) else {
            throw StoreError(.corrupt, "\(text.debugDescription) is stored where a \(Value.self) belongs")
        }
        return value
    }

    func taskID(_ instance: Int, _ number: Int) -> TaskID {
        TaskID(instance: InstanceID(self[instance]), number: self[number])
    }
}

extension Timestamp {
    var stored: Int64 { millisecondsSinceEpoch }
}
