import Expressions
import Values

/// An expression that is evaluated when something happens to an activity, a user task, a flow or the process. The changes that
/// it asks for are carried out; nothing else comes of its value. If it fails, that is an incident.
struct Listener: Sendable, Hashable {
    enum Moment: String, Sendable, Hashable {
        case start, end, take
        case create, assignment, update, complete, delete
    }

    let moment: Moment
    let expression: Expression
}

/// Reads `camunda:executionListener` and `camunda:taskListener`. Those that are code are refused.
enum ListenerReader {
    private static let ofFlows: Set<Listener.Moment> = [.take]
    private static let ofExecutions: Set<Listener.Moment> = [.start, .end]
    private static let ofTasks: Set<Listener.Moment> = [.create, .assignment, .update, .complete, .delete]

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
                let event = listener.attribute("event") ?? (node.name == "sequenceFlow" ? "take" : "")
                let moments =
                    name == "taskListener" ? ofTasks : node.name == "sequenceFlow" ? ofFlows : ofExecutions
                guard let moment = Listener.Moment(rawValue: event), moments.contains(moment) else {
                    reader.reportUnsupported(
                        listener, element: element, "a <camunda:\(name)> for \"\(event)\"",
                        event == "timeout"
                            ? "put a timer boundary event with cancelActivity=\"false\" on the task"
                            : "its events are \(moments.map(\.rawValue).sorted().joined(separator: ", "))")
                    continue
                }
                let expression = reader.valueExpression(text, node: listener, element: element, mayChange: true)
                guard let expression, isPossible(expression, at: moment, listener, element, &reader) else { continue }
                listeners.append(Listener(moment: moment, expression: expression))
            }
        }
        return listeners
    }

    /// A task that exists can only be given to somebody else; one that is over cannot change at all.
    private static func isPossible(
        _ expression: Expression, at moment: Listener.Moment, _ node: SourceNode, _ element: ElementID,
        _ reader: inout DefinitionReader
    ) -> Bool {
        for call in expression.hostCalls where call.isChange && !call.method.hasPrefix("setVariable") {
            switch moment {
            case .create: continue
            case .assignment, .update: if call.method == "setAssignee" { continue }
            case .start, .end, .take, .complete, .delete: break
            }
            reader.report(
                "host-language", node, element: element,
                "\(call) is not possible in a listener for \"\(moment.rawValue)\"", "do it in one for \"create\"")
            return false
        }
        return true
    }
}
