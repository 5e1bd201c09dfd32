import Delivery
import ProcessEngine
import Testing
import Values

struct AgentSessionTests {
    private typealias Tag = AgentSession.Tag

    private func session(prefetch: Int = 2, consumerTimeout: Duration = .seconds(1800)) -> AgentSession {
        AgentSession(configuration: .init(contract: transcode, prefetch: prefetch, consumerTimeout: consumerTimeout))
    }

    private func tag(_ number: UInt64, epoch: Int = 1) -> AgentSession.Tag { Tag(epoch: epoch, number: number) }

    /// The one publish among the actions.
    private func publish(_ actions: [AgentSession.Action]) throws -> (id: AgentSession.PublishID, message: BusMessage) {
        let all = actions.compactMap { action -> (AgentSession.PublishID, BusMessage)? in
            guard case .publish(let id, let message, timeout: _) = action else { return nil }
            return (id, message)
        }
        return try #require(all.count == 1 ? all.first : nil, "\(actions)")
    }

    // MARK: The normal course.

    @Test func `a fast task says only its result, which is acknowledged after its confirm`() throws {
        var session = session()
        let task = taskMessage(1)

        #expect(session.deliveryReceived(task.onBus, tag: tag(1), at: .start) == [.run(task)])
        let finished = session.runFinished(task.id, .completed(output: .emptyObject), at: .at(.milliseconds(200)))
        let result = try publish(finished)
        #expect(finished.count == 1)
        #expect(result.message.type == "completed")
        #expect(session.published(result.id, .confirmed, at: .at(.milliseconds(210))) == [.ack([tag(1)])])
        #expect(session.nextWake == nil)
    }

    @Test func `work of a second says started, then beats as often as the contract wants`() throws {
        var session = session()
        let task = taskMessage(1, heartbeat: .seconds(30))
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)

        #expect(session.nextWake == .at(.seconds(1)))
        #expect(session.tick(at: .at(.milliseconds(999))).isEmpty)
        let started = try publish(session.tick(at: .at(.seconds(1))))
        #expect(started.message.type == "started")
        _ = session.published(started.id, .confirmed, at: .at(.seconds(1)))
        #expect(session.nextWake == .at(.seconds(31)))
        let beat = try publish(session.tick(at: .at(.seconds(31))))
        #expect(beat.message.type == "progress")
        #expect(beat.message.text == "{}")
    }

    @Test func `progress waits for started, the latest is sent, and it counts as a heartbeat`() throws {
        var session = session()
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)

        #expect(session.progressMade(task.id, 0.1, message: nil, at: .at(.milliseconds(100))).isEmpty)
        let started = try publish(session.tick(at: .at(.seconds(1))))
        #expect(session.progressMade(task.id, 0.2, message: "b", at: .at(.seconds(1))).isEmpty)
        #expect(session.published(started.id, .confirmed, at: .at(.milliseconds(1100))).isEmpty)
        let progress = try publish(session.tick(at: .at(.milliseconds(1500))))
        #expect(progress.message.text == #"{"progress":0.200000,"message":"b"}"#)
        _ = session.published(progress.id, .confirmed, at: .at(.milliseconds(1500)))
        #expect(session.nextWake == .at(.milliseconds(31_500)))
    }

    @Test func `no more than the prefetch runs at once`() {
        var session = session(prefetch: 1)
        let (first, second) = (taskMessage(1), taskMessage(2))
        _ = session.deliveryReceived(first.onBus, tag: tag(1), at: .start)

        #expect(session.deliveryReceived(second.onBus, tag: tag(2), at: .start).isEmpty)
        let actions = session.runFinished(first.id, .completed(output: .emptyObject), at: .at(.seconds(2)))
        #expect(actions.last == .run(second))
    }

    @Test func `what is held too long goes back to the queue`() {
        var session = session(prefetch: 1)
        _ = session.deliveryReceived(taskMessage(1).onBus, tag: tag(1), at: .start)
        _ = session.deliveryReceived(taskMessage(2).onBus, tag: tag(2), at: .start)

        #expect(session.tick(at: .at(.seconds(30))).contains(.reject([tag(2)], requeue: true)))
    }

    // MARK: Results that the bus does not take.

    @Test(arguments: [PublishOutcome.unknown, .notSent, .refused, .returned(code: 312, text: "NO_ROUTE")])
    func `a result is published until it is confirmed, and not acknowledged before`(outcome: PublishOutcome) throws {
        var session = session()
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)
        var result = try publish(session.runFinished(task.id, .completed(output: .emptyObject), at: .start))
        var pauses: [Duration] = []

        for _ in 0..<10 {
            let now = session.nextWake ?? .start
            let actions = session.published(result.id, outcome, at: now)
            #expect(!actions.contains(.ack([tag(1)])))
            let wake = try #require(session.nextWake)
            pauses.append(wake.duration(since: now))
            result = try publish(session.tick(at: wake))
        }

        #expect(pauses.first == .milliseconds(100))
        #expect(pauses.last == .seconds(10))
        #expect(session.published(result.id, .confirmed, at: .at(.seconds(99))) == [.ack([tag(1)])])
    }

    @Test func `a result over the cap is a failure that is not tried again`() throws {
        var session = AgentSession(
            configuration: .init(contract: transcode, prefetch: 1, limits: EnvelopeLimits(bodyBytes: 200)))
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)

        let output = JSON.object([(name: "a", value: .string(String(repeating: "x", count: 200)))])
        let result = try publish(session.runFinished(task.id, .completed(output: output), at: .start))

        #expect(result.message.type == "failed")
        #expect(result.message.text.contains(#""retry":false"#))
    }

    @Test func `events go before the result, one at a time`() throws {
        var session = session()
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)

        let (first, actions) = try session.eventRaised(task.id, name: "a", payload: .null, at: .start)
        let (second, none) = try session.eventRaised(task.id, name: "b", payload: .null, at: .start)
        #expect([first, second] == [1, 2])
        #expect(none.isEmpty)
        let eventA = try publish(actions)
        #expect(session.runFinished(task.id, .completed(output: .emptyObject), at: .start).isEmpty)
        let afterA = session.published(eventA.id, .confirmed, at: .start)
        #expect(afterA.first == .eventConfirmed(task.id, number: 1))
        let eventB = try publish(afterA)
        #expect(eventB.message.text == #"{"name":"b","payload":null}"#)
        let result = try publish(session.published(eventB.id, .confirmed, at: .start))
        #expect(result.message.type == "completed")
    }

    // MARK: Deliveries again.

    @Test func `a second delivery of a running attempt is not run, and both are acknowledged`() throws {
        var session = session()
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)

        #expect(session.deliveryReceived(task.onBus, tag: tag(2), at: .start).isEmpty)
        let result = try publish(session.runFinished(task.id, .completed(output: .emptyObject), at: .start))
        #expect(session.published(result.id, .confirmed, at: .start) == [.ack([tag(1), tag(2)])])
    }

    @Test func `after a lost connection only the new delivery is acknowledged`() throws {
        var session = session()
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)

        #expect(session.deliveryReceived(task.onBus, tag: tag(1, epoch: 2), at: .start).isEmpty)
        #expect(session.deliveryReceived(taskMessage(9).onBus, tag: tag(9, epoch: 1), at: .start).isEmpty)
        let result = try publish(session.runFinished(task.id, .completed(output: .emptyObject), at: .start))
        #expect(session.published(result.id, .confirmed, at: .start) == [.ack([tag(1, epoch: 2)])])
    }

    @Test func `a delivery of a finished attempt is acknowledged`() throws {
        var session = session()
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)
        let result = try publish(session.runFinished(task.id, .completed(output: .emptyObject), at: .start))
        _ = session.published(result.id, .confirmed, at: .start)

        #expect(session.deliveryReceived(task.onBus, tag: tag(1, epoch: 2), at: .start) == [.ack([tag(1, epoch: 2)])])
    }

    @Test func `a delivery of an attempt whose result is not confirmed publishes the result again`() throws {
        var session = session()
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)
        let lost = try publish(session.runFinished(task.id, .completed(output: .emptyObject), at: .start))
        _ = session.published(lost.id, .unknown, at: .start)

        let again = try publish(session.deliveryReceived(task.onBus, tag: tag(1, epoch: 2), at: .start))

        #expect(again.message.type == "completed")
        #expect(session.published(again.id, .confirmed, at: .start) == [.ack([tag(1, epoch: 2)])])
    }

    @Test func `a newer attempt stops the older and runs after it, an older one is not run`() throws {
        var session = session()
        let (old, new) = (taskMessage(1, attempt: 2), taskMessage(1, attempt: 3))
        _ = session.deliveryReceived(old.onBus, tag: tag(1), at: .start)

        #expect(session.deliveryReceived(new.onBus, tag: tag(2), at: .start) == [.stopRun(old.id, .superseded)])
        #expect(session.deliveryReceived(taskMessage(1, attempt: 1).onBus, tag: tag(3), at: .start) == [.ack([tag(3)])])
        let actions = session.runFinished(old.id, .stopped, at: .at(.seconds(3)))
        #expect(try publish(actions).message.type == "failed")
        #expect(actions.last == .run(new))
    }

    @Test func `a message that is no task of this contract goes to the dead letters`() {
        var session = session()

        for message in [taskMessage(1).onBus.with(body: "{"), taskMessage(1, contract: probe).onBus] {
            let actions = session.deliveryReceived(message, tag: tag(1), at: .start)
            #expect(actions.last == .reject([tag(1)], requeue: false))
        }
    }

    // MARK: Stopping.

    @Test func `without a confirmed sign of life the work stops before the lease ends`() throws {
        var session = session()
        let task = taskMessage(1, heartbeat: .seconds(30))
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)
        let started = try publish(session.tick(at: .at(.seconds(1))))
        // The lease counts from when it was sent, whenever the confirm comes.
        _ = session.published(started.id, .confirmed, at: .at(.seconds(20)))
        let beat = try publish(session.tick(at: .at(.seconds(31))))
        _ = session.published(beat.id, .notSent, at: .at(.seconds(40)))

        #expect(!session.tick(at: .at(.milliseconds(75_999))).contains(.stopRun(task.id, .leaseLost)))
        #expect(session.tick(at: .at(.seconds(76))).contains(.stopRun(task.id, .leaseLost)))
        let result = try publish(session.runFinished(task.id, .stopped, at: .at(.seconds(77))))
        #expect(result.message.type == "failed")
        #expect(result.message.text.contains("lost contact"))
    }

    @Test func `the contract's timeout stops the work`() {
        var session = session()
        let task = taskMessage(1, timeout: .seconds(60), heartbeat: nil)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)

        #expect(session.tick(at: .at(.seconds(60))).contains(.stopRun(task.id, .timedOut)))
        #expect(!session.tick(at: .at(.seconds(61))).contains(.stopRun(task.id, .timedOut)))
    }

    @Test func `a cancel stops what runs and drops what is queued or comes later`() {
        var session = session(prefetch: 1)
        let (running, held, later) = (taskMessage(1), taskMessage(2), taskMessage(3))
        _ = session.deliveryReceived(running.onBus, tag: tag(1), at: .start)
        _ = session.deliveryReceived(held.onBus, tag: tag(2), at: .start)
        func cancel(_ task: TaskMessage) -> [AgentSession.Action] {
            session.cancelReceived(CancelMessage(task: task.id.task, reason: "timer"), at: .start)
        }

        #expect(cancel(running) == [.stopRun(running.id, .canceled("timer"))])
        #expect(cancel(held) == [.ack([tag(2)])])
        #expect(cancel(later).isEmpty)
        #expect(session.deliveryReceived(later.onBus, tag: tag(3), at: .start) == [.ack([tag(3)])])
    }

    @Test func `a cancel of an attempt leaves the later ones`() {
        var session = session()
        let task = taskMessage(1, attempt: 3)
        _ = session.cancelReceived(CancelMessage(task: task.id.task, attempt: 2), at: .start)

        #expect(session.deliveryReceived(task.onBus, tag: tag(1), at: .start) == [.run(task)])
        #expect(
            session.cancelReceived(CancelMessage(task: task.id.task, attempt: 3), at: .start)
                == [.stopRun(task.id, .canceled(nil))])
    }

    @Test func `work that is stopped because the agent ends goes to another one`() {
        var session = session()
        let task = taskMessage(1)
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)

        #expect(session.runFinished(task.id, .stopped, at: .start) == [.reject([tag(1)], requeue: true)])
        #expect(session.deliveryReceived(task.onBus, tag: tag(2), at: .start) == [.run(task)])
    }

    // MARK: Long work.

    @Test func `a long run is acknowledged at four fifths of the consumer timeout, if the engine holds it`() throws {
        var session = session(consumerTimeout: .seconds(100))
        let task = taskMessage(1, heartbeat: .seconds(60))
        _ = session.deliveryReceived(task.onBus, tag: tag(1), at: .start)
        let started = try publish(session.tick(at: .at(.seconds(1))))

        #expect(!session.tick(at: .at(.seconds(80))).contains(.ack([tag(1)])))
        let confirmed = session.published(started.id, .confirmed, at: .at(.seconds(81)))
        #expect(confirmed.contains(.ack([tag(1)])))
        let beat = try publish(confirmed)
        _ = session.published(beat.id, .confirmed, at: .at(.seconds(81)))
        let result = try publish(session.runFinished(task.id, .completed(output: .emptyObject), at: .at(.seconds(200))))
        #expect(session.published(result.id, .confirmed, at: .at(.seconds(200))).isEmpty)
    }

    // MARK: Draining.

    @Test func `a drain finishes what runs, gives back the rest once, and keeps what comes again`() throws {
        var session = session(prefetch: 1)
        let (running, held, late) = (taskMessage(1), taskMessage(2), taskMessage(3))
        _ = session.deliveryReceived(running.onBus, tag: tag(1), at: .start)
        _ = session.deliveryReceived(held.onBus, tag: tag(2), at: .start)

        #expect(session.drain() == [.stopConsuming, .reject([tag(2)], requeue: true)])
        #expect(session.drain().isEmpty)
        #expect(session.deliveryReceived(late.onBus, tag: tag(3), at: .start) == [.reject([tag(3)], requeue: true)])
        #expect(session.deliveryReceived(late.onBus, tag: tag(4), at: .start).isEmpty)
        #expect(!session.isDrained)
        let result = try publish(session.runFinished(running.id, .completed(output: .emptyObject), at: .start))
        #expect(!session.isDrained)
        #expect(session.published(result.id, .confirmed, at: .start) == [.ack([tag(1)])])
        #expect(session.isDrained)
    }
}
