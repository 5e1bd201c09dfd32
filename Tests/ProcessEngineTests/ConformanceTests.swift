import Foundation
import ProcessEngine
import Testing
import Values
import XMLReader

/// What Camunda 7 did with public models, replayed step by step.
///
/// A user task is read as an external task: for the tokens it is the same. What an engine without user tasks, scripts
/// and messages cannot run is counted, not run.
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
        var skipped: [String: Int] = [:]
        var differing: [String] = []
        for line in lines {
            let trace = try JSON(validating: String(line))
            let id = try #require(trace["id"]?.stringValue)
            let path = try #require(trace["path"]?.stringValue)
            let bytes = try [UInt8](Data(contentsOf: folder.appending(path: path)))
            do throws(NotRun) {
                var replay = try TraceReplay(trace, model: bytes, file: path)
                if let difference = try replay.difference() { differing.append("\(id): \(difference)") }
                ran += 1
            } catch {
                skipped[error.reason, default: 0] += 1
            }
        }
        print(
            "traces of conformance/bpmn: \(ran) of \(lines.count) ran, \(differing.count) differ; not run:",
            skipped.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
        #expect(differing.isEmpty, "\(differing.joined(separator: "\n"))")
        #expect(ran > 100)
    }
}

/// Why a trace is not for this engine.
struct NotRun: Error { var reason: String }

/// One trace on one instance.
private struct TraceReplay {
    private let trace: JSON
    private var scenario: Scenario

    init(_ trace: JSON, model: [UInt8], file: String) throws(NotRun) {
        self.trace = trace
        guard trace["extra_paths"]?.elements()?.isEmpty ?? true else { throw NotRun(reason: "several models") }
        let makeExecutable = trace["make_executable"]?.boolValue == true
        let definitions: [ProcessDefinition]
        do {
            let root = try XMLReader.read(model, file: file)
            definitions = try ProcessDefinition.read(Self.adapted(root, makeExecutable: makeExecutable), file: file)
        } catch {
            throw NotRun(reason: "refused: \(error.all.first?.code ?? "?")")
        }
        let key = trace["steps"]?.elements()?.first?["key"]?.stringValue
        guard let definition = definitions.first(where: { $0.process == key }) else {
            throw NotRun(reason: "no such process")
        }
        scenario = Scenario(of: definition)
    }

    /// The model with its user tasks as external tasks.
    private static func adapted(_ node: SourceNode, makeExecutable: Bool) -> SourceNode {
        var node = node
        if node.namespace == BPMN.namespace {
            if node.name == "userTask" {
                node.name = "serviceTask"
                node.attributes = node.attributes.filter { $0.namespace.isEmpty }
                node.attributes.append(SourceNode.Attribute(name: "contract", namespace: BPMN.waybill, value: "user"))
                node.children.removeAll { $0.name == "extensionElements" }
            }
            if node.name == "process" && makeExecutable {
                node.attributes.removeAll { $0.name == "isExecutable" }
                node.attributes.append(SourceNode.Attribute(name: "isExecutable", value: "true"))
            }
        }
        node.children = node.children.map { adapted($0, makeExecutable: makeExecutable) }
        return node
    }

    /// What is not as recorded; nil if all is.
    mutating func difference() throws(NotRun) -> String? {
        for (index, step) in (trace["steps"]?.elements() ?? []).enumerated() {
            let expected = step["expect"] ?? .null
            let before = (scenario.completed.count, scenario.canceled.count)
            do {
                try perform(step)
            } catch let error as NotRun {
                throw error
            } catch {
                if expected["error"] != nil { continue }
                return "step \(index + 1): \(error)"
            }
            if expected["error"] != nil { return "step \(index + 1): was an error" }
            if let difference = compare(expected, completedBefore: before.0, canceledBefore: before.1) {
                return "step \(index + 1): \(difference)"
            }
        }
        return nil
    }

    private mutating func perform(_ step: JSON) throws {
        let activity = step["activity"]?.stringValue ?? ""
        switch step["op"]?.stringValue ?? "" {
        case "start":
            try scenario.start((trace["start_variables"]?.members() ?? []).map { ($0.name, $0.value.text) })
        case "complete_user_task", "complete_external_task":
            try scenario.complete(activity, (step["vars"]?.members() ?? []).map { ($0.name, $0.value.text) })
        case "external_task_bpmn_error":
            try scenario.throwError(activity, step["code"]?.stringValue ?? "", message: step["message"]?.stringValue)
        case "fire_timer": try scenario.fire(activity)
        case let other: throw NotRun(reason: "operation \(other)")
        }
    }

    private func compare(_ expected: JSON, completedBefore: Int, canceledBefore: Int) -> String? {
        let completed = visible(scenario.completed.dropFirst(completedBefore))
        let wantedCompleted = strings(expected["completed"])
        if completed != wantedCompleted { return "completed \(completed), not \(wantedCompleted)" }
        let canceled = visible(scenario.canceled.dropFirst(canceledBefore))
        let wantedCanceled = strings(expected["canceled"])
        if canceled != wantedCanceled { return "canceled \(canceled), not \(wantedCanceled)" }
        let active = scenario.instance.activeActivities
            .filter { activity in activity.innerScope == nil && activity.incident == nil }.map(\.element.text).sorted()
        let wantedActive = (expected["active"]?.members() ?? [])
            .flatMap { Array(repeating: $0.name, count: $0.value.intValue ?? 0) }.sorted()
        if active != wantedActive { return "active \(active), not \(wantedActive)" }
        let running = scenario.instance.isEnded ? 0 : 1
        return running == expected["instances"]?.intValue ? nil : "running \(running)"
    }

    /// The record leaves gateways out.
    private func visible(_ ids: ArraySlice<String>) -> [String] {
        ids.filter { id in
            let element = scenario.definition.element(ElementID(id))
            return !(element is ExclusiveGateway) && !(element is ParallelGateway)
        }.sorted()
    }

    private func strings(_ json: JSON?) -> [String] {
        (json?.elements() ?? []).compactMap(\.stringValue).sorted()
    }
}
