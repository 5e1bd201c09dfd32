package import OrderedCollections

/// A JSON-shaped value. Objects keep the order of their members; equality ignores it, as JSON does.
package enum Value: Sendable {
    case null
    case bool(Bool)
    case number(Decimal128)
    case string(String)
    case list([Value])
    case object(OrderedDictionary<String, Value>)
}

extension Value: Equatable {
    package static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.isExactly(b)
        case (.list(let a), .list(let b)): a == b
        case (.object(let a), .object(let b)): a.count == b.count && a.allSatisfy { b.member($0.key) == $0.value }
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.list, _), (.object, _): false
        }
    }
}

extension Value: Hashable {
    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let bool): hasher.combine(bool)
        case .number(let number): hasher.combine(number)
        case .string(let string): hasher.combine(string)
        case .list(let list): hasher.combine(list)
        case .object(let members):
            // Equal objects may differ in order, so the members' hashes must not see it.
            var sum = 0
            for (name, value) in members {
                var member = Hasher()
                member.combine(name)
                member.combine(value)
                sum ^= member.finalize()
            }
            hasher.combine(members.count)
            hasher.combine(sum)
        }
    }
}

extension Value {
    package init(parsing bytes: some Collection<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        self = try JSON(validating: bytes, limits: limits).decoded()
    }

    package init(parsing text: String) throws(JSONError) {
        self = try JSON(validating: text).decoded()
    }

    /// An object; the last of two members of one name wins.
    package init(members: [(name: String, value: Value)]) {
        self = .object(OrderedDictionary(members.map { ($0, $1) }, uniquingKeysWith: { $1 }))
    }

    package var json: JSON { JSON(self) }

    /// The members of an object in their order.
    package var members: [(name: String, value: Value)]? {
        if case .object(let members) = self { members.map { ($0, $1) } } else { nil }
    }

    /// The member of an object; nil for what is not an object or has no such member.
    package subscript(name: String) -> Value? {
        if case .object(let members) = self { members.member(name) } else { nil }
    }

    /// The element of a list, counted from 0; nil for what is not a list or is too short.
    package subscript(index: Int) -> Value? {
        if case .list(let list) = self, list.indices.contains(index) { list[index] } else { nil }
    }

    package var isNull: Bool { if case .null = self { true } else { false } }
    package var boolValue: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    package var numberValue: Decimal128? { if case .number(let number) = self { number } else { nil } }
    /// The number, if it is whole and fits.
    package var intValue: Int? { numberValue?.intValue }
    package var doubleValue: Double? { numberValue?.doubleValue }
    package var stringValue: String? { if case .string(let string) = self { string } else { nil } }
    package var listValue: [Value]? { if case .list(let list) = self { list } else { nil } }
    package var objectValue: OrderedDictionary<String, Value>? {
        if case .object(let members) = self { members } else { nil }
    }
}

extension Value: CustomStringConvertible {
    package var description: String { json.text }
}

extension Value: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(Decimal128(value)) }
    /// A literal that no decimal can hold (infinity) is null.
    package init(floatLiteral value: Double) { self = Decimal128(approximating: value).map(Value.number) ?? .null }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: Value...) { self = .list(elements) }
    /// The last of two members of one name wins.
    package init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(OrderedDictionary(elements, uniquingKeysWith: { $1 }))
    }
}
