import Delivery
import Services
import Synchronization
import Testing

@testable import RabbitMQBus

@Suite struct StateHubTests {
    private final class Shared: Sendable {
        let hub = StateHub()
        let hasHeard = Atomic(false)
        let isOver = Atomic(false)
    }

    /// A task's cancellation runs its handlers under a lock that resuming the same task takes too: a handler that wants the hub,
    /// which resumes followers, would stop both for ever, and with them a server that is told to end while the bus connects.
    @Test(.timeLimit(.minutes(1)))
    func `followers may be cancelled while the state changes`() async {
        let shared = Shared()
        let ended = Signal()
        let reporting = startThread {
            while !shared.isOver.load(ordering: .relaxed) {
                for kind in LinkKind.allCases { shared.hub.report(.connected, of: kind) }
                shared.hub.report(.disconnected(reason: "lost"), of: .consume)
            }
        }
        let cancelling = startThread {
            for _ in 0..<1_000 {
                shared.hasHeard.store(false, ordering: .relaxed)
                let follower = Task {
                    for await _ in shared.hub.follow() { shared.hasHeard.store(true, ordering: .relaxed) }
                }
                while !shared.hasHeard.load(ordering: .relaxed) {}
                follower.cancel()
            }
            ended.fire()
        }
        #expect(reporting && cancelling)
        #expect(await ended.wait(), "the threads hold each other up")
        shared.isOver.store(true, ordering: .relaxed)
    }

    @Test func `a follower learns the state now and each change, until the hub is finished`() async {
        let hub = StateHub()
        hub.report(.connected, of: .publish)
        var follower = hub.follow().makeAsyncIterator()
        #expect(await follower.next() == .disconnected(reason: "not connected yet"))
        hub.report(.connected, of: .consume)
        hub.report(.connected, of: .control)
        #expect(await follower.next() == .connected)
        hub.report(.blocked(reason: "memory"), of: .publish)
        #expect(await follower.next() == .blocked(reason: "memory"))
        hub.finish()
        #expect(await follower.next() == nil)
        let late = await hub.follow().reduce(into: 0) { count, _ in count += 1 }
        #expect(late == 1, "one that comes too late ends at once")
    }
}
