import ArgumentParser
import Contracts
import Decisions
import Foundation
import ProcessEngine
import Values
import WorkflowTesting
import XMLReader

struct TraceConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bpmn",
        abstract: "Replay recorded behaviour of BPMN models, step by step.",
        discussion: """
            Each line of the file is a JSON object: a trace, with the path of its model below the directory of models.
            Code of a host (Java, scripts) is refused; everything else that is not as recorded is a failure, with its
            reason. Exit status 1 if anything failed.

            Example:
              waybill conformance bpmn traces.jsonl --models .
            """)

    @Argument(help: "The file of the traces.")
    var file: String
    @Option(
        help: ArgumentHelp(
            "The directory that the paths of the models start from, or the first of their parts.", valueName: "dir"))
    var models: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let data = try InputFile.bytes(file)
        let folder = models
        let suite = TraceSuite(zones: SystemZones(), decisions: Self.decisions) { (path) throws(Diagnostics) in
            switch Self.model(path, below: folder) {
            case .success(let model): return try XMLReader.read(model, file: path)
            case .failure(let reason):
                throw Diagnostics(
                    Diagnostic(code: "unreadable", file: path, message: "the file cannot be read: \(reason)"))
            }
        }
        try suite.run(String(decoding: data, as: UTF8.self)).show(output, of: file)
    }

    @Sendable private static func decisions(
        _ files: [(path: String, root: SourceNode)]
    ) throws(Diagnostics) -> any DecisionMaker {
        let all = files.map { DecisionModel.File($0.root, name: $0.path) }
        var models: [DecisionModel] = []
        for file in all { models.append(try DecisionModel.read(TestDirectory.imports(of: file, all))) }
        return ProjectDecisions(models: models)
    }

    /// The directory may be the one that the paths begin with, too: `models` for `models/a.bpmn`.
    private static func model(_ path: String, below folder: String) -> Result<[UInt8], InputFile.Reason> {
        let first = InputFile.read(folder + "/" + path)
        guard case .failure(let reason) = first, reason.isMissing, let slash = path.firstIndex(of: "/"),
            URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent == path[..<slash]
        else { return first }
        return InputFile.read(folder + path[slash...])
    }
}

struct JSONParsingConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "json-parsing",
        abstract: "Run the cases of JSONTestSuite, or any in its format.",
        discussion: """
            Reads each *.json file in and below the directory: y_* must be read and n_* refused; others may be either.
            Exit status 1 if anything failed.

            Example:
              waybill conformance json-parsing ../JSONTestSuite/test_parsing
            """)

    @Argument(help: "The directory of the cases.")
    var directory: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let files = try SuiteDirectory.files(in: directory).map { path, bytes in
            (name: path.split(separator: "/").last.map { String($0) } ?? path, bytes: bytes)
        }
        try JSONParsingSuite.run(files).show(output, of: directory)
    }
}

struct SchemaConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "json-schema",
        abstract: "Run the cases of JSON-Schema-Test-Suite, or any in its format.",
        discussion: """
            The directory is that of the suite, with tests/ and remotes/, or one of test files alone. Drafts other than
            2020-12 and 7, and formats that are not asserted, are refused. Cases below optional/ are counted apart. Exit status 1
            if anything failed that is not optional.

            Example:
              waybill conformance json-schema ../JSON-Schema-Test-Suite
            """)

    @Argument(help: "The directory of the suite.")
    var directory: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        func files(in folder: String) throws -> [SchemaSuite.File] {
            try SuiteDirectory.files(in: folder).map { SchemaSuite.File(path: $0, bytes: $1) }
        }
        func isThere(_ folder: String) -> Bool { FileManager.default.fileExists(atPath: directory + "/" + folder) }
        let suite = SchemaSuite(remotes: isThere("remotes") ? try files(in: directory + "/remotes") : [])
        let tests = isThere("tests") ? directory + "/tests" : directory
        try suite.run(try files(in: tests)).show(output, of: directory)
    }
}

private enum SuiteDirectory {
    /// The `*.json` files in and below a directory, by path.
    static func files(in directory: String) throws -> [(path: String, bytes: [UInt8])] {
        guard let paths = try? FileManager.default.subpathsOfDirectory(atPath: directory) else {
            throw CommandError("cannot read \(directory): it is no directory that can be listed")
        }
        return try paths.filter { $0.hasSuffix(".json") }.sorted().map { path in
            (path, try InputFile.bytes(directory + "/" + path))
        }
    }
}

extension SuiteReport {
    /// Prints what became of the cases, and ends with status 1 if any failed.
    fileprivate func show(_ output: OutputOptions, of source: String) throws {
        guard run > 0 else { throw CommandError("\(source) has no cases") }
        print(output.json ? json.text : text)
        if !requiredFailures.isEmpty { throw ExitCode(1) }
    }
}
