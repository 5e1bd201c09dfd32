import Testing
import Values

@Suite struct SpellingTests {
    @Test(arguments: [
        ("prset", ["preset", "path"], "preset"), ("sourceUrl", ["sourceUri"], "sourceUri"), ("ids", ["id"], "id"),
        ("key", ["kye"], "kye"), ("R", ["r"], "r"), ("ab", ["AB"], "AB"),
    ])
    func `a slip is recognized`(word: String, candidates: [String], expected: String) {
        #expect(Spelling.nearest(to: word, among: candidates) == expected)
    }

    @Test(arguments: [
        ("r", ["o"]), ("q", ["n"]), ("b", ["ba"]), ("ab", ["ac", "cb"]), ("word", ["sentence"]), ("", ["a"]),
    ])
    func `another word is none, however short`(word: String, candidates: [String]) {
        #expect(Spelling.nearest(to: word, among: candidates) == nil)
    }
}
