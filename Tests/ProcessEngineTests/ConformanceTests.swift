import Foundation
import ProcessEngine
import Testing
import Values
import XMLReader

/// What Camunda 7 did with public models, replayed step by step.
///
/// What Waybill refuses is counted by reason.
struct ConformanceTests {
    private static var folder: URL? {
        let named = ProcessInfo.processInfo.environment["WAYBILL_CONFORMANCE"].map { URL(fileURLWithPath: $0) }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = (named ?? root.deletingLastPathComponent().appending(path: "shared/conformance")).appending(
            path: "bpmn")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }

    @Test func `reads or refuses every public model, and never crashes`() throws {
        guard let folder = Self.folder else { return print("not run: reading the models of conformance/bpmn (absent)") }
        var read = 0
        var refused: [String: Int] = [:]
        var noPlace: [String] = []
        let files = try #require(
            FileManager.default.enumerator(at: folder.appending(path: "models"), includingPropertiesForKeys: nil))
        for case let file as URL in files where ["bpmn", "xml"].contains(file.pathExtension) {
            let bytes = try [UInt8](Data(contentsOf: file))
            do throws(Diagnostics) {
                let name = file.lastPathComponent
                _ = try ProcessDefinition.read(XMLReader.read(bytes, file: name), file: name)
                read += 1
            } catch {
                let problems = error.all
                #expect(!problems.isEmpty)
                for code in Set(problems.map(\.code)) { refused[code, default: 0] += 1 }
                noPlace += problems.filter { $0.position.line == 0 || $0.message.isEmpty }.map(\.description)
            }
        }
        #expect(noPlace.isEmpty)
        #expect(read > 0)
        print(
            "models of conformance/bpmn: \(read) read; refused by code:",
            refused.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
    }

    @Test func `does what Camunda 7 did, where it runs the model`() throws {
        guard let folder = Self.folder else { return print("not run: conformance/bpmn/traces.jsonl (absent)") }
        let lines = try String(contentsOf: folder.appending(path: "traces.jsonl"), encoding: .utf8).split(
            separator: "\n")
        var ran = 0
        var refused: [String: Int] = [:]
        var differing: [String] = []
        for line in lines {
            let trace = try JSON(validating: String(line))
            let id = try #require(trace["id"]?.stringValue)
            do {
                let definitions = try Self.definitions(of: trace, in: folder)
                var replay = RecordedTrace(trace, definitions: definitions, contracts: StubContracts())
                ran += 1
                if let difference = try replay.difference() { differing.append("\(id): \(difference)") }
            } catch let error as Diagnostics {
                refused[error.all.first?.code ?? "?", default: 0] += 1
                print("refused: \(id):", error.all.map(\.description).joined(separator: "; "))
            }
        }
        print(
            "traces of conformance/bpmn: \(ran) of \(lines.count) ran, \(differing.count) differ; refused:",
            refused.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
        let known = Set(Self.betterThanTheRecord.map(\.trace))
        let unexpected = differing.filter { !known.contains(String($0.prefix { $0 != ":" })) }
        #expect(unexpected.isEmpty, "\(unexpected.joined(separator: "\n"))")
        #expect(ran > 900)
    }

    /// Traces in which the record is not what BPMN says, and why.
    private static let betterThanTheRecord: [(trace: String, reason: String)] = [
        (
            "a-0105",
            """
            An error that nothing catches ends the instance with it. Camunda ends its path in silence and lets the others \
            run; BPMN 2.0, 10.5.1: all active threads of the scope are terminated as a result of an error end event.
            """
        ),
        (
            "a_qa-0052",
            """
            Three runs of a compensation handler that is a subprocess complete three times. Camunda's history tells of the \
            first only.
            """
        ),
    ]

    private static func definitions(of trace: JSON, in folder: URL) throws -> [ProcessDefinition] {
        let extra = (trace["extra_paths"]?.elements() ?? []).compactMap(\.stringValue)
        let makeExecutable = trace["make_executable"]?.boolValue == true
        return try ([#require(trace["path"]?.stringValue)] + extra).flatMap { path in
            let bytes = try [UInt8](Data(contentsOf: folder.appending(path: path)))
            var root = try XMLReader.read(bytes, file: path)
            if makeExecutable { Self.makeExecutable(&root) }
            return try ProcessDefinition.read(root, file: path)
        }
    }

    private static func makeExecutable(_ root: inout SourceNode) {
        for index in root.children.indices where root.children[index].name == "process" {
            root.children[index].attributes.removeAll { $0.name == "isExecutable" }
            root.children[index].attributes.append(SourceNode.Attribute(name: "isExecutable", value: "true"))
        }
    }
}
