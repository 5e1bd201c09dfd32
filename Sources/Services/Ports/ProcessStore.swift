package import Delivery
package import ProcessEngine
package import Values

/// Keeps what the engine decides: the journal, and the rows derived from it that are waited for (tasks, timers, messages).
///
/// Every adapter passes `ProcessStoreConformance`. What is returned is durable. All methods throw `StoreError`.
package protocol ProcessStore: EventStore {
    /// The journal rows of an instance with a larger seq, in order; empty if there are none.
    func journal(of instance: InstanceID, after seq: Int) async throws -> [JournalRow]

    /// Commits transitions and marks together, in one transaction, and answers each transition in order.
    ///
    /// A transition is stored whole or not at all, the others regardless: `.conflict` if its seq is not the instance's last + 1
    /// (another process was first), `.fenceLost` if a fence does not hold, `.keyTaken` if its start key names an instance,
    /// `.uniqueKeyTaken` if another instance has its unique key, `.consumed` if an entry of the inbox that it applies is gone.
    /// Marks that no longer match attempt and token are left out; `markOutcomes` says which were applied.
    func commit(_ transitions: [Transition], marks: [LeaseMark]) async throws -> CommitReceipt

    /// Leases due tasks: highest priority first, then earliest due, then oldest. A task is due when it is waiting and
    /// `availableAt` has come, or when its dispatch or queue lease has expired (never a running one's: see `overdueTasks`). A
    /// paused task is not due, nor overdue.
    /// Each gets the next attempt number and a token of the request. Contracts with `concurrency` are counted under a lock.
    func claim(_ request: ClaimRequest) async throws -> [LeasedTask]

    /// Running attempts whose lease expired before `now`, oldest first.
    func overdueTasks(at now: Timestamp, limit: Int) async throws -> [OverdueTask]

    /// Timers due at `now`, earliest first.
    func dueTimers(at now: Timestamp, limit: Int) async throws -> [DueTimer]

    /// When the next timer, waiting task or lease falls due; nil if nothing waits.
    func nextDue() async throws -> Timestamp?

    /// How many tasks of each contract are due, and how many are out.
    func backlog(at now: Timestamp) async throws -> [ContractBacklog]

    /// Journal rows after `position` for the projector, in position order, none skipped that may still commit before them.
    func journal(after position: Int64, limit: Int) async throws -> [JournalRow]

    /// Messages not yet sent, in commit order.
    func outbox(limit: Int) async throws -> [OutboxMessage]

    /// Forgets sent messages.
    func removeFromOutbox(_ ids: [Int64]) async throws

    /// The live state of tasks, by id; those that are over are left out.
    func tasks(_ ids: [TaskID]) async throws -> [TaskRow]

    /// The instance that a start with this idempotency key made; nil if there is none.
    func instance(startedWith key: String) async throws -> InstanceID?
}

package struct StoreError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable { case unavailable, full, corrupt, inUse, misuse }
    package var kind: Kind
    /// The library's own code and text, and what to do.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
    package var description: String { message }
}

/// One row of the journal: the events of one instance in one batch.
package struct JournalRow: Sendable, Hashable {
    package var instance: InstanceID
    package var seq: Int
    /// Where it stands among all rows; grows, with gaps. Opaque to users.
    package var position: Int64
    package var at: Timestamp
    /// As `EventCoding` wrote them.
    package var events: [UInt8]

    package init(instance: InstanceID, seq: Int, position: Int64, at: Timestamp, events: [UInt8]) {
        self.instance = instance
        self.seq = seq
        self.position = position
        self.at = at
        self.events = events
    }
}

/// What one instance does in one batch.
package struct Transition: Sendable {
    package var instance: InstanceID
    package var seq: Int
    package var at: Timestamp
    package var events: [UInt8]
    package var fences: [Fence] = []
    /// Done before the changes of tasks and subscriptions.
    package var moves: VersionMove?
    package var tasks: [TaskChange] = []
    /// The instance was suspended, or goes on: all its tasks are paused, or not any more, after the changes of this transition.
    package var pauses: Bool?
    package var timers: [TimerChange] = []
    package var outbox: [OutboxMessage.Content] = []
    package var subscriptions: [SubscriptionChange] = []
    /// For other instances.
    package var inbox: [InboxEntry.Content] = []
    /// Entries of the inbox that this transition applies: they must be there, and are taken away.
    package var consumes: [Int64] = []
    /// Of a start: the caller's idempotency key.
    package var startKey: String?
    /// Of a start: a key that nobody else may have until it is given back.
    package var uniqueKey: String?
    /// Of an end: the unique key that it gives back.
    package var freesKey: String?

    package init(instance: InstanceID, seq: Int, at: Timestamp, events: [UInt8]) {
        self.instance = instance
        self.seq = seq
        self.at = at
        self.events = events
    }
}

/// The instance goes on in another version of its process: its rows say so. Nothing else of them changes, leases neither.
package struct VersionMove: Sendable, Hashable {
    /// Of a task, or a subscription, that was there before the transition.
    package struct Place: Sendable, Hashable {
        package var number: Int
        package var element: ElementID
        package init(number: Int, element: ElementID) {
            self.number = number
            self.element = element
        }
    }
    package var definition: DefinitionID
    package var tasks: [Place]
    package var subscriptions: [Place]

    package init(definition: DefinitionID, tasks: [Place], subscriptions: [Place]) {
        self.definition = definition
        self.tasks = tasks
        self.subscriptions = subscriptions
    }
}

/// Proof that a command comes from the attempt that holds the task. The task row must exist with this attempt and token.
package struct Fence: Sendable, Hashable {
    package var task: TaskID
    package var attempt: Int
    package var token: String
    /// For a failure: the attempt must not have been counted as failed before (its phase is not `waiting`).
    package var mustBeOut: Bool
    /// For the reaper: the lease must still be expired at this time.
    package var expiredAt: Timestamp?

    package init(task: TaskID, attempt: Int, token: String, mustBeOut: Bool = false, expiredAt: Timestamp? = nil) {
        self.task = task
        self.attempt = attempt
        self.token = token
        self.mustBeOut = mustBeOut
        self.expiredAt = expiredAt
    }
}

package enum TaskChange: Sendable {
    case create(NewTask)
    /// Completed, canceled, or answered with an error.
    case remove(number: Int)
    /// Due again at `dueAt` with this many retries. Phase becomes `waiting`; with `keepToken` a late result of the old attempt
    /// still counts until the next claim, without it nothing of that attempt counts any more.
    case reschedule(number: Int, retries: Int, dueAt: Timestamp, error: String?, keepToken: Bool)
    /// Not due until an operator says so: an incident. Phase becomes `suspended`; `keepToken` as above.
    case suspend(number: Int, retries: Int, error: String, keepToken: Bool)
}

package struct NewTask: Sendable {
    package var number: Int
    package var element: ElementID
    package var contract: ContractKey
    package var priority: Int
    package var retries: Int
    package var availableAt: Timestamp
    package var definition: DefinitionID
    package var businessKey: String?
    /// Where the task's input stands in this transition's `events`: the row points to it instead of holding a copy.
    package var inputRange: Range<Int>
    /// Given to a parked long poll in the same transaction.
    package var lease: TaskLease?
    /// Its instance is suspended.
    package var isPaused = false
    /// Of its instance, if that is not its own id.
    package var correlationID: String?
    /// On whose behalf its instance runs.
    package var runAs: String?

    package init(
        number: Int, element: ElementID, contract: ContractKey, priority: Int, retries: Int, availableAt: Timestamp,
        definition: DefinitionID, businessKey: String?, inputRange: Range<Int>, lease: TaskLease? = nil
    ) {
        self.number = number
        self.element = element
        self.contract = contract
        self.priority = priority
        self.retries = retries
        self.availableAt = availableAt
        self.definition = definition
        self.businessKey = businessKey
        self.inputRange = inputRange
        self.lease = lease
    }
}

package enum TimerChange: Sendable, Hashable {
    case schedule(number: Int, dueAt: Timestamp)
    case remove(number: Int)
}

package struct CommitReceipt: Sendable {
    package enum Outcome: Sendable, Hashable {
        case committed(position: Int64)
        case conflict
        case fenceLost([TaskID])
        case keyTaken(InstanceID)
        case uniqueKeyTaken(InstanceID)
        case consumed([Int64])
    }
    package var outcomes: [Outcome]
    /// For each mark, whether it was applied.
    package var markOutcomes: [Bool]

    package init(outcomes: [Outcome], markOutcomes: [Bool]) {
        self.outcomes = outcomes
        self.markOutcomes = markOutcomes
    }
}

package struct ClaimRequest: Sendable {
    package struct Credit: Sendable, Hashable {
        package var contract: ContractKey
        package var count: Int
        /// The contract's `concurrency`: attempts that may be out over all brokers.
        package var concurrency: Int?
        package init(contract: ContractKey, count: Int, concurrency: Int? = nil) {
            self.contract = contract
            self.count = count
            self.concurrency = concurrency
        }
    }
    package var credits: [Credit]
    /// At most this many in all.
    package var limit: Int
    package var owner: String
    package var now: Timestamp
    package var leaseUntil: Timestamp
    /// At least `limit` fresh random tokens.
    package var tokens: [String]

    package init(credits: [Credit], limit: Int, owner: String, now: Timestamp, leaseUntil: Timestamp, tokens: [String])
    {
        self.credits = credits
        self.limit = limit
        self.owner = owner
        self.now = now
        self.leaseUntil = leaseUntil
        self.tokens = tokens
    }
}

package struct OverdueTask: Sendable, Hashable {
    package var id: TaskID
    package var contract: ContractKey
    package var attempt: Int
    package var token: String
    package var leaseUntil: Timestamp

    package init(id: TaskID, contract: ContractKey, attempt: Int, token: String, leaseUntil: Timestamp) {
        self.id = id
        self.contract = contract
        self.attempt = attempt
        self.token = token
        self.leaseUntil = leaseUntil
    }
}

package struct DueTimer: Sendable, Hashable {
    package var instance: InstanceID
    package var number: Int
    package var dueAt: Timestamp

    package init(instance: InstanceID, number: Int, dueAt: Timestamp) {
        self.instance = instance
        self.number = number
        self.dueAt = dueAt
    }
}

package struct ContractBacklog: Sendable, Hashable {
    package var contract: ContractKey
    /// What a claim could have now: waiting ones whose time has come, and those whose dispatch or queue lease has expired.
    package var due: Int
    /// Leased: dispatched or queued with a lease that holds, or running. Credit is made of it: one that nobody has any more
    /// must not use it up.
    package var out: Int
    package init(contract: ContractKey, due: Int, out: Int) {
        self.contract = contract
        self.due = due
        self.out = out
    }
}

/// A message that a transition caused, sent at least once after its commit.
package struct OutboxMessage: Sendable, Hashable {
    package struct Content: Sendable, Hashable {
        package var exchange: String
        package var routingKey: String
        package var type: String
        package var body: [UInt8]
        package init(exchange: String, routingKey: String, type: String, body: [UInt8]) {
            self.exchange = exchange
            self.routingKey = routingKey
            self.type = type
            self.body = body
        }
    }
    package var id: Int64
    package var content: Content
    package init(id: Int64, content: Content) {
        self.id = id
        self.content = content
    }
}
