package import Delivery
import HeapModule
import Logging
package import ProcessEngine
import Values

/// What falls due by itself: timers, leases, back-offs, and long polls that have waited long enough.
extension EngineService {
    func tickLoop() async {
        while !Task.isCancelled {
            let wakeAt = await tick()
            _ = await tickSignal.wait(until: wakeAt, by: time)
        }
    }

    /// Notes that something falls due then, so that the next tick is not later.
    func wake(at due: Timestamp) {
        let earliest = wakes.min
        if earliest == due { return }
        wakes.insert(due)
        // The tick asks the store as well: without the latest of very many it is late by its longest sleep at most.
        if wakes.count > configuration.wakeLimit { wakes.removeMax() }
        if earliest.map({ due < $0 }) ?? true { tickSignal.fire() }
    }

    /// Does what is due now, and says when to look again.
    private func tick() async -> Timestamp {
        let now = time.now
        while let due = wakes.min, due <= now { wakes.removeMin() }
        polls.expire(at: now)
        do {
            var items: [Work] = []
            let timers = try await dueTimers(at: now)
            for timer in timers {
                items.append(.command(timer.instance, .fireTimer(number: timer.number), fence: nil, startKey: nil))
            }
            let overdue = try await overdueTasks(at: now)
            for task in overdue {
                let fence = Fence(
                    task: task.id, attempt: task.attempt, token: task.token, mustBeOut: true, expiredAt: now)
                let failure = TaskFailure(
                    message: "the agent of attempt \(task.attempt) went silent: its lease ran out")
                items.append(
                    .command(task.id.instance, .failTask(number: task.id.number, failure), fence: fence, startKey: nil))
            }
            if !items.isEmpty {
                log.debug("\(items.count) timers and lost tasks are due")
                let outcomes = try await submit(items)
                for (item, outcome) in zip(items, outcomes) where outcome.isHopeless {
                    if case .command(let instance, _, _, _, _) = item {
                        setAside[instance] = now.advanced(by: .seconds(60))
                    }
                }
                counters.leasesLost.add(outcomes.dropFirst(timers.count).count(where: \.isCommitted))
                // What cannot be done now is still due: without a pause this would be a loop.
                if !outcomes.contains(where: \.isSettled) { return time.now.advanced(by: configuration.longestSleep) }
            }
            let next = try await store.nextDue()
            if next.map({ $0 <= time.now }) == true { polls.resumeAll(with: .recheck) }
            if lazyMarks.isDue(at: now) { workSignal.fire() }
            let latest = time.now.advanced(by: configuration.longestSleep)
            let soonest = time.now.advanced(by: .milliseconds(20))
            if max(timers.count, overdue.count) >= configuration.dueLimit { return soonest }
            // What is still due are tasks. They wait for a poll, not for the clock.
            let upcoming = next.flatMap { $0 > now ? $0 : nil }
            let candidates = [upcoming, wakes.min, polls.earliestDeadline, lazyMarks.dueAt].compactMap(\.self)
            return min(max(candidates.min() ?? latest, soonest), latest)
        } catch {
            log.error("looking for due work failed: \(error)")
            return time.now.advanced(by: configuration.longestSleep)
        }
    }
}

// MARK: - What cannot be done now

extension EngineService {
    /// An instance that cannot be read, or refuses what is due, is left out for a while: what is due later comes to its turn.
    private func dueTimers(at now: Timestamp) async throws -> [DueTimer] {
        setAside = setAside.filter { $0.value > now }
        var limit = configuration.dueLimit
        while true {
            let due = try await store.dueTimers(at: now, limit: limit)
            let possible = due.filter { setAside[$0.instance] == nil }
            if due.count < limit || possible.count >= configuration.dueLimit {
                return Array(possible.prefix(configuration.dueLimit))
            }
            limit *= 4
        }
    }

    private func overdueTasks(at now: Timestamp) async throws -> [OverdueTask] {
        var limit = configuration.dueLimit
        while true {
            let overdue = try await store.overdueTasks(at: now, limit: limit)
            let possible = overdue.filter { setAside[$0.id.instance] == nil }
            if overdue.count < limit || possible.count >= configuration.dueLimit {
                return Array(possible.prefix(configuration.dueLimit))
            }
            limit *= 4
        }
    }
}

// MARK: - The port of the broker

extension EngineService {
    package func fetch(_ request: FetchRequest) async throws -> [LeasedTask] {
        try await withHeaders(dueTasks(request))
    }

    /// Adds what the models give along. It is in no journal, because a definition never changes.
    private func withHeaders(_ tasks: [LeasedTask]) async throws -> [LeasedTask] {
        var definitions: [DefinitionID: ProcessDefinition] = [:]
        for task in tasks where definitions[task.definition] == nil {
            do {
                definitions[task.definition] = try await registry.definition(task.definition)
            } catch let error as StoreError {
                throw error
            } catch {
                // It stops no other task; what its agent answers cannot be applied either.
                log.error("the tasks of \(task.definition), which cannot be read, go without headers: \(error)")
            }
        }
        return tasks.map { task in
            var task = task
            task.headers = (definitions[task.definition]?.element(task.element) as? ServiceTask)?.properties ?? []
            return task
        }
    }

    private func dueTasks(_ request: FetchRequest) async throws -> [LeasedTask] {
        let deadline = time.now.advanced(by: request.wait)
        let contracts = request.credits.map(\.contract)
        endedFetches[request.owner] = false
        defer { endedFetches[request.owner] = nil }
        polls.limited = await registry.limited
        while !stopping {
            let before = polls.watermark(of: contracts)
            // Who does not wait is told what is due at this instant; who does is woken when something is.
            if request.wait <= .zero || polls.mayBeDue(contracts) {
                let leased = try await claim(request)
                if !leased.isEmpty { return leased }
            }
            if time.now >= deadline || Task.isCancelled || stopping { return [] }
            // Told to end while it claimed: it was not there to be woken.
            if endedFetches[request.owner] == true { return [] }
            if polls.watermark(of: contracts) != before { continue }
            let answer = await withCheckedContinuation { polls.park(request, until: deadline, $0) }
            switch answer {
            case .tasks(let tasks): return tasks
            case .timeout: return []
            case .recheck: continue
            }
        }
        return []
    }

    package func cancelFetches(owner: String) async {
        if endedFetches[owner] != nil { endedFetches[owner] = true }
        polls.resumeAll(with: .timeout, owner: owner)
    }

    private func claim(_ request: FetchRequest) async throws -> [LeasedTask] {
        let marks = polls.claimBegins(request)
        var found: [LeasedTask]?
        defer { polls.claimEnds(request, at: marks, found: found) }
        let catalog = await registry.policies
        let now = time.now
        let leased = try await store.claim(
            ClaimRequest(
                credits: request.credits.map {
                    ClaimRequest.Credit(
                        contract: $0.contract, count: $0.count, concurrency: catalog[$0.contract]?.concurrency)
                },
                limit: request.limit, owner: request.owner, now: now,
                leaseUntil: now.advanced(by: request.dispatchLease),
                tokens: (0..<max(request.limit, 0)).map { _ in newToken() }))
        found = leased
        return leased
    }

    package func backlog() async throws -> [ContractBacklog] {
        try await store.backlog(at: time.now)
    }

    package func mark(_ marks: [LeaseMark]) async {
        let due = time.now.advanced(by: configuration.markDelay)
        for mark in marks { lazyMarks.add(mark, dueAt: due) }
        wake(at: due)
    }

    package func contracts() async -> AsyncStream<[ContractKey: TaskPolicy]> {
        await registry.policyChanges()
    }

    package func apply(_ reports: [TaskReport]) async throws -> [ReportOutcome] {
        let marks = try await leaseMarks(of: reports)
        // Nil: it means nothing for a task that is worked on.
        let work = reports.map { $0.content.isAboutLease ? marks[$0].map { Work.mark($0) } : Work($0) }
        var outcomes = try await submit(work.compactMap(\.self)).map { outcome throws -> ReportOutcome in
            switch outcome {
            case .committed, .existing: .applied
            case .stale: .stale
            case .rejected(let rejection): rejection.reason == .gone ? .gone : .refused(rejection.message)
            case .failed(let error): throw error
            case .unreadable(let error): .refused("the instance cannot be read: \(error)")
            }
        }[...]
        return work.map { $0 == nil ? .stale : outcomes.removeFirst() }
    }

    /// What reports mean for leases, of those that mean something. How long they become is for the contract of the task to say.
    private func leaseMarks(of reports: [TaskReport]) async throws -> [TaskReport: LeaseMark] {
        let alive = reports.filter(\.content.isAboutLease)
        guard !alive.isEmpty else { return [:] }
        let policies = await registry.policies
        let rows = Dictionary(try await store.tasks(alive.map(\.task)).map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        var marks: [TaskReport: LeaseMark] = [:]
        for report in alive {
            let row = rows[report.task]
            if case .expired = report.content, row?.isWorkedOn(at: time.now) ?? false { continue }
            let policy = row.flatMap { policies[$0.contract] } ?? TaskPolicy(version: "1.0")
            marks[report] = LeaseMark(report, policy: policy, at: time.now, startedAt: row?.startedAt)
        }
        return marks
    }
}

extension TaskReport.Content {
    /// Whether it changes a lease and nothing else.
    fileprivate var isAboutLease: Bool {
        switch self {
        case .started, .progress, .released, .expired: true
        case .event, .completed, .failed, .error, .unroutable: false
        }
    }
}

extension Work {
    /// The command that a report means, with the fence of its attempt.
    fileprivate init(_ report: TaskReport) {
        let number = report.task.number
        var fence = Fence(task: report.task, attempt: report.attempt, token: report.token)
        let command: Command
        switch report.content {
        case .started, .progress, .released, .expired:
            preconditionFailure("changes of a lease are marks, never commands")
        case .event(let name, let payload): command = .recordTaskEvent(number: number, name: name, payload: payload)
        case .completed(let output):
            command = .completeTask(
                number: number, output: (output.members() ?? []).map { Variable(name: $0.name, value: $0.value) })
        case .failed(let failure):
            fence.mustBeOut = true
            command = .failTask(number: number, failure)
        case .error(let error): command = .throwError(number: number, error)
        case .unroutable(let message): command = .suspendTask(number: number, kind: .unroutable, message: message)
        }
        self = .command(report.task.instance, command, fence: fence, startKey: nil)
    }
}

extension WorkOutcome {
    fileprivate var isCommitted: Bool {
        if case .committed = self { true } else { false }
    }

    /// Whether it will not go better the next moment. What is gone was done by somebody else.
    fileprivate var isHopeless: Bool {
        switch self {
        case .rejected(let rejection): rejection.reason == .invalid
        case .unreadable: true
        case .committed, .stale, .existing, .failed: false
        }
    }

    /// Whether it is not due any more.
    fileprivate var isSettled: Bool {
        switch self {
        case .committed, .stale: true
        case .rejected, .existing, .failed, .unreadable: false
        }
    }
}
