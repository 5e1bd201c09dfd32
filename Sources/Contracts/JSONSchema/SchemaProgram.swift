import Values

/// A compiled schema: its subschemas as an array, references between them as indices.
struct SchemaProgram: Sendable {
    var nodes: [SchemaNode] = []
    var root = 0
    /// By resource, then by name: the subschemas that `$dynamicRef` may find.
    var dynamicAnchors: [[String: Int]] = []
    /// Whether what was evaluated must be remembered, for `unevaluatedProperties` and `unevaluatedItems`.
    var tracksEvaluated = false
    /// By node: whether a default can be reached from it.
    var reachesDefault: [Bool] = []

    /// The declared members of the root, through `$ref` and `allOf`.
    var propertyNames: [String] {
        var names: [String] = []
        var visited: Set<Int> = []
        var waiting = [root]
        while let index = waiting.popLast() {
            guard visited.insert(index).inserted else { continue }
            var further: [Int] = []
            for keyword in nodes[index].keywords {
                guard case .applicator(let applicator) = keyword else { continue }
                switch applicator {
                case .members(let members): names += members.properties.map(\.name).filter { !names.contains($0) }
                case .reference(let target): further.append(target)
                case .all(let targets): further += targets
                case .dynamicReference, .any, .one, .not, .conditional, .dependent, .memberNames, .elements, .contains,
                    .unevaluatedMembers, .unevaluatedElements:
                    break
                }
            }
            waiting += further.reversed()
        }
        return names
    }
}

/// One subschema.
struct SchemaNode: Sendable {
    /// Where it stands in its document.
    var pointer: String
    /// The schema resource it belongs to: what dynamic references look through.
    var resource: Int
    /// The schemas `true` and `false`.
    var boolean: Bool?
    /// In the order they are applied: unevaluated ones last.
    var keywords: [SchemaKeyword] = []
    var defaultValue: JSON?
}

enum SchemaKeyword: Sendable {
    case assertion(SchemaAssertion)
    case applicator(SchemaApplicator)
}

/// A keyword that applies other schemas.
enum SchemaApplicator: Sendable {
    case reference(Int)
    /// A reference whose target depends on the way by which the schema was reached.
    case dynamicReference(Int, name: String)
    case all([Int])
    case any([Int])
    case one([Int])
    case not(Int)
    case conditional(condition: Int, then: Int?, otherwise: Int?)
    case dependent([(name: String, schema: Int)])
    case members(SchemaMembers)
    case memberNames(Int)
    case elements(prefix: [Int], rest: Int?)
    case contains(Int, min: Int, max: Int?)
    case unevaluatedMembers(Int)
    case unevaluatedElements(Int)

    /// The schemas it may apply.
    var targets: [Int] {
        switch self {
        case .reference(let target), .dynamicReference(let target, _), .not(let target), .memberNames(let target),
            .contains(let target, _, _), .unevaluatedMembers(let target), .unevaluatedElements(let target):
            [target]
        case .all(let targets), .any(let targets), .one(let targets): targets
        case .conditional(let condition, let then, let otherwise): [condition] + [then, otherwise].compactMap { $0 }
        case .dependent(let schemas): schemas.map(\.schema)
        case .members(let members):
            members.properties.map(\.schema) + members.patterns.map(\.schema) + [members.additional].compactMap { $0 }
        case .elements(let prefix, let rest): prefix + [rest].compactMap { $0 }
        }
    }
}

/// `properties`, `patternProperties` and `additionalProperties`, which depend on each other.
struct SchemaMembers: Sendable {
    var properties: [(name: String, schema: Int)] = []
    /// The index in `properties` of a name.
    var positions: [String: Int] = [:]
    var patterns: [(pattern: Pattern, schema: Int)] = []
    var additional: Int?
}
