package import Expressions
import Values

/// `bpmn:multiInstanceLoopCharacteristics` and `bpmn:standardLoopCharacteristics`: how often an activity runs.
package struct LoopCharacteristics: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// So many runs, over the items of a collection, or both: over the first so many items, as in Camunda 7.
        case instances(cardinality: Expression?, collection: Expression?)
        /// As long as a condition holds, at most `maximum` times.
        case standard(condition: Expression?, maximum: Int?, testsBefore: Bool)
    }

    package let kind: Kind
    package let isSequential: Bool
    package let elementVariable: String?
    package let completionCondition: Expression?
    package let outputCollection: String?
    package let outputElement: Expression?
    /// What each run has a variable of its own for, from which `outputElement` is.
    package let outputVariable: String?
    /// What `loopCounter` is in the first run: 0 for Camunda 7, 1 for Camunda 8.
    package let firstIndex: Int

    /// More would not fit a journal row.
    private static let maxRuns = 1_000_000

    struct Runs {
        var count: Int?
        var items: [JSON]
    }

    /// How often it runs, and over what.
    func runs(in variables: VisibleVariables, element: ElementID) throws(IncidentCause) -> Runs {
        guard case .instances(let cardinality, let collection) = kind else { return Runs(count: nil, items: []) }
        let count = try cardinality.map { (cardinality) throws(IncidentCause) in
            try Self.count(cardinality, in: variables, element)
        }
        guard let collection else { return Runs(count: count ?? 0, items: []) }
        let items = try Self.items(collection, in: variables, element)
        guard let count else { return Runs(count: items.count, items: items) }
        guard count <= items.count else {
            throw IncidentCause(
                .expressionFailed, "\(element) is to run \(count) times, over a collection of \(items.count) items")
        }
        return Runs(count: count, items: Array(items.prefix(count)))
    }

    private static func items(
        _ collection: Expression, in variables: VisibleVariables, _ element: ElementID
    ) throws(IncidentCause) -> [JSON] {
        guard let items = try value(of: collection, in: variables, "the collection", element).elements() else {
            throw IncidentCause(.expressionFailed, "the collection of \(element) is not a list")
        }
        guard items.count <= maxRuns else {
            throw IncidentCause(
                .expressionFailed, "the collection of \(element) has \(items.count) items, more than \(maxRuns)")
        }
        return items
    }

    private static func count(
        _ cardinality: Expression, in variables: VisibleVariables, _ element: ElementID
    ) throws(IncidentCause) -> Int {
        let value = try value(of: cardinality, in: variables, "the number of runs", element)
        let number = value.intValue ?? value.stringValue.flatMap { Int($0.trimmed) }
        guard let number, (0...maxRuns).contains(number) else {
            throw IncidentCause(
                .expressionFailed,
                "the number of runs of \(element) is \(value.text), not a whole number up to \(maxRuns)")
        }
        return number
    }

    /// Whether a loop with a condition runs once more.
    func continues(in variables: VisibleVariables, completed: Int) throws(IncidentCause) -> Bool {
        guard case .standard(let condition, let maximum, let testsBefore) = kind else { return true }
        if let maximum, completed >= maximum { return false }
        if completed == 0 && !testsBefore { return true }
        guard let condition else { return maximum != nil }
        do {
            return try condition.evaluateCondition(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "the loop condition failed: \(error)")
        }
    }

    /// Whether no run follows after so many.
    func isDone(in variables: VisibleVariables, completed: Int, count: Int?) throws(IncidentCause) -> Bool {
        if let completionCondition {
            do {
                if try completionCondition.evaluateCondition(in: variables) { return true }
            } catch {
                throw IncidentCause(.expressionFailed, "the completion condition failed: \(error)")
            }
        }
        if let count { return completed >= count }
        return try !continues(in: variables, completed: completed)
    }

    /// What a run adds to the output collection.
    func output(in variables: VisibleVariables, element: ElementID) throws(IncidentCause) -> JSON? {
        guard outputCollection != nil, let outputElement else { return nil }
        return try Self.value(of: outputElement, in: variables, "the output element", element)
    }

    private static func value(
        of expression: Expression, in variables: VisibleVariables, _ what: String, _ element: ElementID
    ) throws(IncidentCause) -> JSON {
        let value: JSON
        do {
            value = try expression.evaluate(in: variables)
        } catch {
            throw IncidentCause(.expressionFailed, "\(what) of \(element) failed: \(error)")
        }
        return try value.bounded("\(what) of \(element)")
    }
}
