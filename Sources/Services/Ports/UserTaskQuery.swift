package import ProcessEngine
package import Values

/// An open user task, with what a list shows of its instance.
package struct IndexedUserTask: Sendable, Hashable {
    package var instance: InstanceID
    package var task: OpenUserTask
    package var createdAt: Timestamp
    /// Name of the workflow contract, else of the BPMN process.
    package var workflow: String
    package var businessKey: String?
    /// Its instance is suspended: it cannot be completed.
    package var isSuspended: Bool

    package init(
        instance: InstanceID, task: OpenUserTask, createdAt: Timestamp, workflow: String, businessKey: String?,
        isSuspended: Bool
    ) {
        self.instance = instance
        self.task = task
        self.createdAt = createdAt
        self.workflow = workflow
        self.businessKey = businessKey
        self.isSuspended = isSuspended
    }

    package var id: TaskID { TaskID(instance: instance, number: task.number) }
}

package struct UserTaskQuery: Sendable, Hashable {
    package enum Assignee: Sendable, Hashable {
        case somebody(String)
        case nobody
    }

    package var instance: InstanceID?
    /// Name of the workflow contract, or of the BPMN process.
    package var workflow: String?
    /// Of the task's instance.
    package var businessKey: String?
    package var assignee: Assignee?
    package var candidateUser: String?
    /// Any of these; empty: whatever groups.
    package var candidateGroups: [String] = []
    package var dueBefore: Timestamp?
    package var dueAfter: Timestamp?
    /// To be looked at before then; also those without a follow-up date.
    package var followUpBefore: Timestamp?
    package var minPriority: Int?
    package var page = PageRequest()
    package init() {}
}
