import Services
import ServicesTesting
import Synchronization
import Testing
import Values

@Suite struct TestClockTests {
    @Test func `sleepers wake in the order of their deadlines`() async throws {
        let clock = TestClock()
        let start = clock.now
        let (woken, continuation) = AsyncStream.makeStream(of: Int.self)
        await withTaskGroup(of: Void.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try? await clock.sleep(for: .seconds(seconds))
                    continuation.yield(seconds)
                }
            }
            await clock.waitForSleepers(3)
            var iterator = woken.makeAsyncIterator()
            for expected in [1, 2, 3] {
                #expect(clock.advanceToNextDeadline())
                #expect(await iterator.next() == expected)
            }
        }
        #expect(clock.now == start.advanced(by: .seconds(3)))
        #expect(!clock.advanceToNextDeadline())
    }

    @Test func `a deadline that has come is no wait`() async throws {
        let clock = TestClock()
        try await clock.sleep(until: clock.now)
        #expect(clock.sleeperCount == 0)
    }

    @Test func `a cancelled sleeper wakes with the cancellation`() async {
        let clock = TestClock()
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await clock.sleep(for: .seconds(1)) }
            await clock.waitForSleepers()
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(clock.sleeperCount == 0)
    }

    @Test func `the same seed gives the same numbers`() {
        let (one, two, other) = (SeededRandom(seed: 1), SeededRandom(seed: 1), SeededRandom(seed: 2))
        let first = one.next()
        #expect(first == two.next())
        #expect(first != other.next())
    }
}
