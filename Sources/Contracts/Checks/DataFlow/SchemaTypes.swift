import Expressions
import OrderedCollections
import Values

/// A JSON Schema seen as a type of the expression languages: what is sure of the values that it allows.
struct SchemaTypes {
    /// The document that references are places of.
    private let document: Value
    private static let depthLimit = 32

    init(_ document: Value) {
        self.document = document
    }

    func type(of schema: Value, depth: Int = 0) -> ExpressionType {
        guard depth < Self.depthLimit, let schema = resolved(schema) else { return .any }
        if let values = schema["enum"]?.listValue ?? schema["const"].map({ [$0] }) { return common(values) }
        let names = schema["type"]?.stringValue.map { [$0] } ?? schema["type"]?.listValue?.compactMap(\.stringValue)
        let kinds = (names ?? []).filter { $0 != "null" }
        guard kinds.count == 1 else { return .any }
        switch kinds[0] {
        case "boolean": return .boolean
        case "number", "integer": return .number
        case "string": return .string
        case "array": return .list(of: schema["items"].map { type(of: $0, depth: depth + 1) } ?? .any)
        case "object":
            let members = (schema["properties"]?.objectValue ?? [:]).map { name, member in
                ExpressionType.Member(name: name, type: type(of: member, depth: depth + 1))
            }
            return .context(members: members, open: schema["additionalProperties"] != .bool(false))
        default: return .any
        }
    }

    private func common(_ values: [Value]) -> ExpressionType {
        let types = values.map { value -> ExpressionType in
            switch value {
            case .null: .null
            case .bool: .boolean
            case .number: .number
            case .string: .string
            case .list: .anyList
            case .object: .anyContext
            }
        }
        return types.reduce(.null) { $0.joined(with: $1) }
    }

    /// The schema behind a reference that stands alone; nil for what is not looked into.
    private func resolved(_ schema: Value) -> Value? {
        var schema = schema
        for _ in 0..<Self.depthLimit {
            guard let reference = schema["$ref"]?.stringValue else {
                return ["allOf", "anyOf", "oneOf", "$dynamicRef", "if", "not"].contains { schema[$0] != nil }
                    ? nil : schema
            }
            guard reference.hasPrefix("#/"), let tokens = JSONPointer.tokens(of: String(reference.dropFirst())) else {
                return nil
            }
            var target: Value? = document
            for token in tokens { target = target?[token] ?? Int(token).flatMap { target?[$0] } }
            guard let target else { return nil }
            schema = target
        }
        return nil
    }

    // MARK: Accepting

    /// Why no value of the type, but null, is accepted; nil if some may be.
    func refusal(of type: ExpressionType, by schema: Value, depth: Int = 0) -> String? {
        guard depth < Self.depthLimit else { return nil }
        if schema == .bool(false) { return "is not allowed" }
        guard let schema = resolved(schema) else { return nil }
        let names = schema["type"]?.stringValue.map { [$0] } ?? schema["type"]?.listValue?.compactMap(\.stringValue)
        if let names, let kind = Self.kind(of: type), !kind.fits(names) {
            return
                "must be \(names.filter { $0 != "null" }.map(Self.phrase).joined(separator: " or ")), not \(kind.phrase)"
        }
        if case .context(let members, let open) = type {
            for member in members {
                guard let inner = schema["properties"]?[member.name] else { continue }
                if let refusal = refusal(of: member.type, by: inner, depth: depth + 1) {
                    return "has a member \"\(member.name)\" that \(refusal)"
                }
            }
            let required = (schema["required"]?.listValue ?? []).compactMap(\.stringValue)
            let missing = required.first { name in
                !open && !members.contains { $0.name == name } && schema["properties"]?[name]?["default"] == nil
            }
            if let missing { return "has no member \"\(missing)\", which is required" }
        }
        if case .list(let item) = type, item != .null, let items = schema["items"],
            let refusal = refusal(of: item, by: items, depth: depth + 1)
        {
            return "has elements that each \(refusal)"
        }
        return nil
    }

    private struct Kind {
        var names: [String]
        var phrase: String
        func fits(_ allowed: [String]) -> Bool { names.contains { allowed.contains($0) } }
    }

    /// What a value of the type is in JSON; nil if that is not sure.
    private static func kind(of type: ExpressionType) -> Kind? {
        switch type {
        case .any, .null, .named, .range, .function: nil
        case .boolean: Kind(names: ["boolean"], phrase: "true or false")
        case .number: Kind(names: ["number", "integer"], phrase: "a number")
        case .string: Kind(names: ["string"], phrase: "text")
        case .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration:
            Kind(names: ["string"], phrase: "a \(type), which is text in JSON")
        case .list: Kind(names: ["array"], phrase: "a list")
        case .context: Kind(names: ["object"], phrase: "an object")
        }
    }

    private static func phrase(_ type: String) -> String { SchemaType(rawValue: type)?.phrase ?? type }
}
