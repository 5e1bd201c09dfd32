import OrderedCollections
package import Values

extension JSONSchema {
    /// Compiles a schema that a person wrote, and is strict about it: beside what cannot work, it refuses what breaks the schema of
    /// schemas, misspelt keywords, and defaults that do not fit; of a new one also what cannot be meant (`SchemaContradictions`). What
    /// was taken once is to be read for ever.
    package init(checking source: Value, isNew: Bool = true) throws(SchemaProblems) {
        let isDraft7 = Draft7.describes(source)
        var problems = Self.shapeProblems(of: isDraft7 ? Draft7.translated(source) : source)
        problems += Self.misspeltKeywords(in: source, isDraft7: isDraft7)
        if isNew { problems += SchemaContradictions.problems(in: source) }
        guard problems.isEmpty else { throw SchemaProblems(all: problems) }
        try self.init(source)
        problems = misfitDefaults()
        guard problems.isEmpty else { throw SchemaProblems(all: problems) }
    }

    /// The schema of schemas. Nil never happens: a test compiles it.
    private static let metaSchema: JSONSchema? = SchemaDocuments()[MetaSchemas.dialect].flatMap { try? JSONSchema($0) }

    private static func shapeProblems(of source: Value) -> [SchemaProblem] {
        guard let metaSchema else {
            return [SchemaProblem(path: "", message: "the schema of schemas does not compile")]
        }
        return metaSchema.validate(source).map { violation in
            let place = JSONPointer.dotted(violation.path)
            return SchemaProblem(
                path: violation.path,
                message: place.isEmpty ? "the schema \(violation.message)" : "\(place) \(violation.message)")
        }
    }

    /// Unknown keywords are legal in JSON Schema and do nothing, which makes a slip of the pen hard to find.
    /// So do those of another draft than the schema's.
    private static func misspeltKeywords(in source: Value, isDraft7: Bool) -> [SchemaProblem] {
        var problems: [SchemaProblem] = []
        var waiting: [(pointer: String, value: Value)] = [("", source)]
        while let (pointer, value) = waiting.popLast() {
            guard let members = value.objectValue else { continue }
            for name in members.keys where isDraft7 && Draft7.laterKeywords.contains(name) {
                problems.append(
                    SchemaProblem(
                        path: JSONPointer.appending(name, to: pointer),
                        message: "draft 7, which $schema names, has no keyword \"\(name)\"",
                        suggestion: "leave $schema out to write draft 2020-12"))
            }
            for name in members.keys where !knownKeywords.contains(name) {
                if isDraft7, draft7Keywords.contains(name) { continue }
                guard let meant = Spelling.nearest(to: name, among: knownKeywords) else { continue }
                problems.append(
                    SchemaProblem(
                        path: JSONPointer.appending(name, to: pointer),
                        message: "there is no schema keyword \"\(name)\"",
                        suggestion: "did you mean \"\(meant)\"?"))
            }
            for (tokens, child) in SchemaIndex.subschemas(of: members).reversed() {
                waiting.append((tokens.reduce(pointer) { JSONPointer.appending($1, to: $0) }, child))
            }
        }
        return problems
    }

    private static let draft7Keywords = ["additionalItems", "dependencies"]

    private static let knownKeywords = [
        "$schema", "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment", "$defs",
        "definitions", "title",
        "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "example", "type", "enum", "const",
        "multipleOf",
        "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems",
        "minItems",
        "uniqueItems", "maxContains", "minContains", "maxProperties", "minProperties", "required", "dependentRequired",
        "allOf", "anyOf",
        "oneOf", "not", "if", "then", "else", "dependentSchemas", "prefixItems", "items", "contains", "properties",
        "patternProperties",
        "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "format",
        "contentEncoding",
        "contentMediaType", "contentSchema",
    ]

    private func misfitDefaults() -> [SchemaProblem] {
        var problems: [SchemaProblem] = []
        for (number, node) in program.nodes.enumerated() {
            guard let value = node.defaultValue else { continue }
            var evaluation = SchemaEvaluation(program: program)
            let filled = SchemaDefaults(program: program).fill(number, value, depth: 0)
            guard evaluation.evaluate(number, filled.decoded(), collecting: true) == nil,
                let first = evaluation.violations.first
            else {
                continue
            }
            problems.append(
                SchemaProblem(
                    path: node.pointer + "/default",
                    message: "the default does not fit its own schema: \(first.sentence(about: "default"))"))
        }
        return problems
    }
}
