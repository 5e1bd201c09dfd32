package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    package init(reservingCapacity capacity: Int = 256) { bytes.reserveCapacity(capacity) }
    package mutating func beginObject() {}
    package mutating func endObject() {}
    package mutating func beginArray() {}
    package mutating func endArray() {}
    /// Ends whatever is open.
    package mutating func end() {}
    package mutating func key(_ name: String) {}
    package mutating func string(_ string: String) {}
    package mutating func int(_ int: Int) {}
    package mutating func double(_ double: Double) {}
    package mutating func number(_ number: Decimal128) {}
    package mutating func bool(_ bool: Bool) {}
    package mutating func null() {}
    package mutating func raw(_ json: JSON) {}
    package mutating func value(_ value: Value) {}
    /// The finished text.
    package consuming func finish() -> JSON { .null }
}
