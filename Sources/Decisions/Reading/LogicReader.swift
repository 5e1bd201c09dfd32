import Expressions
import Values

/// Reads boxed expressions. Which names an expression can use is known while it is read.
struct LogicReader {
    let declaration: ModelReader.Declaration
    /// Visible here, innermost last.
    var names: [String]
    private var depth = 0

    /// Boxed expressions inside each other; each level is a recursion.
    private static let maxDepth = 60

    private static let expressions: Set<String> = [
        "literalExpression", "context", "invocation", "functionDefinition", "list", "relation", "for", "some", "every",
        "filter", "conditional", "decisionTable",
    ]

    init(of declaration: ModelReader.Declaration, names: [String]) {
        self.declaration = declaration
        self.names = names
    }

    static func isExpression(_ node: SourceNode) -> Bool { expressions.contains(node.name) }

    mutating func boxed(_ node: SourceNode, in model: inout ModelReader) -> Boxed {
        let type = model.type(node.typeReference, at: node, in: declaration)
        guard depth < LogicReader.maxDepth else {
            return invalid("expression-depth", "boxed expressions are nested too deeply", at: node, in: &model)
        }
        depth += 1
        defer { depth -= 1 }
        let visible = names.count
        defer { names.removeSubrange(visible...) }
        let kind: Boxed.Kind
        switch node.name {
        case "literalExpression": return literal(node, type, in: &model)
        case "context": kind = context(node, in: &model)
        case "invocation": kind = invocation(node, in: &model)
        case "functionDefinition":
            let read = function(node, in: &model)
            model.functions.append(
                ModelFunction(name: "function", parameters: read.parameters, body: .boxed(read.body), result: .any))
            kind = .function(model.functions.count - 1)
        case "list":
            kind = .list(children(of: node, in: &model))
        case "relation": kind = relation(node, in: &model)
        case "for", "some", "every": kind = iteration(node, in: &model)
        case "filter":
            let source = part("in", of: node, in: &model)
            names += ["item"] + declaration.file.members
            kind = .filter(source, condition: part("match", of: node, in: &model))
        case "conditional":
            kind = .conditional(
                part("if", of: node, in: &model), then: part("then", of: node, in: &model),
                otherwise: part("else", of: node, in: &model))
        default: return table(node, type, in: &model)
        }
        return Boxed(kind: kind, type: type, position: node.position)
    }

    mutating func invalid(
        _ code: String, _ message: String, at node: SourceNode, position: SourcePosition? = nil,
        in model: inout ModelReader
    ) -> Boxed {
        let problem = Diagnostic(
            code: code, file: declaration.file.name, position: position ?? node.position, element: declaration.id,
            message: message)
        model.problems.append(problem)
        return Boxed(kind: .invalid(problem), type: .any, position: node.position)
    }

    // MARK: Text

    private mutating func literal(
        _ node: SourceNode, _ type: ExpressionType, in model: inout ModelReader
    ) -> Boxed {
        if node.firstOwn("importedValues") != nil {
            return invalid("unsupported-import", "imported values are not supported", at: node, in: &model)
        }
        guard !node.ownText.isEmpty else {
            return Boxed(kind: .literal(.constant(.null)), type: type, position: node.position)
        }
        return expression(node, type, in: &model)
    }

    /// The text of a literal expression, an input or an output entry.
    mutating func expression(
        _ node: SourceNode, _ type: ExpressionType = .any, in model: inout ModelReader
    ) -> Boxed {
        let languageName = node.attribute("expressionLanguage") ?? declaration.file.language
        guard let language = LogicReader.language(languageName) else {
            return invalid(
                "unsupported-language", "expressions in \(languageName) are not supported", at: node, in: &model)
        }
        do throws(ExpressionError) {
            let expression = try Expression.parse(node.ownText, as: language, names: names(in: model))
            warn(of: expression, at: node, in: &model)
            return Boxed(kind: .literal(expression), type: type, position: textPosition(of: node))
        } catch {
            return invalid(
                error.kind == .unsupported ? "unsupported-function" : "expression", "\(error)", at: node,
                position: textPosition(of: node), in: &model)
        }
    }

    /// Unary tests; nil for any value.
    mutating func tests(
        _ node: SourceNode, tested: [String] = [], in model: inout ModelReader
    ) -> Expression? {
        let text = node.ownText
        if text.isEmpty || text == "-" { return nil }
        let languageName = node.attribute("expressionLanguage") ?? declaration.file.language
        guard let language = LogicReader.language(languageName) else {
            _ = invalid("unsupported-language", "tests in \(languageName) are not supported", at: node, in: &model)
            return .constant(JSON(Value.bool(false)))
        }
        do throws(ExpressionError) {
            let expression =
                language == .juel
                ? try Expression.parse(text, as: .juel)
                : try Expression.parseUnaryTests(text, names: names(in: model, tested: tested))
            warn(of: expression, at: node, in: &model)
            return expression
        } catch {
            _ = invalid("expression", "\(error)", at: node, position: textPosition(of: node), in: &model)
            return .constant(JSON(Value.bool(false)))
        }
    }

    /// Functions that nothing here is called by are null.
    private func warn(of expression: Expression, at node: SourceNode, in model: inout ModelReader) {
        for function in expression.unknownFunctions where !names.contains(function.name) {
            model.report(
                "unknown-function", "there is no function `\(function.name)`: the value is null", at: node,
                in: declaration.file, element: declaration.id, severity: .warning, suggestion: function.suggestion)
        }
    }

    private static func language(_ name: String) -> ExpressionLanguage? {
        if DMN.isFEEL(name) { return .feel }
        return name.lowercased() == "juel" ? .juel : nil
    }

    private func textPosition(of node: SourceNode) -> SourcePosition {
        node.firstOwn("text")?.position ?? node.position
    }

    private func names(in model: ModelReader, tested: [String] = []) -> ExpressionNames {
        ExpressionNames(
            variables: names, members: model.memberNames(in: declaration.file),
            types: model.types.names(in: declaration.file), tested: tested)
    }
}
