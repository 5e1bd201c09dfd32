package import Values

/// What came from outside while the instance was suspended, and is done when it goes on.
package enum HeldInput: Sendable, Hashable {
    case taskCompleted(task: Int, output: [Variable])
    case taskFailed(task: Int, TaskFailure)
    case taskErrorThrown(task: Int, BPMNError)
    case taskEvent(task: Int, name: String, payload: JSON)
    /// `isLast`: nothing more can come for the subscription.
    case correlated(subscription: Int, variables: [Variable], isLast: Bool)
    case signal(name: String, variables: [Variable])
    case callEnded(call: Int, CallOutcome)
    case escalationAnswered

    /// Of one that is for a subscription.
    var subscription: Int? {
        if case .correlated(let number, _, _) = self { number } else { nil }
    }

    /// What it asks of the instance once it goes on.
    var command: Command {
        switch self {
        case .taskCompleted(let task, let output): .completeTask(number: task, output: output)
        case .taskFailed(let task, let failure): .failTask(number: task, failure)
        case .taskErrorThrown(let task, let error): .throwError(number: task, error)
        case .taskEvent(let task, let name, let payload): .recordTaskEvent(number: task, name: name, payload: payload)
        case .correlated(let subscription, let variables, _):
            .correlate(subscription: subscription, variables: variables)
        case .signal(let name, let variables): .signal(name: name, variables: variables)
        case .callEnded(let call, let outcome): .endCall(call: call, outcome)
        case .escalationAnswered: .answerEscalation
        }
    }
}
