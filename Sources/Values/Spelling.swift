/// Finds what a person may have meant: "did you mean …?".
package enum Spelling {
    /// The candidate nearest to `word`, if it is near enough to be a slip; the first of equals.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        guard !word.isEmpty else { return nil }
        let letters = Array(word.lowercased().unicodeScalars.prefix(longest))
        var best: (candidate: String, distance: Int)?
        for candidate in candidates where candidate != word {
            let other = Array(candidate.lowercased().unicodeScalars.prefix(longest))
            let limit = limit(for: max(letters.count, other.count))
            guard abs(letters.count - other.count) <= limit else { continue }
            let distance = distance(letters, other)
            if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
        }
        return best?.candidate
    }

    /// How many slips are one word. Of one or two letters only the case may differ: any other is as near to all.
    private static func limit(for length: Int) -> Int {
        switch length {
        case ...2: 0
        case ...4: 1
        default: max(2, length / 4)
        }
    }

    /// `did you mean "x"?`, if something is near.
    package static func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
        nearest(to: word, among: candidates).map { "did you mean \"\($0)\"?" }
    }

    /// Words are compared by their first letters only, so that a hostile name costs little.
    private static let longest = 128

    /// Insertions, removals, replacements, and swaps of neighbours.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for i in 0..<left.count {
            var row = [i + 1] + [Int](repeating: 0, count: right.count)
            for j in 0..<right.count {
                row[j + 1] = min(row[j] + 1, last[j + 1] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
                }
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
