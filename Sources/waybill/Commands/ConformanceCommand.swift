import ArgumentParser
import Decisions
import Foundation
import Values
import XMLReader

struct ConformanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Run public conformance suites, wherever their data lies, and print the scores.",
        discussion: "Example:\n  waybill conformance dmn-tck ../tck/TestCases",
        subcommands: [
            TraceConformanceCommand.self, DecisionConformanceCommand.self, JSONParsingConformanceCommand.self,
            SchemaConformanceCommand.self,
        ])
}

struct DecisionConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dmn-tck",
        abstract: "Run the DMN Technology Compatibility Kit, or any test cases in its format.",
        discussion: """
            Runs each *.xml file of test cases in and below the directory against the model that it names, which lies
            beside it. Code of a host (Java) is refused; everything else that is not answered as expected is a failure,
            with its reason. Exit status 1 if anything failed.

            Example:
              waybill conformance dmn-tck ../tck/TestCases
            """)

    @Argument(help: "The directory of the test cases.")
    var directory: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard FileManager.default.fileExists(atPath: directory) else {
            throw CommandError("cannot read \(directory): there is no such directory")
        }
        let report = DecisionConformance(
            files: .system,
            options: DecisionOptions(now: SystemClock().now, zones: SystemZones(), keepsTrace: false)
        ).run(directory)
        guard report.total.run > 0 else { throw CommandError("\(directory) has no test cases (*.xml)") }
        print(output.json ? report.json.text : report.text)
        if report.total.failed > 0 { throw ExitCode(1) }
    }
}

extension DecisionConformance.Files {
    /// Those of this machine.
    fileprivate static let system = Self(
        list: { directory in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory).sorted()) ?? []
            return names.map { name in
                var isDirectory: ObjCBool = false
                let exists = FileManager.default.fileExists(atPath: directory + "/" + name, isDirectory: &isDirectory)
                return exists && isDirectory.boolValue ? name + "/" : name
            }
        },
        read: { (file) throws(Diagnostics) in
            switch InputFile.read(file) {
            case .success(let bytes): return try XMLReader.read(bytes, file: file)
            case .failure(let reason):
                throw Diagnostics(
                    Diagnostic(code: "unreadable", file: file, message: "the file cannot be read: \(reason)"))
            }
        })
}
