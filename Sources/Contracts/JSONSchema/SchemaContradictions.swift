import OrderedCollections
import Values

/// What a schema says that cannot be meant: limits that exclude each other, values that are not of its type, required members that it
/// forbids, formats that nobody knows. All of it is legal JSON Schema.
enum SchemaContradictions {
    private typealias Members = OrderedDictionary<String, Value>

    static func problems(in source: Value) -> [SchemaProblem] {
        var problems: [SchemaProblem] = []
        var waiting: [(pointer: String, value: Value)] = [("", source)]
        while let (pointer, value) = waiting.popLast() {
            guard let members = value.objectValue else { continue }
            let found = limits(members) + values(members) + required(members) + format(members)
            problems += found.map { problem in
                SchemaProblem(path: pointer + problem.path, message: problem.message, suggestion: problem.suggestion)
            }
            for (tokens, child) in SchemaIndex.subschemas(of: members).reversed() {
                waiting.append((tokens.reduce(pointer) { JSONPointer.appending($1, to: $0) }, child))
            }
        }
        return problems
    }

    // MARK: Limits

    private static let pairs = [
        ("minimum", "maximum"), ("minimum", "exclusiveMaximum"), ("exclusiveMinimum", "maximum"),
        ("exclusiveMinimum", "exclusiveMaximum"), ("minLength", "maxLength"), ("minItems", "maxItems"),
        ("minProperties", "maxProperties"), ("minContains", "maxContains"),
    ]

    private static func limits(_ members: Members) -> [SchemaProblem] {
        pairs.compactMap { low, high in
            guard let least = members[low]?.numberValue, let most = members[high]?.numberValue else { return nil }
            let isOpen = low.hasPrefix("exclusive") || high.hasPrefix("exclusive")
            guard least > most || isOpen && least == most else { return nil }
            return SchemaProblem(
                path: "/\(low)", message: "\(low) \(least) and \(high) \(most) leave no value",
                suggestion: "correct one of them")
        }
    }

    // MARK: Values

    private static func values(_ members: Members) -> [SchemaProblem] {
        let names = members["type"]?.listValue?.compactMap(\.stringValue) ?? members["type"]?.stringValue.map { [$0] }
        let types = (names ?? []).compactMap(SchemaType.init(rawValue:))
        guard !types.isEmpty else { return [] }
        var given = (members["enum"]?.listValue ?? []).enumerated().map { ("/enum/\($0.offset)", $0.element) }
        if let value = members["const"] { given.append(("/const", value)) }
        return given.filter { _, value in !types.contains { $0.includes(value) } }.map { path, value in
            SchemaProblem(
                path: path,
                message: "\(value.brief) is not \(types.map(\.phrase).joined(separator: " or ")), as type wants it",
                suggestion: value.stringValue == nil && types.contains(.string) ? "put it in quotes" : nil)
        }
    }

    // MARK: Members

    private static func required(_ members: Members) -> [SchemaProblem] {
        let properties = members["properties"]?.objectValue ?? [:]
        let isClosed = members["additionalProperties"] == .bool(false) && members["patternProperties"] == nil
        return (members["required"]?.listValue ?? []).enumerated().compactMap { index, value in
            guard let name = value.stringValue,
                properties[name] == .bool(false) || isClosed && properties[name] == nil
            else { return nil }
            return SchemaProblem(
                path: "/required/\(index)",
                message: "\"\(name)\" is required and not allowed: no property has that name",
                suggestion: Spelling.suggestion(for: name, among: properties.keys) ?? "declare it in properties")
        }
    }

    // MARK: Formats

    /// Formats of the standards that are not asserted, and those that others use for notes.
    private static let otherFormats = [
        "iri", "iri-reference", "idn-email", "idn-hostname", "uri-template", "int32", "int64", "float", "double",
        "byte", "binary", "password",
    ]

    /// A format that nobody knows is a note. One that is nearly another one is a slip.
    private static func format(_ members: Members) -> [SchemaProblem] {
        guard let name = members["format"]?.stringValue else { return [] }
        let known = SchemaFormat.allCases.map(\.rawValue)
        if known.contains(name) {
            let names =
                members["type"]?.listValue?.compactMap(\.stringValue) ?? members["type"]?.stringValue.map { [$0] }
            guard let names, !names.contains("string") else { return [] }
            return [
                SchemaProblem(
                    path: "/format", message: "the format \(name) is one of text, and type allows no text",
                    suggestion: "make it type: string, or leave the format out")
            ]
        }
        guard !otherFormats.contains(name), let meant = Spelling.nearest(to: name, among: known + otherFormats) else {
            return []
        }
        return [
            SchemaProblem(
                path: "/format", message: "there is no format \"\(name)\"", suggestion: "did you mean \"\(meant)\"?")
        ]
    }
}
