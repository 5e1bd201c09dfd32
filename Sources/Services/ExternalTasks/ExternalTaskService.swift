package import Delivery
package import ProcessEngine
import Synchronization
import Values

/// What workers in the manner of Camunda 7 do with tasks: lock them under a worker id, each topic for its own time, and answer by
/// that id.
///
/// A lock is a lease in phase `dispatched`: when it expires the task is due again, no retry spent, and until somebody else takes
/// it a late answer still counts. The fence stays (attempt, token): this service looks up which attempt the worker holds and gives
/// the engine that, so that a task that changes hands in between is answered by nobody else.
package final class ExternalTaskService: Sendable {
    /// Long polls that may wait at once; Camunda's own limit.
    package static let pollLimit = 200
    /// Tasks in one fetch, at most.
    package static let fetchLimit = 1000

    private let engine: EngineService
    private let store: any ProcessStore
    private let locks: any TaskLockStore
    private let registry: DefinitionRegistry
    private let queries: QueryService
    private let time: any TimeSource
    private let random: any RandomSource
    private let polls = Mutex(0)

    package init(
        engine: EngineService, store: any ProcessStore, locks: any TaskLockStore, registry: DefinitionRegistry,
        queries: QueryService, time: any TimeSource, random: any RandomSource
    ) {
        self.engine = engine
        self.store = store
        self.locks = locks
        self.registry = registry
        self.queries = queries
        self.time = time
        self.random = random
    }

    // MARK: - Fetching

    /// Locks due tasks of the topics; waits for some if there are none. Ends early, empty, when cancelled.
    package func fetch(_ fetch: WorkerFetch) async throws -> [ExternalTask] {
        let isParked = fetch.wait > .zero
        if isParked {
            let isFull = polls.withLock { count in
                guard count < Self.pollLimit else { return true }
                count += 1
                return false
            }
            if isFull { throw WorkerRefusal.tooManyPolls }
        }
        defer { if isParked { polls.withLock { $0 -= 1 } } }
        let leased =
            fetch.topics.allSatisfy(\.filter.isEmpty)
            ? try await fetchAny(fetch) : try await fetchChosen(fetch)
        if Task.isCancelled {
            // Nobody is there to take them any more.
            _ = try await engine.apply(leased.map { TaskReport($0.attemptID, .released(pause: .zero)) })
            return []
        }
        return try await describe(leased)
    }

    private func fetchAny(_ fetch: WorkerFetch) async throws -> [LeasedTask] {
        let shortest = fetch.topics.map(\.lockDuration).min() ?? .zero
        let limit = min(fetch.limit, Self.fetchLimit)
        let request = FetchRequest(
            owner: fetch.worker, credits: fetch.topics.map { ($0.contract, limit) }, limit: limit, wait: fetch.wait,
            dispatchLease: shortest)
        var leased = try await endingEarly(request)
        for index in leased.indices {
            let task = leased[index]
            guard let topic = fetch.topics.first(where: { $0.contract == task.contract }),
                topic.lockDuration > shortest
            else { continue }
            let until = time.now.advanced(by: topic.lockDuration)
            if try await locks.extend(task.attemptID, at: time.now, until: until) { leased[index].lease.until = until }
        }
        return leased
    }

    /// A long poll of the engine that ends when its caller is cancelled: only the engine can end it.
    private func endingEarly(_ request: FetchRequest) async throws -> [LeasedTask] {
        guard request.wait > .zero else { return try await engine.fetch(request) }
        return try await withThrowingTaskGroup(of: [LeasedTask]?.self) { group in
            group.addTask { try await self.engine.fetch(request) }
            group.addTask {
                try? await self.time.sleep(for: request.wait + .seconds(1))
                return nil
            }
            // The sleeper comes first only when all of this is cancelled.
            if let first = try await group.next(), let tasks = first {
                group.cancelAll()
                return tasks
            }
            await engine.cancelFetches(owner: request.owner)
            while let next = try await group.next() { if let tasks = next { return tasks } }
            return []
        }
    }

    /// Tasks of some instances only: the claim does not choose by instance, so candidates come from the index and are locked one
    /// by one. Slower, and rarely asked for.
    private func fetchChosen(_ fetch: WorkerFetch) async throws -> [LeasedTask] {
        let deadline = time.now.advanced(by: fetch.wait)
        while true {
            var leased: [LeasedTask] = []
            for topic in fetch.topics where leased.count < fetch.limit && !topic.filter.isImpossible {
                leased += try await lockChosen(topic, by: fetch.worker, limit: fetch.limit - leased.count)
            }
            guard leased.isEmpty, time.now < deadline, !Task.isCancelled else { return leased }
            try? await time.sleep(until: min(deadline, time.now.advanced(by: .milliseconds(250))))
        }
    }

    private func lockChosen(_ topic: WorkerFetch.Topic, by worker: String, limit: Int) async throws -> [LeasedTask] {
        var query = TaskQuery()
        query.states = [.open]
        query.contract = topic.contract.description
        query.businessKey = topic.filter.businessKey
        query.page.limit = 1000
        var leased: [LeasedTask] = []
        repeat {
            let page = try await queries.tasks(query)
            for task in page.rows where leased.count < limit {
                guard let live = task.live, live.isDue(at: time.now),
                    let instance = try await engine.instance(task.id.instance), topic.filter.admits(instance),
                    let lease = try await lock(task.id, by: worker, for: topic.lockDuration)
                else { continue }
                leased.append(lease)
            }
            query.page.after = page.next
        } while query.page.after != nil && leased.count < limit
        return leased
    }

    private func lock(_ task: TaskID, by worker: String, for duration: Duration) async throws -> LeasedTask? {
        let now = time.now
        let (high, low) = random.next()
        return try await locks.lock(
            LockRequest(
                task: task, owner: worker, token: Hex.text(high) + Hex.text(low), now: now,
                leaseUntil: now.advanced(by: duration)))
    }

    // MARK: - Answers

    /// `locals` are seen by the output mapping alone; without one they are gone with the task.
    package func complete(
        _ task: TaskID, by worker: String, output: [Variable], locals: [Variable] = []
    ) async throws {
        var members = output
        if !locals.isEmpty, let instance = try await engine.instance(task.instance),
            let open = instance.task(task.number), let element = try await serviceTask(open.element, of: instance),
            !element.outputs.isEmpty
        {
            members = locals.filter { local in !output.contains { $0.name == local.name } } + output
        }
        try await report(task, by: worker, .completed(output: .object(members.map { ($0.name, $0.value) })))
    }

    /// The variables come first: a worker that hears nothing of it tells the failure again, which it cannot once it is taken.
    package func fail(
        _ task: TaskID, by worker: String, _ failure: TaskFailure, variables: [Variable] = []
    ) async throws {
        if !variables.isEmpty {
            _ = try await attempt(of: task, heldBy: worker)
            _ = try await engine.setVariables(variables, of: task.instance)
        }
        try await report(task, by: worker, .failed(failure))
    }

    package func throwError(_ task: TaskID, by worker: String, _ error: BPMNError) async throws {
        try await report(task, by: worker, .error(error))
    }

    private func report(_ task: TaskID, by worker: String, _ content: TaskReport.Content) async throws {
        for _ in 0..<3 {
            let attempt = try await attempt(of: task, heldBy: worker)
            switch try await engine.apply([TaskReport(attempt, content)]).first {
            case .applied: return
            // Somebody was faster: who holds it now says what to answer.
            case .stale: continue
            case .gone, nil: throw WorkerRefusal.unknown(task)
            case .refused(let reason): throw WorkerRefusal.refused(reason)
            }
        }
        throw WorkerRefusal.refused("task \(task) changes too fast; try again")
    }

    private func attempt(of task: TaskID, heldBy worker: String) async throws -> AttemptID {
        let row = try await row(task)
        guard row.owner == worker, let token = row.token else {
            throw WorkerRefusal.heldByOther(task, holder: row.owner)
        }
        return AttemptID(task: task, attempt: row.attempt, token: token)
    }

    private func row(_ task: TaskID) async throws -> TaskRow {
        guard let row = try await store.tasks([task]).first else { throw WorkerRefusal.unknown(task) }
        return row
    }

    // MARK: - Locks

    /// Locks a task, or extends the worker's own lock. Refused only while another worker's lock holds, or the task is not due.
    package func lock(_ task: TaskID, by worker: String, duration: Duration) async throws {
        let row = try await row(task)
        let now = time.now
        if row.owner == worker, let token = row.token {
            let attempt = AttemptID(task: task, attempt: row.attempt, token: token)
            if try await locks.extend(attempt, at: now, until: now.advanced(by: duration)) { return }
        }
        guard try await lock(task, by: worker, for: duration) != nil else {
            throw WorkerRefusal.heldByOther(task, holder: row.owner)
        }
    }

    /// The lock ends so long from now, whenever it would have ended.
    package func extendLock(_ task: TaskID, by worker: String, duration: Duration) async throws {
        let attempt = try await attempt(of: task, heldBy: worker)
        let now = time.now
        guard try await locks.extend(attempt, at: now, until: now.advanced(by: duration)) else {
            throw WorkerRefusal.lockExpired(task)
        }
    }

    /// Anybody may unlock, as in Camunda. A task that nobody has locked stays as it is.
    package func unlock(_ task: TaskID) async throws {
        let row = try await row(task)
        guard let token = row.token, row.leaseUntil != nil else { return }
        _ = try await engine.apply([
            TaskReport(task: task, attempt: row.attempt, token: token, content: .released(pause: .zero))
        ])
    }

    /// Gives a task that failed for good new attempts.
    package func setRetries(_ task: TaskID, _ retries: Int) async throws {
        let row = try await row(task)
        let instance = try await engine.instance(task.instance)
        if let incident = instance?.openIncidents.first(where: { $0.task == task.number }) {
            if retries > 0 {
                _ = try await engine.retry(task.instance, incident: incident.number, retries: retries)
            }
        } else if retries != row.retries {
            throw WorkerRefusal.refused("task \(task) has no incident: its worker or its contract counts its retries")
        }
    }

    // MARK: - Looking

    package func task(_ id: TaskID) async throws -> ExternalTask {
        guard let task = try await describe([try await row(id)]).first else { throw WorkerRefusal.unknown(id) }
        return task
    }

    package func describe(_ leased: [LeasedTask]) async throws -> [ExternalTask] {
        guard !leased.isEmpty else { return [] }
        let known = Dictionary(leased.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        return try await describe(try await store.tasks(leased.map(\.id))).map { task in
            var task = task
            task.correlationID = known[task.id]?.correlationID
            task.runAs = known[task.id]?.runAs
            return task
        }
    }

    /// The tasks with what their instances know of them; those that are over are left out.
    package func describe(_ rows: [TaskRow]) async throws -> [ExternalTask] {
        let policies = await registry.policies
        var tasks: [ExternalTask] = []
        // Of each instance once: tasks of one often come together, and its journal may be long.
        var failures: [InstanceID: [Int: Event.TaskFailed]] = [:]
        for row in rows {
            guard let instance = try await engine.instance(row.id.instance), let definition = instance.definition,
                let open = instance.task(row.id.number)
            else { continue }
            let isFresh = open.failures == 0 && row.error == nil
            if !isFresh, failures[row.id.instance] == nil {
                failures[row.id.instance] = try await lastFailures(of: row.id.instance)
            }
            let element = try await serviceTask(open.element, of: instance)
            tasks.append(
                ExternalTask(
                    id: row.id, element: open.element, activity: open.activity, contract: open.contract,
                    definition: definition, businessKey: instance.businessKey, priority: row.priority,
                    retries: isFresh && policies[open.contract] == nil ? nil : row.retries, worker: row.owner,
                    lockedUntil: row.leaseUntil ?? (isFresh ? nil : row.availableAt), error: row.error,
                    errorDetails: isFresh ? nil : failures[row.id.instance]?[row.id.number]?.details,
                    isSuspended: row.isPaused,
                    createdAt: isFresh ? row.availableAt : nil, input: open.input,
                    hasOwnInput: element.map { !$0.inputs.isEmpty } ?? false))
        }
        return tasks
    }

    private func lastFailures(of instance: InstanceID) async throws -> [Int: Event.TaskFailed] {
        var last: [Int: Event.TaskFailed] = [:]
        for (_, events) in try await queries.history(instance) {
            for case .taskFailed(let failure) in events { last[failure.task] = failure }
        }
        return last
    }

    private func serviceTask(_ id: ElementID, of instance: ProcessInstance) async throws -> ServiceTask? {
        guard let definition = instance.definition else { return nil }
        return try await registry.definition(definition)?.element(id) as? ServiceTask
    }
}
