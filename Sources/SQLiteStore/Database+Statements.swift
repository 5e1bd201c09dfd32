import Foundation
import GRDB
import ProcessEngine
import Services
import Values

/// Short forms over the connection's cache of prepared statements: every statement of ours is prepared once.
extension Database {
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// Runs a change and says whether it changed a row.
    func changes(_ sql: String, _ arguments: StatementArguments) throws -> Bool {
        try cachedStatement(sql: sql).execute(arguments: arguments)
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

extension TaskPhase {
    /// As `task.phase` holds it. Never renumber.
    var stored: Int {
        switch self {
        case .waiting: 0
        case .dispatched: 1
        case .queued: 2
        case .running: 3
        case .suspended: 4
        }
    }

    init?(stored: Int) {
        guard let phase = Self.allCases.first(where: { $0.stored == stored }) else { return nil }
        self = phase
    }
}
