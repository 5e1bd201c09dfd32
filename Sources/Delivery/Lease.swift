package import ProcessEngine
package import Values

/// The hold of one attempt on its task. (attempt, token) is the fence: nothing else proves that a result counts.
package struct TaskLease: Sendable, Hashable {
    package var owner: String
    package var attempt: Int
    package var token: String
    package var until: Timestamp

    package init(owner: String, attempt: Int, token: String, until: Timestamp) {
        self.owner = owner
        self.attempt = attempt
        self.token = token
        self.until = until
    }
}

/// A task with the attempt it was just given.
package struct LeasedTask: Sendable, Hashable {
    package var id: TaskID
    package var element: ElementID
    package var contract: ContractKey
    package var priority: Int
    package var retries: Int
    package var definition: DefinitionID
    package var businessKey: String?
    package var lease: TaskLease
    package var input: JSON
    /// What its instance has in common with those that called it; nil: the instance's own id.
    package var correlationID: String?
    /// On whose behalf the work is done.
    package var runAs: String?
    /// Texts that the model gives along, by name. Known once the task is fetched: they are the definition's, not the instance's.
    package var headers: [Variable] = []

    package init(
        id: TaskID, element: ElementID, contract: ContractKey, priority: Int, retries: Int, definition: DefinitionID,
        businessKey: String?, lease: TaskLease, input: JSON, correlationID: String? = nil, runAs: String? = nil
    ) {
        self.id = id
        self.element = element
        self.contract = contract
        self.priority = priority
        self.retries = retries
        self.definition = definition
        self.businessKey = businessKey
        self.lease = lease
        self.input = input
        self.correlationID = correlationID
        self.runAs = runAs
    }
}

/// A change of a lease alone: no event, no journal. Applied only while attempt and token match.
package struct LeaseMark: Sendable, Hashable {
    package enum Change: Sendable, Hashable {
        /// The bus confirmed the publish: phase `dispatched` becomes `queued`; any other phase stays as it is.
        case queued(until: Timestamp)
        /// The agent began: phase `running` until then.
        case started(at: Timestamp, until: Timestamp)
        /// A sign of life: phase `running`; the lease never becomes shorter. `progress` 0…1 and message where given.
        case heartbeat(until: Timestamp, progress: Double?, message: String?)
        /// The bus gave the task back unworked: phase `waiting`, due at `dueAt`, no retry spent, the token is void.
        case released(dueAt: Timestamp)
    }
    package var task: TaskID
    package var attempt: Int
    package var token: String
    package var change: Change

    package init(task: TaskID, attempt: Int, token: String, change: Change) {
        self.task = task
        self.attempt = attempt
        self.token = token
        self.change = change
    }
}
