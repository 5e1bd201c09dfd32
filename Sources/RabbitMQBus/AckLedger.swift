import DequeModule

/// The deliveries of one channel that have not been settled: which tags an ack may still name, and how few acks say it.
///
/// The bus closes a channel on which an unknown tag is acknowledged, so nothing is settled twice.
struct AckLedger {
    struct Ack: Hashable {
        var tag: UInt64
        var multiple: Bool
    }

    /// The tag of `settled[0]`. Tags count from 1 on each channel.
    private var firstTag: UInt64 = 1
    private var settled: Deque<Bool> = []

    /// Notes a delivery; false if its tag is not the next one.
    mutating func delivered(_ tag: UInt64) -> Bool {
        guard tag == firstTag + UInt64(settled.count) else { return false }
        settled.append(false)
        return true
    }

    /// Settles one delivery that is going to be rejected; false if it is settled already or was never delivered.
    mutating func reject(_ tag: UInt64) -> Bool {
        guard let index = index(of: tag), !settled[index] else { return false }
        settled[index] = true
        dropSettled()
        return true
    }

    /// Settles deliveries and says with which acks: one for all those before which nothing is open, one each for the
    /// others. Unknown and settled tags are left out.
    mutating func acknowledge(_ tags: some Sequence<UInt64>) -> [Ack] {
        var fresh: [UInt64] = []
        for tag in tags {
            guard let index = index(of: tag), !settled[index] else { continue }
            settled[index] = true
            fresh.append(tag)
        }
        fresh.sort()
        let openTag = firstTag + UInt64(settled.firstIndex(of: false) ?? settled.count)
        let covered = fresh.prefix { $0 < openTag }
        dropSettled()
        var acks: [Ack] = []
        if let last = covered.last { acks.append(Ack(tag: last, multiple: covered.count > 1)) }
        acks += fresh.dropFirst(covered.count).map { Ack(tag: $0, multiple: false) }
        return acks
    }

    private func index(of tag: UInt64) -> Int? {
        guard tag >= firstTag, tag - firstTag < UInt64(settled.count) else { return nil }
        return Int(tag - firstTag)
    }

    private mutating func dropSettled() {
        while settled.first == true {
            settled.removeFirst()
            firstTag += 1
        }
    }
}
