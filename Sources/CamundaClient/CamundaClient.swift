import Contracts
package import Delivery
import Foundation
package import Logging
package import ProcessEngine
package import Services
import Values

/// Another engine, over the Camunda 7 dialect: a Waybill, or a real Camunda 7 or one of its forks.
///
/// Every fetch has a worker id of its own, `waybill:<token>`. A stock Camunda checks nothing but that, so that it enforces the
/// fence: whoever has the token can answer, and after the next lock nobody with the old one can. An engine that is no Waybill does
/// not know contracts: retries are counted here, by their policies.
package actor CamundaClient: TaskEngine {
    /// Answers on their way at once.
    private static let width = 16
    /// After so many breakdowns of the engine over one report, the attempt is failed with what it says: a result that makes the
    /// process break in its own transaction would otherwise be given for ever.
    static let breakdownLimit = 5

    /// An engine does not learn that a poll was given up: what it locks for it until then has to wait for the end of its lock.
    private static let longestWait: Duration = .seconds(5)

    private let transport: any CamundaTransport
    private let source: any ContractSource
    private let time: any TimeSource
    private let random: any RandomSource
    private let log: Logger
    private var memory = ReportMemory()
    private var leaving: [String: [Int: Signal]] = [:]
    private var nextPoll = 0

    package init(
        transport: any CamundaTransport, contracts: any ContractSource, time: any TimeSource,
        random: any RandomSource, log: Logger
    ) {
        self.transport = transport
        self.source = contracts
        self.time = time
        self.random = random
        self.log = log
    }

    package func contracts() async -> AsyncStream<[ContractKey: TaskPolicy]> {
        await source.policyChanges()
    }

    // MARK: - Fetching

    /// A fetch whose answer is lost has locked tasks that nobody has: their locks run out, and they are due again.
    package func fetch(_ request: FetchRequest) async throws -> [LeasedTask] {
        let leave = Signal()
        nextPoll += 1
        let poll = nextPoll
        leaving[request.owner, default: [:]][poll] = leave
        defer { leaving[request.owner]?[poll] = nil }
        return try await withThrowingTaskGroup(of: [LeasedTask]?.self) { group in
            group.addTask { try await self.lock(request) }
            group.addTask {
                _ = await leave.wait()
                return nil
            }
            if let first = try await group.next(), let tasks = first {
                group.cancelAll()
                return tasks
            }
            group.cancelAll()
            // It may have been answered in the same moment.
            while let next = try? await group.next() { if let tasks = next { return tasks } }
            return []
        }
    }

    package func cancelFetches(owner: String) async {
        for leave in leaving[owner, default: [:]].values { leave.fire() }
    }

    private func lock(_ request: FetchRequest) async throws -> [LeasedTask] {
        let (high, low) = random.next()
        let token = "waybill:" + UUID(high, low).uuidString.lowercased()
        let wait = min(request.wait, Self.longestWait)
        let lease = JSON.number(Int(clamping: max(request.dispatchLease.milliseconds, 1)))
        let topics = request.credits.flatMap { credit in
            Self.topics(of: credit.contract).map { topic in
                JSON.object([
                    ("topicName", .string(topic)), ("lockDuration", lease), ("includeExtensionProperties", .bool(true)),
                ])
            }
        }
        var body: [(name: String, value: JSON)] = [
            ("workerId", .string(token)), ("maxTasks", .number(request.limit)), ("usePriority", .bool(true)),
            ("topics", .array(topics)),
        ]
        if wait > .zero { body.append(("asyncResponseTimeout", .number(Int(clamping: wait.milliseconds)))) }
        let reply = try await transport.send(
            CamundaRequest(
                path: "/external-task/fetchAndLock", body: .object(body), timeout: wait + .seconds(15)))
        guard reply.status == 200, let elements = reply.body.elements() else { throw failure(reply) }
        var tasks: [LeasedTask] = []
        for element in elements {
            guard
                let task = CamundaTask.leased(
                    element, token: token, owner: request.owner, isWaybill: reply.isWaybill)
            else {
                log.warning("the engine gave a task that cannot be read: \(element.text.prefix(200))")
                continue
            }
            memory[task.attemptID].contract = task.contract
            tasks.append(task)
        }
        return await fitting(tasks)
    }

    /// The tasks with the defaults of their contracts. The engine hears of those whose input does not fit, so that somebody who can
    /// mend it does; no attempt is spent on it, and one that does not hear of it gives the task again when the lock is over.
    private func fitting(_ tasks: [LeasedTask]) async -> [LeasedTask] {
        let catalog = await source.catalog
        var fitting: [LeasedTask] = []
        var refusals: [TaskReport] = []
        for var task in tasks {
            switch catalog.checkInput(among: task.input, of: task.contract) {
            case .success(let input):
                task.input = input
                fitting.append(task)
            case .failure(let violation):
                let failure = TaskFailure(
                    message: violation.message(about: "the input", of: task.contract),
                    details: violation.problems.joined(separator: "\n"), retry: false)
                refusals.append(TaskReport(task.attemptID, .failed(failure)))
            }
        }
        for (refusal, answer) in zip(refusals, await answers(to: refusals)) {
            guard case .failure(let error) = answer else { continue }
            memory.forget(refusal.attemptID)
            log.warning("the engine was not told that the input of \(refusal.task) does not fit: \(error)")
        }
        return fitting
    }

    /// How models may name a contract: major 1 with its number or without.
    private static func topics(of contract: ContractKey) -> [String] {
        contract.major == 1 ? [contract.name, contract.description] : [contract.description]
    }

    // MARK: - Reports

    package func apply(_ reports: [TaskReport]) async throws -> [ReportOutcome] {
        let answers = await answers(to: reports)
        // All of them will be given again: those that have their answer keep it.
        if let failure = answers.compactMap(\.failure).first {
            for case (let report, .success(let outcome)) in zip(reports, answers) { memory.keep(outcome, of: report) }
            throw failure
        }
        let outcomes = answers.compactMap { try? $0.get() }
        precondition(outcomes.count == reports.count, "every report has an outcome")
        return outcomes
    }

    /// In their order; so many at a time.
    ///
    /// Each answer is written where it belongs by the task that has it. (Answers that were collected from a task group's body into a
    /// variable of it were lost, or trapped, in optimized builds of Swift 6.3.1.)
    private func answers(to reports: [TaskReport]) async -> [Result<ReportOutcome, any Error>] {
        let round = ReportRound(reports)
        await withDiscardingTaskGroup { group in
            for _ in 0..<min(Self.width, reports.count) {
                group.addTask {
                    while let (place, report) = round.next() {
                        do {
                            round.take(.success(try await self.give(report)), at: place)
                        } catch {
                            round.take(.failure(error), at: place)
                        }
                    }
                }
            }
        }
        return round.answers
    }

    private func give(_ report: TaskReport) async throws -> ReportOutcome {
        if let known = memory.takeOutcome(of: report) { return known }
        let outcome: ReportOutcome
        switch report.content {
        case .started, .progress, .released: outcome = try await changeLease(report)
        case .expired:
            // Whoever works on it shows so, or loses its lock.
            if memory[report.attemptID].startedAt != nil { return .stale }
            outcome = try await changeLease(report)
        case .event: return .refused("an engine of the Camunda 7 dialect records no events of tasks")
        case .completed(let output):
            outcome = try await answer(report, "complete", [("variables", CamundaTask.variables(output))])
        case .error(let error):
            outcome = try await answer(
                report, "bpmnError",
                [
                    ("errorCode", .string(error.code)), ("errorMessage", error.message.map { .string($0) } ?? .null),
                    ("variables", CamundaTask.variables(error.variables)),
                ])
        case .failed(let failure): outcome = try await fail(report, failure)
        case .unroutable(let message):
            outcome = try await fail(report, TaskFailure(message: message, retry: false))
        }
        if report.isTerminal { memory.forget(report.attemptID) }
        return outcome
    }

    /// An answer that ends the attempt.
    private func answer(
        _ report: TaskReport, _ action: String, _ members: [(name: String, value: JSON)],
        unanswered: ReportMemory.Unanswered = .answer
    ) async throws -> ReportOutcome {
        var wasAsked = memory[report.attemptID].unanswered != nil
        memory[report.attemptID].unanswered = unanswered
        let reply: CamundaReply
        do {
            reply = try await send(report, action, members)
        } catch is ClosedConnection {
            // Given again as a whole, a report that asks first would find the connection of its question ended each time.
            wasAsked = true
            reply = try await send(report, action, members)
        }
        switch reply.status {
        case 200..<300: return .applied
        case 404:
            // The first answer was lost on its way back: it is this broker's own doing that the task is over.
            return wasAsked ? .applied : .gone
        case 400 where Self.saysHeldByOther(reply):
            // A Waybill lets go of a task that failed.
            if wasAsked, case .failure = unanswered { return .applied }
            return .stale
        case 400: return .refused(reply.message)
        case 500: return try await brokeDown(report, reply)
        default:
            memory[report.attemptID].unanswered = wasAsked ? unanswered : nil
            throw failure(reply)
        }
    }

    /// 500 is also what Camunda says when the process itself breaks on the way from this task to the next wait state: everything is
    /// rolled back, and repeating does not help.
    private func brokeDown(_ report: TaskReport, _ reply: CamundaReply) async throws -> ReportOutcome {
        memory[report.attemptID].unanswered = nil
        memory[report.attemptID].breakdowns += 1
        if case .failed = report.content { throw failure(reply) }
        guard memory[report.attemptID].breakdowns >= Self.breakdownLimit else { throw failure(reply) }
        let message = "the engine cannot take the result: \(reply.message)"
        _ = try await fail(report, TaskFailure(message: message))
        return .refused(message)
    }

    /// A Waybill knows the contract's policy, others are told what it says.
    private func fail(_ report: TaskReport, _ failure: TaskFailure) async throws -> ReportOutcome {
        var members: [(name: String, value: JSON)] = [("errorMessage", .string(failure.message))]
        if let details = failure.details { members.append(("errorDetails", .string(details))) }
        let look = try await transport.send(
            CamundaRequest(path: "/external-task/\(CamundaTask.id(of: report.task))"))
        if look.status == 404 {
            return memory[report.attemptID].unanswered == nil ? .gone : .applied
        }
        guard look.status == 200 else { throw self.failure(look) }
        var retriesLeft: Int?
        if !look.isWaybill || failure.retry == false {
            let counted = await count(failure, of: look.body)
            if case .failure(let asked)? = memory[report.attemptID].unanswered, asked == look.body["retries"]?.intValue,
                look.body["errorMessage"]?.stringValue == failure.message
            {
                return .applied
            }
            members.append(("retries", .number(counted.retriesLeft)))
            members.append(("retryTimeout", .number(Int(clamping: counted.pause.milliseconds))))
            retriesLeft = counted.retriesLeft
        } else if let pause = failure.retryAfter {
            members.append(("retryTimeout", .number(Int(clamping: pause.milliseconds))))
        }
        return try await answer(report, "failure", members, unanswered: .failure(retriesLeft: retriesLeft))
    }

    /// What the policy of the task's contract says to a failure.
    private func count(_ failure: TaskFailure, of task: JSON) async -> (retriesLeft: Int, pause: Duration) {
        guard failure.retry != false else { return (0, .zero) }
        let contract = task["topicName"]?.stringValue.flatMap { ContractKey.named(byTopic: $0) }
        let policies = await source.policies
        let policy = contract.flatMap { policies[$0] } ?? TaskPolicy(version: "0.0")
        // Nothing is counted before the first failure. The number is the engine's, whatever it is.
        let left = max(task["retries"]?.intValue ?? policy.maxAttempts, 1) - 1
        let pause = policy.pause(afterAttempt: max(policy.maxAttempts - left, 1))
        return (left, max(pause, failure.retryAfter ?? .zero))
    }

    // MARK: - Locks

    /// Best effort: a lock that is not extended runs out, which costs an attempt and no task.
    package func mark(_ marks: [LeaseMark]) async {
        for mark in marks {
            do {
                _ = try await extend(
                    TaskReport(task: mark.task, attempt: mark.attempt, token: mark.token, content: .started),
                    until: mark.change.leaseEnd)
            } catch {
                log.debug("a lock was not extended: \(error)")
            }
        }
    }

    private func changeLease(_ report: TaskReport) async throws -> ReportOutcome {
        let attempt = memory[report.attemptID]
        let policies = await source.policies
        let policy = attempt.contract.flatMap { policies[$0] } ?? TaskPolicy(version: "0.0")
        guard
            let mark = LeaseMark(report, policy: policy, at: time.now, startedAt: attempt.startedAt)
        else { return .refused("it says nothing about a lock") }
        if attempt.startedAt == nil { memory[report.attemptID].startedAt = time.now }
        return try await extend(report, until: mark.change.leaseEnd)
    }

    /// Giving a task back is a lock that ends soon: unlike unlocking, that asks who holds it.
    private func extend(_ report: TaskReport, until: Timestamp) async throws -> ReportOutcome {
        let duration = max(until.duration(since: time.now).milliseconds, 1)
        let members = [(name: "newDuration", value: JSON.number(Int(clamping: duration)))]
        let reply: CamundaReply
        do {
            reply = try await send(report, "extendLock", members)
        } catch is ClosedConnection {
            reply = try await send(report, "extendLock", members)
        }
        switch reply.status {
        case 200..<300: return .applied
        case 404: return .gone
        // Held by somebody else, or run out: in both cases the attempt has no lock any more.
        case 400: return .stale
        default: throw failure(reply)
        }
    }

    package func backlog() async throws -> [ContractBacklog] {
        var backlog: [ContractBacklog] = []
        for contract in await source.policies.keys.sorted() {
            var counts = ContractBacklog(contract: contract, due: 0, out: 0)
            for topic in Self.topics(of: contract) {
                let out = try await count(["topicName": topic, "locked": "true"])
                counts.out += out.count
                counts.due += try await count(
                    ["topicName": topic, "notLocked": "true", "withRetriesLeft": "true"]
                ).count
                // To a Waybill both names are one contract.
                if out.isWaybill { break }
            }
            backlog.append(counts)
        }
        return backlog
    }

    private func count(_ query: [String: String]) async throws -> (count: Int, isWaybill: Bool) {
        let reply = try await transport.send(CamundaRequest(path: "/external-task/count", query: query))
        guard reply.status == 200, let count = reply.body["count"]?.intValue else { throw failure(reply) }
        return (count, reply.isWaybill)
    }

    // MARK: - Requests

    private func send(
        _ report: TaskReport, _ action: String, _ members: [(name: String, value: JSON)]
    ) async throws -> CamundaReply {
        try await transport.send(
            CamundaRequest(
                path: "/external-task/\(CamundaTask.id(of: report.task))/\(action)",
                body: .object([("workerId", .string(report.token))] + members)))
    }

    private static func saysHeldByOther(_ reply: CamundaReply) -> Bool {
        reply.message.contains("It is locked by worker")
    }

    private func failure(_ reply: CamundaReply) -> CamundaFailure {
        CamundaFailure(status: reply.status, message: reply.message)
    }
}

/// The engine answered with something else than an answer.
package struct CamundaFailure: Error, Sendable, CustomStringConvertible {
    package var status: Int
    package var message: String

    package var description: String {
        status == 401 || status == 403
            ? "the engine does not let this broker in: \(message)" : "the engine answered \(status): \(message)"
    }
}

extension LeaseMark.Change {
    /// When the attempt loses the task, or gives it back.
    fileprivate var leaseEnd: Timestamp {
        switch self {
        case .queued(let until), .started(_, let until), .heartbeat(let until, _, _): until
        case .released(let dueAt): dueAt
        }
    }
}

extension UUID {
    fileprivate init(_ high: UInt64, _ low: UInt64) {
        var bytes: [UInt8] = []
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        self = bytes.withUnsafeBytes { $0.loadUnaligned(as: UUID.self) }
    }
}
