import Expressions
import OrderedCollections
import Values

/// One evaluation of a model: what was evaluated so far, its trace, and what went wrong.
final class DecisionSession {
    let model: DecisionModel
    let keepsTrace: Bool
    private(set) var trace: [DecisionTrace] = []
    private(set) var traceOmitted = 0
    private(set) var diagnostics: [Diagnostic] = []
    /// What the logic of each business knowledge model sees.
    private var knowledgeBindings: [Int: Binding] = [:]
    /// The element whose logic runs, for messages.
    var current: Int?
    /// Where the error came from that ends the evaluation.
    private(set) var failure: (element: Int?, position: SourcePosition)?

    private static let maxTrace = 1000
    private static let maxDiagnostics = 200

    /// Values that are known in one invocation of a decision service, or of the model itself.
    final class Frame {
        var values: [Int: Datum]
        /// Only the model itself is given values: what a service sees are its parameters.
        let given: GivenValues?

        init(_ values: [Int: Datum], given: GivenValues? = nil) {
            self.values = values
            self.given = given
        }
    }

    init(_ model: DecisionModel, keepsTrace: Bool) {
        self.model = model
        self.keepsTrace = keepsTrace
    }

    // MARK: Reporting

    func report(_ code: String, _ message: String, at position: SourcePosition) {
        guard diagnostics.count < DecisionSession.maxDiagnostics else { return }
        let element = current.map { model.elements[$0] }
        diagnostics.append(
            Diagnostic(
                severity: .warning, code: code, file: element?.file ?? "", position: position, element: element?.id,
                message: message))
    }

    func report(_ problem: Diagnostic) {
        if diagnostics.count < DecisionSession.maxDiagnostics { diagnostics.append(problem) }
    }

    func failed(at position: SourcePosition) {
        if failure == nil { failure = (current, position) }
    }

    /// Why the evaluation ended, as a diagnostic of the file.
    func diagnostic(of error: ExpressionError) -> Diagnostic {
        let element = failure?.element.map { model.elements[$0] }
        return Diagnostic(
            code: error.kind == .limit ? "evaluation-limit" : "expression", file: element?.file ?? "",
            position: failure?.position ?? SourcePosition(line: 0, column: 0), element: element?.id,
            message: error.description)
    }

    func record(_ step: @autoclosure () throws(ExpressionError) -> DecisionTrace) throws(ExpressionError) {
        guard keepsTrace else { return }
        if trace.count < DecisionSession.maxTrace { trace.append(try step()) } else { traceOmitted += 1 }
    }

    // MARK: Elements

    /// Evaluates elements, after all that they require and that `frame` does not have, without recursion.
    func evaluate(_ goals: [Int], in frame: Frame, _ evaluator: inout Evaluator) throws(ExpressionError) {
        var needed: [Int] = []
        var seen: Set<Int> = []
        var waiting = goals
        while let number = waiting.popLast() {
            guard frame.values[number] == nil, seen.insert(number).inserted else { continue }
            if let given = frame.given, !given.isEmpty, !goals.contains(number),
                let value = try self.given(given, for: number, &evaluator)
            {
                frame.values[number] = value
                continue
            }
            guard model.elements[number].isDecision else { continue }
            needed.append(number)
            for requirement in model.elements[number].requirements { waiting.append(requirement.element) }
        }
        needed.sort { model.rank[$0] < model.rank[$1] }
        for number in needed {
            try evaluator.spend(1)
            frame.values[number] = try decide(number, in: frame, &evaluator)
        }
    }

    /// The value that is given for an element, as its type has it; nil if none is.
    func given(
        _ values: GivenValues, for number: Int, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum? {
        let element = model.elements[number]
        guard let input = values.value(for: element, of: model) else { return nil }
        let outer = current
        current = number
        defer { current = outer }
        let value = input.isText ? fromText(input.value, as: element.type, nesting: 0) : input.value
        return try coerce(evaluator.resolved(value), to: element.type, at: element.position, &evaluator)
    }

    private func decide(
        _ number: Int, in frame: Frame, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        let element = model.elements[number]
        guard case .decision(let logic?) = element.kind else { return .null }
        let outer = current
        current = number
        defer { current = outer }
        let binding = visible(to: element, in: frame)
        let result = try evaluate(logic, binding, &evaluator)
        let value = try coerce(result, to: element.type, at: element.position, &evaluator)
        try record(
            DecisionTrace(
                kind: .decision, id: element.id, name: element.name, value: try evaluator.json(of: value), inputs: [],
                matched: []))
        return value
    }

    /// What the logic of an element can name: what it requires, by name or in the context of an import.
    private func visible(to element: Element, in frame: Frame?) -> Binding? {
        var members: OrderedDictionary<String, Datum> = [:]
        for requirement in element.requirements {
            let required = model.elements[requirement.element]
            let value = value(of: requirement.element, in: frame)
            guard let importName = requirement.importName, !importName.isEmpty else {
                members[required.variable] = value
                continue
            }
            var imported: OrderedDictionary<String, Datum> = [:]
            if case .context(let others)? = members[importName] { imported = others }
            imported[required.variable] = value
            members[importName] = .context(imported)
        }
        for requirement in element.requirements where requirement.importName == nil {
            let value = value(of: requirement.element, in: frame)
            for output in outputs(of: model.elements[requirement.element], value) where members[output.name] == nil {
                members[output.name] = output.value
            }
        }
        return members.isEmpty ? nil : Binding(members: members, in: nil)
    }

    /// The outputs of a decision's table by their own names, as Camunda knows what is required. Names that FEEL has functions by
    /// are theirs; of a table without a result there is nothing.
    private func outputs(of element: Element, _ value: Datum) -> [(name: String, value: Datum)] {
        guard case .decision(let logic?) = element.kind, case .table(let table) = logic.kind, !value.isNull else {
            return []
        }
        return table.outputs.compactMap { output in
            guard !output.label.isEmpty, !ExpressionNames.isBuiltIn(output.label) else { return nil }
            if table.outputs.count == 1 { return (output.label, value) }
            if case .list(let rows) = value {
                return (output.label, .list(rows.map { Self.member(output.name, of: $0) }))
            }
            return (output.label, Self.member(output.name, of: value))
        }
    }

    private static func member(_ name: String, of value: Datum) -> Datum {
        if case .context(let members) = value { return members[name] ?? .null }
        return .null
    }

    private func value(of number: Int, in frame: Frame?) -> Datum {
        switch model.elements[number].kind {
        case .input, .decision: frame?.values[number] ?? .null
        case .knowledge(let function): self.function(function, closure: nil)
        case .service(let service): function(service.function, closure: nil)
        }
    }

    func function(_ number: Int, closure: Binding?) -> Datum {
        let function = model.functions[number]
        return .function(
            FunctionValue(
                HostFunction(
                    name: function.name, parameters: function.parameters, result: function.result, number: number,
                    closure: closure)))
    }

    // MARK: Services and knowledge

    /// The value of a decision service, given the values of its parameters.
    func serve(
        _ number: Int, _ arguments: [Datum], _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        let element = model.elements[number]
        guard case .service(let service) = element.kind else { return .null }
        let outer = current
        current = number
        defer { current = outer }
        let frame = Frame(Dictionary(zip(service.inputs, arguments)) { first, _ in first })
        try evaluate(service.outputs, in: frame, &evaluator)
        var value = Datum.null
        if service.outputs.count == 1 {
            value = frame.values[service.outputs[0]] ?? .null
        } else {
            var members: OrderedDictionary<String, Datum> = [:]
            for output in service.outputs { members[model.elements[output].variable] = frame.values[output] ?? .null }
            value = .context(members)
        }
        value = try coerce(value, to: element.type, at: element.position, &evaluator)
        try record(
            DecisionTrace(
                kind: .service, id: element.id, name: element.name, value: try evaluator.json(of: value), inputs: [],
                matched: []))
        return value
    }

    private func knowledgeBinding(of number: Int) -> Binding {
        if let known = knowledgeBindings[number] { return known }
        let element = model.elements[number]
        let binding = Binding(
            element.variable, value(of: number, in: nil), in: visible(to: element, in: nil))
        knowledgeBindings[number] = binding
        return binding
    }

    // MARK: Types

    /// JSON has no temporal values: their texts stand where the model has their types.
    func fromText(_ value: Datum, as type: ExpressionType, nesting: Int) -> Datum {
        guard nesting < 50 else { return value }
        switch (value, type) {
        case (_, .named(let name)):
            return model.types[name].map { fromText(value, as: $0.type, nesting: nesting + 1) } ?? value
        case (.list(let items), .list(let element)):
            return .list(items.map { fromText($0, as: element, nesting: nesting + 1) })
        case (.context(let members), .context(let types, _)):
            var converted = members
            for type in types {
                converted[type.name] = members[type.name].map { fromText($0, as: type.type, nesting: nesting + 1) }
            }
            return .context(converted)
        case (.string(let text), .date), (.string(let text), .time), (.string(let text), .dateTime),
            (.string(let text), .daysTimeDuration), (.string(let text), .yearsMonthsDuration):
            return TemporalText.parse(text) ?? value
        default: return value
        }
    }

    /// The value as the type has it; null, with a diagnostic, if it does not fit.
    func coerce(
        _ value: Datum, to type: ExpressionType, at position: SourcePosition, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        if type == .any || value.isNull { return value }
        if let converted = try evaluator.convert(value, to: type) { return converted }
        if let current, model.elements[current].followsCamunda,
            let converted = CamundaTypes.convert(value, to: type)
        {
            return evaluator.resolved(converted)
        }
        report("type", "\(value.kindName) is not of the type \(type): null instead", at: position)
        return .null
    }
}

extension DecisionSession: EvaluationHost {
    func call(
        _ function: HostFunction, with arguments: [Datum], in evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        guard model.functions.indices.contains(function.number) else { return .null }
        let called = model.functions[function.number]
        let place = current.map { model.elements[$0].position } ?? SourcePosition(line: 0, column: 0)
        var converted: [Datum] = []
        for (parameter, value) in zip(called.parameters, arguments) {
            guard let fitting = try evaluator.convert(value, to: parameter.type) else {
                report(
                    "type", "\(value.kindName) does not fit the parameter \(parameter.name) of \(called.name)",
                    at: place)
                return .null
            }
            converted.append(fitting)
        }
        let outer = current
        defer { current = outer }
        let body: Boxed
        var binding: Binding?
        switch called.body {
        case .service(let number): return try serve(number, converted, &evaluator)
        case .boxed(let boxed):
            body = boxed
            binding = function.closure
        case .knowledge(let number, let boxed):
            body = boxed
            binding = knowledgeBinding(of: number)
            current = number
        }
        for (parameter, value) in zip(called.parameters, converted) {
            binding = Binding(parameter.name, value, in: binding)
        }
        let result = try evaluate(body, binding, &evaluator)
        return try coerce(result, to: called.result, at: body.position, &evaluator)
    }

    func isInstance(
        _ value: Datum, ofType name: String, converting: Bool, in evaluator: inout Evaluator
    ) throws(ExpressionError) -> Bool? {
        guard let type = model.types[name] else { return nil }
        return try evaluator.nested { evaluator throws(ExpressionError) in
            guard try evaluator.isInstance(value, of: type.type, converting: converting) != false else { return false }
            guard converting, let allowed = type.allowed else { return true }
            // Of a collection, the items are constrained.
            let values: [Datum]
            if case .list(let items) = value, case .list = type.type { values = items } else { values = [value] }
            for item in values where !item.isNull {
                if try evaluator.evaluate(allowed, in: Binding("?", item, in: nil)) != .bool(true) { return false }
            }
            return true
        }
    }
}
