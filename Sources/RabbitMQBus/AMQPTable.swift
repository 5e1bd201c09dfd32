import CRabbitMQ
import Delivery

// AMQP field tables and strings to and from ours. librabbitmq has checked lengths and depth of what it decoded.

extension String {
    /// Copies; what is not UTF-8 is repaired.
    init(_ bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}

extension [UInt8] {
    init(_ bytes: amqp_bytes_t) {
        self.init(UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len))
    }
}

extension [BusMessage.Header] {
    init(_ table: amqp_table_t) {
        self = UnsafeBufferPointer(start: table.entries, count: Int(table.num_entries)).map {
            BusMessage.Header(name: String($0.key), value: BusMessage.HeaderValue($0.value))
        }
    }
}

extension BusMessage.HeaderValue {
    init(_ field: amqp_field_value_t) {
        switch amqp_field_value_kind_t(UInt32(field.kind)) {
        case AMQP_FIELD_KIND_UTF8: self = .string(String(field.value.bytes))
        case AMQP_FIELD_KIND_BOOLEAN: self = .bool(field.value.boolean != 0)
        case AMQP_FIELD_KIND_I8: self = .integer(Int64(field.value.i8))
        case AMQP_FIELD_KIND_U8: self = .integer(Int64(field.value.u8))
        case AMQP_FIELD_KIND_I16: self = .integer(Int64(field.value.i16))
        case AMQP_FIELD_KIND_U16: self = .integer(Int64(field.value.u16))
        case AMQP_FIELD_KIND_I32: self = .integer(Int64(field.value.i32))
        case AMQP_FIELD_KIND_U32: self = .integer(Int64(field.value.u32))
        case AMQP_FIELD_KIND_I64: self = .integer(field.value.i64)
        case AMQP_FIELD_KIND_U64, AMQP_FIELD_KIND_TIMESTAMP: self = .integer(Int64(clamping: field.value.u64))
        case AMQP_FIELD_KIND_F32: self = .double(Double(field.value.f32))
        case AMQP_FIELD_KIND_F64: self = .double(field.value.f64)
        case AMQP_FIELD_KIND_TABLE: self = .table([BusMessage.Header](field.value.table))
        case AMQP_FIELD_KIND_ARRAY:
            let array = field.value.array
            self = .array(
                UnsafeBufferPointer(start: array.entries, count: Int(array.num_entries)).map {
                    BusMessage.HeaderValue($0)
                })
        default: self = .other
        }
    }
}

/// Memory for the C structures of one call: librabbitmq reads strings and tables by pointer. Valid until `reset`.
final class AMQPArena {
    private let pool: UnsafeMutablePointer<amqp_pool_t>

    init() {
        pool = .allocate(capacity: 1)
        pool.initialize(to: amqp_pool_t())
        init_amqp_pool(pool, 4096)
    }

    deinit {
        empty_amqp_pool(pool)
        pool.deallocate()
    }

    func reset() {
        recycle_amqp_pool(pool)
    }

    func bytes(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { source in
            guard let base = source.baseAddress, source.count > 0, let copy = amqp_pool_alloc(pool, source.count) else {
                return amqp_bytes_t()
            }
            copy.copyMemory(from: base, byteCount: source.count)
            return amqp_bytes_t(len: source.count, bytes: copy)
        }
    }

    func table(_ headers: [BusMessage.Header]) -> amqp_table_t {
        guard let entries: UnsafeMutablePointer<amqp_table_entry_t> = allocate(headers.count) else {
            return amqp_table_t()
        }
        for (index, header) in headers.enumerated() {
            (entries + index).initialize(to: amqp_table_entry_t(key: bytes(header.name), value: field(header.value)))
        }
        return amqp_table_t(num_entries: Int32(headers.count), entries: entries)
    }

    private func field(_ value: BusMessage.HeaderValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        switch value {
        case .string(let text):
            field.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
            field.value.bytes = bytes(text)
        case .integer(let number):
            field.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
            field.value.i64 = number
        case .bool(let flag):
            field.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
            field.value.boolean = flag ? 1 : 0
        case .double(let number):
            field.kind = UInt8(AMQP_FIELD_KIND_F64.rawValue)
            field.value.f64 = number
        case .table(let headers):
            field.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
            field.value.table = table(headers)
        case .array(let values):
            field.kind = UInt8(AMQP_FIELD_KIND_ARRAY.rawValue)
            if let entries: UnsafeMutablePointer<amqp_field_value_t> = allocate(values.count) {
                for (index, element) in values.enumerated() { (entries + index).initialize(to: self.field(element)) }
                field.value.array = amqp_array_t(num_entries: Int32(values.count), entries: entries)
            }
        case .other:
            field.kind = UInt8(AMQP_FIELD_KIND_VOID.rawValue)
        }
        return field
    }

    private func allocate<T>(_ count: Int) -> UnsafeMutablePointer<T>? {
        guard count > 0, let memory = amqp_pool_alloc(pool, count * MemoryLayout<T>.stride) else { return nil }
        return memory.bindMemory(to: T.self, capacity: count)
    }
}

extension BusMessage {
    /// Why AMQP cannot carry this message: its short strings have at most 255 bytes, and all its properties must fit
    /// one frame.
    ///
    /// librabbitmq would notice only after it had written half of the publish.
    func unsendable(maximumBodyBytes: Int, frameMaximum: Int) -> (code: Int, text: String)? {
        if body.count > maximumBodyBytes {
            return (
                Int(AMQP_CONTENT_TOO_LARGE), "the body has \(body.count) bytes; at most \(maximumBodyBytes) are sent"
            )
        }
        let short: [(String, String?)] = [
            ("exchange", exchange), ("routing key", routingKey), ("message id", messageID),
            ("correlation id", correlationID),
            ("type", type), ("reply-to", replyTo), ("content type", contentType),
        ]
        var size = 64
        for (name, value) in short {
            let count = value?.utf8.count ?? 0
            if count > 255 { return (Int(AMQP_SYNTAX_ERROR), "the \(name) has \(count) bytes; AMQP allows 255") }
            size += count + 1
        }
        guard let headerBytes = Self.encodedSize(of: headers, depth: 0) else {
            return (Int(AMQP_SYNTAX_ERROR), "a header's name has more than 128 bytes, or headers are nested too deeply")
        }
        if size + headerBytes > frameMaximum {
            return (Int(AMQP_SYNTAX_ERROR), "the headers have \(headerBytes) bytes, which no frame of the bus holds")
        }
        return nil
    }

    private static func encodedSize(of headers: [Header], depth: Int) -> Int? {
        var size = 4
        for header in headers {
            let name = header.name.utf8.count
            guard name <= 128, let value = encodedSize(of: header.value, depth: depth + 1) else { return nil }
            size += 1 + name + value
        }
        return size
    }

    private static func encodedSize(of value: HeaderValue, depth: Int) -> Int? {
        guard depth <= 16 else { return nil }
        switch value {
        case .string(let text): return 5 + text.utf8.count
        case .integer, .double: return 9
        case .bool: return 2
        case .other: return 1
        case .table(let headers): return encodedSize(of: headers, depth: depth).map { $0 + 1 }
        case .array(let values):
            var size = 5
            for element in values {
                guard let bytes = encodedSize(of: element, depth: depth + 1) else { return nil }
                size += bytes
            }
            return size
        }
    }
}
