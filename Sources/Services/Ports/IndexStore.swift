package import ProcessEngine
package import Values

/// A projection of the journal, made for search and monitoring. It can be dropped and made again.
package protocol IndexStore: Sendable {
    /// The position of the last journal row that is in the index; 0 for none.
    func indexPosition() async throws -> Int64

    /// Applies changes in order and moves the position, in one transaction, unless the position is not `from` any more.
    func apply(_ changes: [IndexChange], from: Int64, to: Int64) async throws -> Bool

    /// A page of instances, newest first.
    func instances(_ query: InstanceQuery) async throws -> Page<IndexedInstance>

    /// A page of tasks, newest first. Live rows carry phase, attempt and progress of the moment.
    func indexedTasks(_ query: TaskQuery) async throws -> Page<IndexedTask>

    /// A page of open user tasks, newest first.
    func userTasks(_ query: UserTaskQuery) async throws -> Page<IndexedUserTask>

    /// How many instances are in each state.
    func instanceCounts() async throws -> [InstanceState: Int]

    /// How many instances of each definition have not ended.
    func openInstances() async throws -> [DefinitionID: Int]
}

package enum InstanceState: String, Sendable, Hashable, CaseIterable {
    case running = "Running"
    case completed = "Completed"
    case completedWithError = "CompletedWithError"
    /// Running, with at least one open incident.
    case incident = "Incident"
    case canceled = "Canceled"
    /// Stopped by an operator, with or without incidents.
    case suspended = "Suspended"

    package var isOpen: Bool {
        switch self {
        case .running, .incident, .suspended: true
        case .completed, .completedWithError, .canceled: false
        }
    }

    /// The states of instances that have not ended.
    package static let open = allCases.filter(\.isOpen)
}

package enum IndexedTaskState: String, Sendable, Hashable, CaseIterable {
    case open = "Open"
    case completed = "Completed"
    /// Ended with a BPMN error.
    case error = "Error"
    case incident = "Incident"
    case canceled = "Canceled"
}

package struct IndexedInstance: Sendable, Hashable {
    package var id: InstanceID
    package var definition: DefinitionID
    package var labels: InstanceLabels
    package var businessKey: String?
    package var state: InstanceState
    package var startedAt: Timestamp
    package var endedAt: Timestamp?
    /// Of an open incident, an error end or a cancel.
    package var message: String?
    package var openIncidents: Int
    package var tasksCreated: Int
    package var tasksDone: Int

    package init(
        id: InstanceID, definition: DefinitionID, labels: InstanceLabels, businessKey: String?, state: InstanceState,
        startedAt: Timestamp, endedAt: Timestamp? = nil, message: String? = nil, openIncidents: Int = 0,
        tasksCreated: Int = 0,
        tasksDone: Int = 0
    ) {
        self.id = id
        self.definition = definition
        self.labels = labels
        self.businessKey = businessKey
        self.state = state
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.message = message
        self.openIncidents = openIncidents
        self.tasksCreated = tasksCreated
        self.tasksDone = tasksDone
    }
}

extension IndexedInstance {
    /// What incidents mean for the state.
    package mutating func count(incidents change: Int, message: String?) {
        openIncidents = max(openIncidents + change, 0)
        if state != .suspended { state = openIncidents > 0 ? .incident : .running }
        if change > 0 {
            self.message = message
        } else if openIncidents == 0 {
            self.message = nil
        }
    }

    package mutating func suspend(_ isSuspended: Bool) {
        state = isSuspended ? .suspended : openIncidents > 0 ? .incident : .running
    }
}

extension IndexedInstance {
    /// It goes on in another version of its process.
    package mutating func migrate(_ migrated: Event.Migrated) {
        definition = migrated.definition
        labels.workflow = migrated.workflow
        labels.workflowVersion = migrated.workflowVersion
    }
}

package struct IndexedTask: Sendable, Hashable {
    package var id: TaskID
    package var element: ElementID
    package var contract: ContractKey
    package var state: IndexedTaskState
    package var createdAt: Timestamp
    package var endedAt: Timestamp?
    package var message: String?
    /// The row of the moment; nil when the task is over.
    package var live: TaskRow?

    package init(
        id: TaskID, element: ElementID, contract: ContractKey, state: IndexedTaskState, createdAt: Timestamp,
        endedAt: Timestamp? = nil, message: String? = nil, live: TaskRow? = nil
    ) {
        self.id = id
        self.element = element
        self.contract = contract
        self.state = state
        self.createdAt = createdAt
        self.endedAt = endedAt
        self.message = message
        self.live = live
    }
}

/// What a journal row means for the index. Applying one twice changes nothing more than applying it once, in order.
package enum IndexChange: Sendable, Hashable {
    case instanceStarted(IndexedInstance)
    case instanceEnded(InstanceID, state: InstanceState, message: String?, at: Timestamp)
    /// An incident opened (+1) or closed (−1); opening sets the message, the last closing clears it. State follows the count, unless
    /// the instance is suspended.
    case incidents(InstanceID, change: Int, message: String?)
    /// Suspended, or not any more: then the state follows the incidents.
    case suspension(InstanceID, Bool)
    /// One that is over already counts as done too.
    case taskCreated(IndexedTask)
    case taskChanged(TaskID, state: IndexedTaskState, message: String?, at: Timestamp)
    case userTaskCreated(InstanceID, OpenUserTask, at: Timestamp)
    /// Nil: given back.
    case userTaskClaimed(TaskID, assignee: String?)
    case userTaskEnded(TaskID)
    /// It goes on in another version of its process: definition and labels, and the elements of its open tasks.
    case migrated(InstanceID, Event.Migrated)
}

package struct InstanceQuery: Sendable, Hashable {
    package var id: InstanceID?
    package var states: [InstanceState] = []
    /// Name of the workflow contract, or of the BPMN process.
    package var workflow: String?
    /// Of one of these versions; empty: of any.
    package var definitions: [DefinitionID] = []
    /// Has, or had, a task of this contract: its name, or `name@major`.
    package var contract: String?
    package var businessKey: String?
    package var objectID: String?
    /// `QueryService` makes of it what stores know.
    package var correlationID: String?
    package var startedAfter: Timestamp?
    package var startedBefore: Timestamp?
    /// Every pair must be among the instance's metadata.
    package var metadata: [Variable] = []
    /// Those that took up the work of this instance.
    package var restartedFrom: InstanceID?
    package var page = PageRequest()
    package init() {}
}

package struct TaskQuery: Sendable, Hashable {
    package var instance: InstanceID?
    package var states: [IndexedTaskState] = []
    /// Its name, or `name@major`.
    package var contract: String?
    /// Of the task's instance: name of the workflow contract, or of the BPMN process.
    package var workflow: String?
    /// Of the task's instance.
    package var businessKey: String?
    /// Of the task's instance.
    package var objectID: String?
    package var createdAfter: Timestamp?
    package var createdBefore: Timestamp?
    /// Every pair must be among the metadata of the task's instance.
    package var metadata: [Variable] = []
    package var page = PageRequest()
    package init() {}
}

/// Keyset paging: the next page starts after the last row of this one, whatever happened in between.
package struct PageRequest: Sendable, Hashable {
    /// 1…1000.
    package var limit = 50
    /// Where the last page ended, as the store gave it.
    package var after: String?
    package init(limit: Int = 50, after: String? = nil) {
        self.limit = limit
        self.after = after
    }
}

package struct Page<Row: Sendable>: Sendable {
    package var rows: [Row]
    /// Nil on the last page.
    package var next: String?
    package init(rows: [Row], next: String?) {
        self.rows = rows
        self.next = next
    }
}
