import Values

/// Puts the defaults of a schema into instances, on raw JSON: what is already there is never decoded and written anew.
struct SchemaDefaults {
    let program: SchemaProgram

    /// How deep schemas are followed.
    private static let depthLimit = 200

    /// By node: whether a default can be reached from it.
    static func reach(in program: SchemaProgram) -> [Bool] {
        var reaches = program.nodes.map { $0.defaultValue != nil }
        var users: [[Int]] = Array(repeating: [], count: program.nodes.count)
        for (number, node) in program.nodes.enumerated() {
            for case .applicator(let applicator) in node.keywords {
                for target in applicator.targets { users[target].append(number) }
            }
        }
        var waiting = reaches.indices.filter { reaches[$0] }
        while let number = waiting.popLast() {
            for user in users[number] where !reaches[user] {
                reaches[user] = true
                waiting.append(user)
            }
        }
        return reaches
    }

    func fill(_ index: Int, _ instance: JSON, depth: Int) -> JSON {
        guard program.reachesDefault[index], depth < Self.depthLimit else { return instance }
        var instance = instance
        for case .applicator(let applicator) in program.nodes[index].keywords {
            instance = fill(applicator, instance, depth: depth + 1)
        }
        return instance
    }

    private func fill(_ applicator: SchemaApplicator, _ instance: JSON, depth: Int) -> JSON {
        switch applicator {
        case .reference(let target), .dynamicReference(let target, _):
            return fill(target, instance, depth: depth)
        case .all(let targets):
            return targets.reduce(instance) { fill($1, $0, depth: depth) }
        case .any(let targets), .one(let targets):
            guard targets.contains(where: { program.reachesDefault[$0] }) else { return instance }
            let filled = targets.lazy.map { ($0, fill($0, instance, depth: depth)) }
            return filled.first { holds($0.0, $0.1) }?.1 ?? instance
        case .conditional(let condition, let then, let otherwise):
            let branches = [then, otherwise].compactMap { $0 }
            guard branches.contains(where: { program.reachesDefault[$0] }) else { return instance }
            let branch = holds(condition, instance) ? then : otherwise
            return branch.map { fill($0, instance, depth: depth) } ?? instance
        case .dependent(let schemas):
            return schemas.filter { instance[$0.name] != nil }.reduce(instance) { fill($1.schema, $0, depth: depth) }
        case .members(let members):
            return fill(members, instance, depth: depth)
        case .elements(let prefix, let rest):
            return fill(prefix, rest, instance, depth: depth)
        case .not, .memberNames, .contains, .unevaluatedMembers, .unevaluatedElements:
            return instance
        }
    }

    private func holds(_ index: Int, _ instance: JSON) -> Bool {
        var evaluation = SchemaEvaluation(program: program)
        return evaluation.evaluate(index, instance.decoded(), collecting: false) != nil
    }

    private func fill(_ schema: SchemaMembers, _ instance: JSON, depth: Int) -> JSON {
        let concerned =
            schema.properties.contains { program.reachesDefault[$0.schema] }
            || schema.patterns.contains { program.reachesDefault[$0.schema] }
            || (schema.additional.map { program.reachesDefault[$0] } ?? false)
        guard concerned, var members = instance.members() else { return instance }
        var changed = false
        for index in members.indices {
            let filled = fill(members[index].name, members[index].value, by: schema, depth: depth)
            if filled != members[index].value {
                members[index].value = filled
                changed = true
            }
        }
        for (name, target) in schema.properties where program.reachesDefault[target] {
            guard !members.contains(where: { $0.name == name }), let value = defaultValue(of: target) else { continue }
            members.append((name, fill(target, value, depth: depth)))
            changed = true
        }
        return changed ? .object(members) : instance
    }

    private func fill(_ name: String, _ member: JSON, by schema: SchemaMembers, depth: Int) -> JSON {
        var member = member
        var matched = false
        if let position = schema.positions[name] {
            matched = true
            member = fill(schema.properties[position].schema, member, depth: depth)
        }
        for (pattern, target) in schema.patterns where (try? pattern.matches(anywhereIn: name)) == true {
            matched = true
            member = fill(target, member, depth: depth)
        }
        if !matched, let additional = schema.additional { member = fill(additional, member, depth: depth) }
        return member
    }

    private func fill(_ prefix: [Int], _ rest: Int?, _ instance: JSON, depth: Int) -> JSON {
        let concerned =
            prefix.contains { program.reachesDefault[$0] } || (rest.map { program.reachesDefault[$0] } ?? false)
        guard concerned, let elements = instance.elements() else { return instance }
        let filled = elements.enumerated().map { index, element in
            (index < prefix.count ? prefix[index] : rest).map { fill($0, element, depth: depth) } ?? element
        }
        return filled == elements ? instance : .array(filled)
    }

    /// The default of a schema, or of the schema it only refers to.
    private func defaultValue(of index: Int) -> JSON? {
        var index = index
        for _ in 0..<Self.depthLimit {
            if let value = program.nodes[index].defaultValue { return value }
            let target = program.nodes[index].keywords.lazy.compactMap { keyword -> Int? in
                guard case .applicator(.reference(let target)) = keyword else { return nil }
                return target
            }.first
            guard let target else { return nil }
            index = target
        }
        return nil
    }
}
