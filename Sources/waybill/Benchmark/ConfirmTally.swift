/// Counts the confirms of publishes 1 to `capacity` exactly, single and multiple ones in any order.
package struct ConfirmTally: Sendable {
    private var isConfirmed: [Bool]
    package private(set) var count = 0
    /// All publishes up to this one are confirmed.
    package private(set) var prefix = 0

    package init(capacity: Int) {
        isConfirmed = Array(repeating: false, count: capacity + 1)
    }

    /// Takes one confirm. Tags that were never given are none of ours.
    package mutating func confirm(_ tag: UInt64, multiple: Bool) {
        guard let tag = Int(exactly: tag), (1..<isConfirmed.count).contains(tag) else { return }
        if multiple {
            while prefix < tag { confirmNext() }
        } else if !isConfirmed[tag] {
            isConfirmed[tag] = true
            count += 1
        }
        while prefix + 1 < isConfirmed.count, isConfirmed[prefix + 1] { prefix += 1 }
    }

    private mutating func confirmNext() {
        prefix += 1
        guard !isConfirmed[prefix] else { return }
        isConfirmed[prefix] = true
        count += 1
    }
}
