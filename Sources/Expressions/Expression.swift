package import Values

package enum ExpressionLanguage: String, Sendable, Hashable { case feel, juel }

/// A parsed expression with its source text. Parsing is once, at deployment; evaluation has no state.
package struct Expression: Sendable, Hashable {
    package let source: String
    package let language: ExpressionLanguage
    let root: Node

    private init(source: String, language: ExpressionLanguage, root: Node) {
        self.source = source
        self.language = language
        self.root = root
    }

    /// Parses `source`. FEEL resolves names with spaces or operators in them against `knownNames`, longest first; a
    /// name that is not known can be written in backticks. JUEL text may surround `${…}` and `#{…}`.
    package static func parse(
        _ source: String, as language: ExpressionLanguage, knownNames: [String] = []
    ) throws(ExpressionError) -> Expression {
        try parse(source, as: language, names: ExpressionNames(variables: knownNames))
    }

    package static func parse(
        _ source: String, as language: ExpressionLanguage, names: ExpressionNames
    ) throws(ExpressionError) -> Expression {
        do throws(Fault) {
            switch language {
            case .feel:
                var parser = try FEELParser(source, names: names)
                return Expression(source: source, language: .feel, root: try parser.parseExpressionToEnd())
            case .juel:
                var parser = try JUELParser(source)
                return Expression(source: source, language: .juel, root: try parser.parseTemplate())
            }
        } catch {
            throw error.located(in: source)
        }
    }

    /// Parses FEEL unary tests (`< 5, [10..20]`, `not("a")`, `-`): true or false of the variable `?`.
    package static func parseUnaryTests(
        _ source: String, knownNames: [String] = []
    ) throws(ExpressionError) -> Expression {
        try parseUnaryTests(source, names: ExpressionNames(variables: knownNames))
    }

    package static func parseUnaryTests(
        _ source: String, names: ExpressionNames
    ) throws(ExpressionError) -> Expression {
        do throws(Fault) {
            var parser = try FEELParser(source, names: names)
            return Expression(source: source, language: .feel, root: try parser.parseUnaryTestsToEnd())
        } catch {
            throw error.located(in: source)
        }
    }

    /// Each of several unary tests as tests of their own, as a list of allowed values is an order of them.
    package static func splitUnaryTests(_ source: String) throws(ExpressionError) -> [Expression] {
        let all = try parseUnaryTests(source)
        guard case .unaryTests(let tests, negated: false) = all.root.kind else { return [all] }
        return tests.map { test in
            Expression(
                source: source, language: .feel,
                root: Node(.unaryTests([test], negated: false), at: test.offset))
        }
    }

    /// The value of a `zeebe:` attribute: FEEL after a leading `=`, a string constant otherwise.
    package static func parseZeebe(_ attribute: String) throws(ExpressionError) -> Expression {
        guard attribute.first == "=" else { return constant(.string(attribute)) }
        return try parse(String(attribute.dropFirst()), as: .feel)
    }

    /// The value of a `camunda:` attribute or text: JUEL if it contains `${` or `#{`, a string constant otherwise.
    package static func parseCamunda(_ text: String) throws(ExpressionError) -> Expression {
        guard JUELParser.containsExpression(text) else { return constant(.string(text)) }
        return try parse(text, as: .juel)
    }

    /// An expression that is always `value`, kept as it is.
    package static func constant(_ value: JSON) -> Expression {
        Expression(source: value.text, language: .feel, root: Node(.json(value), at: 0))
    }

    /// The value in `scope`. A variable or member that is all the expression reads is answered as the raw JSON it is.
    package func evaluate(
        in scope: any VariableScope, limits: EvaluationLimits = .standard
    ) throws(ExpressionError) -> JSON {
        if let raw = root.readRaw(from: scope) { return raw }
        do throws(Fault) {
            var evaluator = Evaluator(language: language, scope: scope, limits: limits)
            return try evaluator.json(of: try evaluator.evaluate(root, in: nil), at: root.offset)
        } catch {
            throw error.located(in: source)
        }
    }

    /// Whether the condition holds. FEEL: true only if the value is true; JUEL: anything but a boolean is an error.
    package func evaluateCondition(
        in scope: any VariableScope, limits: EvaluationLimits = .standard
    ) throws(ExpressionError) -> Bool {
        do throws(Fault) {
            var evaluator = Evaluator(language: language, scope: scope, limits: limits)
            let value = try evaluator.evaluate(root, in: nil)
            if case .bool(let holds) = value { return holds }
            switch language {
            case .feel: return false
            case .juel:
                throw Fault(.type, "a condition must be a boolean, not \(value.kindName)", at: root.offset)
            }
        } catch {
            throw error.located(in: source)
        }
    }

    /// The names of the variables it certainly means, in order of first appearance: without those it binds itself, and
    /// without those inside a filter, which may be members of the filtered items.
    package var variablesRead: [String] {
        var reader = VariableReader()
        reader.visit(root)
        return reader.names
    }

    /// The functions that it calls although FEEL has none of the name and it binds none itself: the host's, or null. Each with what
    /// of FEEL's the name may be a slip of.
    package var unknownFunctions: [(name: String, position: SourcePosition, suggestion: String?)] {
        guard language == .feel else { return [] }
        var reader = VariableReader()
        reader.visit(root)
        return reader.functions.map { function in
            (
                function.name, SourcePosition(offset: function.offset, in: source),
                Spelling.suggestion(for: function.name, among: BuiltIn.all.map(\.name))
            )
        }
    }

    /// The variable that it begins with, if that or a member of it is all it is.
    package var plainVariable: String? { root.rootName }

    /// The names inside filters that are variables unless the filtered items have members of that name.
    package var variablesPerhapsRead: [String] {
        var reader = VariableReader()
        reader.visit(root)
        return reader.perhaps.filter { !reader.names.contains($0) }
    }

    /// The value if the expression is a constant made by `constant(_:)`.
    package var constantValue: JSON? {
        if case .json(let value) = root.kind { return value }
        return nil
    }
}
