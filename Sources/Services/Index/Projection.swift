import ProcessEngine
package import Values

/// What the journal means for the index. Pure: one row in, its changes out.
package enum Projection {
    /// Half of what a journal holds, and nothing to the index.
    private static let movements: Set<String> = ["activityEntered", "activityCompleted", "flowTaken", "variablesSet"]

    package static func changes(of row: JournalRow) throws(Diagnostics) -> [IndexChange] {
        var changes: [IndexChange] = []
        for event in try EventCoding.decode(row.events, leavingOut: movements) {
            if let change = change(for: event, in: row) { changes.append(change) }
            if case .incidentRaised(let incident) = event, let task = incident.task {
                let id = TaskID(instance: row.instance, number: task)
                changes.append(.taskChanged(id, state: .incident, message: incident.message, at: row.at))
            }
        }
        return changes
    }

    private static func change(for event: Event, in row: JournalRow) -> IndexChange? {
        let instance = row.instance
        func ended(_ task: Int, _ state: IndexedTaskState, _ message: String? = nil) -> IndexChange {
            .taskChanged(TaskID(instance: instance, number: task), state: state, message: message, at: row.at)
        }
        switch event {
        case .instanceStarted(let start):
            return .instanceStarted(
                IndexedInstance(
                    id: instance, definition: start.definition, labels: start.labels.indexed,
                    businessKey: start.businessKey, state: .running, startedAt: row.at))
        case .instanceEnded(let end):
            switch end {
            case .completed: return .instanceEnded(instance, state: .completed, message: nil, at: row.at)
            case .completedWithError(let code, let message):
                let text = message.map { "\(code): \($0)" } ?? code
                return .instanceEnded(instance, state: .completedWithError, message: text, at: row.at)
            case .canceled(let reason): return .instanceEnded(instance, state: .canceled, message: reason, at: row.at)
            }
        case .taskCreated(let task):
            return .taskCreated(
                IndexedTask(
                    id: TaskID(instance: instance, number: task.task), element: task.element, contract: task.contract,
                    state: .open, createdAt: row.at))
        case .taskCompleted(let task): return ended(task, .completed)
        case .taskErrorThrown(let task, let code, let message):
            return ended(task, .error, message.map { "\(code): \($0)" } ?? code)
        case .taskCanceled(let task): return ended(task, .canceled)
        case .taskFailed(let failure):
            return ended(failure.task, .open, failure.message)
        case .taskRetried(let task, _, _): return ended(task, .open)
        case .incidentRaised(let incident): return .incidents(instance, change: 1, message: incident.message)
        case .userTask(let event): return Self.change(for: event, in: row)
        case .suspended: return .suspension(instance, true)
        case .resumed: return .suspension(instance, false)
        case .incidentResolved: return .incidents(instance, change: -1, message: nil)
        case .migrated(let migrated): return .migrated(instance, migrated)
        case .activityEntered, .activityCompleted, .activityCanceled, .flowTaken, .tokenArrived, .tokensJoined,
            .scopeOpened,
            .scopeClosed, .variablesSet, .timerScheduled, .timerFired, .timerCanceled, .errorCaught, .taskEventRecorded,
            .outputKept, .outputMapped, .subscription, .loop, .compensation, .call, .thrown,
            .decisionEvaluated, .savePointReached, .held:
            return nil
        }
    }

    private static func change(for event: UserTaskEvent, in row: JournalRow) -> IndexChange {
        func id(_ number: Int) -> TaskID { TaskID(instance: row.instance, number: number) }
        switch event {
        case .created(let task): return .userTaskCreated(row.instance, task, at: row.at)
        case .claimed(let number, let assignee): return .userTaskClaimed(id(number), assignee: assignee)
        case .completed(let number), .errorThrown(let number, _, _), .canceled(let number):
            return .userTaskEnded(id(number))
        }
    }
}
