import DequeModule

/// The publishes of one channel that have no confirm yet. Tags count from 1 on each channel, one for each publish.
struct ConfirmWindow<Item> {
    /// The tag of `entries[0]`.
    private var firstTag: UInt64 = 1
    /// In order of their tags; nil where the answer has come.
    private var entries: Deque<Item?> = []
    /// How many have no answer.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// The item that has waited longest.
    var oldest: Item? { entries.first ?? nil }

    /// Notes that the next publish of the channel is on its way.
    mutating func sent(_ item: Item) {
        entries.append(item)
        count += 1
    }

    /// Removes what an ack or nack answers, in order. With `multiple`, only what is still outstanding up to the tag: a
    /// nack for several may cover publishes that have been acked before. Tag 0 with `multiple` means all. An unknown
    /// tag answers nothing.
    mutating func answered(_ tag: UInt64, multiple: Bool) -> [Item] {
        let end: Int
        if tag == 0 {
            guard multiple else { return [] }
            end = entries.count
        } else {
            guard tag >= firstTag, tag - firstTag < UInt64(entries.count) else { return [] }
            end = Int(tag - firstTag) + 1
        }
        var answered: [Item] = []
        for index in (multiple ? 0 : end - 1)..<end {
            guard let item = entries[index] else { continue }
            answered.append(item)
            entries[index] = nil
        }
        count -= answered.count
        dropAnswered()
        return answered
    }

    /// Changes the oldest outstanding item that matches; false if none does.
    mutating func changeFirst(where matches: (Item) -> Bool, _ change: (inout Item) -> Void) -> Bool {
        for index in entries.indices {
            guard var item = entries[index], matches(item) else { continue }
            change(&item)
            entries[index] = item
            return true
        }
        return false
    }

    /// Empties the window, as a new channel does: what was outstanding, in order.
    mutating func reset() -> [Item] {
        defer { self = ConfirmWindow() }
        return entries.compactMap { $0 }
    }

    private mutating func dropAnswered() {
        while let first = entries.first, first == nil {
            entries.removeFirst()
            firstTag += 1
        }
    }
}
