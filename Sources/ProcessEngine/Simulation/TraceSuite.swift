package import Expressions
package import Values

/// Recorded traces, one JSON object a line, over models that lie in a directory.
package struct TraceSuite: Sendable {
    /// Reads the root element of a model by the path that traces give it: this target has no file system.
    package typealias Models = @Sendable (_ path: String) throws(Diagnostics) -> SourceNode

    /// Makes the decisions of the DMN files of a trace, of which it gets the root elements.
    package typealias Decisions =
        @Sendable (_ files: [(path: String, root: SourceNode)]) throws(Diagnostics)
        -> any DecisionMaker

    private let models: Models
    private let decisions: Decisions
    private let zones: any ZoneRules

    package init(
        zones: any ZoneRules = FixedZones(),
        decisions: @escaping Decisions = { (_) throws(Diagnostics) in NoDecisions() }, models: @escaping Models
    ) {
        self.zones = zones
        self.decisions = decisions
        self.models = models
    }

    /// Every line of a file, in order, with any line ends. Empty lines are none.
    package func run(_ file: String) -> SuiteReport {
        var report = SuiteReport()
        // A byte order mark is no part of the first line. Other characters that end lines may stand inside JSON.
        let text = file.unicodeScalars.first == "\u{FEFF}" ? String(file.unicodeScalars.dropFirst()) : file
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            do throws(JSONError) {
                let trace = try JSON(validating: String(line))
                report.add(trace["id"]?.stringValue ?? "line \(index + 1)", verdict(of: trace))
            } catch {
                report.add("line \(index + 1)", .failed("column \(error.column): \(error.message)"))
            }
        }
        return report
    }

    /// Code of a host (Java, scripts) is refused; any other model that cannot be read is a failure, unless the record has an error too.
    package func verdict(of trace: JSON) -> SuiteReport.Verdict {
        guard let steps = trace["steps"]?.elements(), !steps.isEmpty else {
            return .failed("the trace has no steps: nothing was run")
        }
        let files: Files
        do throws(Diagnostics) {
            files = try self.files(of: trace)
        } catch {
            if let host = error.all.first(where: { $0.code == "host-language" }) {
                return .refused("host-language: \(host.message)")
            }
            // What fails at the first step of the record fails before it here.
            if let first = steps[0]["expect"]?["error"], !first.isNull { return .passed }
            return .failed("the model is refused: \(error)")
        }
        do throws(RecordedTrace.Unknown) {
            var replay = RecordedTrace(
                trace, definitions: files.definitions, contracts: BareTopics(), decisions: files.decisions, zones: zones
            )
            return try replay.difference().map { .failed($0) } ?? .passed
        } catch {
            return .failed("the operation \(error.operation) is not known")
        }
    }

    /// What a trace deploys together.
    private struct Files {
        var definitions: [ProcessDefinition] = []
        var decisions: any DecisionMaker
    }

    private func files(of trace: JSON) throws(Diagnostics) -> Files {
        guard let path = trace["path"]?.stringValue else {
            throw Diagnostics(Diagnostic(code: "no-model", message: "the trace does not name a model (path)"))
        }
        var definitions: [ProcessDefinition] = []
        var tables: [(path: String, root: SourceNode)] = []
        for path in [path] + (trace["extra_paths"]?.elements() ?? []).compactMap(\.stringValue) {
            // Forms are for people alone.
            if path.hasSuffix(".form") { continue }
            var root = try models(path)
            if root.namespace.contains("/DMN/") {
                tables.append((path, root))
                continue
            }
            if trace["make_executable"]?.boolValue == true { Self.makeExecutable(&root) }
            definitions += try ProcessDefinition.read(root, file: path)
        }
        return Files(definitions: definitions, decisions: try decisions(tables))
    }

    private static func makeExecutable(_ root: inout SourceNode) {
        for index in root.children.indices where root.children[index].name == "process" {
            root.children[index].attributes.removeAll { $0.name == "isExecutable" }
            root.children[index].attributes.append(SourceNode.Attribute(name: "isExecutable", value: "true"))
        }
    }
}

/// No contract is deployed: tasks take and give anything.
private struct BareTopics: TaskContracts {
    func policy(of contract: ContractKey) -> TaskPolicy? { nil }
    func inputNames(of contract: ContractKey) -> [String]? { nil }
    func errorCodes(of contract: ContractKey) -> [String]? { nil }
    func checkInput(_ input: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> { .success(input) }
    func checkOutput(_ output: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> { .success(output) }
}
