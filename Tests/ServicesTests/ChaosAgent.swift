import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values

/// An agent of the worst kind: it works, dawdles, dies, lies, and says things twice, as its seed has it, until it comes to reason.
final class ChaosAgent: Sendable {
    private enum Habit: CaseIterable {
        case work, workSlowly, workWithHeartbeats, goSilent, fail, giveUp, throwError, garble, die, dieAfterAnswer
        case answerTwice, refuse, giveBack, forget, reportEvent
    }

    private let bus: InMemoryBus
    private let contract: ContractKey
    private let clock: TestClock
    private let random: SeededRandom
    private let isCalm = Mutex(false)
    private let names = BusNames()

    init(_ contract: String, on server: InMemoryBusServer, clock: TestClock, random: SeededRandom) {
        bus = InMemoryBus(server)
        self.contract = .v1(contract)
        self.clock = clock
        self.random = random
    }

    /// From now on it only works.
    func comeToReason() {
        isCalm.withLock { $0 = true }
        bus.reconnect()
    }

    /// Is away until it comes to reason, or until another life of it connects.
    func vanish() { bus.disconnect() }

    func run() async throws {
        let subscription = try await bus.subscribe(
            Subscription(queue: names.taskQueue(of: contract), prefetch: 1 + random.below(20)))
        await withDiscardingTaskGroup { group in
            for await batch in subscription.deliveries {
                for delivery in batch {
                    group.addTask { await self.handle(delivery, of: subscription) }
                }
            }
        }
    }

    private func handle(_ delivery: BusDelivery, of subscription: any BusSubscription) async {
        guard let task = try? TaskMessage(decoding: delivery.message) else {
            return await subscription.reject([delivery.tag], requeue: false)
        }
        let isCalm = isCalm.withLock { $0 }
        let habit = isCalm || random.chance(40) ? Habit.work : Habit.allCases[random.below(Habit.allCases.count)]
        switch habit {
        case .work: await say(.done, of: task)
        case .workSlowly:
            await pause(upTo: 4)
            await say(.done, of: task)
        case .workWithHeartbeats:
            await say(.started, of: task)
            for beat in 1...3 {
                await pause(upTo: 4)
                await say(.progress(Double(beat) / 4, message: nil), of: task)
            }
            await say(.done, of: task)
        case .goSilent:
            await say(.started, of: task)
            await pause(upTo: 60)
            await say(random.chance(50) ? .done : .broken, of: task)
        case .fail: await say(.broken, of: task)
        case .giveUp: await say(.failed(TaskFailure(message: "hopeless", retry: false)), of: task)
        case .throwError: await say(.error(BPMNError(code: random.chance(70) ? "KNOWN" : "UNKNOWN")), of: task)
        case .garble:
            var message = TaskReport(task.id, .done).encoded(for: task, names: names)
            message.body = Array("}{".utf8)
            _ = await bus.publish([message], timeout: .seconds(5))
        case .die: return await die()
        case .dieAfterAnswer:
            await say(.done, of: task)
            return await die()
        case .answerTwice:
            await say(.done, of: task)
            await say(random.chance(50) ? .done : .broken, of: task)
        case .refuse: return await subscription.reject([delivery.tag], requeue: false)
        case .giveBack:
            await pause(upTo: 2)
            return await subscription.reject([delivery.tag], requeue: true)
        case .forget: break
        case .reportEvent:
            await say(.event(name: "warning", payload: .null), of: task)
            await say(.done, of: task)
        }
        await subscription.ack([delivery.tag])
    }

    /// Tells until the bus has it, as the agent library does.
    private func say(_ content: TaskReport.Content, of task: TaskMessage) async {
        let message = TaskReport(task.id, content).encoded(for: task, names: names)
        while !Task.isCancelled {
            let outcome = await bus.publish([message], timeout: .seconds(5))[0]
            switch outcome {
            case .confirmed, .returned: return
            case .refused, .unknown, .notSent: await pause(upTo: 1)
            }
        }
    }

    private func pause(upTo seconds: Int) async {
        try? await clock.sleep(for: .milliseconds(1 + random.below(seconds * 1000)))
    }

    private func die() async {
        bus.disconnect()
        await pause(upTo: 5)
        bus.reconnect()
    }
}
