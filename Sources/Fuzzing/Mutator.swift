/// Changes bytes that were fine: a bit, a stretch, a word, a piece of another input.
package struct Mutator {
    private let corpus: [[UInt8]]
    private let words: [[UInt8]]

    /// More than any reader is given here: what is found in much is found in little.
    package static let sizeLimit = 48 << 10

    /// `words`: what means something in the language of the inputs.
    package init(corpus: [[UInt8]], words: [String]) {
        self.corpus = corpus
        self.words = words.map { Array($0.utf8) }
    }

    /// An input of the corpus with a few changes; now and then as it is.
    package func input(_ dice: inout Dice) -> [UInt8] {
        var bytes = dice.pick(corpus) ?? []
        for _ in 0..<dice.roll(6) { mutate(&bytes, &dice) }
        return bytes.count > Self.sizeLimit ? Array(bytes[..<Self.sizeLimit]) : bytes
    }

    private func mutate(_ bytes: inout [UInt8], _ dice: inout Dice) {
        let place = dice.roll(bytes.count + 1)
        let stretch = place..<min(place + 1 + dice.roll(dice.roll(4) == 0 ? 400 : 12), bytes.count)
        switch dice.roll(9) {
        case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8(dice.roll(8)) }
        case 1: if place < bytes.count { bytes[place] = UInt8(dice.roll(256)) }
        case 2: if !stretch.isEmpty { bytes.removeSubrange(stretch) }
        case 3: if !stretch.isEmpty { bytes.insert(contentsOf: bytes[stretch], at: dice.roll(bytes.count + 1)) }
        case 4, 5: if let word = dice.pick(words) { bytes.insert(contentsOf: word, at: place) }
        case 6: if let word = dice.pick(words), !stretch.isEmpty { bytes.replaceSubrange(stretch, with: word) }
        case 7:
            guard let other = dice.pick(corpus), !other.isEmpty else { return }
            let from = dice.roll(other.count)
            bytes.insert(contentsOf: other[from..<min(from + dice.roll(200), other.count)], at: place)
        default:
            // The same again and again: depth, and length.
            guard !stretch.isEmpty else { return }
            let again = Array(bytes[stretch])
            for _ in 0..<(1 << dice.roll(8)) where bytes.count < Self.sizeLimit {
                bytes.insert(contentsOf: again, at: place)
            }
        }
    }
}
