import CPostgres
import ProcessEngine
import Services
import Values

/// The answer to one statement. Not `Sendable`: it is read where the connection is, and cleared with the last reference.
final class ResultRows {
    private let result: OpaquePointer
    let count: Int

    init(owning result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
    }

    deinit { PQclear(result) }

    func map<Answer>(_ read: (ResultRow) throws -> Answer) rethrows -> [Answer] {
        try (0..<count).map { try read(ResultRow(result: result, row: Int32($0))) }
    }

    func forEach(_ body: (ResultRow) throws -> Void) rethrows {
        for row in 0..<count { try body(ResultRow(result: result, row: Int32(row))) }
    }

    func first<Answer>(_ read: (ResultRow) throws -> Answer) rethrows -> Answer? {
        count == 0 ? nil : try read(ResultRow(result: result, row: 0))
    }

    /// How many rows a change touched.
    var changes: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }
}

/// One row, in the binary format. Valid while its `ResultRows` is.
struct ResultRow {
    fileprivate let result: OpaquePointer
    fileprivate let row: Int32

    func isNull(_ column: Int) -> Bool { PQgetisnull(result, row, Int32(column)) != 0 }

    private func value(_ column: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, Int32(column)), count: Int(PQgetlength(result, row, Int32(column))))
    }

    /// Of any integer type: big-endian, as long as the type is.
    func int(_ column: Int) -> Int64 {
        let bytes = value(column)
        guard let first = bytes.first else { return 0 }
        return bytes.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }

    /// Of a row with columns of text only.
    var texts: [String] { (0..<Int(PQnfields(result))).map { text($0) } }

    func text(_ column: Int) -> String { String(decoding: value(column), as: UTF8.self) }

    func bytes(_ column: Int) -> [UInt8] { Array(value(column)) }

    func bool(_ column: Int) -> Bool { value(column).first == 1 }

    func double(_ column: Int) -> Double { Double(bitPattern: UInt64(bitPattern: int(column))) }

    func optional<Answer>(_ column: Int, _ read: (Int) -> Answer) -> Answer? { isNull(column) ? nil : read(column) }

    // MARK: Our values. What cannot be read back is a damaged database, not a crash.

    func number(_ column: Int) -> Int { Int(int(column)) }

    func timestamp(_ column: Int) -> Timestamp { Timestamp(millisecondsSinceEpoch: int(column)) }

    func taskID(_ instance: Int, _ number: Int) -> TaskID {
        TaskID(instance: InstanceID(text(instance)), number: self.number(number))
    }

    func contractKey(_ column: Int) throws -> ContractKey { try parsed(column, ContractKey.init) }

    func definitionID(_ column: Int) throws -> DefinitionID { try parsed(column, DefinitionID.init) }

    func parsed<Value>(_ column: Int, _ parse: (String) -> Value?) throws -> Value {
        let text = text(column)
        guard let value = parse(text) else {
            throw StoreError(.corrupt, "\(text.debugDescription) is stored where a \(Value.self) belongs")
        }
        return value
    }

    func phase(_ column: Int) throws -> TaskPhase {
        guard let phase = TaskPhase(stored: int(column)) else {
            throw StoreError(.corrupt, "\(int(column)) is stored where the phase of a task belongs")
        }
        return phase
    }
}

extension Timestamp {
    var stored: Int64 { millisecondsSinceEpoch }
}
