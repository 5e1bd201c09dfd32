import Testing
import Values

/// The cases of JSONTestSuite: `y_` must be read, `n_` must be refused, `i_` and those of `test_transform` may be either.
struct JSONConformanceTests {
    private static let cases = ConformanceData.files(in: "json/test_parsing")
    private static let transforms = ConformanceData.files(in: "json/test_transform")

    @Test(arguments: (cases + transforms).map(\.name))
    func `reads what is JSON, refuses what is not, and either what the standard leaves open`(name: String) throws {
        let bytes = try #require((Self.cases + Self.transforms).first { $0.name == name }).bytes
        #expect(JSONParsingSuite.verdict(named: name, bytes) == .passed)
    }

    @Test(arguments: cases.filter { $0.name.hasPrefix("y_object_duplicated") }.map(\.name))
    func `the standard limits refuse duplicate names`(name: String) throws {
        let bytes = try #require(Self.cases.first { $0.name == name }).bytes
        #expect(throws: JSONError.self) { try JSON(validating: bytes) }
    }
}
