/// One validated JSON text, kept raw until somebody looks inside. Equal if the bytes are equal.
///
/// Members and elements share the bytes of the text they were split from, and keep all of it alive; `compacted` lets
/// go of it. No object in it has a name twice.
package struct JSON: Sendable {
    /// Neither starts nor ends with white space.
    let storage: ArraySlice<UInt8>

    /// For bytes that this target wrote or validated.
    init(trusting storage: ArraySlice<UInt8>) {
        self.storage = storage
    }

    package init(validating bytes: some Collection<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        try self.init(scanning: Array(bytes), limits: limits)
    }

    package init(validating text: String) throws(JSONError) {
        try self.init(scanning: Array(text.utf8), limits: .standard)
    }

    private init(scanning bytes: [UInt8], limits: JSONLimits) throws(JSONError) {
        var scanner = JSONScanner(limits: limits)
        do {
            let range = try scanner.scan(bytes.span)
            storage = scanner.superseded.isEmpty ? bytes[range] : Self.cut(scanner.superseded, from: bytes[range])
        } catch {
            throw JSONError(offset: error.offset, in: bytes, message: error.message)
        }
    }

    /// `bytes` without the ranges, which may contain each other.
    private static func cut(_ ranges: [Range<Int>], from bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest: [UInt8] = []
        var position = bytes.startIndex
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.upperBound > position {
            if range.lowerBound > position { rest += bytes[position..<range.lowerBound] }
            position = range.upperBound
        }
        rest += bytes[position...]
        return rest[...]
    }

    package var bytes: [UInt8] { Array(storage) }
    package var text: String { String(decoding: storage, as: UTF8.self) }
    package var byteCount: Int { storage.count }

    /// The same text in memory of its own.
    package var compacted: JSON { JSON(trusting: Array(storage)[...]) }

    package func appendRaw(to buffer: inout [UInt8]) {
        buffer.append(contentsOf: storage)
    }
}

extension JSON: Hashable {
    package static func == (left: JSON, right: JSON) -> Bool {
        left.storage == right.storage
    }

    package func hash(into hasher: inout Hasher) {
        storage.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension JSON: CustomStringConvertible {
    package var description: String { text }
}

// MARK: - Making

extension JSON {
    package static let null = JSON(trusting: Array("null".utf8)[...])
    package static let emptyObject = JSON(trusting: Array("{}".utf8)[...])
    package static let emptyArray = JSON(trusting: Array("[]".utf8)[...])
    private static let `true` = JSON(trusting: Array("true".utf8)[...])
    private static let `false` = JSON(trusting: Array("false".utf8)[...])

    package init(_ value: Value) {
        var writer = JSONWriter()
        writer.value(value)
        self = writer.finish()
    }

    /// Glues raw values together without reading them. The names must differ.
    package static func object(_ members: [(name: String, value: JSON)]) -> JSON {
        var writer = JSONWriter(
            reservingCapacity: members.reduce(2) { $0 + $1.name.utf8.count + $1.value.byteCount + 6 })
        writer.beginObject()
        for (name, value) in members {
            writer.key(name)
            writer.raw(value)
        }
        writer.endObject()
        return writer.finish()
    }

    package static func array(_ elements: [JSON]) -> JSON {
        var writer = JSONWriter(reservingCapacity: elements.reduce(2) { $0 + $1.byteCount + 1 })
        writer.beginArray()
        for element in elements { writer.raw(element) }
        writer.endArray()
        return writer.finish()
    }

    package static func string(_ string: String) -> JSON {
        var writer = JSONWriter(reservingCapacity: string.utf8.count + 2)
        writer.string(string)
        return writer.finish()
    }

    package static func number(_ number: Int) -> JSON {
        JSON(trusting: Array(String(number).utf8)[...])
    }

    package static func bool(_ bool: Bool) -> JSON {
        bool ? .true : .false
    }
}
