import Testing
import Values

/// The cases of JSONTestSuite: `y_` must be read, `n_` must be refused, `i_` and those of `test_transform` may be either.
struct JSONConformanceTests {
    private static let cases = ConformanceData.files(in: "json/test_parsing")
    private static let openCases =
        cases.filter { $0.name.hasPrefix("i_") } + ConformanceData.files(in: "json/test_transform")
    private static let lenient = JSONLimits(duplicateKeys: .lastWins)

    @Test(arguments: cases.filter { $0.name.hasPrefix("y_") }.map(\.name))
    func `reads what is JSON`(name: String) throws {
        let bytes = try #require(Self.cases.first { $0.name == name }).bytes
        let json = try JSON(validating: bytes, limits: Self.lenient)
        let value = json.decoded()
        #expect(try JSON(validating: json.bytes) == json, "what was read has no duplicates left")
        #expect(try Value(parsing: value.json.bytes) == value)
        #expect(json.canonical.decoded() == value)
    }

    @Test(arguments: cases.filter { $0.name.hasPrefix("n_") }.map(\.name))
    func `refuses what is not`(name: String) throws {
        let bytes = try #require(Self.cases.first { $0.name == name }).bytes
        #expect(throws: JSONError.self) { try JSON(validating: bytes, limits: Self.lenient) }
    }

    @Test(arguments: openCases.map(\.name))
    func `reads or refuses what the standard leaves open`(name: String) throws {
        let bytes = try #require(Self.openCases.first { $0.name == name }).bytes
        if let json = try? JSON(validating: bytes, limits: Self.lenient) {
            #expect(try Value(parsing: json.canonical.bytes) == json.decoded())
        }
    }

    @Test(arguments: cases.filter { $0.name.hasPrefix("y_object_duplicated") }.map(\.name))
    func `the standard limits refuse duplicate names`(name: String) throws {
        let bytes = try #require(Self.cases.first { $0.name == name }).bytes
        #expect(throws: JSONError.self) { try JSON(validating: bytes) }
    }
}
