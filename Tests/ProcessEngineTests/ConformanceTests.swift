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
        let file = try String(contentsOf: folder.appending(path: "traces.jsonl"), encoding: .utf8)
        let report = TraceSuite(models: { (path) throws(Diagnostics) in
            guard let bytes = try? Data(contentsOf: folder.appending(path: path)) else {
                throw Diagnostics(Diagnostic(code: "unreadable", file: path, message: "the file cannot be read"))
            }
            return try XMLReader.read([UInt8](bytes), file: path)
        }).run(file)
        print("traces of conformance/bpmn: \(report.summary)", report.refused.map { "\($0.names.count): \($0.reason)" })
        let known = Set(Self.betterThanTheRecord.map(\.trace))
        let unexpected = report.failures.filter { !known.contains($0.name) }.map { "\($0.name): \($0.reason)" }
        #expect(unexpected.isEmpty, "\(unexpected.joined(separator: "\n"))")
        #expect(report.passed > 900)
    }

    /// Traces in which the record is not what BPMN says, and why.
    private static let betterThanTheRecord: [(trace: String, reason: String)] = [
        (
            "a_qa-0052",
            """
            Three runs of a compensation handler that is a subprocess complete three times. Camunda's history tells of the \
            first only.
            """
        )
    ]
}
