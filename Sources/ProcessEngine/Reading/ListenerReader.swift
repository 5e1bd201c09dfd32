import Expressions
import Values

/// An expression that is evaluated when an activity starts, ends, or a user task is made or completed. Nothing comes of
/// its value; if it fails, that is an incident.
struct Listener: Sendable, Hashable {
    enum Moment: String, Sendable, Hashable { case start, end, create, complete }

    let moment: Moment
    let expression: Expression
}

/// Reads `camunda:executionListener` and `camunda:taskListener`. Those that are code are refused.
enum ListenerReader {
    static func read(_ node: SourceNode, element: ElementID, reader: inout DefinitionReader) -> [Listener] {
        var listeners: [Listener] = []
        for name in ["executionListener", "taskListener"] {
            for listener in node.extensions(named: name, namespace: BPMN.camunda) {
                guard let text = listener.attribute("expression") else {
                    reader.report(
                        "host-language", listener, element: element,
                        "a <camunda:\(name)> that is no expression runs code inside the engine, which is not supported",
                        "let an agent do it in a task of its own")
                    continue
                }
                guard let moment = Listener.Moment(rawValue: listener.attribute("event") ?? "") else {
                    reader.reportUnsupported(
                        listener, element: element, "a <camunda:\(name)> for \"\(listener.attribute("event") ?? "")\"")
                    continue
                }
                if let expression = reader.valueExpression(text, node: listener, element: element) {
                    listeners.append(Listener(moment: moment, expression: expression))
                }
            }
        }
        return listeners
    }
}

extension Step {
    /// Loops have no listeners of their own: their runs have.
    mutating func runListeners(_ moment: Listener.Moment, of number: Int) throws(IncidentCause) {
        let activity = activity(number)
        for listener in definition.listeners(of: activity.element) where listener.moment == moment {
            do {
                _ = try listener.expression.evaluate(in: visibleVariables(of: number))
            } catch {
                throw IncidentCause(
                    .expressionFailed, "the \(moment.rawValue) listener of \(activity.element) failed: \(error)")
            }
        }
    }
}
