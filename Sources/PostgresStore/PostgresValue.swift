/// A parameter of a statement, sent in the binary format. Integers are `bigint` everywhere.
enum PostgresValue {
    case int(Int64?)
    case text(String?)
    case bytes([UInt8])
    case bool(Bool)
    case ints([Int64?])
    case texts([String?])
    case blobs([[UInt8]])
    case doubles([Double?])

    static func int(_ value: Int) -> PostgresValue { .int(Int64(value)) }
    static func optional(_ value: Int?) -> PostgresValue { .int(value.map { Int64($0) }) }
    static func ints(_ values: [Int]) -> PostgresValue { .ints(values.map { Int64($0) }) }
}

/// The parameters of one statement as libpq takes them: one block of bytes, and where each stands in it.
struct EncodedParameters {
    private(set) var bytes: [UInt8] = []
    /// Nil for NULL.
    private(set) var ranges: [Range<Int>?] = []

    // The object ids of the element types (pg_type.dat), which never change.
    private static let int8: Int32 = 20, text: Int32 = 25, bytea: Int32 = 17, float8: Int32 = 701

    init(_ values: [PostgresValue]) {
        for value in values { add(value) }
    }

    private mutating func add(_ value: PostgresValue) {
        let start = bytes.count
        switch value {
        case .int(let value?): append(value)
        case .text(nil), .int(nil):
            ranges.append(nil)
            return
        case .text(let value?): append(value)
        case .bytes(let value): bytes += value
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .ints(let values): array(of: Self.int8, values) { $0.append($1) }
        case .texts(let values): array(of: Self.text, values) { $0.append($1) }
        case .blobs(let values): array(of: Self.bytea, values) { $0.bytes += $1 }
        case .doubles(let values): array(of: Self.float8, values) { $0.append($1.bitPattern) }
        }
        ranges.append(start..<bytes.count)
    }

    /// One dimension, from 1; each element with its length, −1 for NULL (`array_send` of the server).
    private mutating func array<Element>(
        of type: Int32, _ elements: [Element?], _ write: (inout EncodedParameters, Element) -> Void
    ) {
        append(Int32(1))
        append(Int32(1))
        append(type)
        append(Int32(elements.count))
        append(Int32(1))
        for element in elements {
            let place = bytes.count
            append(Int32(-1))
            guard let element else { continue }
            write(&self, element)
            let length = UInt32(bytes.count - place - 4)
            for shift in 0..<4 { bytes[place + shift] = UInt8(truncatingIfNeeded: length >> (24 - 8 * shift)) }
        }
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }

    /// PostgreSQL's texts cannot hold U+0000, which a peer's text may: it becomes the replacement character.
    private mutating func append(_ text: String) {
        let start = bytes.count
        bytes += text.utf8
        if bytes[start...].contains(0) {
            bytes.removeSubrange(start...)
            bytes += text.replacing("\u{0}", with: "\u{FFFD}").utf8
        }
    }
}
