import Delivery
import Logging
import ProcessEngine
import Services
import Values

/// Serves one contract: the shell over `AgentSession`. One loop takes what happens in the order in which it happened, asks the
/// session, and does as it says.
final class ContractServer: Sendable {
    /// What can happen.
    enum Input: Sendable {
        case subscribed(any BusSubscription)
        case deliveries([BusDelivery])
        case finished(AttemptID, AgentSession.RunOutcome)
        case published([(id: AgentSession.PublishID, outcome: PublishOutcome)])
        case progress(AttemptID, Double?, String?)
        case event(AttemptID, name: String, payload: JSON, answer: AsyncStream<AgentSession.EventRefusal?>.Continuation)
        case cancel(CancelMessage)
        case tick(alarm: Int)
        case drain
    }

    let configuration: AgentSession.Configuration
    private let bus: any MessageBus
    private let handler: @Sendable ([UInt8], AgentTask) async throws -> [UInt8]
    private let inputFetcher: InputFetcher
    private let time: any TimeSource
    private let logger: Logger
    private let inputs: Inbox<Input>
    private let send: @Sendable (Input) -> Void

    var contract: ContractKey { configuration.contract }

    init(
        session configuration: AgentSession.Configuration, bus: any MessageBus,
        handler: @escaping @Sendable ([UInt8], AgentTask) async throws -> [UInt8], inputFetcher: InputFetcher,
        time: any TimeSource, logger: Logger
    ) {
        self.configuration = configuration
        self.bus = bus
        self.handler = handler
        self.inputFetcher = inputFetcher
        self.time = time
        var logger = logger
        logger[metadataKey: "contract"] = "\(configuration.contract)"
        self.logger = logger
        let inputs = Inbox<Input>()
        self.inputs = inputs
        send = { inputs.add([$0]) }
    }

    func drain() { send(.drain) }
    func cancel(_ message: CancelMessage) { send(.cancel(message)) }

    /// Returns when it is drained, or cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            var loop = Loop(session: AgentSession(configuration: configuration))
            group.addTask { await self.consume() }
            // What happened while the last batch was done is one batch: the busier, the larger, and the fewer the writes.
            while !loop.session.isDrained, let batch = await inputs.next() {
                var actions: [AgentSession.Action] = []
                for input in batch where !loop.session.isDrained { actions += take(input, &loop) }
                await perform(actions, &loop, in: &group)
                arm(&loop, in: &group)
                // Short handlers end before the next batch is taken: their results are then one.
                await Task.yield()
            }
            // A drained subscription gives back what it still holds; a cancelled one loses it with its connection.
            if !Task.isCancelled { await loop.subscription?.cancel() }
            group.cancelAll()
        }
    }

    /// What the loop knows.
    private struct Loop {
        var session: AgentSession
        var subscription: (any BusSubscription)?
        var runs: [AttemptID: Stoppable] = [:]
        var events: [EventKey: AsyncStream<AgentSession.EventRefusal?>.Continuation] = [:]
        var alarm: (number: Int, time: Timestamp, stoppable: Stoppable)?
        var alarmCount = 0
    }

    private struct EventKey: Hashable {
        var attempt: AttemptID
        var number: Int
    }

    private func take(_ input: Input, _ loop: inout Loop) -> [AgentSession.Action] {
        let now = time.now
        switch input {
        case .subscribed(let subscription):
            loop.subscription = subscription
            return loop.session.isDraining ? [.stopConsuming] : []
        case .deliveries(let deliveries):
            return deliveries.flatMap { delivery in
                let tag = AgentSession.Tag(epoch: delivery.tag.epoch, number: delivery.tag.number)
                return loop.session.deliveryReceived(delivery.message, tag: tag, at: now)
            }
        case .finished(let id, let outcome):
            loop.runs[id] = nil
            for key in loop.events.keys.filter({ $0.attempt == id }) { loop.events.removeValue(forKey: key)?.finish() }
            return loop.session.runFinished(id, outcome, at: now)
        case .published(let answers):
            return answers.flatMap { loop.session.published($0.id, $0.outcome, at: now) }
        case .progress(let id, let value, let message):
            return loop.session.progressMade(id, value, message: message, at: now)
        case .event(let id, let name, let payload, let answer):
            do {
                let (number, actions) = try loop.session.eventRaised(id, name: name, payload: payload, at: now)
                loop.events[EventKey(attempt: id, number: number)] = answer
                return actions
            } catch {
                answer.yield(error)
                return []
            }
        case .cancel(let message):
            return loop.session.cancelReceived(message, at: now)
        case .tick(let alarm):
            if loop.alarm?.number == alarm { loop.alarm = nil }
            return loop.session.tick(at: now)
        case .drain:
            logger.info("draining", metadata: ["running": "\(loop.session.runningCount)"])
            return loop.session.drain()
        }
    }

    /// Does the actions in order, but all publishes together at the end, and acks that follow each other as one.
    private func perform(
        _ actions: [AgentSession.Action], _ loop: inout Loop, in group: inout DiscardingTaskGroup
    ) async {
        var acks: [AgentSession.Tag] = []
        var publishes: [(timeout: Duration, batch: [(id: AgentSession.PublishID, message: BusMessage)])] = []
        for action in actions {
            switch action {
            case .ack(let tags): acks += tags
            case .publish(let id, let message, let timeout):
                if publishes.last?.timeout != timeout { publishes.append((timeout, [])) }
                publishes[publishes.count - 1].batch.append((id, message))
            case .reject(let tags, let requeue):
                await acknowledge(&acks, loop)
                await loop.subscription?.reject(tags.map { BusDelivery.Tag($0) }, requeue: requeue)
            case .stopConsuming:
                await acknowledge(&acks, loop)
                await loop.subscription?.stop()
            case .run(let task):
                let stoppable = Stoppable()
                loop.runs[task.id] = stoppable
                group.addTask { await self.work(on: task, stoppable) }
            case .stopRun(let id, let reason):
                logger.notice("stopping the work on a task", metadata: ["attempt": "\(id)", "reason": "\(reason)"])
                loop.runs[id]?.stop()
            case .eventConfirmed(let id, let number):
                loop.events.removeValue(forKey: EventKey(attempt: id, number: number))?.yield(nil)
            case .warn(let text):
                logger.warning("\(text)")
            }
        }
        await acknowledge(&acks, loop)
        for (timeout, batch) in publishes { publish(batch, timeout: timeout, in: &group) }
    }

    private func acknowledge(_ tags: inout [AgentSession.Tag], _ loop: Loop) async {
        guard !tags.isEmpty else { return }
        await loop.subscription?.ack(tags.map { BusDelivery.Tag($0) })
        tags = []
    }

    private func publish(
        _ batch: [(id: AgentSession.PublishID, message: BusMessage)], timeout: Duration,
        in group: inout DiscardingTaskGroup
    ) {
        let (bus, send) = (bus, send)
        let bundles = AgentSession.bundled(batch)
        group.addTask {
            let outcomes = await bus.publish(bundles.map(\.message), timeout: timeout)
            send(
                .published(
                    bundles.indices.flatMap { index in
                        let outcome = index < outcomes.count ? outcomes[index] : .unknown
                        return bundles[index].ids.map { ($0, outcome) }
                    }))
        }
    }

    /// Sees to it that a tick comes when the session wants one.
    private func arm(_ loop: inout Loop, in group: inout DiscardingTaskGroup) {
        guard let wake = loop.session.nextWake else { return }
        if let alarm = loop.alarm {
            if alarm.time <= wake { return }
            alarm.stoppable.stop()
        }
        let stoppable = Stoppable()
        loop.alarmCount += 1
        loop.alarm = (loop.alarmCount, wake, stoppable)
        let (time, send, number) = (time, send, loop.alarmCount)
        group.addTask {
            await stoppable.run {
                do {
                    try await time.sleep(until: wake)
                    send(.tick(alarm: number))
                } catch {
                    // Another alarm took its place.
                }
            }
        }
    }

    private func consume() async {
        let subscription = Subscription(
            queue: configuration.names.taskQueue(of: contract), prefetch: configuration.prefetch)
        while !Task.isCancelled {
            do {
                let consumer = try await bus.subscribe(subscription)
                logger.info(
                    "serving", metadata: ["queue": "\(subscription.queue)", "prefetch": "\(subscription.prefetch)"])
                send(.subscribed(consumer))
                for await batch in consumer.deliveries { send(.deliveries(batch)) }
                return
            } catch {
                logger.warning(
                    "cannot consume; trying again", metadata: ["queue": "\(subscription.queue)", "error": "\(error)"])
                try? await time.sleep(for: .seconds(1))
            }
        }
    }

    private func work(on task: TaskMessage, _ stoppable: Stoppable) async {
        let send = send
        await stoppable.run {
            let outcome = await self.outcome(of: task)
            send(.finished(task.id, outcome))
        }
    }

    private func outcome(of task: TaskMessage) async -> AgentSession.RunOutcome {
        do {
            // Part of the work: signs of life are sent, and the contract's timeout runs.
            let input = try await inputFetcher.wholeInput(of: task) { problem in
                logger.warning("\(problem)", metadata: ["attempt": "\(task.id)"])
                send(.progress(task.id, nil, problem))
            }
            let output = try await handler(input, AgentTask(task, send: send))
            let json = try JSON(validating: output)
            guard json.isObject else {
                return .failed(TaskFailure(message: "the output is not a JSON object", retry: false))
            }
            return .completed(output: json)
        } catch let error as TaskError {
            switch error.kind {
            case .bpmn(let error): return .error(error)
            case .failure(let failure): return .failed(failure)
            }
        } catch let error as JSONError {
            return .failed(TaskFailure(message: "the output is not JSON: \(error)", retry: false))
        } catch {
            return Task.isCancelled ? .stopped : .failed(TaskFailure(message: "\(error)"))
        }
    }
}

extension BusDelivery.Tag {
    fileprivate init(_ tag: AgentSession.Tag) {
        self.init(epoch: tag.epoch, number: tag.number)
    }
}
