import OrderedCollections
import Values

/// Finds what the schema `to` refuses that the schema `from` allows.
///
/// For inputs, `from` is the old schema; for outputs it is the new one, since there the reader is the one who must not be surprised.
/// On the safe side: where two keywords cannot be weighed against each other, any difference that could refuse something is a finding.
/// Notes (`title`, `description`, `examples`, …) never are. Both documents are taken to be sound.
struct SchemaComparison {
    enum Role { case input, output }

    struct Finding {
        var place: SchemaPlace
        var message: String
        var remedy: String?

        init(_ place: SchemaPlace, _ message: String, remedy: String? = nil) {
            self.place = place
            self.message = message
            self.remedy = remedy
        }
    }

    typealias Members = OrderedDictionary<String, Value>

    let from: Value
    let to: Value
    let role: Role
    private(set) var findings: [Finding] = []
    /// Pairs already compared: references may form cycles.
    private var visited: Set<[Value]> = []
    /// Whether equal schemas may mean different things, because of what they refer to.
    let hasReferences: Bool
    /// The comparisons still allowed: alternatives inside alternatives multiply.
    private var budget = 20_000
    private static let costOfAlternative = 50

    init(from: Value, to: Value, role: Role) {
        self.from = Draft7.describes(from) ? Draft7.translated(from) : from
        self.to = Draft7.describes(to) ? Draft7.translated(to) : to
        self.role = role
        hasReferences = self.from != self.to && Self.refers(self.from)
    }

    static func refers(_ value: Value) -> Bool {
        if let list = value.listValue { return list.contains(where: refers) }
        return value.objectValue?.contains { ["$ref", "$dynamicRef"].contains($0.key) || refers($0.value) } ?? false
    }

    mutating func compare(at root: SchemaPlace) -> [Finding] {
        compare(from, to, at: root, depth: 0)
        return findings
    }

    mutating func add(_ element: SchemaPlace, input: String, output: String, remedy: String? = nil) {
        findings.append(Finding(element, "\(element) \(role == .input ? input : output)", remedy: remedy))
    }

    mutating func add(_ finding: Finding) { findings.append(finding) }

    /// How deep schemas are followed.
    private static let depthLimit = 64

    mutating func compare(_ wide: Value, _ narrow: Value, at element: SchemaPlace, depth: Int) {
        let wide = flattened(wide, in: from)
        let narrow = flattened(narrow, in: to)
        guard hasReferences || wide != narrow, narrow != .bool(true), wide != .bool(false),
            visited.insert([wide, narrow]).inserted
        else { return }
        budget -= 1
        guard depth < Self.depthLimit, budget > 0 else {
            return add(element, input: "changed too deep to be weighed", output: "changed too deep to be weighed")
        }
        if narrow == .bool(false) {
            return add(element, input: "is no longer allowed", output: "was never to appear, and may now")
        }
        if let wide = Self.spelledOut(wide, for: narrow) {
            return compare(wide, narrow, at: element, depth: depth + 1)
        }
        if let alternatives = Self.alternatives(of: wide) {
            return compareEach(of: alternatives, wide, narrow, at: element, depth: depth)
        }
        if let values = wide["enum"]?.listValue ?? wide["const"].map({ [$0] }), narrow["enum"] == nil,
            narrow["const"] == nil, let schema = try? JSONSchema(standalone(narrow))
        {
            // Few values are weighed one by one.
            let lost = values.filter { !schema.isValid($0) }.map(\.brief).joined(separator: ", ")
            if !lost.isEmpty { add(element, input: "no longer takes \(lost)", output: "may now be \(lost)") }
            return
        }
        compareValues(wide, narrow, at: element)
        compareLimits(wide, narrow, at: element)
        let types = Self.types(of: wide)
        if types.contains("object") { compareObjects(wide, narrow, at: element, depth: depth) }
        if types.contains("array") { compareLists(wide, narrow, at: element, depth: depth) }
        compareLogic(wide, narrow, at: element, depth: depth)
    }

    /// Whether nothing that `wide` allows is refused by `narrow`.
    mutating func fits(_ wide: Value, _ narrow: Value, depth: Int) -> Bool {
        var trial = self
        trial.findings = []
        trial.spendOnAlternative()
        trial.compare(wide, narrow, at: SchemaPlace(), depth: depth + 1)
        budget = trial.budget
        return trial.findings.isEmpty
    }

    mutating func spendOnAlternative() { budget -= Self.costOfAlternative }

    /// The schema with what its references may lead to beside it.
    private func standalone(_ schema: Value) -> Value {
        guard var members = schema.objectValue else { return schema }
        for keyword in ["$defs", "definitions"] where members[keyword] == nil { members[keyword] = to[keyword] }
        return .object(members)
    }
}

// MARK: One schema instead of several

extension SchemaComparison {
    /// The schema with its `$ref` and `allOf` merged into it as far as keywords do not meet; what is left over stays in `allOf`.
    func flattened(_ schema: Value, in document: Value) -> Value {
        var waiting = [schema]
        var result: Members = [:]
        var rest: [Value] = []
        var steps = 0
        while let next = waiting.popLast() {
            guard var members = next.objectValue else {
                if next == .bool(false) { return next }
                continue
            }
            steps += 1
            guard steps <= 200 else { return schema }
            if let reference = members["$ref"]?.stringValue, let target = Self.target(of: reference, in: document) {
                members["$ref"] = nil
                waiting.append(target)
            }
            if let all = members.removeValue(forKey: "allOf")?.listValue { waiting += all.reversed() }
            Self.merge(members, into: &result, leaving: &rest)
        }
        for note in Self.notes { result[note] = nil }
        if !rest.isEmpty { result["allOf"] = .list(rest) }
        return result.isEmpty ? .bool(true) : .object(result)
    }

    /// What says nothing of which values are allowed. Not `default`: that counts at members of inputs.
    private static let notes = [
        "$schema", "$id", "$comment", "$defs", "definitions", "$anchor", "title", "description", "examples", "example",
        "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema",
    ]

    /// Keywords that mean something only together.
    private static let families: [Set<String>] = [
        ["properties", "patternProperties", "additionalProperties", "unevaluatedProperties"],
        ["prefixItems", "items", "unevaluatedItems"], ["if", "then", "else"],
        ["contains", "minContains", "maxContains"],
    ]

    private static func merge(_ members: Members, into result: inout Members, leaving rest: inout [Value]) {
        var left: Members = [:]
        for (keyword, value) in members where !notes.contains(keyword) {
            if keyword == "required", let old = result[keyword]?.listValue {
                result[keyword] = .list(old + (value.listValue ?? []).filter { !old.contains($0) })
                continue
            }
            let family = families.first { $0.contains(keyword) } ?? [keyword]
            if keyword == "properties", let old = result[keyword]?.objectValue, let new = value.objectValue,
                family.allSatisfy({ $0 == keyword || (result[$0] == nil && members[$0] == nil) })
            {
                result[keyword] = .object(
                    old.merging(new) { $0 == $1 ? $0 : .object(["allOf": .list([$0, $1])]) })
            } else if result[keyword] == value
                || !family.contains(where: { result[$0] != nil && members[$0] != result[$0] })
            {
                result[keyword] = value
            } else {
                left[keyword] = value
            }
        }
        if !left.isEmpty { rest.append(.object(left)) }
    }

    /// What a reference to a place in the same document means.
    private static func target(of reference: String, in document: Value) -> Value? {
        guard reference.hasPrefix("#"), let pointer = URIReference.percentDecoded(String(reference.dropFirst())),
            let tokens = JSONPointer.tokens(of: pointer)
        else { return nil }
        return tokens.reduce(Optional(document)) { place, token in
            place?[token] ?? Int(token).flatMap { place?[$0] }
        }
    }
}
