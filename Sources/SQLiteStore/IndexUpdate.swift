import GRDB
import ProcessEngine
import Services
import Values

/// What the index does with one change. An instance or task that is over stays as it is: then a change that comes again
/// finds nothing to do.
struct IndexUpdate {
    let database: Database
    /// By how much the counts of instances grow: stored once for all changes.
    private var counts: [InstanceID: (created: Int, done: Int)] = [:]

    init(database: Database) {
        self.database = database
    }

    /// After the last change.
    func finish() throws {
        for (instance, count) in counts.sorted(by: { $0.key < $1.key }) {
            try database.run(
                "UPDATE index_instance SET tasks_created = tasks_created + ?, tasks_done = tasks_done + ? WHERE id = ?",
                [count.created, count.done, instance.text])
        }
    }

    mutating func apply(_ change: IndexChange) throws {
        switch change {
        case .instanceStarted(let instance):
            try insert(instance)
        case .instanceEnded(let instance, let state, let message, let at):
            try database.run(
                """
                UPDATE index_instance SET state = ?, message = ?, ended_at = ?, open_incidents = 0
                WHERE id = ? AND ended_at IS NULL
                """, [state.rawValue, message, at.stored, instance.text])
        case .incidents(let instance, let change, let message):
            try changeIncidents(of: instance, by: change, message)
        case .suspension(let instance, let isSuspended):
            try database.run(
                """
                UPDATE index_instance SET state = iif(?1, ?2, iif(open_incidents > 0, ?3, ?4))
                WHERE id = ?5 AND ended_at IS NULL
                """,
                [
                    isSuspended, InstanceState.suspended.rawValue, InstanceState.incident.rawValue,
                    InstanceState.running.rawValue, instance.text,
                ])
        case .taskCreated(let task):
            try insert(task)
        case .taskChanged(let task, let state, let message, let at):
            try move(task, to: state, message, at)
        case .userTaskCreated(let instance, let task, let at): try insert(task, of: instance, at)
        case .userTaskClaimed(let task, let assignee):
            try database.run(
                "UPDATE index_user_task SET assignee = ? WHERE instance = ? AND number = ?",
                [assignee, task.instance.text, task.number])
        case .userTaskEnded(let task):
            for table in ["index_user_task", "index_candidate"] {
                try database.run(
                    "DELETE FROM \(table) WHERE instance = ? AND number = ?", [task.instance.text, task.number])
            }
        case .migrated(let instance, let migrated): try migrate(instance, migrated)
        }
    }

    private func insert(_ task: OpenUserTask, of instance: InstanceID, _ at: Timestamp) throws {
        try database.run(
            """
            INSERT OR REPLACE INTO index_user_task (
                instance, number, created_at, element, name, assignee, candidates, due_at, follow_up_at, form_key, priority
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                instance.text, task.number, at.stored, task.element.text, task.name, task.assignee,
                UserTaskCandidates(task).text, task.dueAt?.stored, task.followUpAt?.stored, task.formKey, task.priority,
            ])
        for (kind, names) in [("user", task.candidateUsers), ("group", task.candidateGroups)] {
            for name in names {
                try database.run(
                    "INSERT OR IGNORE INTO index_candidate (kind, name, instance, number) VALUES (?, ?, ?, ?)",
                    [kind, name, instance.text, task.number])
            }
        }
    }

    private func migrate(_ instance: InstanceID, _ migrated: Event.Migrated) throws {
        try database.run(
            """
            UPDATE index_instance SET definition = ?, process = ?, workflow = ?, workflow_version = ?
            WHERE id = ? AND ended_at IS NULL
            """,
            [
                migrated.definition.description, migrated.definition.process, migrated.workflow,
                migrated.workflowVersion, instance.text,
            ])
        guard !migrated.renamed.isEmpty else { return }
        let names = migrated.newNames
        for (table, open) in [("index_task", "ended_at IS NULL"), ("index_user_task", "true")] {
            let tasks = try database.all(
                "SELECT number, element FROM \(table) WHERE instance = ? AND \(open)", [instance.text]
            ) { (number: $0[0] as Int, element: $0[1] as String) }
            for task in tasks {
                guard let name = names[ElementID(task.element)] else { continue }
                try database.run(
                    "UPDATE \(table) SET element = ? WHERE instance = ? AND number = ?",
                    [name.text, instance.text, task.number])
            }
        }
    }

    private func insert(_ instance: IndexedInstance) throws {
        let metadata = instance.labels.metadata
        let isNew = try database.changes(
            """
            INSERT OR IGNORE INTO index_instance (
                id, definition, process, workflow, workflow_version, object_id, started_by, metadata, business_key,
                state, started_at, ended_at, message, open_incidents, tasks_created, tasks_done, restarted_from
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                instance.id.text, instance.definition.description, instance.definition.process,
                instance.labels.workflow,
                instance.labels.workflowVersion, instance.labels.objectID, instance.labels.startedBy,
                IndexColumns.text(of: metadata), instance.businessKey, instance.state.rawValue,
                instance.startedAt.stored,
                instance.endedAt?.stored, instance.message, instance.openIncidents, instance.tasksCreated,
                instance.tasksDone, instance.labels.restartedFrom?.text,
            ])
        guard isNew else { return }
        for pair in metadata {
            try database.run(
                "INSERT OR IGNORE INTO index_metadata (name, value, started_at, instance) VALUES (?, ?, ?, ?)",
                [pair.name, pair.value.canonical.text, instance.startedAt.stored, instance.id.text])
        }
    }

    private func changeIncidents(of instance: InstanceID, by change: Int, _ message: String?) throws {
        let count = "max(open_incidents + ?1, 0)"
        try database.run(
            """
            UPDATE index_instance SET open_incidents = \(count),
                state = iif(state = ?6, state, iif(\(count) > 0, ?2, ?3)),
                message = iif(?1 > 0, ?4, iif(\(count) > 0, message, NULL))
            WHERE id = ?5 AND ended_at IS NULL
            """,
            [
                change, InstanceState.incident.rawValue, InstanceState.running.rawValue, message, instance.text,
                InstanceState.suspended.rawValue,
            ])
    }

    private mutating func insert(_ task: IndexedTask) throws {
        let isNew = try database.changes(
            """
            INSERT OR IGNORE INTO index_task (
                instance, number, element, contract, major, state, created_at, ended_at, message
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                task.id.instance.text, task.id.number, task.element.text, task.contract.name, task.contract.major,
                task.state.rawValue, task.createdAt.stored, task.endedAt?.stored, task.message,
            ])
        guard isNew else { return }
        counts[task.id.instance, default: (0, 0)].created += 1
        if task.endedAt != nil { counts[task.id.instance, default: (0, 0)].done += 1 }
    }

    private mutating func move(_ task: TaskID, to state: IndexedTaskState, _ message: String?, _ at: Timestamp) throws {
        let isOver = state.isOver
        let moved = try database.changes(
            """
            UPDATE index_task SET state = ?, message = ?, ended_at = ?
            WHERE instance = ? AND number = ? AND ended_at IS NULL
            """, [state.rawValue, message, isOver ? at.stored : nil, task.instance.text, task.number])
        if moved, isOver { counts[task.instance, default: (0, 0)].done += 1 }
    }
}
