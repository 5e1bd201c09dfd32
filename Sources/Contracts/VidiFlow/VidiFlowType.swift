import Values

/// The types of parameters in VidiFlow's contracts, as JSON Schema says them.
enum VidiFlowType: Int, CaseIterable {
    case string = 0
    case bool, int, double, dateTime

    var schema: [(name: String, value: Value)] {
        switch self {
        case .string: [("type", "string")]
        case .bool: [("type", "boolean")]
        case .int: [("type", "integer")]
        case .double: [("type", "number")]
        case .dateTime: [("type", "string"), ("format", "date-time")]
        }
    }

    /// The type that a schema asks for; nil if VidiFlow has none for it.
    init?(of schema: Value) {
        switch schema["type"]?.stringValue {
        case "string": self = schema["format"] == .string("date-time") ? .dateTime : .string
        case "boolean": self = .bool
        case "integer": self = .int
        case "number": self = .double
        default: return nil  // Lists, objects, several types at once, or none.
        }
    }

    /// A value that VidiFlow keeps as text; nil if it is none of this type.
    func value(of text: String) -> Value? {
        switch self {
        case .string, .dateTime: return .string(text)
        case .bool: return ["true": true, "false": false][text.lowercased()].map { .bool($0) }
        case .int, .double:
            guard let value = try? Value(parsing: Array(text.utf8)), let number = value.numberValue,
                self == .double || number.isInteger
            else { return nil }
            return value
        }
    }
}
