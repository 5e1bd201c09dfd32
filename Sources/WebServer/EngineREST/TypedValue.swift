import ProcessEngine
import Values

/// Variables as Camunda 7 speaks of them, `{"value", "type", "valueInfo"}`, from and to the raw JSON that the engine keeps.
///
/// The engine keeps no types: going out, the type is what the value is. Objects and lists are `Json`, whose value is a string.
enum TypedValue {
    /// The raw value of a typed one. Names of types count in any case; without a type the value is what it is.
    static func read(_ typed: JSON, name: String) throws(CamundaError) -> JSON {
        guard typed.isObject else {
            throw .invalid("Cannot read variable '\(name)': it must be an object with a value, and a type if you like")
        }
        let value = typed["value"] ?? .null
        guard let type = typed["type"]?.stringValue, !value.isNull else { return value }
        let text = value.stringValue ?? value.text
        let read: JSON?
        switch type.lowercased() {
        case "string", "xml", "bytes", "file": read = .string(text)
        case "boolean": read = ["true", "false"].contains(text.lowercased()) ? .bool(text.lowercased() == "true") : nil
        case "short": read = Int16(text).map { .number(Int($0)) }
        case "integer": read = Int32(text).map { .number(Int($0)) }
        case "long": read = Int64(text).map { .number(Int($0)) }
        case "double", "float", "number": read = double(text)
        case "date": read = CamundaTime.iso8601(text).map { .string($0) }
        case "json": read = json(value)
        case "object":
            let format = typed["valueInfo"]?["serializationDataFormat"]?.stringValue ?? "application/json"
            guard format.lowercased().hasPrefix("application/json") else {
                throw .invalid("Cannot read variable '\(name)': objects travel as application/json, not as '\(format)'")
            }
            read = json(value)
        case "null": read = .null
        default: throw .invalid("Cannot read variable '\(name)': Unsupported value type '\(type)'")
        }
        guard let read else {
            throw .invalid("Cannot convert value '\(text.prefix(100))' of type '\(type)' for variable '\(name)'")
        }
        return read
    }

    /// A number that is read back as a double: `1` becomes `1.0`.
    private static func double(_ text: String) -> JSON? {
        guard let json = try? JSON(validating: text), json.isNumber else { return nil }
        guard json.text.allSatisfy({ $0.isNumber || $0 == "-" }) else { return json }
        return try? JSON(validating: json.text + ".0")
    }

    /// JSON that travels as a string; what is no string is taken as it is.
    private static func json(_ value: JSON) -> JSON? {
        guard let text = value.stringValue else { return value }
        return try? JSON(validating: text)
    }

    /// An object of typed values, in its order; nothing for null.
    static func readAll(_ object: JSON?) throws(CamundaError) -> [Variable] {
        guard let object, !object.isNull else { return [] }
        guard let members = object.members() else { throw .invalid("variables must be an object") }
        var variables: [Variable] = []
        for (name, typed) in members { variables.append(Variable(name: name, value: try read(typed, name: name))) }
        return variables
    }

    static func type(of value: JSON) -> String {
        if value.isString { return "String" }
        if value.isBool { return "Boolean" }
        if value.isNull { return "Null" }
        guard value.isNumber else { return "Json" }
        if Int32(value.text) != nil { return "Integer" }
        return Int64(value.text) != nil ? "Long" : "Double"
    }
}

extension JSONWriter {
    mutating func typed(_ value: JSON) {
        let type = TypedValue.type(of: value)
        beginObject()
        member("type", type)
        key("value")
        if type == "Json" { string(value.text) } else { raw(value) }
        key("valueInfo")
        beginObject()
        endObject()
        endObject()
    }

    mutating func typed(_ variables: [Variable]) {
        beginObject()
        for variable in variables {
            key(variable.name)
            typed(variable.value)
        }
        endObject()
    }
}
