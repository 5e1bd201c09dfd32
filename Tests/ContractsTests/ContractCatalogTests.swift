import Contracts
import ProcessEngine
import Testing
import Values

@Suite struct ContractCatalogTests {
    private let key = ContractKey(name: "media.transcode", major: 2)

    private func catalog() throws -> ContractCatalog {
        let newer = Sample.transcode.replacing("\"2.1\"", with: "\"2.10\"").replacing("PT2H", with: "PT3H")
        return try ContractCatalog([
            Sample.contract(newer), Sample.contract(Sample.transcode), Sample.task("media.transcode", "1.0"),
            Sample.task("a.b", "1.0"),
        ])
    }

    @Test func `the newest minor of a major answers`() throws {
        let catalog = try catalog()

        #expect(catalog.policy(of: key)?.version == "2.10")
        #expect(catalog.policy(of: key)?.timeout == .seconds(3 * 3600))
        #expect(catalog.policy(of: ContractKey(name: "media.transcode", major: 1))?.version == "1.0")
        #expect(catalog.policy(of: ContractKey(name: "media.transcode", major: 3)) == nil)
        #expect(catalog.inputNames(of: key) == ["sourceUri", "preset"])
        #expect(catalog.inputNames(of: ContractKey(name: "nothing", major: 1)) == nil)
    }

    @Test func `a contract is found by what somebody asks for`() throws {
        let catalog = try catalog()

        #expect(catalog.contract(named: "media.transcode")?.reference == "media.transcode@2.10")
        #expect(catalog.contract(named: "media.transcode", .newest(ofMajor: 1))?.reference == "media.transcode@1.0")
        #expect(
            catalog.contract(named: "media.transcode", .exactly(ContractVersion(major: 2, minor: 1)))?.reference
                == "media.transcode@2.1")
        #expect(catalog.contract(named: "media.transcode", .exactly(ContractVersion(major: 2, minor: 2))) == nil)
        #expect(
            catalog.contracts.map(\.reference) == [
                "a.b@1.0", "media.transcode@1.0", "media.transcode@2.1", "media.transcode@2.10",
            ])
    }

    @Test func `input gets its defaults`() throws {
        let input = try JSON(validating: #"{"sourceUri": "file:///a"}"#)
        let checked = try catalog().checkInput(input, of: key).get()

        #expect(checked["preset"]?.stringValue == "proxy")
        #expect(checked["sourceUri"]?.stringValue == "file:///a")
    }

    @Test(arguments: [
        ("{}", [#"input requires "sourceUri""#]),
        (#"{"sourceUri": 5}"#, ["input.sourceUri must be text, not 5"]),
        (
            #"{"sourceUri": "file:///a", "preset": "webb"}"#,
            [#"input.preset must be one of "proxy", "web", "master", not "webb""#]
        ),
        (
            #"{"sourceUri": "file:///a", "prest": "web"}"#,
            [#"media.transcode@2.10 has no input "prest"; did you mean "preset"?"#]
        ),
        ("[]", ["the input must be an object, not a list"]),
    ])
    func `input that is missing, mistyped or unknown is refused`(input: String, problems: [String]) throws {
        let result = try catalog().checkInput(JSON(validating: input), of: key)
        #expect(result == .failure(ContractViolation(problems)))
    }

    @Test func `a contract without inputs takes none`() throws {
        let result = try catalog().checkInput(JSON(validating: #"{"x": 1}"#), of: ContractKey(name: "a.b", major: 1))
        #expect(throws: ContractViolation.self) { try result.get() }
    }

    @Test func `output is checked, and may have more than was promised`() throws {
        let catalog = try catalog()

        #expect(
            try catalog.checkOutput(JSON(validating: #"{"durationSeconds": 1.5, "more": []}"#), of: key).get()["more"]
                != nil)
        #expect(
            try catalog.checkOutput(JSON(validating: #"{"durationSeconds": "long"}"#), of: key)
                == .failure(ContractViolation([#"output.durationSeconds must be a number, not "long""#])))
    }

    @Test func `an event's payload is checked`() throws {
        let catalog = try catalog()

        #expect(throws: ContractViolation.self) {
            try catalog.checkEvent(.emptyObject, named: "warning", of: key).get()
        }
        #expect(try catalog.checkEvent(.emptyObject, named: "other", of: key).get() == .emptyObject)
    }

    @Test func `an empty catalog knows nothing, and a bare topic takes anything`() throws {
        let anything = try JSON(validating: #"{"a":1}"#)
        #expect(ContractCatalog().policy(of: key) == nil)
        #expect(ContractCatalog().checkInput(anything, of: key) == .success(anything))
        #expect(ContractCatalog().checkOutput(anything, of: key) == .success(anything))
        #expect(
            ContractCatalog().checkInput(anything, of: "media.ingest", .latest)
                == .failure(ContractViolation(["there is no contract media.ingest"])))
    }
}
