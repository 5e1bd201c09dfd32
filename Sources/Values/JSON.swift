/// One validated JSON text, kept raw until somebody looks inside. Equal if the bytes are equal.
package struct JSON: Sendable, Hashable {
    var storage: ArraySlice<UInt8>
    init(trusting storage: ArraySlice<UInt8>) { self.storage = storage }
    package init(validating bytes: some Collection<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        storage = Array(bytes)[...]
    }
    package init(validating text: String) throws(JSONError) { try self.init(validating: text.utf8) }
    package init(_ value: Value) { self = .null }
    package var bytes: [UInt8] { Array(storage) }
    package var text: String { String(decoding: storage, as: UTF8.self) }
    package func decoded() -> Value { .null }
    package func members() -> [(name: String, value: JSON)]? { nil }
    package func elements() -> [JSON]? { nil }
    package subscript(name: String) -> JSON? { nil }
    package var isObject: Bool { storage.first == UInt8(ascii: "{") }
    package var isArray: Bool { storage.first == UInt8(ascii: "[") }
    package var isString: Bool { storage.first == UInt8(ascii: "\"") }
    package var isNull: Bool { storage.first == UInt8(ascii: "n") }
    package static let null = JSON(trusting: Array("null".utf8)[...])
    package static let emptyObject = JSON(trusting: Array("{}".utf8)[...])
    package static let emptyArray = JSON(trusting: Array("[]".utf8)[...])
    package static func object(_ members: [(name: String, value: JSON)]) -> JSON { .null }
    package static func array(_ elements: [JSON]) -> JSON { .null }
    package static func string(_ string: String) -> JSON { .null }
    package static func number(_ number: Int) -> JSON { .null }
    package static func bool(_ bool: Bool) -> JSON { .null }
    package var stringValue: String? { nil }
    package var intValue: Int? { nil }
    package var doubleValue: Double? { nil }
    package var boolValue: Bool? { nil }
    package var canonical: JSON { self }
    package func appendRaw(to buffer: inout [UInt8]) { buffer.append(contentsOf: storage) }
}
