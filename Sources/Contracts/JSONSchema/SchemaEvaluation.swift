import OrderedCollections
import Values

/// One validation of one instance.
struct SchemaEvaluation {
    let program: SchemaProgram
    private(set) var violations: [SchemaViolation] = []
    private var path: [PathStep] = []
    /// The schema resources on the way to the current schema, outermost first.
    private var resources: [Int] = []
    private var depth = 0
    private var steps = 0

    init(program: SchemaProgram) {
        self.program = program
    }

    private enum PathStep {
        case name(String)
        case index(Int)
    }

    /// What a schema has looked at of the instance: what is left is unevaluated.
    struct Evaluated {
        var allMembers = false
        var members: Set<String> = []
        var allElements = false
        var elementPrefix = 0
        var elements: Set<Int> = []

        mutating func merge(_ other: Evaluated) {
            allMembers = allMembers || other.allMembers
            allElements = allElements || other.allElements
            elementPrefix = max(elementPrefix, other.elementPrefix)
            if !other.members.isEmpty { members.formUnion(other.members) }
            if !other.elements.isEmpty { elements.formUnion(other.elements) }
        }

        func covers(element index: Int) -> Bool { allElements || index < elementPrefix || elements.contains(index) }
        func covers(member name: String) -> Bool { allMembers || members.contains(name) }
    }

    /// Applies a schema to a value: nil if the value breaks it. Violations are kept only when `collecting`; without, the first one
    /// ends the work.
    mutating func evaluate(_ index: Int, _ value: Value, collecting: Bool) -> Evaluated? {
        steps += 1
        guard depth < JSONSchema.depthLimit, steps < JSONSchema.stepLimit else {
            // Reported whoever collects: the answer is not about an alternative, it is about the schema.
            report(
                "$ref",
                steps < JSONSchema.stepLimit
                    ? "is nested too deeply to be checked" : "takes too many steps to be checked")
            return nil
        }
        depth += 1
        defer { depth -= 1 }
        let node = program.nodes[index]
        if let boolean = node.boolean {
            if !boolean, collecting { report("false", "is not allowed") }
            return boolean ? Evaluated() : nil
        }
        let entersResource = resources.last != node.resource
        if entersResource { resources.append(node.resource) }
        defer { if entersResource { resources.removeLast() } }

        var evaluated = Evaluated()
        var valid = true
        for keyword in node.keywords {
            let holds =
                switch keyword {
                case .assertion(let assertion): check(assertion, value, collecting: collecting)
                case .applicator(let applicator): apply(applicator, value, &evaluated, collecting: collecting)
                }
            guard !holds else { continue }
            valid = false
            if !collecting || violations.count >= JSONSchema.violationLimit { return nil }
        }
        return valid ? evaluated : nil
    }

    mutating func reportUnexplained() {
        report("false", "is not valid")
    }

    private mutating func report(_ keyword: String, _ message: String) {
        guard violations.count < JSONSchema.violationLimit else { return }
        var pointer = ""
        for step in path {
            switch step {
            case .name(let name): pointer = JSONPointer.appending(name, to: pointer)
            case .index(let index): pointer += "/\(index)"
            }
        }
        violations.append(SchemaViolation(path: pointer, keyword: keyword, message: message))
    }

    private mutating func check(_ assertion: SchemaAssertion, _ value: Value, collecting: Bool) -> Bool {
        let failures = assertion.failures(of: value)
        if collecting {
            for failure in failures { report(assertion.keyword, failure) }
        }
        return failures.isEmpty
    }

    private mutating func apply(
        _ applicator: SchemaApplicator, _ value: Value, _ evaluated: inout Evaluated, collecting: Bool
    ) -> Bool {
        switch applicator {
        case .reference(let target):
            return applyInPlace(target, value, &evaluated, collecting: collecting)
        case .dynamicReference(let target, let name):
            let dynamic = resources.first { program.dynamicAnchors[$0][name] != nil }.flatMap {
                program.dynamicAnchors[$0][name]
            }
            return applyInPlace(dynamic ?? target, value, &evaluated, collecting: collecting)
        case .all(let targets):
            var valid = true
            for target in targets where !applyInPlace(target, value, &evaluated, collecting: collecting) {
                valid = false
                if !collecting { break }
            }
            return valid
        case .any(let targets): return applyAny(targets, value, &evaluated, collecting: collecting)
        case .one(let targets): return applyOne(targets, value, &evaluated, collecting: collecting)
        case .not(let target):
            guard evaluate(target, value, collecting: false) != nil else { return true }
            if collecting { report("not", "is what the schema excludes") }
            return false
        case .conditional(let condition, let then, let otherwise):
            let holds = evaluate(condition, value, collecting: false)
            if let holds { evaluated.merge(holds) }
            guard let branch = holds != nil ? then : otherwise else { return true }
            return applyInPlace(branch, value, &evaluated, collecting: collecting)
        case .dependent(let schemas):
            guard let object = value.objectValue else { return true }
            var valid = true
            for (name, schema) in schemas where object.member(name) != nil {
                if !applyInPlace(schema, value, &evaluated, collecting: collecting) { valid = false }
            }
            return valid
        case .members(let members): return applyMembers(members, value, &evaluated, collecting: collecting)
        case .memberNames(let schema): return applyMemberNames(schema, value, collecting: collecting)
        case .elements(let prefix, let rest):
            return applyElements(prefix, rest, value, &evaluated, collecting: collecting)
        case .contains(let schema, let min, let max):
            return applyContains(schema, min, max, value, &evaluated, collecting: collecting)
        case .unevaluatedMembers(let schema):
            return applyUnevaluatedMembers(schema, value, &evaluated, collecting: collecting)
        case .unevaluatedElements(let schema):
            return applyUnevaluatedElements(schema, value, &evaluated, collecting: collecting)
        }
    }

    private mutating func applyInPlace(_ target: Int, _ value: Value, _ evaluated: inout Evaluated, collecting: Bool)
        -> Bool
    {
        guard let found = evaluate(target, value, collecting: collecting) else { return false }
        evaluated.merge(found)
        return true
    }

    private mutating func evaluate(_ target: Int, _ value: Value, at step: PathStep, collecting: Bool) -> Bool {
        path.append(step)
        defer { path.removeLast() }
        return evaluate(target, value, collecting: collecting) != nil
    }
}

// MARK: alternatives

extension SchemaEvaluation {
    private mutating func applyAny(_ targets: [Int], _ value: Value, _ evaluated: inout Evaluated, collecting: Bool)
        -> Bool
    {
        var valid = false
        for target in targets {
            guard let found = evaluate(target, value, collecting: false) else { continue }
            evaluated.merge(found)
            valid = true
            if !program.tracksEvaluated { break }
        }
        if !valid, collecting { explain(targets, value, keyword: "anyOf") }
        return valid
    }

    private mutating func applyOne(_ targets: [Int], _ value: Value, _ evaluated: inout Evaluated, collecting: Bool)
        -> Bool
    {
        var fitting: [Int] = []
        for (number, target) in targets.enumerated() {
            guard let found = evaluate(target, value, collecting: false) else { continue }
            evaluated.merge(found)
            fitting.append(number + 1)
            if fitting.count > 1 { break }
        }
        if fitting.count == 1 { return true }
        if collecting {
            if fitting.isEmpty {
                explain(targets, value, keyword: "oneOf")
            } else {
                report(
                    "oneOf", "must fit exactly one alternative, but fits number \(fitting[0]) and number \(fitting[1])")
            }
        }
        return false
    }

    /// Says why no alternative fits. If only one is of the value's own kind, its violations are what a person wants to read.
    private mutating func explain(_ targets: [Int], _ value: Value, keyword: String) {
        let before = violations
        var reasons: [[SchemaViolation]] = []
        for target in targets.prefix(8) {
            violations = []
            _ = evaluate(target, value, collecting: true)
            reasons.append(violations)
        }
        violations = before
        report(keyword, "")
        guard violations.count > before.count, let here = violations.popLast()?.path else { return }
        let ofItsKind = reasons.filter { reason in
            !reason.isEmpty
                && !reason.contains { $0.path == here && ["type", "const", "enum", "false"].contains($0.keyword) }
        }
        if ofItsKind.count == 1, targets.count <= 8 {
            violations += ofItsKind[0].prefix(JSONSchema.violationLimit - violations.count)
            return
        }
        let sentences = reasons.compactMap(\.first).prefix(4).map { reason in
            reason.path == here
                ? reason.message : "\(JSONPointer.dotted(String(reason.path.dropFirst(here.count)))) \(reason.message)"
        }
        let detail = sentences.isEmpty ? "" : ": \(sentences.joined(separator: "; or "))"
        report(keyword, "fits none of the \(targets.count) alternatives\(detail)")
    }
}

// MARK: objects and lists

extension SchemaEvaluation {
    private mutating func applyMembers(
        _ members: SchemaMembers, _ value: Value, _ evaluated: inout Evaluated, collecting: Bool
    ) -> Bool {
        guard let object = value.objectValue else { return true }
        var valid = true
        for (name, member) in object {
            var matched = false
            if let position = members.positions[name], members.properties[position].name.isExactly(name) {
                matched = true
                if !evaluate(members.properties[position].schema, member, at: .name(name), collecting: collecting) {
                    valid = false
                }
            }
            for (pattern, schema) in members.patterns {
                // A name the pattern cannot be tried on within its limits counts as unmatched, and so as additional.
                guard (try? pattern.matches(anywhereIn: name)) == true else { continue }
                matched = true
                if !evaluate(schema, member, at: .name(name), collecting: collecting) { valid = false }
            }
            if !matched, let additional = members.additional {
                matched = true
                if !applyAdditional(additional, name, member, of: members, collecting: collecting) { valid = false }
            }
            if matched, program.tracksEvaluated { evaluated.members.insert(name) }
            if !valid, !collecting { return false }
        }
        return valid
    }

    private mutating func applyAdditional(
        _ schema: Int, _ name: String, _ member: Value, of members: SchemaMembers, collecting: Bool
    ) -> Bool {
        guard program.nodes[schema].boolean == false else {
            return evaluate(schema, member, at: .name(name), collecting: collecting)
        }
        if collecting { reportUnknown(name, known: members.properties.map(\.name), keyword: "additionalProperties") }
        return false
    }

    private mutating func reportUnknown(_ name: String, known: [String], keyword: String) {
        let hint = Spelling.suggestion(for: name, among: known).map { "; \($0)" } ?? ""
        report(keyword, "does not allow \(Value.string(name).brief)\(hint)")
    }

    private mutating func applyMemberNames(_ schema: Int, _ value: Value, collecting: Bool) -> Bool {
        var valid = true
        for name in value.objectValue?.keys ?? [] {
            guard evaluate(schema, .string(name), at: .name(name), collecting: false) == false else { continue }
            valid = false
            guard collecting else { break }
            let before = violations.count
            _ = evaluate(schema, .string(name), collecting: true)
            let reason = violations.count > before ? violations[before].message : "is not allowed"
            violations.removeSubrange(before...)
            report("propertyNames", "has a member whose name is wrong: the name \(Value.string(name).brief) \(reason)")
        }
        return valid
    }

    private mutating func applyElements(
        _ prefix: [Int], _ rest: Int?, _ value: Value, _ evaluated: inout Evaluated, collecting: Bool
    ) -> Bool {
        guard let list = value.listValue else { return true }
        var valid = true
        for (index, element) in list.enumerated() {
            guard let schema = index < prefix.count ? prefix[index] : rest else { break }
            if !evaluate(schema, element, at: .index(index), collecting: collecting) {
                valid = false
                if !collecting || violations.count >= JSONSchema.violationLimit { return false }
            }
        }
        evaluated.elementPrefix = max(evaluated.elementPrefix, min(prefix.count, list.count))
        if rest != nil { evaluated.allElements = true }
        return valid
    }

    private mutating func applyContains(
        _ schema: Int, _ min: Int, _ max: Int?, _ value: Value, _ evaluated: inout Evaluated, collecting: Bool
    ) -> Bool {
        guard let list = value.listValue else { return true }
        var count = 0
        for (index, element) in list.enumerated() where evaluate(schema, element, at: .index(index), collecting: false)
        {
            count += 1
            if program.tracksEvaluated { evaluated.elements.insert(index) }
        }
        if count < min {
            if collecting {
                report(
                    min == 1 ? "contains" : "minContains",
                    "must contain at least \(min) matching elements, not \(count)")
            }
            return false
        }
        if let max, count > max {
            if collecting { report("maxContains", "must contain at most \(max) matching elements, not \(count)") }
            return false
        }
        return true
    }

    private mutating func applyUnevaluatedMembers(
        _ schema: Int, _ value: Value, _ evaluated: inout Evaluated, collecting: Bool
    ) -> Bool {
        guard let object = value.objectValue else { return true }
        var valid = true
        for (name, member) in object where !evaluated.covers(member: name) {
            if program.nodes[schema].boolean == false {
                valid = false
                if collecting { reportUnknown(name, known: [], keyword: "unevaluatedProperties") }
            } else if !evaluate(schema, member, at: .name(name), collecting: collecting) {
                valid = false
            }
            if !valid, !collecting { return false }
        }
        evaluated.allMembers = true
        return valid
    }

    private mutating func applyUnevaluatedElements(
        _ schema: Int, _ value: Value, _ evaluated: inout Evaluated, collecting: Bool
    ) -> Bool {
        guard let list = value.listValue else { return true }
        var valid = true
        for (index, element) in list.enumerated() where !evaluated.covers(element: index) {
            if !evaluate(schema, element, at: .index(index), collecting: collecting) { valid = false }
            if !valid, !collecting { return false }
        }
        evaluated.allElements = true
        return valid
    }
}
