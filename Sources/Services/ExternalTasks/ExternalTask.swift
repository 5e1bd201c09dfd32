import Delivery
package import ProcessEngine
package import Values

/// A task as a REST worker in the manner of Camunda 7 sees it.
package struct ExternalTask: Sendable {
    package var id: TaskID
    package var element: ElementID
    package var activity: Int
    package var contract: ContractKey
    package var definition: DefinitionID
    package var businessKey: String?
    package var priority: Int
    /// Nil: nobody has counted yet. A contract counts from the beginning, a worker of a bare topic with its first failure.
    package var retries: Int?
    package var worker: String?
    /// The end of the lock, expired or not; of a failed task, when it is due again.
    package var lockedUntil: Timestamp?
    package var error: String?
    package var errorDetails: String?
    /// Its instance is suspended.
    package var isSuspended: Bool
    /// When it was first due; nil if that is not known any more, since it failed.
    package var createdAt: Timestamp?
    /// What the worker gets.
    package var input: JSON
    /// Whether the model maps the input, so that it is the task's own.
    package var hasOwnInput: Bool
    /// What its instance has in common with those that called it; nil: its own id. Known of a task that was just fetched.
    package var correlationID: String?
    /// On whose behalf the work is done. Known of a task that was just fetched.
    package var runAs: String?
}

/// Why a worker may not do what it wants with a task.
package enum WorkerRefusal: Error, Sendable, Hashable {
    /// The task is over or never was.
    case unknown(TaskID)
    /// Another worker holds it, or nobody does.
    case heldByOther(TaskID, holder: String?)
    case lockExpired(TaskID)
    /// The engine cannot take it: the reason.
    case refused(String)
    /// Too many long polls wait.
    case tooManyPolls
}

/// What a worker asks for in one fetch.
package struct WorkerFetch: Sendable {
    package struct Topic: Sendable {
        package var contract: ContractKey
        package var lockDuration: Duration
        package var filter: WorkerFilter
        package init(contract: ContractKey, lockDuration: Duration, filter: WorkerFilter = WorkerFilter()) {
            self.contract = contract
            self.lockDuration = lockDuration
            self.filter = filter
        }
    }
    package var worker: String
    package var topics: [Topic]
    package var limit: Int
    package var wait: Duration
    package init(worker: String, topics: [Topic], limit: Int, wait: Duration = .zero) {
        self.worker = worker
        self.topics = topics
        self.limit = limit
        self.wait = wait
    }
}

/// Which instances' tasks a worker wants; empty: all.
package struct WorkerFilter: Sendable {
    package var businessKey: String?
    /// Any of these; nil: all.
    package var definitions: [DefinitionID]?
    /// Any of these BPMN process ids; nil: all.
    package var processes: [String]?
    /// Variables of the process that must have these values.
    package var variables: [Variable] = []
    /// Nothing can fit: it asks for what this engine never has.
    package var isImpossible = false

    package init() {}

    package var isEmpty: Bool {
        businessKey == nil && definitions == nil && processes == nil && variables.isEmpty && !isImpossible
    }

    /// Whether an instance's tasks are wanted.
    package func admits(_ instance: ProcessInstance) -> Bool {
        guard !isImpossible, let definition = instance.definition else { return false }
        if let businessKey, instance.businessKey != businessKey { return false }
        if let definitions, !definitions.contains(definition) { return false }
        if let processes, !processes.contains(definition.process) { return false }
        return variables.allSatisfy { wanted in
            instance.rootVariable(wanted.name).map { $0.decoded() == wanted.value.decoded() } ?? false
        }
    }
}
