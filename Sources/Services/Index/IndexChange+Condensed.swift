import ProcessEngine
package import Values

extension IndexChange {
    /// The same in fewer changes: a task that is over by the end of the batch is written once, as it ended. Under load that is
    /// most of them. The changes are of rows that follow each other in the journal, where a task is created once.
    package static func condensed(_ changes: [IndexChange]) -> [IndexChange] {
        var condensed: [IndexChange] = []
        condensed.reserveCapacity(changes.count)
        /// Where the creation of a task stands.
        var creations: [TaskID: Int] = [:]
        for change in changes {
            switch change {
            case .taskCreated(let task):
                if creations[task.id] == nil { creations[task.id] = condensed.count }
                condensed.append(change)
            case .taskChanged(let id, let state, let message, let at):
                guard let place = creations[id], case .taskCreated(var task) = condensed[place] else {
                    condensed.append(change)
                    continue
                }
                task.change(to: state, message, at: at)
                condensed[place] = .taskCreated(task)
            case .migrated(let instance, _):
                // It renames what is open at this moment: what comes later stays later.
                creations = creations.filter { $0.key.instance != instance }
                condensed.append(change)
            case .instanceStarted, .instanceEnded, .incidents, .suspension, .userTaskCreated, .userTaskClaimed,
                .userTaskEnded:
                condensed.append(change)
            }
        }
        return condensed
    }
}

extension IndexedTaskState {
    package var isOver: Bool {
        switch self {
        case .completed, .error, .canceled: true
        case .open, .incident: false
        }
    }
}

extension IndexedTask {
    /// A task that is over stays as it is.
    package mutating func change(to state: IndexedTaskState, _ message: String?, at time: Timestamp) {
        guard endedAt == nil else { return }
        self.state = state
        self.message = message
        if state.isOver { endedAt = time }
    }
}
