import Contracts
import Foundation
import ProcessEngine
import Testing
import Values
import WorkflowTesting
import XMLReader
import YAMLReader

/// The tests of `contracts/examples/media-ingest`, which users read as their example.
struct ExampleTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "contracts/examples/media-ingest")

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Self.folder.appending(path: name)))
    }

    private func exampleProject() throws -> TestProject {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
        let contracts = try names.filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml") }.map { name in
            try Contract(YAMLReader.read(bytes(name), file: name))
        }
        let root = try XMLReader.read(bytes("media-ingest.bpmn"), file: "media-ingest.bpmn")
        let definitions = try ProcessDefinition.read(root, file: "media-ingest.bpmn")
        return TestProject(
            models: [TestProject.Model(file: "media-ingest.bpmn", root: root, definitions: definitions)],
            catalog: try ContractCatalog(contracts))
    }

    private func exampleReport() throws -> TestReport {
        let source = try YAMLReader.read(bytes("media-ingest.test.yaml"), file: "media-ingest.test.yaml")
        var report = TestReport()
        report.run(try TestFile(source, in: exampleProject(), model: "media-ingest.bpmn"))
        return report
    }

    @Test func `the example's tests pass and go through all of it`() throws {
        let report = try exampleReport()

        #expect(report.passed, "\(report.text)")
        #expect(report.run >= 7)
        #expect(report.coverage.map(\.process) == ["media-ingest"] && report.percent == 100, "\(report.text)")
    }

    @Test func `the picture is SVG with every shape and flow of the diagram`() throws {
        let project = try exampleProject()

        let svg = try #require(CoverageDrawing.svg(of: project.models[0].root, exampleReport().coverage))

        let root = try XMLReader.read(Array(svg.utf8), file: "coverage.svg")
        let drawn = root.children.compactMap { $0.attribute("id") }
        let definition = project.models[0].definitions[0]
        let missing = (definition.elements.map(\.id.text) + definition.flows.map(\.id.text)).filter {
            !drawn.contains($0)
        }
        #expect(missing == [])
    }

    @Test func `the schema of test files knows the example`() throws {
        let contracts = Self.folder.deletingLastPathComponent().deletingLastPathComponent()
        let text = try Data(contentsOf: contracts.appending(path: "schemas/test.schema.json"))
        let schema = try JSONSchema(Value(parsing: [UInt8](text)))
        let source = try YAMLReader.read(bytes("media-ingest.test.yaml"), file: "media-ingest.test.yaml")

        #expect(schema.validate(source.value) == [])
        #expect(schema.validate(["tests": [["name": "a", "expect": ["stat": "Completed"]]]]) != [])
    }
}
