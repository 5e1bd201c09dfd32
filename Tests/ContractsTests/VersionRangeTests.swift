import Contracts
import Testing

struct VersionRangeTests {
    private static let versions = ["1.0", "1.2", "1.10", "2.0", "2.1", "3.0"]

    @Test(arguments: [
        ("latest", versions), ("*", versions), ("1.2", ["1.2"]), ("=1.2", ["1.2"]), ("1", ["1.0", "1.2", "1.10"]),
        ("1.x", ["1.0", "1.2", "1.10"]), ("1.*", ["1.0", "1.2", "1.10"]), ("^1.2", ["1.2", "1.10"]),
        ("^2", ["2.0", "2.1"]), (">=1.2 <2", ["1.2", "1.10"]), (">= 1.2 < 2", ["1.2", "1.10"]),
        (">1.2", ["1.10", "2.0", "2.1", "3.0"]), (">1", ["2.0", "2.1", "3.0"]), ("<=1", ["1.0", "1.2", "1.10"]),
        ("<=1.2", ["1.0", "1.2"]), ("<1.2", ["1.0"]), (">=2.0 <=2.0", ["2.0"]), (">=4", []),
    ])
    func `holds the versions that people expect`(text: String, expected: [String]) throws {
        let range = try VersionRange(text)
        let held = Self.versions.filter { version in ContractVersion(version).map { range.contains($0) } ?? false }
        #expect(held == expected)
        #expect(range.description == text)
    }

    @Test(arguments: [
        ("", "is empty"), ("1.2.3", "'1.2.3' is not major.minor"), ("~1.2", "'~1.2' is not major.minor"),
        ("v1", "'v1' is not major.minor"), (">=", "no version follows '>='"), (">=2 <1", "no version can be in it"),
        ("^1.x", "a condition and a wildcard"), ("01.2", "is not major.minor"), ("1.2 || 2", "'||' is not"),
        ("newest", "'newest' is not major.minor"), ("99999999.1", "is not major.minor"),
    ])
    func `says what is wrong with a text that is no range`(text: String, expected: String) {
        do {
            let range = try VersionRange(text)
            Issue.record("'\(text)' was read as \(range)")
        } catch {
            #expect(error.message.contains(expected), "\(error.message)")
        }
    }
}
