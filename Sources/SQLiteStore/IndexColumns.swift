import GRDB
import ProcessEngine
import Services
import Values

/// The columns of an instance and of a task in the index, and how they are read.
enum IndexColumns {
    static let instance = """
        id, definition, workflow, workflow_version, object_id, started_by, metadata, business_key, state, \
        index_instance.started_at, ended_at, message, open_incidents, tasks_created, tasks_done, \
        restarted_from
        """

    static func instance(_ row: StoredRow) throws -> IndexedInstance {
        IndexedInstance(
            id: InstanceID(row[0]), definition: try row.definitionID(1),
            labels: InstanceLabels(
                workflow: row[2], workflowVersion: row[3], objectID: row[4], startedBy: row[5],
                metadata: try variables(row[6]),
                restartedFrom: (row[15] as String?).map { InstanceID($0) }),
            businessKey: row[7], state: try row.parsed(8, InstanceState.init(rawValue:)), startedAt: row.timestamp(9),
            endedAt: row.optionalTimestamp(10), message: row[11], openIncidents: row[12], tasksCreated: row[13],
            tasksDone: row[14])
    }

    static let task = """
        index_task.instance AS task_instance, index_task.number AS task_number, index_task.element, \
        index_task.contract, index_task.major, index_task.state, index_task.created_at, index_task.ended_at, \
        index_task.message, \(SQLiteStore.taskColumns)
        """

    static func task(_ row: StoredRow) throws -> IndexedTask {
        let first = 9
        let isLive = !row.isNull(first)
        return IndexedTask(
            id: row.taskID(0, 1), element: ElementID(row[2]), contract: ContractKey(name: row[3], major: row[4]),
            state: try row.parsed(5, IndexedTaskState.init(rawValue:)), createdAt: row.timestamp(6),
            endedAt: row.optionalTimestamp(7), message: row[8],
            live: isLive ? try SQLiteStore.taskRow(row, from: first) : nil)
    }

    /// Metadata as a JSON array of pairs: keeps the order, and any names.
    static func text(of variables: [Variable]) -> String {
        JSON.array(variables.map { .array([.string($0.name), $0.value]) }).text
    }

    private static func variables(_ text: String) throws -> [Variable] {
        try (JSON(validating: text).elements() ?? []).map { pair in
            guard let parts = pair.elements(), parts.count == 2, let name = parts[0].stringValue else {
                throw StoreError(.corrupt, "the metadata of an instance cannot be read; make the index again")
            }
            return Variable(name: name, value: parts[1])
        }
    }
}
