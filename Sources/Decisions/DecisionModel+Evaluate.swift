package import Expressions
package import Values

/// What an evaluation may know and cost.
package struct DecisionOptions: Sendable {
    /// What `now()` and `today()` answer.
    package var now: Timestamp
    package var zones: any ZoneRules
    /// For the evaluation as a whole.
    package var limits: EvaluationLimits
    package var keepsTrace: Bool
    /// What expressions may read that the model does not bind. Nothing, says DMN; models of Camunda's modeler read variables of the
    /// process without drawing them as inputs.
    package var variables: (any VariableScope)?

    package init(
        now: Timestamp, zones: any ZoneRules = FixedZones(), limits: EvaluationLimits = .standard,
        keepsTrace: Bool = true, variables: (any VariableScope)? = nil
    ) {
        self.now = now
        self.zones = zones
        self.limits = limits
        self.keepsTrace = keepsTrace
        self.variables = variables
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
        guard let number = number(of: name) else {
            throw Diagnostics(
                Diagnostic(
                    code: "unknown-decision", message: "there is no decision \(name)",
                    suggestion: "the model has \(decisions.prefix(20).map(\.name).joined(separator: ", "))"))
        }
        let session = DecisionSession(self, keepsTrace: options.keepsTrace)
        var evaluator = Evaluator(
            language: .feel, scope: UnboundNames(options), limits: options.limits,
            host: session)
        do throws(ExpressionError) {
            let value = try self.value(of: number, GivenValues(inputs), session, &evaluator)
            return DecisionResult(
                value: value, trace: session.trace, traceOmitted: session.traceOmitted,
                diagnostics: session.diagnostics, json: try evaluator.json(of: value))
        } catch {
            throw Diagnostics(session.diagnostic(of: error))
        }
    }

    private func value(
        of number: Int, _ given: GivenValues, _ session: DecisionSession, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        switch elements[number].kind {
        case .input: return .null
        case .decision:
            let frame = DecisionSession.Frame([:], given: given)
            try session.evaluate([number], in: frame, &evaluator)
            return frame.values[number] ?? .null
        case .service(let service):
            var arguments: [Datum] = []
            for input in service.inputs {
                arguments.append(try session.given(given, for: input, &evaluator) ?? .null)
            }
            return try session.serve(number, arguments, &evaluator)
        case .knowledge(let function):
            let arguments = functions[function].parameters.map { given.value(named: $0.name) ?? .null }
            guard case .function(let value) = session.function(function, closure: nil) else { return .null }
            return try evaluator.apply(value, to: arguments)
        }
    }
}

/// What expressions read that the model does not bind.
private struct UnboundNames: VariableScope {
    let now: Timestamp
    let zones: any ZoneRules
    private let variables: (any VariableScope)?

    init(_ options: DecisionOptions) {
        now = options.now
        zones = options.zones
        variables = options.variables
    }

    var names: [String] { variables?.names ?? [] }

    func lookup(_ name: String) -> JSON? { variables?.lookup(name) }
}
