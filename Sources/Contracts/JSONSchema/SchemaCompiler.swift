import OrderedCollections
import Values

/// Turns schema documents into a program. Subschemas wait in a worklist, so that references may form cycles.
struct SchemaCompiler {
    var index: SchemaIndex
    let assertsFormats: Bool
    private(set) var problems: [SchemaProblem] = []
    private var program = SchemaProgram()
    private var nodesByPlace: [SchemaIndex.Place: Int] = [:]
    private var waiting: [(node: Int, schema: SchemaIndex.Located)] = []
    private var resourceNumbers: [String: Int] = [:]
    private var dynamicNames: OrderedSet<String> = []

    init(documents: SchemaDocuments, assertsFormats: Bool) {
        self.index = SchemaIndex(documents: documents)
        self.assertsFormats = assertsFormats
    }

    mutating func compile(_ source: Value) throws(SchemaProblems) -> SchemaProgram {
        let root = index.addMain(source)
        problems += index.problems
        program.root = node(for: root)
        drain()
        // A dynamic reference may end in any schema of its name; compiling those may bring in more names.
        var done = 0
        while done < dynamicNames.count {
            let name = dynamicNames[done]
            done += 1
            for place in index.dynamicAnchors(named: name) {
                let target = node(for: place.located)
                let resource = resourceNumber(of: place.located.base)
                program.dynamicAnchors[resource][name] = target
            }
            drain()
        }
        guard problems.isEmpty else { throw SchemaProblems(all: problems) }
        program.reachesDefault = SchemaDefaults.reach(in: program)
        return program
    }

    private mutating func drain() {
        while let (node, schema) = waiting.popLast() { fill(node, with: schema) }
    }

    /// The number of the node for a subschema, which is compiled later if it is new.
    mutating func node(for schema: SchemaIndex.Located) -> Int {
        if let known = nodesByPlace[schema.place] { return known }
        let number = program.nodes.count
        nodesByPlace[schema.place] = number
        program.nodes.append(SchemaNode(pointer: schema.place.pointer, resource: resourceNumber(of: schema.base)))
        waiting.append((number, schema))
        return number
    }

    private mutating func resourceNumber(of base: String) -> Int {
        if let known = resourceNumbers[base] { return known }
        let number = program.dynamicAnchors.count
        resourceNumbers[base] = number
        program.dynamicAnchors.append([:])
        return number
    }

    mutating func report(_ schema: SchemaIndex.Located, _ keyword: String, _ message: String) {
        guard problems.count < JSONSchema.violationLimit else { return }
        // Places in other documents than the schema's own mean nothing to who wrote it.
        let path = schema.place.document.isEmpty ? JSONPointer.appending(keyword, to: schema.place.pointer) : ""
        problems.append(SchemaProblem(path: path, message: message))
    }

    private mutating func fill(_ number: Int, with schema: SchemaIndex.Located) {
        switch schema.value {
        case .bool(let bool): program.nodes[number].boolean = bool
        case .object(let members):
            var keywords: [SchemaKeyword] = []
            if index.dialect(of: schema.base).validates {
                keywords += assertions(of: schema, members).map(SchemaKeyword.assertion)
            }
            if let format = members["format"]?.stringValue.flatMap(SchemaFormat.init(rawValue:)),
                assertsFormats || index.dialect(of: schema.base).assertsFormats
            {
                keywords.append(.assertion(.format(format)))
            }
            keywords += applicators(of: schema, members).map(SchemaKeyword.applicator)
            program.nodes[number].keywords = keywords
            program.nodes[number].defaultValue = members["default"]?.json
        case .null, .number, .string, .list:
            let path = schema.place.document.isEmpty ? schema.place.pointer : ""
            problems.append(
                SchemaProblem(
                    path: path, message: "a schema must be an object, true or false, not \(schema.value.kindName)"))
        }
    }
}

// MARK: applicators

extension SchemaCompiler {
    private typealias Members = OrderedDictionary<String, Value>

    private mutating func applicators(of schema: SchemaIndex.Located, _ members: Members) -> [SchemaApplicator] {
        var result = references(of: schema, members)
        if let targets = schemas("allOf", of: schema, members) { result.append(.all(targets)) }
        if let targets = schemas("anyOf", of: schema, members) { result.append(.any(targets)) }
        if let targets = schemas("oneOf", of: schema, members) { result.append(.one(targets)) }
        if let target = self.schema("not", of: schema, members) { result.append(.not(target)) }
        if let condition = self.schema("if", of: schema, members) {
            let then = self.schema("then", of: schema, members)
            let otherwise = self.schema("else", of: schema, members)
            result.append(.conditional(condition: condition, then: then, otherwise: otherwise))
        }
        if let dependent = namedSchemas("dependentSchemas", of: schema, members) {
            result.append(.dependent(dependent))
        }
        if let object = objectMembers(of: schema, members) { result.append(.members(object)) }
        if let target = self.schema("propertyNames", of: schema, members) { result.append(.memberNames(target)) }
        let prefix = schemas("prefixItems", of: schema, members) ?? []
        let rest = self.schema("items", of: schema, members)
        if !prefix.isEmpty || rest != nil { result.append(.elements(prefix: prefix, rest: rest)) }
        if let target = self.schema("contains", of: schema, members) {
            let counts = index.dialect(of: schema.base).validates
            let min = counts ? count("minContains", of: schema, members) ?? 1 : 1
            result.append(.contains(target, min: min, max: counts ? count("maxContains", of: schema, members) : nil))
        }
        if let target = self.schema("unevaluatedItems", of: schema, members) {
            result.append(.unevaluatedElements(target))
            program.tracksEvaluated = true
        }
        if let target = self.schema("unevaluatedProperties", of: schema, members) {
            result.append(.unevaluatedMembers(target))
            program.tracksEvaluated = true
        }
        return result
    }

    private mutating func references(of schema: SchemaIndex.Located, _ members: Members) -> [SchemaApplicator] {
        var result: [SchemaApplicator] = []
        if let target = resolve("$ref", of: schema, members) { result.append(.reference(node(for: target.located))) }
        if let target = resolve("$dynamicRef", of: schema, members) {
            let number = node(for: target.located)
            if let name = target.anchor, target.located.value["$dynamicAnchor"] == .string(name) {
                dynamicNames.append(name)
                result.append(.dynamicReference(number, name: name))
            } else {
                result.append(.reference(number))
            }
        }
        return result
    }

    private mutating func resolve(_ keyword: String, of schema: SchemaIndex.Located, _ members: Members) -> SchemaIndex
        .Target?
    {
        guard let value = members[keyword] else { return nil }
        guard let reference = value.stringValue else {
            report(schema, keyword, "\(keyword) must be text")
            return nil
        }
        let known = index.problems.count
        let target = index.resolve(reference, from: schema.base)
        problems += index.problems.dropFirst(known)
        if target == nil {
            report(schema, keyword, "\(keyword) refers to nothing: \(Value.string(reference).brief)")
        }
        return target
    }

    private mutating func schema(_ keyword: String, of schema: SchemaIndex.Located, _ members: Members) -> Int? {
        guard let value = members[keyword] else { return nil }
        return node(for: index.descend(from: schema, [keyword], to: value))
    }

    private mutating func schemas(_ keyword: String, of schema: SchemaIndex.Located, _ members: Members) -> [Int]? {
        guard let value = members[keyword] else { return nil }
        guard let list = value.listValue, !list.isEmpty else {
            report(schema, keyword, "\(keyword) must be a list of schemas, not empty")
            return nil
        }
        return list.enumerated().map {
            node(for: index.descend(from: schema, [keyword, String($0.offset)], to: $0.element))
        }
    }

    private mutating func namedSchemas(
        _ keyword: String, of schema: SchemaIndex.Located, _ members: Members
    ) -> [(name: String, schema: Int)]? {
        guard let value = members[keyword] else { return nil }
        guard let object = value.objectValue else {
            report(schema, keyword, "\(keyword) must be an object of schemas")
            return nil
        }
        return object.map { ($0.key, node(for: index.descend(from: schema, [keyword, $0.key], to: $0.value))) }
    }

    private mutating func objectMembers(of schema: SchemaIndex.Located, _ members: Members) -> SchemaMembers? {
        var object = SchemaMembers()
        object.properties = namedSchemas("properties", of: schema, members) ?? []
        for (position, property) in object.properties.enumerated() { object.positions[property.name] = position }
        for (source, target) in namedSchemas("patternProperties", of: schema, members) ?? [] {
            if let pattern = pattern(source, of: schema, "patternProperties") {
                object.patterns.append((pattern, target))
            }
        }
        object.additional = self.schema("additionalProperties", of: schema, members)
        return object.properties.isEmpty && object.patterns.isEmpty && object.additional == nil ? nil : object
    }

    mutating func pattern(_ source: String, of schema: SchemaIndex.Located, _ keyword: String) -> Pattern? {
        do {
            return try ECMARegex.compile(source)
        } catch {
            report(schema, keyword, "\(Value.string(source).brief) is not a regular expression: \(error.message)")
            return nil
        }
    }

    mutating func count(_ keyword: String, of schema: SchemaIndex.Located, _ members: OrderedDictionary<String, Value>)
        -> Int?
    {
        guard let value = members[keyword] else { return nil }
        guard let count = value.intValue, count >= 0 else {
            report(schema, keyword, "\(keyword) must be a whole number, 0 or more")
            return nil
        }
        return count
    }
}
