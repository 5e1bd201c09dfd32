import ProcessEngine
import Services
import Values

/// The columns of an instance and of a task in the index, and how they are read.
enum IndexColumns {
    static let instance = [
        "id", "definition", "workflow", "workflow_version", "object_id", "started_by", "metadata", "business_key",
        "state",
        "started_at", "ended_at", "message", "open_incidents", "tasks_created", "tasks_done", "restarted_from",
    ].map { "index_instance.\($0)" }.joined(separator: ", ")

    static func instance(_ row: ResultRow) throws -> IndexedInstance {
        IndexedInstance(
            id: InstanceID(row.text(0)), definition: try row.definitionID(1),
            labels: InstanceLabels(
                workflow: row.optional(2, row.text), workflowVersion: row.optional(3, row.text),
                objectID: row.optional(4, row.text), startedBy: row.optional(5, row.text),
                metadata: try variables(row.text(6)),
                restartedFrom: row.optional(15, row.text).map { InstanceID($0) }),
            businessKey: row.optional(7, row.text), state: try row.parsed(8, InstanceState.init(rawValue:)),
            startedAt: row.timestamp(9), endedAt: row.optional(10, row.timestamp), message: row.optional(11, row.text),
            openIncidents: row.number(12), tasksCreated: row.number(13), tasksDone: row.number(14))
    }

    static let task = [
        "instance", "number", "element", "contract", "major", "state", "created_at", "ended_at", "message",
    ].map { "index_task.\($0)" }.joined(separator: ", ")

    /// Without the live row.
    static func task(_ row: ResultRow) throws -> IndexedTask {
        IndexedTask(
            id: row.taskID(0, 1), element: ElementID(row.text(2)),
            contract: ContractKey(name: row.text(3), major: row.number(4)),
            state: try row.parsed(5, IndexedTaskState.init(rawValue:)), createdAt: row.timestamp(6),
            endedAt: row.optional(7, row.timestamp), message: row.optional(8, row.text))
    }

    static let taskWithLiveRow = "\(task), \(PostgresStore.taskColumns)"

    static func taskWithLiveRow(_ row: ResultRow) throws -> IndexedTask {
        let first = 9
        var task = try task(row)
        task.live = row.isNull(first) ? nil : try TaskRow(stored: row, from: first)
        return task
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

    /// What a candidate is found by, as the hash of it makes `index_candidate.candidate`.
    static func candidate(_ kind: String, _ name: String) -> String { "\(kind) \(name)".withoutNull }

    /// What a pair of metadata is found by, as the hash of it makes `index_metadata.pair`.
    static func pairText(_ pair: Variable) -> String {
        JSON.array([.string(pair.name), pair.value.canonical]).text
    }
}
