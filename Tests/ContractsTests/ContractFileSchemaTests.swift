import Contracts
import Foundation
import Testing
import Values
import YAMLReader

/// The JSON Schema of contract files, for editors, says what the reader says.
@Suite struct ContractFileSchemaTests {
    private func schema() throws -> JSONSchema {
        let url = ConformanceData.package.appending(path: "contracts/schemas/contract.schema.json")
        return try JSONSchema(checking: Value(parsing: [UInt8](Data(contentsOf: url))))
    }

    @Test(arguments: [
        Sample.transcode, "kind: task\nname: a\nversion: '1.0'",
        "kind: workflow\nname: a\nversion: '1.0'\nprocess: p\nobjectId: x\ninput: {type: object, properties: {x: {}}}",
        "kind: workflow\nname: a\nversion: '1.0'\nprocess: p\nbusinessKey: unique",
        "kind: decision\nname: a\nversion: '1.0'\nretry: {maxAttempts: 1}\ntimeout: P1DT2H",
        "kind: decision\nname: a\nversion: '1.0'\ndecision: Routing",
    ])
    func `accepts what the reader accepts`(text: String) throws {
        let located = try YAMLReader.read(Array(text.utf8), file: "a.yaml")

        #expect(try schema().validate(located.value) == [])
        #expect(try Contract(located).canonical.isObject)
    }

    @Test(arguments: [
        "kind: job", "name: A", "version: 2.1", "version: '2'", "inputs: {}", "process: p", "timeout: 30", "timeout: P",
        "timeout: P1M",
        "heartbeat: PT", "retry: {maxAttempts: 0}", "retry: {backof: PT1S}", "concurrency: 0", "errors: [A]",
        "errors: [{}]",
        "events: [{name: e, payload: {type: strin}}]", "input: {type: array}", "input: {properties: {}}", "input: true",
        "input: {type: object, required: a}", "title: ''", "secrets: [a, a]", "examples: [{outptu: {}}]",
        "priority: high",
        "kind: workflow", "decision: Routing", "businessKey: unique",
    ])
    func `refuses what the reader refuses`(line: String) throws {
        let field = line.prefix { $0 != ":" }
        let others = ["kind: task", "name: a", "version: '1.0'"].filter { !$0.hasPrefix(field) }
        let text = (others + [line]).joined(separator: "\n")
        let located = try YAMLReader.read(Array(text.utf8), file: "a.yaml")

        #expect(try schema().validate(located.value) != [])
        #expect(throws: Diagnostics.self) { try Contract(located) }
    }

    @Test func `the contracts of the examples are sound, and their schema says so too`() throws {
        let examples = ConformanceData.package.appending(path: "contracts/examples")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: examples.path).filter {
            $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml")
        }
        .sorted()
        let schema = try schema()
        for path in paths {
            let located = try YAMLReader.read([UInt8](Data(contentsOf: examples.appending(path: path))), file: path)
            #expect(schema.validate(located.value) == [], "\(path)")
            #expect(throws: Never.self, "\(path)") { try Contract(located) }
        }
        #expect(!paths.isEmpty)
    }
}
