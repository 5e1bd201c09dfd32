import OrderedCollections
import Values

/// Schemas of draft 7, put into the words of 2020-12, which says everything that they can say.
///
/// Kept as draft 7 has it: keywords beside `$ref` do nothing, but for `definitions` and notes such as `default`; keywords that came
/// later do nothing.
enum Draft7 {
    static let dialect = "http://json-schema.org/draft-07/schema#"

    static func describes(_ schema: Value) -> Bool {
        guard let text = schema["$schema"]?.stringValue else { return false }
        return text == dialect || text + "#" == dialect
    }

    /// Depth is bounded by whoever read the value.
    static func translated(_ schema: Value) -> Value {
        guard let members = schema.objectValue else { return schema }
        var result: OrderedDictionary<String, Value> = [:]
        let isReference = members["$ref"]?.stringValue != nil
        for (keyword, value) in members {
            if isReference, !besideReferences.contains(keyword) { continue }
            if laterKeywords.contains(keyword) { continue }
            add(keyword, value, of: members, to: &result)
        }
        return .object(result)
    }

    /// What draft 7 does not know, and a person who writes it must have meant something by.
    static let laterKeywords: Set<String> = [
        "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "dependentRequired", "dependentSchemas",
        "prefixItems", "unevaluatedItems", "unevaluatedProperties", "minContains", "maxContains",
    ]

    private static let besideReferences: Set<String> = [
        "$ref", "$schema", "definitions", "$defs", "title", "description", "default", "examples", "$comment",
    ]

    private static func add(
        _ keyword: String, _ value: Value, of members: OrderedDictionary<String, Value>,
        to result: inout OrderedDictionary<String, Value>
    ) {
        switch keyword {
        case "$schema": result[keyword] = .string(MetaSchemas.dialect)
        case "$ref": result[keyword] = value.stringValue.map { .string(reference($0)) } ?? value
        case "$id": addID(value, to: &result)
        case "items":
            guard let list = value.listValue else {
                result[keyword] = translated(value)
                return
            }
            if !list.isEmpty { result["prefixItems"] = .list(list.map(translated)) }
            if let rest = members["additionalItems"] { result["items"] = translated(rest) }
        case "additionalItems": return  // It is about lists in `items`, and comes with those.
        case "dependencies": addDependencies(value, to: &result)
        case _ where SchemaIndex.schemaKeywords.contains(keyword): result[keyword] = translated(value)
        case _ where SchemaIndex.schemaListKeywords.contains(keyword):
            result[keyword] = value.listValue.map { .list($0.map(translated)) } ?? value
        case _ where SchemaIndex.schemaMapKeywords.contains(keyword):
            result[keyword] = value.objectValue.map { .object($0.mapValues(translated)) } ?? value
        default: result[keyword] = value
        }
    }

    /// An `$id` with a fragment names a place: an anchor since.
    private static func addID(_ value: Value, to result: inout OrderedDictionary<String, Value>) {
        guard let id = value.stringValue, let hash = id.firstIndex(of: "#") else {
            result["$id"] = value
            return
        }
        if hash > id.startIndex { result["$id"] = .string(String(id[..<hash])) }
        let anchor = id[id.index(after: hash)...]
        if !anchor.isEmpty { result["$anchor"] = .string(String(anchor)) }
    }

    private static func addDependencies(_ value: Value, to result: inout OrderedDictionary<String, Value>) {
        guard let dependencies = value.objectValue else {
            result["dependentSchemas"] = value
            return
        }
        var names: OrderedDictionary<String, Value> = [:]
        var schemas: OrderedDictionary<String, Value> = [:]
        for (name, dependency) in dependencies {
            if dependency.listValue != nil { names[name] = dependency } else { schemas[name] = translated(dependency) }
        }
        if !names.isEmpty { result["dependentRequired"] = .object(names) }
        if !schemas.isEmpty { result["dependentSchemas"] = .object(schemas) }
    }

    /// A pointer into what stands elsewhere now.
    private static func reference(_ text: String) -> String {
        guard let hash = text.firstIndex(of: "#"), text[hash...].hasPrefix("#/") else { return text }
        var tokens = text[text.index(after: hash)...].split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        var isName = false
        for index in tokens.indices.dropFirst() {
            if isName {
                isName = false
                continue
            }
            let next = index + 1 < tokens.count ? tokens[index + 1] : ""
            switch tokens[index] {
            case "items" where Int(next) != nil: tokens[index] = "prefixItems"
            case "additionalItems": tokens[index] = "items"
            case "dependencies":
                tokens[index] = "dependentSchemas"
                isName = true
            case let token: isName = SchemaIndex.schemaMapKeywords.contains(token)
            }
        }
        return text[...hash] + tokens.joined(separator: "/")
    }
}
