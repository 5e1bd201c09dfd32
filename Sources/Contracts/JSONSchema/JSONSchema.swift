package import Values

/// A JSON Schema, draft 2020-12, compiled once and then used for any number of instances.
///
/// A schema whose `$schema` names draft 7 means what that says (`Draft7`). All vocabularies; references within the schema's own document, to the schemas of JSON Schema itself, and to documents that
/// were registered. Nothing is ever fetched. Formats are asserted unless told otherwise; those not known to `SchemaFormat` pass.
package struct JSONSchema: Sendable {
    let program: SchemaProgram
    /// The schema as it was given.
    package let source: Value

    /// Compiles a schema. Throws what cannot work: keywords of the wrong shape, references to nothing, broken patterns.
    package init(
        _ source: Value, documents: SchemaDocuments = SchemaDocuments(), assertsFormats: Bool = true
    ) throws(SchemaProblems) {
        var compiler = SchemaCompiler(documents: documents, assertsFormats: assertsFormats)
        self.program = try compiler.compile(source)
        self.source = source
    }

    /// The most violations reported for one instance.
    package static let violationLimit = 50
    /// The deepest nesting of schemas that is followed: a schema that refers to itself without end is stopped here.
    static let depthLimit = 500
    /// The most schemas applied for one instance: stops schemas whose alternatives multiply.
    static let stepLimit = 2_000_000

    /// What is wrong with the instance, in the order it is met, at most `violationLimit`; empty if it is valid.
    package func validate(_ instance: Value) -> [SchemaViolation] {
        var evaluation = SchemaEvaluation(program: program)
        let valid = evaluation.evaluate(program.root, instance, collecting: true) != nil
        if !valid, evaluation.violations.isEmpty { evaluation.reportUnexplained() }
        return valid ? [] : evaluation.violations
    }

    package func validate(_ instance: JSON) -> [SchemaViolation] {
        validate(instance.decoded())
    }

    package func isValid(_ instance: Value) -> Bool {
        var evaluation = SchemaEvaluation(program: program)
        return evaluation.evaluate(program.root, instance, collecting: false) != nil
    }

    /// The instance with the schema's defaults put in where members are missing, at every depth. What is there stays as it is, byte
    /// for byte. Defaults are found through `properties`, items, `$ref`, `allOf`, the branch of `if` that holds, and the first
    /// alternative of `anyOf` and `oneOf` that fits.
    package func applyingDefaults(to instance: JSON) -> JSON {
        SchemaDefaults(program: program).fill(program.root, instance, depth: 0)
    }

    /// The names of the members the schema declares for an object, in its order, also through `$ref` and `allOf`.
    package var propertyNames: [String] { program.propertyNames }

    /// The members that an object must have, by the schema itself.
    package var requiredNames: [String] { (source["required"]?.listValue ?? []).compactMap(\.stringValue) }

    /// Whether the schema says no more about members than `propertyNames`: nothing on additional ones, patterns, or alternatives.
    package var listsItsProperties: Bool { Self.listsItsProperties(source) }

    static func listsItsProperties(_ source: Value) -> Bool {
        let silent = [
            "additionalProperties", "unevaluatedProperties", "patternProperties", "propertyNames", "anyOf", "oneOf",
            "if",
        ]
        let indirect = ["$ref", "$dynamicRef", "allOf", "dependentSchemas"]
        return source["properties"] != nil && !(silent + indirect).contains { source[$0] != nil }
    }
}

/// One way in which an instance breaks its schema.
package struct SchemaViolation: Sendable, Hashable {
    /// The JSON Pointer of the part of the instance that is wrong.
    package var path: String
    /// The keyword of the schema that it breaks.
    package var keyword: String
    /// What is wrong, to follow the name of the part: `must be a number, not text`.
    package var message: String

    /// A sentence that names the part: `input.sourceUri must be text, not a number`.
    package func sentence(about subject: String) -> String {
        let dotted = JSONPointer.dotted(path)
        let place = dotted.isEmpty || dotted.hasPrefix("[") ? subject + dotted : "\(subject).\(dotted)"
        return "\(place) \(message)"
    }
}

/// One thing wrong with a schema.
package struct SchemaProblem: Sendable, Hashable {
    /// The JSON Pointer of the part of the schema that is wrong.
    package var path: String
    package var message: String
    package var suggestion: String?

    init(path: String, message: String, suggestion: String? = nil) {
        self.path = path
        self.message = message
        self.suggestion = suggestion
    }
}

/// What compiling a schema throws: everything wrong with it, at least one.
package struct SchemaProblems: Error, Sendable, Hashable {
    package var all: [SchemaProblem]
}

/// Schemas that others may refer to, by absolute URI. Those of JSON Schema 2020-12 itself are always there.
package struct SchemaDocuments: Sendable {
    private var documents: [String: Value]

    package init() {
        documents = Self.builtIn
    }

    package mutating func register(_ schema: Value, at uri: String) {
        documents[uri] = schema
    }

    package subscript(uri: String) -> Value? { documents[uri] }

    private static let builtIn: [String: Value] = {
        var documents: [String: Value] = [:]
        for text in MetaSchemas.texts + [Draft7.metaSchema] {
            guard let schema = try? Value(parsing: text), let id = schema["$id"]?.stringValue else {
                preconditionFailure("the built-in schemas are JSON with an $id")
            }
            documents[id.hasSuffix("#") ? String(id.dropLast()) : id] = schema
        }
        return documents
    }()
}
