/// Names with `*` for any run of characters, none too: `media-*`.
package struct NamePattern: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    /// Nil for a text that is no pattern of names: empty, or with blanks or control characters in it.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 200,
            text.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value != 127 })
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    /// Whether the whole name fits. Takes steps in proportion to both lengths multiplied, at most.
    package func admits(_ name: String) -> Bool {
        let (pattern, name) = (Array(text.utf8), Array(name.utf8))
        var (at, place) = (0, 0)
        /// The last star, and where in the name what it stands for ends so far.
        var star: (at: Int, place: Int)?
        while place < name.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, place)
                at += 1
            } else if at < pattern.count, pattern[at] == name[place] {
                at += 1
                place += 1
            } else if let last = star {
                star = (last.at, last.place + 1)
                (at, place) = (last.at + 1, last.place + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
