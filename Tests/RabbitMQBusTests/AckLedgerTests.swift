import ServicesTesting
import Testing

@testable import RabbitMQBus

@Suite struct AckLedgerTests {
    private static func ledger(_ count: UInt64) -> AckLedger {
        var ledger = AckLedger()
        for tag in 1...count { #expect(ledger.delivered(tag) == true) }
        return ledger
    }

    @Test func `one ack covers everything up to the first open delivery`() {
        var ledger = Self.ledger(6)
        #expect(ledger.acknowledge([3, 1, 2, 5]) == [.init(tag: 3, multiple: true), .init(tag: 5, multiple: false)])
        #expect(ledger.acknowledge([4, 6]) == [.init(tag: 6, multiple: true)])
    }

    @Test func `a delivery that was rejected is no hole`() {
        var ledger = Self.ledger(4)
        #expect(ledger.reject(2) == true)
        #expect(ledger.acknowledge([1, 3]) == [.init(tag: 3, multiple: true)])
    }

    @Test func `nothing is settled twice, and nothing that was not delivered`() {
        var ledger = Self.ledger(3)
        #expect(ledger.acknowledge([2, 2, 9, 0]) == [.init(tag: 2, multiple: false)])
        #expect(ledger.acknowledge([2]) == [])
        #expect(ledger.reject(2) == false)
        #expect(ledger.reject(4) == false)
        #expect(ledger.delivered(6) == false)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `in any order, the bus learns of each ack once and of no other`(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        var ledger = AckLedger()
        var delivered: UInt64 = 0
        // What a server that follows the protocol has outstanding, and what the client has yet to settle.
        var outstanding: [UInt64] = []
        var open: [UInt64] = []
        for _ in 0..<200 {
            for _ in 0..<random.below(4) {
                delivered += 1
                #expect(ledger.delivered(delivered) == true)
                outstanding.append(delivered)
                open.append(delivered)
            }
            var chosen: [UInt64] = []
            for _ in 0..<random.below(5) where !open.isEmpty {
                chosen.append(open.remove(at: random.below(open.count)))
            }
            if random.chance(20), let tag = chosen.popLast() {
                #expect(ledger.reject(tag) == true)
                outstanding.removeAll { $0 == tag }
            }
            for ack in ledger.acknowledge(chosen) {
                #expect(outstanding.contains(ack.tag))
                outstanding.removeAll { ack.multiple ? $0 <= ack.tag : $0 == ack.tag }
            }
            #expect(outstanding.sorted() == open.sorted())
        }
    }
}
