import ServicesTesting
import Synchronization
import Testing
import Values

@testable import Services

@Suite struct SignalTests {
    @Test func `wakes who waits, and remembers one signal for who comes later`() throws {
        try Simulation.run { simulation in
            let signal = Signal()
            async let woken = signal.wait()
            await simulation.settle()
            signal.fire()
            #expect(await woken)
            signal.fire()
            signal.fire()
            let again = await signal.wait()
            #expect(again)
            let end = simulation.clock.now.advanced(by: .seconds(1))
            async let third = signal.wait(until: end, by: simulation.clock)
            await simulation.settle()
            #expect(simulation.clock.sleeperCount == 1)
            await simulation.pass(.seconds(1))
            #expect(await third)
        }
    }

    @Test func `still wakes after waits that ended by their deadline`() throws {
        try Simulation.run { simulation in
            let signal = Signal()
            for _ in 0..<3 {
                let end = simulation.clock.now.advanced(by: .seconds(1))
                async let wait = signal.wait(until: end, by: simulation.clock)
                await simulation.pass(.seconds(1))
                #expect(await wait)
            }
            let end = simulation.clock.now.advanced(by: .seconds(1))
            async let wait = signal.wait(until: end, by: simulation.clock)
            await simulation.settle()
            signal.fire()
            #expect(await wait)
            #expect(simulation.clock.sleeperCount == 0)
        }
    }

    @Test func `a wait that is cancelled ends, says so, and uses up no signal`() throws {
        try Simulation.run { simulation in
            let signal = Signal()
            let outcome = Mutex<Bool?>(nil)
            let waiting = simulation.start {
                let isWoken = await signal.wait()
                outcome.withLock { $0 = isWoken }
            }
            await simulation.settle()
            waiting.cancel()
            try await waiting.value
            #expect(outcome.withLock { $0 } == false)
            signal.fire()
            let late = simulation.start {
                let isWoken = await signal.wait()
                outcome.withLock { $0 = isWoken }
            }
            late.cancel()
            try await late.value
            #expect(outcome.withLock { $0 } == false)
            let isWoken = await signal.wait()
            #expect(isWoken)
        }
    }

    @Test func `a broadcast wakes every listener once`() throws {
        try Simulation.run { simulation in
            let broadcast = Broadcast()
            let (one, two) = (broadcast.listen(), broadcast.listen())
            broadcast.fire()
            broadcast.fire()
            for signal in [one, two] {
                let isWoken = await signal.wait()
                #expect(isWoken)
            }
            let end = simulation.clock.now.advanced(by: .seconds(1))
            async let wait = one.wait(until: end, by: simulation.clock)
            await simulation.settle()
            #expect(simulation.clock.sleeperCount == 1)
            await simulation.pass(.seconds(1))
            #expect(await wait)
        }
    }
}

@Suite struct TextOfNumbersTests {
    @Test(arguments: [
        (0, "0000000000000000"), (1, "0000000000000001"), (0x0123_4567_89ab_cdef, "0123456789abcdef"),
        (UInt64.max, "ffffffffffffffff"),
    ])
    func `sixteen lower-case digits`(number: UInt64, text: String) {
        #expect(Hex.text(number) == text)
    }

    /// The example of RFC 9562, appendix A.6.
    @Test func `a version 7 UUID is written as in the standard`() {
        let time = Timestamp(millisecondsSinceEpoch: 0x017F_22E2_79B0)
        let text = UUIDv7.text(at: time, random: (0x0CC3, 0x18C4_DC0C_0C07_398F))
        #expect(text == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    @Test func `has the version and variant, whatever is drawn, and sorts by time`() {
        let random = SeededRandom(seed: 7)
        let digits = Set("0123456789abcdef")
        var last = ""
        for millisecond in 0..<1000 {
            let time = Timestamp(millisecondsSinceEpoch: 1_767_225_600_000 + Int64(millisecond))
            let text = UUIDv7.text(at: time, random: random.next())
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts.allSatisfy { $0.allSatisfy(digits.contains) })
            #expect(parts[2].first == "7" && "89ab".contains(parts[3].first ?? "-"))
            #expect(last < text)
            last = text
        }
    }
}
