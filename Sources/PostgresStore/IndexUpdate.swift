import ProcessEngine
import Services
import Values

/// What the index does with changes, decided over the rows that they are about. An instance or task that is over stays as
/// it is: then a change that comes again finds nothing to do.
struct IndexUpdate {
    private let before: [InstanceID: IndexedInstance]
    private(set) var instances: [InstanceID: IndexedInstance]
    private(set) var tasks: [TaskID: IndexedTask]
    private var changedInstances: Set<InstanceID> = []
    private var changedTasks: Set<TaskID> = []
    private var newTasks: Set<TaskID> = []
    private(set) var openedUserTasks: [TaskID: (task: OpenUserTask, createdAt: Timestamp)] = [:]
    private(set) var claimedUserTasks: [TaskID: String?] = [:]
    private(set) var endedUserTasks: Set<TaskID> = []
    /// The new names of elements, for user tasks of earlier batches, in order.
    private(set) var renamings: [(instance: InstanceID, names: [Event.Migrated.Renaming])] = []

    init(instances: [IndexedInstance], tasks: [IndexedTask]) {
        before = Dictionary(instances.map { ($0.id, $0) }) { $1 }
        self.instances = before
        self.tasks = Dictionary(tasks.map { ($0.id, $0) }) { $1 }
    }

    mutating func apply(_ change: IndexChange) {
        switch change {
        case .instanceStarted(let instance):
            guard instances[instance.id] == nil else { return }
            instances[instance.id] = instance
            changedInstances.insert(instance.id)
        case .instanceEnded(let id, let state, let message, let at):
            update(id) { instance in
                instance.state = state
                instance.message = message
                instance.endedAt = at
                instance.openIncidents = 0
            }
        case .incidents(let id, let change, let message):
            update(id) { instance in
                instance.count(incidents: change, message: message)
            }
        case .suspension(let id, let isSuspended): update(id) { $0.suspend(isSuspended) }
        case .taskCreated(let task):
            guard tasks[task.id] == nil else { return }
            tasks[task.id] = task
            changedTasks.insert(task.id)
            newTasks.insert(task.id)
            count(task.id.instance) { instance in
                instance.tasksCreated += 1
                if task.endedAt != nil { instance.tasksDone += 1 }
            }
        case .taskChanged(let id, let state, let message, let at):
            move(id, to: state, message, at)
        case .userTaskCreated(let instance, let task, let at):
            openedUserTasks[TaskID(instance: instance, number: task.number)] = (task, at)
        case .userTaskClaimed(let id, let assignee):
            if openedUserTasks[id] == nil {
                claimedUserTasks[id] = .some(assignee)
            } else {
                openedUserTasks[id]?.task.assignee = assignee
            }
        case .userTaskEnded(let id):
            claimedUserTasks[id] = nil
            if openedUserTasks.removeValue(forKey: id) == nil { endedUserTasks.insert(id) }
        case .migrated(let id, let migrated):
            update(id) { $0.migrate(migrated) }
            let names = migrated.newNames
            for (task, row) in tasks where task.instance == id && row.endedAt == nil {
                guard let name = names[row.element] else { continue }
                tasks[task]?.element = name
                changedTasks.insert(task)
            }
            for (task, opened) in openedUserTasks where task.instance == id {
                if let name = names[opened.task.element] { openedUserTasks[task]?.task.element = name }
            }
            if !migrated.renamed.isEmpty { renamings.append((id, migrated.renamed)) }
        }
    }

    private mutating func move(_ id: TaskID, to state: IndexedTaskState, _ message: String?, _ at: Timestamp) {
        guard var task = tasks[id], task.endedAt == nil else { return }
        task.change(to: state, message, at: at)
        if task.endedAt != nil { count(id.instance) { $0.tasksDone += 1 } }
        tasks[id] = task
        changedTasks.insert(id)
    }

    private mutating func update(_ id: InstanceID, _ change: (inout IndexedInstance) -> Void) {
        guard instances[id]?.endedAt == nil else { return }
        count(id, change)
    }

    private mutating func count(_ id: InstanceID, _ change: (inout IndexedInstance) -> Void) {
        guard var instance = instances[id] else { return }
        change(&instance)
        instances[id] = instance
        changedInstances.insert(id)
    }

    // MARK: What is to be written, in the order of keys

    func writtenInstances() -> [IndexedInstance] { changedInstances.sorted().compactMap { instances[$0] } }
    func writtenTasks() -> [IndexedTask] { changedTasks.sorted().compactMap { tasks[$0] } }

    func isNew(_ instance: IndexedInstance) -> Bool { before[instance.id] == nil }
    func isNew(_ task: IndexedTask) -> Bool { newTasks.contains(task.id) }

    /// By how much the number of instances in each state changes with those that are written.
    func countChanges(_ written: [IndexedInstance]) -> [InstanceState: Int] {
        var changes: [InstanceState: Int] = [:]
        for instance in written {
            changes[instance.state, default: 0] += 1
            if let old = before[instance.id] { changes[old.state, default: 0] -= 1 }
        }
        return changes.filter { $0.value != 0 }
    }
}

extension IndexChange {
    var instance: InstanceID {
        switch self {
        case .instanceStarted(let instance): instance.id
        case .instanceEnded(let id, _, _, _): id
        case .incidents(let id, _, _), .suspension(let id, _): id
        case .taskCreated(let task): task.id.instance
        case .taskChanged(let id, _, _, _), .userTaskClaimed(let id, _), .userTaskEnded(let id): id.instance
        case .userTaskCreated(let id, _, _): id
        case .migrated(let id, _): id
        }
    }

    /// The instance whose open tasks are to be read, since their elements have other names now.
    var renamesTasksOf: InstanceID? {
        if case .migrated(let id, let migrated) = self, !migrated.renamed.isEmpty { id } else { nil }
    }

    var task: TaskID? {
        switch self {
        case .instanceStarted, .instanceEnded, .incidents, .suspension, .userTaskCreated, .userTaskClaimed,
            .userTaskEnded, .migrated:
            nil
        case .taskCreated(let task): task.id
        case .taskChanged(let id, _, _, _): id
        }
    }
}
