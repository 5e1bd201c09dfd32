import Delivery
import Testing

struct PollSizeTests {
    @Test func `it grows with a backlog, up to sixteen times`() {
        var size = PollSize(least: 10)
        var seen: [Int] = []
        for _ in 0..<6 {
            size.answered(size.current)
            seen.append(size.current)
        }
        #expect(seen == [20, 40, 80, 160, 160, 160])
    }

    @Test func `it is what was configured as long as few come, and again when few come`() {
        var size = PollSize(least: 10)
        size.answered(3)
        #expect(size.current == 10)
        for _ in 0..<4 { size.answered(size.current) }
        #expect(size.current == 160)
        for _ in 0..<20 { size.answered(1) }
        #expect(size.current == 10)
    }

    @Test(arguments: [Int.min, -1, 0]) func `it is never nothing`(least: Int) {
        #expect(PollSize(least: least).current == 1)
    }

    @Test func `it bears the largest numbers`() {
        var size = PollSize(least: .max)
        size.answered(.max)
        #expect(size.current == .max)
    }
}
