import Services
import Testing
import Values
import waybill

@Suite struct NewKeyTests {
    private static let now = Timestamp(millisecondsSinceEpoch: 1_800_000_000_000)

    @Test func `a key is random, and its entry says what was asked for`() throws {
        let made = try (0..<2).map { _ in
            try NewKey.make(
                name: "ci", roles: ["deployer", "viewer"], expires: "90d", workflows: ["media-*"], now: Self.now)
        }
        #expect(made[0].key != made[1].key)
        for (key, entry) in made {
            #expect(key.wholeMatch(of: /wb_[A-Za-z0-9_-]{43}/) != nil)
            #expect(entry.roles == [.deployer, .viewer] && entry.workflows?.map(\.text) == ["media-*"])
            #expect(entry.expires == Self.now.advanced(by: .seconds(90 * 86_400)))
            #expect(!entry.yaml.contains(key) && entry.yaml.contains(entry.sha256))
        }
        let forever = try NewKey.make(name: "a", roles: ["admin"], expires: nil, workflows: [], now: Self.now).entry
        #expect(forever.expires == nil && forever.workflows == nil)
        let until = try NewKey.make(
            name: "a", roles: ["admin"], expires: "2027-02-01T00:00:00Z", workflows: [], now: Self.now)
        #expect(until.entry.expires == Timestamp(iso8601: "2027-02-01T00:00:00Z"))
    }

    @Test(arguments: [
        ("a b", "admin", "1d", "x"), ("", "admin", "1d", "x"), ("local", "admin", "1d", "x"), ("a", "root", "1d", "x"),
        ("a", "admin", "0d", "x"),
        ("a", "admin", "soon", "x"), ("a", "admin", "2020-01-01T00:00:00Z", "x"), ("a", "admin", "1d", "a b"),
        ("a", "admin", "1d", ""),
    ])
    func `wishes that mean nothing are refused`(name: String, role: String, expires: String, pattern: String) {
        #expect(throws: CommandError.self) {
            try NewKey.make(name: name, roles: [role], expires: expires, workflows: [pattern], now: Self.now)
        }
    }
}
