package import Expressions
import OrderedCollections
package import Values

/// What an evaluation may know and cost.
package struct DecisionOptions: Sendable {
    /// What `now()` and `today()` answer.
    package var now: Timestamp
    package var zones: any ZoneRules
    /// For the evaluation as a whole.
    package var limits: EvaluationLimits
    package var keepsTrace: Bool

    package init(
        now: Timestamp, zones: any ZoneRules = FixedZones(), limits: EvaluationLimits = .standard,
        keepsTrace: Bool = true
    ) {
        self.now = now
        self.zones = zones
        self.limits = limits
        self.keepsTrace = keepsTrace
    }
}

extension DecisionModel {
    /// The value of a decision, decision service or business knowledge model, by id or name, and how it came about.
    ///
    /// Inputs are converted to the types that the model gives them, and null if they do not fit; an input that is not
    /// given is null. Throws if there is no such element and when a limit is exceeded; what an expression makes null is
    /// in the result's diagnostics.
    package func evaluate(
        _ name: String, inputs: [DecisionInput], options: DecisionOptions
    ) throws(Diagnostics) -> DecisionResult {
        guard
            let number = number(of: name, where: \.isDecision)
                ?? number(
                    of: name,
                    where: {
                        if case .input = $0.kind { return false }
                        return true
                    })
        else {
            throw Diagnostics(
                Diagnostic(
                    code: "unknown-decision", message: "there is no decision \(name)",
                    suggestion: "the model has \(decisions.prefix(20).map(\.name).joined(separator: ", "))"))
        }
        let session = DecisionSession(self, keepsTrace: options.keepsTrace)
        var evaluator = Evaluator(
            language: .feel, scope: EmptyScope(now: options.now, zones: options.zones), limits: options.limits,
            host: session)
        do throws(ExpressionError) {
            let value = try self.value(of: number, inputs, session, &evaluator)
            return DecisionResult(
                value: value, trace: session.trace, traceOmitted: session.traceOmitted,
                diagnostics: session.diagnostics, json: try evaluator.json(of: value))
        } catch {
            throw Diagnostics(session.diagnostic(of: error))
        }
    }

    private func value(
        of number: Int, _ inputs: [DecisionInput], _ session: DecisionSession, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        switch elements[number].kind {
        case .input: return .null
        case .decision:
            let frame = DecisionSession.Frame([:])
            for (index, element) in elements.enumerated() where index != number {
                guard let given = given(element, in: inputs) else { continue }
                frame.values[index] = try convert(given, for: index, session, &evaluator)
            }
            try session.evaluate([number], in: frame, &evaluator)
            return frame.values[number] ?? .null
        case .service(let service):
            var arguments: [Datum] = []
            for input in service.inputs {
                guard let given = given(elements[input], in: inputs) else {
                    arguments.append(.null)
                    continue
                }
                arguments.append(try convert(given, for: input, session, &evaluator))
            }
            return try session.serve(number, arguments, &evaluator)
        case .knowledge(let function):
            let arguments = functions[function].parameters.map { parameter in
                inputs.first { $0.name == parameter.name }?.value ?? .null
            }
            guard case .function(let value) = session.function(function, closure: nil) else { return .null }
            return try evaluator.apply(value, to: arguments)
        }
    }

    /// What is given for an input or instead of a decision. One of another file may also be given as a member of the
    /// import's name.
    private func given(_ element: Element, in inputs: [DecisionInput]) -> DecisionInput? {
        switch element.kind {
        case .input, .decision: break
        case .knowledge, .service: return nil
        }
        if let exact = inputs.first(where: { $0.namespace == element.namespace && $0.name == element.name }) {
            return exact
        }
        return inputs.first {
            $0.namespace == nil && ($0.name == element.name || $0.name.normalizedName == element.variable)
        }
    }

    private func convert(
        _ input: DecisionInput, for number: Int, _ session: DecisionSession, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        session.current = number
        defer { session.current = nil }
        let element = elements[number]
        let value = input.isText ? fromText(input.value, as: element.type, nesting: 0) : input.value
        return try session.coerce(evaluator.resolved(value), to: element.type, at: element.position, &evaluator)
    }

    /// JSON has no temporal values: their texts stand where the model has their types.
    private func fromText(_ value: Datum, as type: ExpressionType, nesting: Int) -> Datum {
        guard nesting < 50 else { return value }
        switch (value, type) {
        case (_, .named(let name)):
            return types[name].map { fromText(value, as: $0.type, nesting: nesting + 1) } ?? value
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
}

/// Expressions of a model read what it binds, and nothing else.
private struct EmptyScope: VariableScope {
    let now: Timestamp
    let zones: any ZoneRules
    let names: [String] = []

    func lookup(_ name: String) -> JSON? { nil }
}
