package import ProcessEngine
package import Values

/// What changes of the index come to, in memory: what every index store shows after the same changes.
package struct IndexContents: Sendable {
    /// Of the last journal row that it shows.
    package var position: Int64 = 0
    package var instances: [InstanceID: IndexedInstance] = [:]
    package var tasks: [TaskID: IndexedTask] = [:]
    package var userTasks: [TaskID: (task: OpenUserTask, createdAt: Timestamp)] = [:]

    package init() {}

    package mutating func apply(_ change: IndexChange) {
        switch change {
        case .instanceStarted(let instance):
            if instances[instance.id] == nil { instances[instance.id] = instance }
        case .instanceEnded(let id, let newState, let message, let at):
            update(id) { instance in
                instance.state = newState
                instance.message = message
                instance.endedAt = at
                instance.openIncidents = 0
            }
        case .incidents(let id, let change, let message):
            update(id) { $0.count(incidents: change, message: message) }
        case .suspension(let id, let isSuspended): update(id) { $0.suspend(isSuspended) }
        case .migrated(let instance, let migrated):
            update(instance) { $0.migrate(migrated) }
            let names = migrated.newNames
            for (task, row) in tasks where task.instance == instance && row.endedAt == nil {
                tasks[task]?.element = names[row.element] ?? row.element
            }
            for (id, row) in userTasks where id.instance == instance {
                userTasks[id]?.task.element = names[row.task.element] ?? row.task.element
            }
        case .taskCreated(let task):
            guard tasks[task.id] == nil else { return }
            tasks[task.id] = task
            instances[task.id.instance]?.tasksCreated += 1
            if task.endedAt != nil { instances[task.id.instance]?.tasksDone += 1 }
        case .taskChanged(let id, let newState, let message, let at):
            guard var task = tasks[id], task.endedAt == nil else { return }
            task.change(to: newState, message, at: at)
            if task.endedAt != nil { instances[id.instance]?.tasksDone += 1 }
            tasks[id] = task
        case .userTaskCreated(let instance, let task, let at):
            userTasks[TaskID(instance: instance, number: task.number)] = (task, at)
        case .userTaskClaimed(let id, let assignee): userTasks[id]?.task.assignee = assignee
        case .userTaskEnded(let id): userTasks[id] = nil
        }
    }

    /// An instance that is over stays as it is: then a change that comes again finds nothing to do.
    private mutating func update(_ id: InstanceID, _ change: (inout IndexedInstance) -> Void) {
        guard var instance = instances[id], instance.endedAt == nil else { return }
        change(&instance)
        instances[id] = instance
    }
}
