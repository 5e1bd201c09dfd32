import Contracts
import Testing
import Values
import YAMLReader

@Suite struct VidiFlowTests {
    private static let contract = """
        {
          "BriefDescription": "Transcodes", "FullDescription": "Transcodes a file", "FriendlyName": "Transcode",
          "Categories": ["Media"], "GenericOutputEvents": null, "Guid": "82e6f018-3c25-43fb-9bed-23fa61d0b2cf",
          "Name": "TranscodeMedia", "Version": "2.0", "Type": 0,
          "Parameters": [
            {"Name": "SourceUri", "Type": 0, "FullDescription": "What to read", "Examples": ["file:///a"]},
            {"Name": "Preset", "Type": 0, "IsOptional": true, "DefaultValue": "proxy"},
            {"Name": "Streams", "Type": 2, "IsOptional": true, "DefaultValue": "2"},
            {"Name": "Fast", "Type": 1, "IsOptional": true, "DefaultValue": "True"},
            {"Name": "Due", "Type": 4}
          ],
          "Results": [{"Name": "Seconds", "Type": 3}]
        }
        """

    private func located(_ text: String) throws -> LocatedValue {
        try YAMLReader.read(Array(text.utf8), file: "v.json")
    }

    @Test func `becomes a contract`() throws {
        let contract = try VidiFlowImport.read(located(Self.contract)).contract
        #expect(contract.kind == .task)
        #expect(contract.reference == "transcode-media@2.0")
        #expect(contract.title == "Transcode")
        #expect(contract.categories == ["Media"])
        let input = try JSONSchema(checking: contract.input.decoded())
        #expect(input.requiredNames == ["SourceUri", "Due"])
        let filled = input.applyingDefaults(to: .emptyObject)
        #expect(filled.canonical == (try JSON(validating: #"{"Preset":"proxy","Streams":2,"Fast":true}"#)).canonical)
        #expect(contract.output["properties"]?["Seconds"]?["type"]?.stringValue == "number")
    }

    @Test func `a default says that a parameter may be left out, and what has no place is told`() throws {
        let text = """
            {"Name": "A", "Type": 0, "Version": "3", "Description": "What", "Color": "red",
             "Parameters": [{"Name": "P", "Type": 2, "DefaultValue": "2", "Description": "How"},
                            {"Name": "Q", "Type": 0, "DefaultValue": "x", "IsOptional": false}, {"Name": "R", "Type": 0}]}
            """
        let (contract, warnings) = try VidiFlowImport.read(located(text))
        let input = try JSONSchema(checking: contract.input.decoded())
        #expect(contract.version.description == "3.0")
        #expect(contract.description == "What")
        #expect(input.requiredNames == ["Q", "R"])
        #expect(input.source["properties"]?["P"]?["default"] == 2)
        #expect(input.source["properties"]?["P"]?["description"] == "How")
        #expect(
            warnings.map { "\($0.severity) \($0.message)" } == [
                #"warning there is no field "Color" in VidiFlow's contracts; it is left out"#
            ])
    }

    @Test func `goes back as it came`() throws {
        let given = try located(Self.contract).value
        let back = try VidiFlowImport.read(located(Self.contract)).contract.vidiFlow().decoded()
        for name in ["Name", "Guid", "Version", "Type", "FriendlyName", "FullDescription", "Categories"] {
            #expect(back[name] == given[name], "\(name)")
        }
        let parameters = try #require(back["Parameters"]?.listValue)
        #expect(parameters.compactMap { $0["Name"]?.stringValue } == ["SourceUri", "Preset", "Streams", "Fast", "Due"])
        #expect(parameters.compactMap { $0["Type"]?.intValue } == [0, 0, 2, 1, 4])
        #expect(parameters.map { $0["IsOptional"]?.boolValue } == [false, true, true, true, false])
        #expect(parameters[2]["DefaultValue"]?.stringValue == "2")
    }

    @Test func `descriptions and the words of defaults and examples are kept, as long as they are true`() throws {
        let text = """
            {"Name": "A", "Type": 0, "Version": "1.0", "FriendlyName": "F", "BriefDescription": "B", "FullDescription": "D",
             "Parameters": [
               {"Name": "P", "Type": 1, "FriendlyName": "PF", "BriefDescription": "PB", "FullDescription": "PD",
                "DefaultValue": "True", "IsOptional": true, "Examples": ["False", "true"]},
               {"Name": "Q", "Type": 3, "DefaultValue": "1.50", "IsOptional": true, "Examples": ["2"]}],
             "Results": [{"Name": "R", "Type": 2, "BriefDescription": "RB"}]}
            """
        let contract = try VidiFlowImport.read(located(text)).contract
        let back = try contract.vidiFlow().decoded()
        #expect(back["BriefDescription"] == "B" && back["FriendlyName"] == "F" && back["FullDescription"] == "D")
        let parameters = try #require(back["Parameters"]?.listValue)
        #expect(parameters[0]["FriendlyName"] == "PF" && parameters[0]["BriefDescription"] == "PB")
        #expect(parameters[0]["FullDescription"] == "PD" && parameters[0]["DefaultValue"] == "True")
        #expect(parameters[0]["Examples"] == .list(["False", "true"]))
        #expect(parameters[1]["DefaultValue"] == "1.50" && parameters[1]["Examples"] == .list(["2"]))
        #expect(back["Results"]?.listValue?.first?["BriefDescription"] == "RB")
        // Somebody changed the contract since.
        var changed = contract
        let input = contract.input.text.replacing(#""default":true"#, with: #""default":false"#)
        changed.input = try JSON(validating: input)
        #expect(changed.input != contract.input)
        let other = try changed.vidiFlow().decoded()["Parameters"]?.listValue
        #expect(other?.first?["DefaultValue"] == "false")
    }

    @Test func `an example that is none is left out with a word`() throws {
        let text = """
            {"Name": "A", "Type": 0, "Version": "1.0",
             "Parameters": [{"Name": "P", "Type": 2, "Examples": ["1", "two"]}]}
            """
        let (contract, warnings) = try VidiFlowImport.read(located(text))
        #expect(contract.input["properties"]?["P"]?["examples"]?.text == "[1]")
        #expect(warnings.map(\.message) == [#"the example "two" of P is not a whole number; it is left out"#])
        #expect(warnings.first?.position.line == 2)
    }

    @Test(arguments: [
        (#""Type": 0,"#, #""Type": 9,"#, "Type 9 is none of service task, workflow and business rule"),
        (#""DefaultValue": "2""#, #""DefaultValue": "two""#, #"the default "two" of Streams is not a whole number"#),
        (
            #""Name": "Due", "Type": 4"#, #""Name": "Due", "Type": 4, "DefaultValue": "2024-01-02 03:04""#,
            #"the default "2024-01-02 03:04" of Due is not a date and time with offset, as in 2026-01-31T12:00:00Z"#
        ),
        (#""Name": "Seconds", "Type": 3"#, #""Name": "Seconds", "Type": 7"#, "the type 7 of Seconds is none of"),
        (#""Name": "TranscodeMedia", "#, "", #"the field "Name" is missing"#),
    ])
    func `what cannot be read is said with its place`(part: String, other: String, expected: String) throws {
        let text = Self.contract.replacing(part, with: other, maxReplacements: 1)
        #expect {
            try VidiFlowImport.read(located(text))
        } throws: { error in
            (error as? Diagnostics)?.all.contains { $0.message.hasPrefix(expected) && $0.position.line > 0 } ?? false
        }
    }

    @Test func `what VidiFlow cannot say is an error`() throws {
        let contract = try Sample.task("a", "1.0", "input: {type: object, properties: {a: {type: array}}}")
        #expect {
            try contract.vidiFlow()
        } throws: { error in
            (error as? Diagnostics)?.all.first?.message == "input.a of a@1.0 is none of text, number, true or false"
        }
    }

    @Test func `another name and kind may be given`() throws {
        let options = VidiFlowImport.Options(name: "media.ingest", kind: .workflow, process: "Ingest")
        let contract = try VidiFlowImport.read(located(Self.contract), options: options).contract
        #expect(contract.kind == .workflow)
        #expect(contract.process == "Ingest")
        #expect(contract.name == "media.ingest")
    }
}
