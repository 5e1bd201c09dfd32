import Delivery
package import OrderedCollections
import ProcessEngine
import Services
import ServicesTesting
import Synchronization

/// Sees all that crosses the boundaries of a world's processes, and notes what must never happen.
package final class Observer: Sendable {
    private struct State {
        var violations: [Violation] = []
        /// The newest attempt of each task that the store has given out.
        var newest: [TaskID: AttemptID] = [:]
        /// Attempts that ended by a report or were given back: what is given out after them is no lost lease.
        var ended: Set<AttemptKey> = []
        var expiries = 0
        /// Reports that the engine has answered, of those that end an attempt.
        var answered: Set<String> = []
        /// Attempts whose result the bus has.
        var kept: Set<String> = []
        var over: Set<TaskID> = []
        /// Attempts that the store knows to be in a queue, or with an agent.
        var queued: Set<AttemptKey> = []
        var running: Set<AttemptKey> = []
        /// Attempts whose time in the queue was over, and which were given out anew.
        var replaced: Set<AttemptKey> = []
        /// Of the outbox: those that the bus took.
        var sent: Set<String> = []
        var applied: [TaskID: AttemptID] = [:]
        var runs: [AttemptID: Int] = [:]
        var reported: [String: Int] = [:]
    }

    private struct AttemptKey: Hashable {
        var task: TaskID
        var attempt: Int
    }

    private let story: Story
    private let hasTrueClocks: Bool
    private let state = Mutex(State())

    package init(story: Story, hasTrueClocks: Bool) {
        self.story = story
        self.hasTrueClocks = hasTrueClocks
    }

    package var violations: [Violation] { state.withLock(\.violations) }

    package func violated(_ invariant: Invariant, _ text: String) {
        story.note("VIOLATED", "\(invariant.rawValue): \(text)")
        state.withLock { $0.violations.append(Violation(invariant: invariant, text: text)) }
    }

    /// How often something happened, by its name.
    package var counts: OrderedDictionary<String, Int> {
        state.withLock { state in
            OrderedDictionary(uniqueKeysWithValues: state.reported.sorted { $0.key < $1.key })
        }
    }

    package func count(_ name: String, _ number: Int = 1) {
        state.withLock { $0.reported[name, default: 0] += number }
    }

    // MARK: The store

    func leased(_ id: AttemptID) {
        state.withLock { state in
            let previous = AttemptKey(task: id.task, attempt: id.attempt - 1)
            if id.attempt > 1, !state.ended.contains(previous) {
                state.expiries += 1
                if state.queued.contains(previous), !state.running.contains(previous) {
                    state.replaced.insert(previous)
                }
            }
            state.newest[id.task] = id
        }
    }

    /// An attempt was counted as failed, or given back.
    func attemptEnded(_ task: TaskID) {
        state.withLock { state in
            guard let attempt = state.newest[task]?.attempt else { return }
            state.ended.insert(AttemptKey(task: task, attempt: attempt))
        }
    }

    func marked(_ mark: LeaseMark) {
        let key = AttemptKey(task: mark.task, attempt: mark.attempt)
        state.withLock { state in
            switch mark.change {
            case .queued: _ = state.queued.insert(key)
            case .started, .heartbeat: _ = state.running.insert(key)
            case .released: _ = state.ended.insert(key)
            }
        }
    }

    func taskEnded(_ task: TaskID) { state.withLock { _ = $0.over.insert(task) } }

    /// Dispatch and queue leases that ran out.
    var expiries: Int { state.withLock(\.expiries) }

    // MARK: The engine and the broker

    func answered(_ report: TaskReport, _ outcome: ReportOutcome) {
        if report.isTerminal { state.withLock { _ = $0.answered.insert(report.attemptID.description) } }
        switch outcome {
        case .applied: break
        // A sign of life may be overtaken by the result.
        case .stale: return count(report.isTerminal ? "stale" : "stale signs")
        case .gone: return count("gone")
        case .refused: return count("refused")
        }
        switch report.content {
        case .completed, .error: applied(report.attemptID)
        case .started, .progress, .event, .failed, .released, .expired, .unroutable: break
        }
    }

    private func applied(_ id: AttemptID) {
        let (other, newest) = state.withLock { state in
            (state.applied.updateValue(id, forKey: id.task), state.newest[id.task])
        }
        if let other, other != id { violated(.appliedOnce, "\(id.task) took results of \(other) and of \(id)") }
        if newest != id {
            violated(
                .currentAttempt, "\(id.task) took the result of \(id) when \(newest?.description ?? "none") was out")
        }
    }

    // MARK: The bus

    func kept(_ message: BusMessage) {
        let ended = message.endedAttempts
        if !ended.isEmpty { state.withLock { $0.kept.formUnion(ended) } }
    }

    /// Who has a message when its attempt is over in the eyes of the engine works for nothing.
    func delivered(_ message: BusMessage) {
        guard hasTrueClocks, message.replyTo != nil, let id = try? message.attemptID() else { return }
        let isReplaced = state.withLock { $0.replaced.contains(AttemptKey(task: id.task, attempt: id.attempt)) }
        if isReplaced { violated(.expiration, "\(id) was delivered after it had been given out anew") }
    }

    func sent(_ id: String) { state.withLock { _ = $0.sent.insert(id) } }
    func isSent(_ id: String) -> Bool { state.withLock { $0.sent.contains(id) } }

    func acknowledged(_ message: BusMessage, queue: String, names: BusNames) {
        guard let id = message.messageID else { return }
        if queue == names.resultsQueue(partition: 0) {
            for ended in message.endedAttempts where !state.withLock({ $0.answered.contains(ended) }) {
                violated(.ackAfterCommit, "the result \(ended) was acknowledged before the engine had answered")
            }
        } else if message.replyTo != nil, queue.hasPrefix(names.prefix + "task.") {
            guard let attempt = try? TaskMessage(decoding: message).id, let problem = earlyAck(attempt, id) else {
                return
            }
            violated(.ackAfterResult, problem)
        }
    }

    private func earlyAck(_ attempt: AttemptID, _ id: String) -> String? {
        state.withLock { state in
            if state.kept.contains(id) || state.over.contains(attempt.task) { return nil }
            if let newest = state.newest[attempt.task], newest.attempt > attempt.attempt { return nil }
            return "the task \(id) was acknowledged before the bus had its result"
        }
    }

    // MARK: Agents

    func began(_ id: AttemptID) {
        state.withLock { $0.runs[id, default: 0] += 1 }
        count("runs")
    }

    func ranAgain(_ id: AttemptID, in agent: String) {
        violated(.agentMemory, "\(agent) did \(id) again, although the bus had confirmed its result")
    }

    /// Tasks that were worked on more than once.
    var repeated: [TaskID] {
        state.withLock { state in
            var runs: [TaskID: Int] = [:]
            for (id, count) in state.runs { runs[id.task, default: 0] += count }
            return runs.filter { $0.value > 1 }.keys.sorted()
        }
    }
}

extension BusMessage {
    /// Of whose attempts it holds the result, by message id, whether or not it can be read.
    fileprivate var endedAttempts: [String] {
        switch type {
        case "completed", "failed", "error": return messageID.map { [$0] } ?? []
        case "results":
            guard case .reports(let reports, _, _)? = try? ResultMessage(decoding: self) else { return [] }
            return reports.map(\.attemptID.description)
        default: return []
        }
    }
}
