import Expressions
import OrderedCollections
import Values

/// Boxed expressions that have others inside.
extension LogicReader {
    mutating func children(of node: SourceNode, in model: inout ModelReader) -> [Boxed] {
        var children: [Boxed] = []
        for child in node.children where child.namespace == node.namespace && LogicReader.isExpression(child) {
            children.append(boxed(child, in: &model))
        }
        return children
    }

    /// The one expression in an element, which may stand in a child called `name`.
    mutating func part(_ name: String, of node: SourceNode, in model: inout ModelReader) -> Boxed {
        guard let holder = node.firstOwn(name) else {
            return invalid("incomplete-expression", "\(node.name) has no \(name)", at: node, in: &model)
        }
        return content(of: holder, in: &model)
    }

    mutating func content(of holder: SourceNode, in model: inout ModelReader) -> Boxed {
        guard
            let expression = holder.children.first(where: {
                $0.namespace == holder.namespace && LogicReader.isExpression($0)
            })
        else { return Boxed(kind: .literal(.constant(.null)), type: .any, position: holder.position) }
        return boxed(expression, in: &model)
    }

    mutating func context(_ node: SourceNode, in model: inout ModelReader) -> Boxed.Kind {
        var entries: [Boxed.Entry] = []
        var result: Boxed?
        for entry in node.own("contextEntry") {
            let value = content(of: entry, in: &model)
            guard let variable = entry.firstOwn("variable") else {
                result = value
                continue
            }
            let name = (variable.attribute("name") ?? "").normalizedName
            let type = model.type(variable.typeReference, at: variable, in: declaration)
            entries.append(Boxed.Entry(name: name, type: type, value: value))
            names.append(name)
        }
        return .context(entries, result: result)
    }

    mutating func invocation(_ node: SourceNode, in model: inout ModelReader) -> Boxed.Kind {
        let callee = content(of: node, in: &model)
        var arguments: [Boxed.Argument] = []
        for binding in node.own("binding") {
            let name = (binding.firstOwn("parameter")?.attribute("name") ?? "").normalizedName
            arguments.append(Boxed.Argument(name: name, value: content(of: binding, in: &model)))
        }
        return .invocation(callee, arguments)
    }

    /// The parameters and body of a function definition.
    mutating func function(
        _ node: SourceNode, in model: inout ModelReader
    ) -> (parameters: [HostFunction.Parameter], body: Boxed) {
        let visible = names.count
        defer { names.removeSubrange(visible...) }
        var parameters: [HostFunction.Parameter] = []
        for parameter in node.own("formalParameter") {
            let name = (parameter.attribute("name") ?? "").normalizedName
            parameters.append(
                .init(name: name, type: model.type(parameter.typeReference, at: parameter, in: declaration)))
            names.append(name)
        }
        let kind = node.attribute("kind") ?? "FEEL"
        guard kind.uppercased() == "FEEL" else {
            let body = invalid("unsupported-function", "\(kind) functions are not supported", at: node, in: &model)
            return (parameters, body)
        }
        return (parameters, content(of: node, in: &model))
    }

    mutating func relation(_ node: SourceNode, in model: inout ModelReader) -> Boxed.Kind {
        let columns = node.own("column").map { ($0.attribute("name") ?? "").normalizedName }
        var rows: [[Boxed]] = []
        for row in node.own("row") {
            let cells = children(of: row, in: &model)
            if cells.count != columns.count {
                rows.append([
                    invalid(
                        "relation-row", "the row has \(cells.count) cells, the relation \(columns.count) columns",
                        at: row, in: &model)
                ])
            } else {
                rows.append(cells)
            }
        }
        return .relation(columns: columns, rows: rows)
    }

    mutating func iteration(_ node: SourceNode, in model: inout ModelReader) -> Boxed.Kind {
        let variable = (node.attribute("iteratorVariable") ?? "").normalizedName
        let source = part("in", of: node, in: &model)
        names.append(variable)
        if node.name == "for" {
            names.append("partial")
            return .iteration(variable: variable, source, body: part("return", of: node, in: &model))
        }
        return .quantified(
            every: node.name == "every", variable: variable, source,
            condition: part("satisfies", of: node, in: &model))
    }

    // MARK: Decision tables

    mutating func table(_ node: SourceNode, _ type: ExpressionType, in model: inout ModelReader) -> Boxed {
        let policyName = (node.attribute("hitPolicy") ?? "UNIQUE").normalizedName
        guard let policy = DecisionTable.HitPolicy(rawValue: policyName) else {
            return invalid("unknown-hit-policy", "there is no hit policy \(policyName)", at: node, in: &model)
        }
        let aggregationName = node.attribute("aggregation")
        let aggregation = aggregationName.flatMap { DecisionTable.Aggregation(rawValue: $0) }
        if let aggregationName, aggregation == nil {
            return invalid("unknown-aggregation", "there is no aggregation \(aggregationName)", at: node, in: &model)
        }
        var inputs: [DecisionTable.Input] = []
        for input in node.own("input") { inputs.append(self.input(input, in: &model)) }
        var outputs: [DecisionTable.Output] = []
        let outputNodes = node.own("output")
        for output in outputNodes {
            outputs.append(self.output(output, isOnly: outputNodes.count == 1, in: &model))
        }
        var rules: [DecisionTable.Rule] = []
        for rule in node.own("rule") {
            let entries = rule.own("inputEntry")
            let results = rule.own("outputEntry")
            guard entries.count == inputs.count, results.count == outputs.count else {
                return invalid(
                    "rule-cells",
                    "the rule has \(entries.count) input and \(results.count) output entries, the table "
                        + "\(inputs.count) inputs and \(outputs.count) outputs", at: rule, in: &model)
            }
            var tests: [Expression?] = []
            for (entry, input) in zip(entries, inputs) {
                tests.append(self.tests(entry, tested: testedNames(input), in: &model))
            }
            var values: [Boxed] = []
            for result in results { values.append(entry(result, in: &model)) }
            rules.append(
                DecisionTable.Rule(
                    id: rule.attribute("id") ?? "", tests: tests, outputs: values,
                    annotations: rule.own("annotationEntry").map(\.ownText)))
        }
        let table = DecisionTable(
            id: node.attribute("id") ?? declaration.id, hitPolicy: policy, aggregation: aggregation, inputs: inputs,
            outputs: outputs, rules: rules, position: node.position)
        return Boxed(kind: .table(table), type: type, position: node.position)
    }

    /// An output entry; nothing is null.
    private mutating func entry(_ node: SourceNode, in model: inout ModelReader) -> Boxed {
        if node.ownText.isEmpty || node.ownText == "-" {
            return Boxed(kind: .literal(.constant(.null)), type: .any, position: node.position)
        }
        return expression(node, in: &model)
    }

    private mutating func input(_ node: SourceNode, in model: inout ModelReader) -> DecisionTable.Input {
        let variable = node.attributes.first { $0.name == "inputVariable" }?.value.normalizedName
        let allowed = node.firstOwn("inputValues").flatMap { tests($0, in: &model) }
        guard let expression = node.firstOwn("inputExpression") else {
            let missing = invalid("incomplete-expression", "the input has no expression", at: node, in: &model)
            return .init(
                expression: missing, label: node.attribute("label") ?? "", allowed: nil, variable: nil, outside: nil)
        }
        let type = model.type(expression.typeReference, at: expression, in: declaration)
        let read = self.expression(expression, type, in: &model)
        var outside: ExpressionType?
        if case .literal(let literal) = read.kind, let name = literal.plainVariable, !names.contains(name) {
            outside = type
            warnOfUndeclared(name, at: expression, in: &model)
        }
        return .init(
            expression: outside == nil ? read : Boxed(kind: read.kind, type: .any, position: read.position),
            label: node.attribute("label") ?? expression.ownText, allowed: allowed, variable: variable, outside: outside
        )
    }

    /// Where something is declared, so should the rest be. A decision that declares nothing reads the variables of its process.
    private func warnOfUndeclared(_ name: String, at node: SourceNode, in model: inout ModelReader) {
        guard !declaration.requirements.isEmpty, !ExpressionNames.isBuiltIn(name) else { return }
        model.report(
            "undeclared-input", "nothing that \(declaration.name) requires is called `\(name)`", at: node,
            in: declaration.file, element: declaration.id, severity: .warning,
            suggestion: Spelling.suggestion(for: name, among: names) ?? "draw it as an input, or correct the name")
    }

    /// What Camunda calls the value of an input in its tests, unless something else has that name here.
    private func testedNames(_ input: DecisionTable.Input) -> [String] {
        [input.variable, names.contains("cellInput") ? nil : "cellInput"].compactMap(\.self)
    }

    private mutating func output(
        _ node: SourceNode, isOnly: Bool, in model: inout ModelReader
    ) -> DecisionTable.Output {
        let values = node.firstOwn("outputValues")
        let allowed = values.flatMap { tests($0, in: &model) }
        var order: [Expression] = []
        if let text = values?.ownText, allowed != nil {
            order = (try? Expression.splitUnaryTests(text)) ?? []
        }
        return .init(
            name: isOnly ? "" : (node.attribute("name") ?? "").normalizedName,
            label: (node.attribute("name") ?? "").normalizedName,
            type: model.type(node.typeReference, at: node, in: declaration), allowed: allowed, order: order,
            standard: node.firstOwn("defaultOutputEntry").map { entry($0, in: &model) })
    }
}
