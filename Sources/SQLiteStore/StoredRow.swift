import GRDBSQLite
import ProcessEngine
import Services
import Values

/// The row that a statement stands on, for the closure that reads it. Columns count from 0.
struct StoredRow {
    let statement: OpaquePointer

    func isNull(_ column: Int) -> Bool { sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL }

    subscript<Value: ColumnValue>(column: Int) -> Value { Value(of: statement, at: Int32(column)) }

    subscript<Value: ColumnValue>(column: Int) -> Value? { isNull(column) ? nil : self[column] as Value }
}

/// A value that a column is read as. Tables are strict: a column has its type, or is NULL, which reads as zero or empty.
protocol ColumnValue {
    init(of statement: OpaquePointer, at column: Int32)
}

extension Int64: ColumnValue {
    init(of statement: OpaquePointer, at column: Int32) { self = sqlite3_column_int64(statement, column) }
}

extension Int: ColumnValue {
    init(of statement: OpaquePointer, at column: Int32) { self.init(sqlite3_column_int64(statement, column)) }
}

extension Bool: ColumnValue {
    init(of statement: OpaquePointer, at column: Int32) { self = sqlite3_column_int64(statement, column) != 0 }
}

extension Double: ColumnValue {
    init(of statement: OpaquePointer, at column: Int32) { self = sqlite3_column_double(statement, column) }
}

extension String: ColumnValue {
    init(of statement: OpaquePointer, at column: Int32) {
        // The length is asked for after the text (https://www.sqlite.org/c3ref/column_blob.html).
        let text = sqlite3_column_text(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        self.init(decoding: UnsafeBufferPointer(start: text, count: text == nil ? 0 : count), as: UTF8.self)
    }
}

extension [UInt8]: ColumnValue {
    init(of statement: OpaquePointer, at column: Int32) {
        let bytes = sqlite3_column_blob(statement, column)
        self.init(
            UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
        )
    }
}

/// How our values stand in columns. What cannot be read back is a damaged file, not a crash.
extension StoredRow {
    func timestamp(_ column: Int) -> Timestamp { Timestamp(millisecondsSinceEpoch: self[column]) }

    func optionalTimestamp(_ column: Int) -> Timestamp? {
        (self[column] as Int64?).map(Timestamp.init(millisecondsSinceEpoch:))
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
