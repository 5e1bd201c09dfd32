import OrderedCollections
import Values

/// Where the schemas of all documents stand, by URI, anchor and pointer. Documents are indexed when something refers to them.
struct SchemaIndex {
    /// A place in a document; the schema's own document has the empty name.
    struct Place: Hashable {
        var document: String
        var pointer: String
    }

    /// A schema at its place, with the base URI that references in it are relative to.
    struct Located {
        var place: Place
        var base: String
        var value: Value
    }

    /// Where a reference leads, and by which anchor, if by one.
    struct Target {
        var located: Located
        var anchor: String?
    }

    struct DynamicAnchor {
        var name: String
        var located: Located
    }

    /// What a resource's `$schema` asks for.
    struct Dialect {
        var validates = true
        var assertsFormats = false
    }

    let documents: SchemaDocuments
    private(set) var problems: [SchemaProblem] = []
    private var documentRoots: [String: Value] = [:]
    private var resources: [String: Located] = [:]
    private var anchors: [String: Located] = [:]
    private var dynamic: [DynamicAnchor] = []
    private var dialects: [String: Dialect] = [:]
    /// The base URI of each place that was indexed as a schema.
    private var bases: [Place: String] = [:]

    init(documents: SchemaDocuments) {
        self.documents = documents
    }

    mutating func addMain(_ schema: Value) -> Located {
        add(schema, named: "", base: "")
    }

    func dynamicAnchors(named name: String) -> [DynamicAnchor] { dynamic.filter { $0.name == name } }

    func dialect(of base: String) -> Dialect { dialects[base] ?? Dialect() }

    /// A subschema of a schema, with its own base if it has an `$id`.
    func descend(from parent: Located, _ tokens: [String], to value: Value) -> Located {
        let pointer = tokens.reduce(parent.place.pointer) { JSONPointer.appending($1, to: $0) }
        let place = Place(document: parent.place.document, pointer: pointer)
        return Located(place: place, base: bases[place] ?? parent.base, value: value)
    }

    /// Finds what a reference means; nil if there is nothing.
    mutating func resolve(_ reference: String, from base: String) -> Target? {
        let uri = URIReference(reference).resolved(against: URIReference(base))
        let fragment = uri.fragment ?? ""
        let absolute = uri.withoutFragment.text
        guard let resource = resource(at: absolute) else { return nil }
        if fragment.isEmpty { return Target(located: resource, anchor: nil) }
        guard let decoded = URIReference.percentDecoded(fragment) else { return nil }
        if decoded.hasPrefix("/") { return locate(decoded, in: resource).map { Target(located: $0, anchor: nil) } }
        return anchors[resource.base + "#" + decoded].map { Target(located: $0, anchor: decoded) }
    }

    private mutating func resource(at uri: String) -> Located? {
        if let known = resources[uri] { return known }
        guard let document = documents[uri] else { return nil }
        _ = add(document, named: uri, base: uri)
        return resources[uri]
    }

    private mutating func add(_ given: Value, named name: String, base: String) -> Located {
        let schema = Draft7.describes(given) ? Draft7.translated(given) : given
        documentRoots[name] = schema
        let place = Place(document: name, pointer: "")
        let root = Located(place: place, base: base, value: schema)
        resources[base] = root
        walk(root)
        let ownBase = bases[place] ?? base
        let located = Located(place: place, base: ownBase, value: schema)
        resources[base] = located
        return located
    }

    /// Indexes a schema and all schemas inside it.
    private mutating func walk(_ root: Located) {
        var waiting = [root]
        while var located = waiting.popLast() {
            guard let members = located.value.objectValue else { continue }
            if let id = members["$id"]?.stringValue {
                let base = URIReference(id).resolved(against: URIReference(located.base)).withoutFragment.text
                dialects[base] = dialects[located.base]
                located.base = base
                resources[base] = located
            }
            if let schema = members["$schema"]?.stringValue { setDialect(schema, for: located) }
            bases[located.place] = located.base
            if let anchor = members["$anchor"]?.stringValue { anchors[located.base + "#" + anchor] = located }
            if let anchor = members["$dynamicAnchor"]?.stringValue {
                anchors[located.base + "#" + anchor] = located
                dynamic.append(DynamicAnchor(name: anchor, located: located))
            }
            for (tokens, child) in Self.subschemas(of: members).reversed() {
                let pointer = tokens.reduce(located.place.pointer) { JSONPointer.appending($1, to: $0) }
                let place = Place(document: located.place.document, pointer: pointer)
                waiting.append(Located(place: place, base: located.base, value: child))
            }
        }
    }

    private mutating func setDialect(_ schema: String, for located: Located) {
        if schema == MetaSchemas.dialect || schema == MetaSchemas.dialect + "#" {
            dialects[located.base] = Dialect()
            return
        }
        guard let metaSchema = documents[schema], let vocabularies = metaSchema["$vocabulary"]?.objectValue else {
            guard documents[schema] == nil, located.place.document.isEmpty else { return }
            let path = JSONPointer.appending("$schema", to: located.place.pointer)
            problems.append(
                SchemaProblem(
                    path: path, message: "the schema dialect \(Value.string(schema).brief) is not supported",
                    suggestion: "leave $schema out, or write \(MetaSchemas.dialect) or \(Draft7.dialect)"))
            return
        }
        dialects[located.base] = Dialect(
            validates: vocabularies[MetaSchemas.vocabularyPrefix + "validation"] != nil,
            assertsFormats: vocabularies[MetaSchemas.vocabularyPrefix + "format-assertion"] != nil)
    }

    /// Follows a JSON Pointer from a resource, also to places that are no known keyword's.
    private mutating func locate(_ pointer: String, in resource: Located) -> Located? {
        guard let tokens = JSONPointer.tokens(of: pointer) else { return nil }
        var current = resource
        for token in tokens {
            let child: Value? =
                switch current.value {
                case .object(let members): members[token]
                case .list(let list): Int(token).flatMap { list.indices.contains($0) ? list[$0] : nil }
                case .null, .bool, .number, .string: nil
                }
            guard let child else { return nil }
            current = descend(from: current, [token], to: child)
        }
        if bases[current.place] == nil { walk(current) }
        current.base = bases[current.place] ?? current.base
        return current
    }

    static let schemaKeywords = [
        "not", "if", "then", "else", "additionalProperties", "propertyNames", "items", "contains", "unevaluatedItems",
        "unevaluatedProperties", "contentSchema",
    ]
    static let schemaListKeywords = ["allOf", "anyOf", "oneOf", "prefixItems"]
    static let schemaMapKeywords = ["$defs", "definitions", "properties", "patternProperties", "dependentSchemas"]

    /// The schemas directly inside a schema, with the tokens that lead to them.
    static func subschemas(of members: OrderedDictionary<String, Value>) -> [(tokens: [String], value: Value)] {
        var result: [(tokens: [String], value: Value)] = []
        for (keyword, value) in members {
            if schemaKeywords.contains(keyword) {
                result.append(([keyword], value))
            } else if schemaListKeywords.contains(keyword) {
                for (index, child) in (value.listValue ?? []).enumerated() {
                    result.append(([keyword, String(index)], child))
                }
            } else if schemaMapKeywords.contains(keyword), let object = value.objectValue {
                for (name, child) in object { result.append(([keyword, name], child)) }
            }
        }
        return result
    }
}
