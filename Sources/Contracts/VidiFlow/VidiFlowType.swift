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

    var phrase: String {
        switch self {
        case .string: SchemaType.string.phrase
        case .bool: SchemaType.boolean.phrase
        case .int: SchemaType.integer.phrase
        case .double: SchemaType.number.phrase
        case .dateTime: SchemaFormat.dateTime.phrase
        }
    }

    /// How VidiFlow writes a value, unless its file said it in other words.
    static func text(of value: Value) -> String { value.stringValue ?? value.json.text }

    /// A value that VidiFlow keeps as text; nil if it is none of this type.
    func value(of text: String) -> Value? {
        switch self {
        case .string: return .string(text)
        // Without an offset it is another moment at every place: which, nobody here knows.
        case .dateTime: return SchemaFormat.dateTime.accepts(text) ? .string(text) : nil
        case .bool: return ["true": true, "false": false][text.lowercased()].map { .bool($0) }
        case .int, .double:
            guard let value = try? Value(parsing: Array(text.utf8)), let number = value.numberValue,
                self == .double || number.isInteger
            else { return nil }
            return value
        }
    }
}
