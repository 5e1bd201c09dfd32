import OrderedCollections
import Values

/// Members of objects and elements of lists.
extension SchemaComparison {
    mutating func compareObjects(_ wide: Value, _ narrow: Value, at element: SchemaPlace, depth: Int) {
        compareRequired(wide, narrow, at: element)
        compareProperties(wide, narrow, at: element, depth: depth)
        comparePatterns(wide, narrow, at: element, depth: depth)
        if let names = narrow["propertyNames"] {
            compare(wide["propertyNames"] ?? true, names, at: element.names, depth: depth + 1)
        }
        for (name, needs) in narrow["dependentRequired"]?.objectValue ?? [:] {
            let before = (wide["dependentRequired"]?[name]?.listValue ?? []) + (wide["required"]?.listValue ?? [])
            for need in (needs.listValue ?? []).compactMap(\.stringValue) where !before.contains(.string(need)) {
                add(
                    element.member(need), input: "is now required beside \(name)",
                    output: "is no longer always there beside \(name)")
            }
        }
        for (name, schema) in narrow["dependentSchemas"]?.objectValue ?? [:] {
            compare(wide["dependentSchemas"]?[name] ?? wide, schema, at: element, depth: depth + 1)
        }
    }

    /// A required input with a default need not be given.
    private mutating func compareRequired(_ wide: Value, _ narrow: Value, at element: SchemaPlace) {
        func isFilled(_ name: String, by schema: Value, in document: Value) -> Bool {
            guard role == .input, let member = schema["properties"]?[name] else { return false }
            return flattened(member, in: document)["default"] != nil
        }
        let before = wide["required"]?.listValue ?? []
        for name in (narrow["required"]?.listValue ?? []).compactMap(\.stringValue) {
            if isFilled(name, by: narrow, in: to) { continue }
            if !before.contains(.string(name)) {
                add(
                    element.member(name), input: "is now required", output: "is no longer always there",
                    remedy: role == .input ? "give it a default" : "require it still")
            } else if isFilled(name, by: wide, in: from) {
                add(
                    element.member(name), input: "is required and has lost its default",
                    output: "has lost its default", remedy: "keep the default")
            }
        }
    }

    private mutating func compareProperties(_ wide: Value, _ narrow: Value, at element: SchemaPlace, depth: Int) {
        let wideMembers = wide["properties"]?.objectValue ?? [:]
        let narrowMembers = narrow["properties"]?.objectValue ?? [:]
        for (name, schema) in wideMembers {
            if let other = narrowMembers[name] {
                compare(schema, other, at: element.member(name), depth: depth + 1)
            } else if schema != .bool(false) {
                compareMissing(name, schema, narrow, at: element, depth: depth)
            }
        }
        let before = self.rest(of: wide, isOld: role == .input, depth: depth) ?? true
        for (name, schema) in narrowMembers where wideMembers[name] == nil {
            // Members the wide side does not declare: an output that is gone; an input that is new, which is no break where no others
            // were taken. Elsewhere somebody may have given any value by that name.
            if role == .output, schema != .bool(false) {
                add(Finding(element.member(name), "\(element.member(name)) is gone", remedy: "keep it"))
            } else if role == .input, before != .bool(false) {
                compare(before, schema, at: element.member(name), depth: depth + 1)
            }
        }
        guard let rest = rest(of: narrow, isOld: role == .output, depth: depth) else { return }
        if rest == .bool(false), before != .bool(false) {
            add(
                element, input: "no longer takes members it does not declare",
                output: "may now have members that were excluded")
        } else if rest != .bool(false) {
            compare(before, rest, at: element.rest, depth: depth + 1)
        }
    }

    /// What is said of members that nothing else is said of. An input contract that lists its inputs takes no others, whatever JSON
    /// Schema says.
    private func rest(of schema: Value, isOld: Bool, depth: Int) -> Value? {
        if let rest = schema["additionalProperties"] ?? schema["unevaluatedProperties"] { return rest }
        guard role == .input, depth == 0 else { return nil }
        return JSONSchema.listsItsProperties(isOld ? from : to) ? false : nil
    }

    /// A member that only the wide side declares: an input that was taken away, or an output that is new.
    private mutating func compareMissing(
        _ name: String, _ schema: Value, _ narrow: Value, at element: SchemaPlace, depth: Int
    ) {
        let path = element.member(name)
        let additional = rest(of: narrow, isOld: role == .output, depth: depth) ?? true
        if additional == .bool(false) {
            add(
                path, input: "is gone", output: "is new where no new members were to be expected",
                remedy: role == .input ? "keep it, marked as deprecated" : nil)
        } else {
            compare(schema, additional, at: path, depth: depth + 1)
        }
    }

    private mutating func comparePatterns(_ wide: Value, _ narrow: Value, at element: SchemaPlace, depth: Int) {
        let before = wide["patternProperties"]?.objectValue ?? [:]
        let now = narrow["patternProperties"]?.objectValue ?? [:]
        for (pattern, schema) in now {
            let place = element.pattern(pattern)
            if let other = before[pattern] {
                compare(other, schema, at: place, depth: depth + 1)
            } else if wide["additionalProperties"] != .bool(false) || !before.isEmpty || wide["properties"] != nil {
                compare(true, schema, at: place, depth: depth + 1)
            }
        }
        guard let rest = rest(of: narrow, isOld: role == .output, depth: depth) else { return }
        for (pattern, schema) in before where now[pattern] == nil {
            compare(schema, rest, at: element.pattern(pattern), depth: depth + 1)
        }
    }

    mutating func compareLists(_ wide: Value, _ narrow: Value, at element: SchemaPlace, depth: Int) {
        let before = wide["prefixItems"]?.listValue ?? []
        let now = narrow["prefixItems"]?.listValue ?? []
        let restBefore = wide["items"] ?? wide["unevaluatedItems"] ?? true
        for (index, schema) in now.enumerated() {
            let other = before.indices.contains(index) ? before[index] : restBefore
            compare(other, schema, at: element.item(index), depth: depth + 1)
        }
        if let rest = narrow["items"] ?? narrow["unevaluatedItems"] {
            for index in before.indices.dropFirst(now.count) {
                compare(before[index], rest, at: element.item(index), depth: depth + 1)
            }
            compare(restBefore, rest, at: element.items, depth: depth + 1)
        }
        guard let contained = narrow["contains"] else { return }
        let least = narrow["minContains"]?.intValue ?? 1
        let most = narrow["maxContains"]?.intValue ?? .max
        let isKept =
            wide["contains"] == contained && wide["minContains"]?.intValue ?? 1 >= least
            && wide["maxContains"]?.intValue ?? .max <= most
        if !isKept, least > 0 || most < .max {
            add(element, input: "must now contain certain elements", output: "need no longer contain certain elements")
        }
    }
}
