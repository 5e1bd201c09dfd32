import Delivery
import DequeModule
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values

/// One life of an agent: a shell over the real `AgentSession`, made as that of the agent library, whose handler works for a while.
/// What habits it has is for the world to say.
final class Agent: Sendable {
    enum Input: Sendable {
        case deliveries([BusDelivery])
        case finished(AttemptID, run: Int, AgentSession.RunOutcome)
        case published([(id: AgentSession.PublishID, outcome: PublishOutcome)])
        case cancel(CancelMessage)
        case tick
    }

    /// What the loop knows.
    struct Loop {
        var session: AgentSession
        var subscription: any BusSubscription
        /// What it works on: which run it is.
        var runs: [AttemptID: Int] = [:]
        var runCount = 0
        var habits: [AttemptID: AgentHabit] = [:]
        var publishes: [AgentSession.PublishID: (id: AttemptID, isResult: Bool)] = [:]
        /// Results of this turn, which go in bundles.
        var results: [(id: AgentSession.PublishID, message: BusMessage)] = []
        /// When each run last knew that the engine holds its task.
        var heardAt: [AttemptID: Timestamp] = [:]
        /// Whose results the bus has confirmed.
        var told: Set<AttemptID> = []
        var wake: Timestamp?
    }

    let life: Life
    let bus: BusConnection
    let contract: ContractKey
    private let prefetch: Int
    private let world: WorldParts
    private let random: SeededRandom
    private let nextHabit: @Sendable () -> AgentHabit?
    private let die: @Sendable () -> Void
    private let inputs = Inbox<Input>()
    private let alarm = Signal()
    private let wakeAt = Mutex<Timestamp?>(nil)
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let names = BusNames()

    private var clock: TestClock { world.scheduler.clock }

    init(
        _ process: SimulatedProcess, contract: ContractKey, prefetch: Int, world: WorldParts,
        nextHabit: @escaping @Sendable () -> AgentHabit?, die: @escaping @Sendable () -> Void
    ) {
        life = Life(process)
        random = world.newRandom()
        bus = BusConnection(life: life, world: world, random: world.newRandom())
        self.contract = contract
        self.prefetch = prefetch
        self.world = world
        self.nextHabit = nextHabit
        self.die = die
    }

    func start() {
        let started = Task(executorPreference: life.process) { await self.run() }
        task.withLock { $0 = started }
    }

    func kill() {
        life.kill()
        bus.end()
        task.withLock { $0 }?.cancel()
    }

    /// Returns when nothing of it runs any more.
    func end() async { await task.withLock { $0 }?.value }

    private func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { try? await self.bus.run() }
            group.addTask { await self.hearCancels() }
            group.addTask { await self.sayHello() }
            group.addTask { await self.tick() }
            await self.serve(in: &group)
            group.cancelAll()
        }
    }

    private func serve(in group: inout DiscardingTaskGroup) async {
        let configuration = AgentSession.Configuration(contract: contract, prefetch: prefetch)
        guard
            let subscription = try? await bus.subscribe(
                Subscription(queue: names.taskQueue(of: contract), prefetch: prefetch))
        else { return }
        let inputs = inputs
        group.addTask { for await batch in subscription.deliveries { inputs.add([.deliveries(batch)]) } }
        var loop = Loop(session: AgentSession(configuration: configuration), subscription: subscription)
        while let batch = await inputs.next() {
            var actions: [AgentSession.Action] = []
            for input in batch { actions += take(input, &loop) }
            await perform(actions, &loop, in: &group)
            let wake = loop.session.nextWake
            guard wake != loop.wake else { continue }
            // Whoever wakes too early sleeps again: that costs less than to wake it for that.
            loop.wake = wake
            let isEarlier = wakeAt.withLock { known in
                defer { known = wake }
                return wake.map { wake in known.map { wake < $0 } ?? true } ?? false
            }
            if isEarlier { alarm.fire() }
        }
    }

    private func take(_ input: Input, _ loop: inout Loop) -> [AgentSession.Action] {
        let now = clock.now
        switch input {
        case .deliveries(let deliveries):
            return deliveries.flatMap { delivery in
                receive(delivery, &loop, at: now)
            }
        case .finished(let id, let run, let outcome):
            // Of one that was told to stop nobody hears any more.
            guard loop.runs[id] == run else { return [] }
            checkSelfFence(id, loop, at: now)
            dieIf(.dieAfterWork, id, loop)
            return end(id, outcome, &loop, at: now)
        case .published(let answers):
            return answers.flatMap { published($0.id, $0.outcome, &loop, at: now) }
        case .cancel(let message): return loop.session.cancelReceived(message, at: now)
        case .tick: return loop.session.tick(at: now)
        }
    }

    private func end(
        _ id: AttemptID, _ outcome: AgentSession.RunOutcome, _ loop: inout Loop, at now: Timestamp
    ) -> [AgentSession.Action] {
        loop.runs[id] = nil
        loop.heardAt[id] = nil
        return life.isKilled ? [] : loop.session.runFinished(id, outcome, at: now)
    }

    private func receive(_ delivery: BusDelivery, _ loop: inout Loop, at now: Timestamp) -> [AgentSession.Action] {
        let tag = AgentSession.Tag(epoch: delivery.tag.epoch, number: delivery.tag.number)
        if let id = try? delivery.message.attemptID(), loop.habits[id] == nil, let habit = nextHabit() {
            loop.habits[id] = habit
            world.story.note(life.process.name, "will \(habit.rawValue) at \(id.short)")
        }
        if let id = try? delivery.message.attemptID(), let habit = loop.habits[id] {
            if habit == .refuse { return [.reject([tag], requeue: false)] }
            if habit == .giveBack { return [.reject([tag], requeue: true)] }
        }
        if world.without == .agentMemory, loop.runs.isEmpty {
            loop.session = AgentSession(configuration: loop.session.configuration)
        }
        return loop.session.deliveryReceived(delivery.message, tag: tag, at: now)
    }

    private func published(
        _ publish: AgentSession.PublishID, _ outcome: PublishOutcome, _ loop: inout Loop, at now: Timestamp
    ) -> [AgentSession.Action] {
        guard let (id, isResult) = loop.publishes.removeValue(forKey: publish) else { return [] }
        if outcome == .confirmed, isResult {
            loop.told.insert(id)
            dieIf(.dieAfterResult, id, loop)
            if life.isKilled { return [] }
        } else if outcome == .confirmed, loop.heardAt[id] != nil {
            loop.heardAt[id] = now
        }
        return loop.session.published(publish, outcome, at: now)
    }

    private func dieIf(_ habit: AgentHabit, _ id: AttemptID, _ loop: Loop) {
        if loop.habits[id] == habit, !life.isKilled { die() }
    }

    // MARK: What the session wants

    private func perform(
        _ actions: [AgentSession.Action], _ loop: inout Loop, in group: inout DiscardingTaskGroup
    ) async {
        var queue = Deque(actions)
        while let action = queue.popFirst(), !life.isKilled {
            switch action {
            case .run(let task): begin(task, &loop, in: &group)
            case .stopRun(let id, let reason):
                if world.without == .selfFence, reason == .leaseLost { continue }
                world.story.note(life.process.name, "stops \(id.short): \(reason)")
                queue += end(id, .stopped, &loop, at: clock.now)
            case .publish(let publish, let message, let timeout):
                self.publish(publish, message, timeout, &loop, in: &group)
            case .ack(let tags):
                await loop.subscription.ack(tags.map { BusDelivery.Tag(epoch: $0.epoch, number: $0.number) })
            case .reject(let tags, let requeue):
                await loop.subscription.reject(
                    tags.map { BusDelivery.Tag(epoch: $0.epoch, number: $0.number) }, requeue: requeue)
            case .stopConsuming: await loop.subscription.stop()
            case .eventConfirmed: break
            case .warn(let text): world.story.note(life.process.name, text)
            }
        }
        publishResults(&loop, in: &group)
    }

    private func begin(_ task: TaskMessage, _ loop: inout Loop, in group: inout DiscardingTaskGroup) {
        world.story.note(life.process.name, "works on \(task.id.short)")
        if loop.told.contains(task.id) { world.observer.ranAgain(task.id, in: life.process.name) }
        world.observer.began(task.id)
        if loop.habits[task.id] == .dieBeforeWork { return die() }
        loop.runCount += 1
        let run = loop.runCount
        loop.runs[task.id] = run
        if task.heartbeat != nil { loop.heardAt[task.id] = clock.now }
        let habit = loop.habits[task.id]
        if habit == .forge { forge(task, in: &group) }
        let (inputs, clock) = (inputs, clock)
        let duration = self.duration(of: habit)
        let outcome = self.outcome(of: habit)
        group.addTask {
            try? await clock.sleep(for: duration)
            inputs.add([.finished(task.id, run: run, outcome)])
        }
    }

    private func duration(of habit: AgentHabit?) -> Duration {
        switch habit {
        case .slow, .mute: .milliseconds(10_000 + random.below(15_000))
        case .dieBeforeWork, .dieAfterWork, .dieAfterResult, .fail, .giveUp, .throwError, .garble, .forge, .answerTwice,
            .refuse, .giveBack, nil:
            .milliseconds(1 + random.below(world.schedule.longestWork))
        }
    }

    private func outcome(of habit: AgentHabit?) -> AgentSession.RunOutcome {
        switch habit {
        case .fail: .failed(TaskFailure(message: "broken"))
        case .giveUp: .failed(TaskFailure(message: "hopeless", retry: false))
        case .throwError: .error(BPMNError(code: "BAD"))
        case .dieBeforeWork, .dieAfterWork, .dieAfterResult, .mute, .slow, .garble, .forge, .answerTwice, .refuse,
            .giveBack, nil:
            .completed(output: .object([("n", .number(random.below(12)))]))
        }
    }

    /// Somebody answers who does not have the task.
    private func forge(_ task: TaskMessage, in group: inout DiscardingTaskGroup) {
        let id = AttemptID(task: task.id.task, attempt: task.id.attempt, token: "0123456789abcdef0123456789abcdef")
        let message = TaskReport(id, .completed(output: .object([("n", .number(1))]))).encoded(for: task, names: names)
        let bus = bus
        group.addTask { _ = await bus.publish([message], timeout: .seconds(5)) }
    }

    private func publish(
        _ publish: AgentSession.PublishID, _ message: BusMessage, _ timeout: Duration, _ loop: inout Loop,
        in group: inout DiscardingTaskGroup
    ) {
        guard let id = try? message.attemptID() else { return }
        let habit = loop.habits[id]
        let isSignOfLife = message.type == "started" || message.type == "progress"
        loop.publishes[publish] = (id, !isSignOfLife)
        let isSilent = habit == .mute || world.without == .heartbeat && message.type == "progress"
        if isSignOfLife, isSilent {
            return inputs.add([.published([(publish, .confirmed)])])
        }
        if loop.session.configuration.publishTimeout == timeout, !isSignOfLife, habit != .garble, habit != .answerTwice
        {
            return loop.results.append((publish, message))
        }
        var messages = [message]
        if habit == .garble { messages[0].body = Array("}{".utf8) }
        if habit == .answerTwice, !isSignOfLife { messages.append(message) }
        let (bus, inputs) = (bus, inputs)
        group.addTask { [messages] in
            let outcomes = await bus.publish(messages, timeout: timeout)
            inputs.add([.published([(publish, outcomes[0])])])
        }
    }

    private func publishResults(_ loop: inout Loop, in group: inout DiscardingTaskGroup) {
        guard !loop.results.isEmpty else { return }
        let bundles = AgentSession.bundled(loop.results)
        loop.results = []
        let (bus, inputs, timeout) = (bus, inputs, loop.session.configuration.publishTimeout)
        group.addTask {
            let outcomes = await bus.publish(bundles.map(\.message), timeout: timeout)
            inputs.add([
                .published(zip(bundles, outcomes).flatMap { bundle, outcome in bundle.ids.map { ($0, outcome) } })
            ])
        }
    }

    private func checkSelfFence(_ id: AttemptID, _ loop: Loop, at now: Timestamp) {
        guard world.schedule.profile == .hostile, loop.habits[id] != .mute, world.without != .heartbeat,
            let heardAt = loop.heardAt[id], !life.process.wasStopped(since: heardAt)
        else { return }
        let silence = now.duration(since: heardAt)
        // Three signs of life are a lease.
        if silence > .seconds(6) {
            world.observer.violated(
                .selfFence, "\(life.process.name) worked on \(id.short) after \(silence) of silence")
        }
    }

    // MARK: Beside the work

    private func tick() async {
        while !Task.isCancelled {
            guard let wake = wakeAt.withLock({ $0 }) else {
                _ = await alarm.wait()
                continue
            }
            if wake > clock.now {
                _ = await alarm.wait(until: wake, by: clock)
                continue
            }
            wakeAt.withLock { if $0 == wake { $0 = nil } }
            inputs.add([.tick])
        }
    }

    private func sayHello() async {
        let hello = AgentHello(agent: life.process.name, contract: contract, prefetch: prefetch).encoded(names: names)
        while !Task.isCancelled {
            _ = await bus.publish([hello], timeout: .seconds(10))
            try? await clock.sleep(for: .seconds(30))
        }
    }

    private func hearCancels() async {
        let queue = names.agentQueue(name: life.process.name, random: String(random.next().0, radix: 36))
        let binding = Topology.Binding(
            exchange: names.controlExchange, queue: queue, routingKey: names.cancelKey(of: contract))
        while !Task.isCancelled {
            if let subscription = try? await bus.subscribe(
                Subscription(queue: queue, prefetch: 100, temporaryBindings: [binding]))
            {
                for await batch in subscription.deliveries {
                    for delivery in batch {
                        if let cancel = try? CancelMessage(decoding: delivery.message) { inputs.add([.cancel(cancel)]) }
                    }
                    await subscription.ack(batch.map(\.tag))
                }
            }
            try? await clock.sleep(for: .seconds(1))
        }
    }
}
