package import ProcessEngine
package import Values

/// What an agent says about an attempt: a result message, read and checked.
package struct TaskReport: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        case started
        /// 0…1 or nil; a progress without a value is a heartbeat.
        case progress(Double?, message: String?)
        /// A named event of the contract, with its payload.
        case event(name: String, payload: JSON)
        case completed(output: JSON)
        case failed(TaskFailure)
        case error(BPMNError)
        /// The bus could not hand the task over: back to waiting, no retry spent, not before this pause.
        case released(pause: Duration)
        /// The message was in its queue for longer than it may: back to waiting, unless an agent works on the task, whose connection
        /// ended and gave the message back to a queue that it may not wait in any more.
        case expired
        /// No queue takes the contract: an incident.
        case unroutable(message: String)
    }
    package var task: TaskID
    package var attempt: Int
    package var token: String
    package var content: Content

    package init(task: TaskID, attempt: Int, token: String, content: Content) {
        self.task = task
        self.attempt = attempt
        self.token = token
        self.content = content
    }
}
