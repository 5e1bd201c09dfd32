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
        case published(AgentSession.PublishID, PublishOutcome)
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
    private let inputs: AsyncStream<Input>
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
        let (inputs, continuation) = AsyncStream<Input>.makeStream()
        self.inputs = inputs
        send = { continuation.yield($0) }
    }

    func drain() { send(.drain) }
    func cancel(_ message: CancelMessage) { send(.cancel(message)) }

    /// Returns when it is drained, or cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            var loop = Loop(session: AgentSession(configuration: configuration))
            group.addTask { await self.consume() }
            for await input in inputs {
                let actions = take(input, &loop)
                for action in actions { await perform(action, &loop, in: &group) }
                arm(&loop, in: &group)
                if loop.session.isDrained { break }
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
        case .published(let id, let outcome):
            return loop.session.published(id, outcome, at: now)
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

    private func perform(_ action: AgentSession.Action, _ loop: inout Loop, in group: inout DiscardingTaskGroup) async {
        switch action {
        case .run(let task):
            let stoppable = Stoppable()
            loop.runs[task.id] = stoppable
            group.addTask { await self.work(on: task, stoppable) }
        case .stopRun(let id, let reason):
            logger.notice("stopping the work on a task", metadata: ["attempt": "\(id)", "reason": "\(reason)"])
            loop.runs[id]?.stop()
        case .publish(let id, let message, let timeout):
            let (bus, send) = (bus, send)
            group.addTask {
                let outcome = await bus.publish([message], timeout: timeout).first ?? .unknown
                send(.published(id, outcome))
            }
        case .ack(let tags):
            await loop.subscription?.ack(tags.map { BusDelivery.Tag($0) })
        case .reject(let tags, let requeue):
            await loop.subscription?.reject(tags.map { BusDelivery.Tag($0) }, requeue: requeue)
        case .eventConfirmed(let id, let number):
            loop.events.removeValue(forKey: EventKey(attempt: id, number: number))?.yield(nil)
        case .stopConsuming:
            await loop.subscription?.stop()
        case .warn(let text):
            logger.warning("\(text)")
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
