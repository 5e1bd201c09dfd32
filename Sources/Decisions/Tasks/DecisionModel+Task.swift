package import Expressions
package import ProcessEngine
package import Values

extension DecisionModel {
    /// What a business rule task gets: the value of a decision in the shape that it asks for.
    ///
    /// A table that its inputs break is a failure here: a workflow must not go on with a null that nobody meant.
    ///
    /// - Parameter title: what the decision is called in failures.
    package func answer(
        _ decision: String, title: String, as shape: DecisionResultShape, with variables: any VariableScope
    ) throws(DecisionFailure) -> JSON {
        let inputs = inputNames.compactMap { name in
            variables.lookup(name).map { DecisionInput(name: name, value: Datum($0.decoded()), isText: true) }
        }
        let result: DecisionResult
        do {
            result = try evaluate(
                decision, inputs: inputs,
                options: DecisionOptions(
                    now: variables.now, zones: variables.zones, keepsTrace: false, variables: variables))
        } catch {
            throw DecisionFailure("\(title): " + error.all.map(Self.text).joined(separator: "; "))
        }
        let broken = result.diagnostics.filter { Self.breaking.contains($0.code) }
        guard broken.isEmpty else {
            throw DecisionFailure("\(title): " + broken.prefix(10).map(Self.text).joined(separator: "; "))
        }
        let form = resultForm(of: decision) ?? ResultForm(outputs: [decision], isList: false)
        return try DecisionResultRows(result.json, form).value(as: shape)
    }

    private static let breaking: Set<String> = ["hit-policy", "input-value", "output-value", "aggregation", "type"]

    private static func text(_ problem: Diagnostic) -> String {
        let place = [problem.element, problem.position.line > 0 ? "line \(problem.position.line)" : nil]
        let words = place.compactMap(\.self).joined(separator: ", ")
        return words.isEmpty ? problem.message : "\(problem.message) (\(words))"
    }
}
