import OrderedCollections
package import ProcessEngine
package import Values

/// The agent's side of delivery for one contract: what to run, what to say and when, and what to acknowledge.
///
/// An attempt here: held → running → finished → gone. It is held while all slots are taken, or while an older attempt of its
/// task still winds down; held too long, it goes back to the queue. It runs once at a time, however often it is delivered.
/// Finished, its result is published until the bus confirms it; only then are its deliveries acknowledged. The one exception is
/// a delivery that the bus would take away (`consumerTimeout`): it is acknowledged at 80% of that time, if the last sign of life
/// was confirmed, because from then on the engine's lease holds the task.
package struct AgentSession: Sendable {
    package struct Configuration: Sendable {
        package var contract: ContractKey
        /// How many attempts run at once; also the bus's limit of unacknowledged deliveries.
        package var prefetch: Int
        package var names: BusNames
        /// How long the bus bears an unacknowledged delivery.
        package var consumerTimeout: Duration
        /// Shorter work never says `started`.
        package var startedAfter: Duration
        package var progressSpacing: Duration
        package var holdLimit: Duration
        package var publishTimeout: Duration
        package var longestPause: Duration
        /// How many ended attempts and canceled tasks are remembered.
        package var memory: Int
        package var limits: EnvelopeLimits

        package init(
            contract: ContractKey, prefetch: Int, names: BusNames = BusNames(),
            consumerTimeout: Duration = .seconds(1800),
            startedAfter: Duration = .seconds(1), progressSpacing: Duration = .milliseconds(500),
            holdLimit: Duration = .seconds(30), publishTimeout: Duration = .seconds(30),
            longestPause: Duration = .seconds(10),
            memory: Int = 1000, limits: EnvelopeLimits = .standard
        ) {
            self.contract = contract
            self.prefetch = max(1, prefetch)
            self.names = names
            self.consumerTimeout = consumerTimeout
            self.startedAfter = startedAfter
            self.progressSpacing = progressSpacing
            self.holdLimit = holdLimit
            self.publishTimeout = publishTimeout
            self.longestPause = longestPause
            self.memory = memory
            self.limits = limits
        }
    }

    /// Names a delivery on the connection that made it.
    package struct Tag: Sendable, Hashable {
        package var epoch: Int
        package var number: UInt64
        package init(epoch: Int, number: UInt64) {
            self.epoch = epoch
            self.number = number
        }
    }

    package struct PublishID: Sendable, Hashable {
        package let number: Int
        package init(number: Int) { self.number = number }
    }

    package enum StopReason: Sendable, Hashable {
        /// The task is not wanted any more.
        case canceled(String?)
        /// The engine gave out a newer attempt.
        case superseded
        /// No sign of life was confirmed for nearly a lease: another agent may have the task soon.
        case leaseLost
        /// The contract's timeout has passed.
        case timedOut
    }

    package enum RunOutcome: Sendable, Hashable {
        case completed(output: JSON)
        case failed(TaskFailure)
        case error(BPMNError)
        /// It stopped because it was told to, or because the agent ends.
        case stopped
    }

    /// What the shell must do, in this order.
    package enum Action: Sendable, Hashable {
        /// Start the work; tell `runFinished` when it ended, however it ended.
        case run(TaskMessage)
        /// Cancel the work; `runFinished` still follows.
        case stopRun(AttemptID, StopReason)
        /// Publish it, then tell `published`.
        case publish(PublishID, BusMessage, timeout: Duration)
        case ack([Tag])
        case reject([Tag], requeue: Bool)
        /// The bus has the event.
        case eventConfirmed(AttemptID, number: Int)
        /// Ask the bus for no more deliveries, and keep those that are unacknowledged.
        case stopConsuming
        case warn(String)
    }

    /// Why an event was not taken.
    package enum EventRefusal: Error, Sendable, Hashable {
        case attemptOver
        case tooLarge(bytes: Int, limit: Int)
    }

    package let configuration: Configuration
    package private(set) var isDraining = false
    private var attempts: AttemptTable
    private var publishes: [PublishID: (attempt: AttemptID, kind: AgentAttempt.PublishKind)] = [:]
    private var nextPublish = 1
    private var epoch = Int.min
    /// The newest attempt of each task whose result the bus confirmed, oldest first.
    private var ended: OrderedDictionary<TaskID, AttemptID> = [:]
    /// Canceled tasks; with a number, up to that attempt.
    private var canceled: OrderedDictionary<TaskID, Int?> = [:]
    /// Given back while draining. What comes again is kept, or the bus and this agent would throw it to and fro.
    private var givenBack: OrderedSet<AttemptID> = []

    package init(configuration: Configuration) {
        self.configuration = configuration
        attempts = AttemptTable(configuration: configuration)
    }

    package var runningCount: Int { attempts.runningCount }

    /// Draining, and nothing runs or waits for a confirm. What is still held goes back when the subscription is canceled.
    package var isDrained: Bool { isDraining && attempts.heldCount == attempts.count }

    /// When `tick` has something to do.
    package var nextWake: Timestamp? { attempts.nextWake }

    // MARK: Deliveries.

    package mutating func deliveryReceived(_ message: BusMessage, tag: Tag, at now: Timestamp) -> [Action] {
        if tag.epoch < epoch { return [] }
        if tag.epoch > epoch { connectionChanged(to: tag.epoch) }
        let task: TaskMessage
        do {
            task = try TaskMessage(decoding: message, limits: configuration.limits)
        } catch {
            return [.warn("a task message cannot be read: \(error)"), .reject([tag], requeue: false)]
        }
        guard task.contract == configuration.contract else {
            let problem = "\(task.id) is a task of \(task.contract), and came to an agent of \(configuration.contract)"
            return [.warn(problem), .reject([tag], requeue: false)]
        }
        if attempts.change(task.id, { $0.attach(tag, at: now) }) != nil { return advance(task.id, at: now) }
        return isOver(task.id) ? [.ack([tag])] : taken(task, tag: tag, at: now)
    }

    /// Whether an attempt is not to be run any more: it ended here, a newer one is known, or it was canceled.
    private func isOver(_ id: AttemptID) -> Bool {
        if let known = ended[id.task], known == id || known.attempt > id.attempt { return true }
        if let limit = canceled[id.task], limit.map({ id.attempt <= $0 }) ?? true { return true }
        return attempts.siblings(of: id).contains { $0.attempt > id.attempt }
    }

    private mutating func taken(_ task: TaskMessage, tag: Tag, at now: Timestamp) -> [Action] {
        if isDraining, !givenBack.contains(task.id) {
            givenBack.append(task.id)
            return [.reject([tag], requeue: true)]
        }
        var actions: [Action] = []
        for id in attempts.siblings(of: task.id) { actions += stop(id, .superseded) }
        var attempt = AgentAttempt(task: task, heldSince: now)
        attempt.attach(tag, at: now)
        attempts.insert(attempt)
        return actions + startHeld(at: now)
    }

    /// Deliveries of an older connection are void: the bus gives them out again. Their work goes on.
    private mutating func connectionChanged(to newEpoch: Int) {
        epoch = newEpoch
        for id in attempts.held { attempts.remove(id) }
        for id in attempts.ids { attempts.change(id) { $0.dropTags(before: newEpoch) } }
    }

    private mutating func startHeld(at now: Timestamp) -> [Action] {
        guard !isDraining, attempts.heldCount > 0 else { return [] }
        var actions: [Action] = []
        for id in attempts.held where runningCount < configuration.prefetch {
            let hasElder = attempts.siblings(of: id).contains { attempts[$0]?.isRunning == true }
            guard !hasElder, let attempt = attempts[id] else { continue }
            attempts.change(id) { $0.start(at: now) }
            actions.append(.run(attempt.task))
        }
        return actions
    }

    // MARK: The work.

    package mutating func runFinished(_ id: AttemptID, _ outcome: RunOutcome, at now: Timestamp) -> [Action] {
        guard let attempt = attempts[id], attempt.isRunning else { return [] }
        let content: TaskReport.Content
        switch outcome {
        case .completed(let output): content = .completed(output: output)
        case .failed(let failure): content = .failed(failure)
        case .error(let error): content = .error(error)
        case .stopped:
            if attempt.stop == nil, !attempt.tags.isEmpty {
                // The agent ends: nobody's fault, so the bus gives the task to another one and no retry is spent.
                attempts.remove(id)
                publishes = publishes.filter { $0.value.attempt != id }
                return [.reject(attempt.tags.map(\.tag), requeue: true)] + startHeld(at: now)
            }
            content = .failed(TaskFailure(message: Self.text(of: attempt.stop)))
        }
        let message = result(of: attempt.task, content)
        attempts.change(id) { $0.finish(message) }
        return advance(id, at: now) + startHeld(at: now)
    }

    private func result(of task: TaskMessage, _ content: TaskReport.Content) -> BusMessage {
        let message = TaskReport(task.id, content).encoded(for: task, names: configuration.names)
        guard message.body.count > configuration.limits.bodyBytes else { return message }
        let text = "the result has \(message.body.count) bytes; at most \(configuration.limits.bodyBytes) can be sent"
        let failure = TaskFailure(message: text, retry: false)
        return TaskReport(task.id, .failed(failure)).encoded(for: task, names: configuration.names)
    }

    private static func text(of reason: StopReason?) -> String {
        switch reason {
        case .canceled(let text): text.map { "canceled: \($0)" } ?? "canceled"
        case .superseded: "the engine gave out a newer attempt"
        case .leaseLost: "the agent lost contact with the bus for nearly a lease, and stopped its work"
        case .timedOut: "the contract's timeout passed"
        case nil: "the agent was stopped"
        }
    }

    /// 0…1 and a text, whatever is known. The latest is sent, with some space between; it counts as a sign of life.
    package mutating func progressMade(_ id: AttemptID, _ value: Double?, message: String?, at now: Timestamp)
        -> [Action]
    {
        let text = message.map { EnvelopeLimits.cut($0, to: configuration.limits.textBytes) }
        attempts.change(id) { $0.progress(value, message: text) }
        return advance(id, at: now)
    }

    /// An event of the contract. It is published before the result, again and again until confirmed.
    package mutating func eventRaised(
        _ id: AttemptID, name: String, payload: JSON, at now: Timestamp
    ) throws(EventRefusal) -> (number: Int, actions: [Action]) {
        guard let attempt = attempts[id], attempt.isRunning else { throw .attemptOver }
        let report = TaskReport(id, .event(name: name, payload: payload))
        let message = report.encoded(for: attempt.task, names: configuration.names)
        guard message.body.count <= configuration.limits.bodyBytes else {
            throw .tooLarge(bytes: message.body.count, limit: configuration.limits.bodyBytes)
        }
        let number = attempts.change(id) { $0.raise(message) } ?? 0
        return (number, advance(id, at: now))
    }

    // MARK: The bus's answers, and time.

    package mutating func published(_ publish: PublishID, _ outcome: PublishOutcome, at now: Timestamp) -> [Action] {
        guard let (id, kind) = publishes.removeValue(forKey: publish), let attempt = attempts[id] else { return [] }
        var actions: [Action] = []
        if case .returned(let code, let text) = outcome {
            let place = "\(configuration.names.resultsExchange) with key \(attempt.task.replyTo)"
            actions.append(.warn("no queue takes messages of \(id) to \(place): \(code) \(text)"))
        }
        let isConfirmed = outcome == .confirmed
        switch kind {
        case .signOfLife:
            attempts.change(id) { $0.signOfLifeAnswered(isConfirmed: isConfirmed, at: now) }
        case .event(let number):
            let configuration = configuration
            attempts.change(id) { $0.eventAnswered(isConfirmed: isConfirmed, at: now, configuration) }
            if isConfirmed { actions.append(.eventConfirmed(id, number: number)) }
        case .result:
            if isConfirmed { return end(id, at: now) }
            let configuration = configuration
            attempts.change(id) { $0.resultAnswered(at: now, configuration) }
        }
        return actions + advance(id, at: now)
    }

    private mutating func end(_ id: AttemptID, at now: Timestamp) -> [Action] {
        let tags = attempts.remove(id)?.tags.map(\.tag) ?? []
        if ended[id.task].map({ $0.attempt <= id.attempt }) ?? true {
            ended[id.task] = nil
            ended[id.task] = id
        }
        // Many at once: taking one from the front moves all the others.
        if ended.count > 2 * configuration.memory { ended.removeFirst(configuration.memory) }
        return (tags.isEmpty ? [] : [.ack(tags)]) + startHeld(at: now)
    }

    package mutating func tick(at now: Timestamp) -> [Action] {
        var actions: [Action] = []
        for id in attempts.ids { actions += advance(id, at: now) }
        return actions + startHeld(at: now)
    }

    /// Does what is due for one attempt.
    private mutating func advance(_ id: AttemptID, at now: Timestamp) -> [Action] {
        var heldTooLong: [Tag]?
        var actions: [Action] = []
        var due: [(kind: AgentAttempt.PublishKind, message: BusMessage, timeout: Duration)] = []
        var early: [Tag] = []
        let configuration = configuration
        attempts.change(id) { attempt in
            guard !attempt.isHeldTooLong(at: now, configuration) else {
                heldTooLong = attempt.tags.map(\.tag)
                return
            }
            if let reason = attempt.reasonToStop(at: now) {
                attempt.stop = reason
                actions.append(.stopRun(id, reason))
            }
            while let next = attempt.nextPublish(at: now, configuration) { due.append(next) }
            early = attempt.tagsToAckEarly(at: now, configuration)
        }
        if let heldTooLong {
            attempts.remove(id)
            return [.reject(heldTooLong, requeue: true)]
        }
        for (kind, message, timeout) in due {
            let publish = PublishID(number: nextPublish)
            nextPublish += 1
            publishes[publish] = (id, kind)
            actions.append(.publish(publish, message, timeout: timeout))
        }
        if !early.isEmpty { actions.append(.ack(early)) }
        return actions
    }

    // MARK: Control.

    package mutating func cancelReceived(_ cancel: CancelMessage, at now: Timestamp) -> [Action] {
        if let known = canceled.removeValue(forKey: cancel.task) {
            let newest = known.flatMap { known in cancel.attempt.map { max(known, $0) } }
            canceled[cancel.task] = .some(newest)
        } else {
            canceled[cancel.task] = .some(cancel.attempt)
        }
        if canceled.count > configuration.memory { canceled.removeFirst() }
        var actions: [Action] = []
        for id in attempts.ids(of: cancel.task) where cancel.attempt.map({ id.attempt <= $0 }) ?? true {
            actions += stop(id, .canceled(cancel.reason))
        }
        return actions + startHeld(at: now)
    }

    /// Stops what runs; what is only held is not wanted by anybody, and acknowledged.
    private mutating func stop(_ id: AttemptID, _ reason: StopReason) -> [Action] {
        guard let attempt = attempts[id] else { return [] }
        if attempt.isHeld {
            attempts.remove(id)
            return [.ack(attempt.tags.map(\.tag))]
        }
        guard attempt.isRunning, attempt.stop == nil else { return [] }
        attempts.change(id) { $0.stop = reason }
        return [.stopRun(id, reason)]
    }

    /// No new work: what runs is finished, what does not run yet goes back to the queue.
    package mutating func drain() -> [Action] {
        guard !isDraining else { return [] }
        isDraining = true
        var tags: [Tag] = []
        for id in attempts.held {
            tags += attempts.remove(id)?.tags.map(\.tag) ?? []
            givenBack.append(id)
        }
        return [.stopConsuming] + (tags.isEmpty ? [] : [.reject(tags, requeue: true)])
    }
}
