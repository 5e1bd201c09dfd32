/// What happens to user tasks. A user task is a wait state; lists of tasks are made from these events.
package enum UserTaskEvent: Sendable, Hashable {
    case created(OpenUserTask)
    /// Nil: given back.
    case claimed(userTask: Int, assignee: String?)
    case completed(userTask: Int)
    case errorThrown(userTask: Int, code: String, message: String?)
    /// It went away with its activity.
    case canceled(userTask: Int)
}
