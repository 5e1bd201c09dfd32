import ArgumentParser
import Foundation
import Values
import WorkflowTesting

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run the tests that lie beside workflows: no server, no bus, no agents, no waiting.",
        discussion: """
            A test file, NAME.test.yaml, lies beside NAME.bpmn (or NAME.bpmn20.xml). Its tests say what is given, what agents
            and people answer (checked against the task contracts that lie there too), what happens when, and what is to come
            of it. The clock is virtual; decisions of DMN files beside it are evaluated for real. contracts/testing.md has the
            whole format.

              given:
                input: {orderId: 42}
              mocks:
                payment.charge@1:                    # a contract, or the id of an element
                  - fail: no connection              # tried again, as the contract says
                  - output: {receipt: R-1}
              tests:
                - name: an order is paid and approved
                  steps:
                    - advance: PT1H                  # time passes: timers fire
                    - complete: Approve              # a user task
                      variables: {approved: true}
                  expect:
                    path: [Start, Charge, Approve, End]
                    output: {receipt: R-1}

            Exit status: 0 if all passed, 1 if a test failed, less is covered than asked for, or there is none, 2 if a file has errors.

            Examples:
              waybill test
              waybill test contracts/examples/media-ingest --coverage coverage.svg
              waybill test orders.test.yaml --junit report.xml --min-coverage 80
            """)

    @Argument(help: "Test files, and directories that are searched for *.test.yaml, *.test.yml and *.test.json.")
    var paths: [String] = ["."]
    @Option(help: "Only tests whose name contains this.")
    var filter: String?
    @Option(help: ArgumentHelp("Write a report in the form of JUnit.", valueName: "file"))
    var junit: String?
    @Option(
        help: ArgumentHelp(
            "Draw what was covered: into FILE.svg, or for each model into a directory.", valueName: "file"))
    var coverage: String?
    @Option(help: ArgumentHelp("The least that must be covered of each process, in percent.", valueName: "percent"))
    var minCoverage: Double?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let minCoverage, !(0...100).contains(minCoverage) {
            throw ValidationError("--min-coverage is a percentage from 0 to 100")
        }
    }

    func run() throws {
        let files = try TestDirectory.testFiles(in: paths)
        guard !files.isEmpty else {
            throw CommandError("\(paths.joined(separator: ", ")): there are no tests (*.test.yaml)")
        }
        var report = TestReport()
        var directory = TestDirectory()
        for file in files {
            do throws(Diagnostics) {
                report.run(try directory.read(file), named: filter)
            } catch {
                report.add(unreadable: file, error)
            }
        }
        for warning in directory.warnings { FileHandle.standardError.write(Data("\(warning)\n".utf8)) }
        if let junit { try TestDirectory.write(report.junit, to: junit) }
        if let coverage { try draw(report, of: directory, into: coverage) }
        print(output.json ? report.json.text : report.text)
        if report.unreadable > 0 { throw ExitCode(2) }
        if report.run == 0 { throw CommandError("no test is named like '\(filter ?? "")'") }
        if !report.passed { throw ExitCode(1) }
        if let minCoverage, report.percent < minCoverage {
            throw CommandError("less is covered than \(minCoverage.formatted()) %")
        }
    }

    /// One picture for each model that took part.
    private func draw(_ report: TestReport, of directory: TestDirectory, into place: String) throws {
        let models = directory.models.filter { model in report.coverage.contains { $0.file == model.file } }
        let isFile = place.lowercased().hasSuffix(".svg")
        if isFile && models.count > 1 {
            throw CommandError(
                "--coverage \(place): there are \(models.count) models, and a picture shows one: name a directory")
        }
        for model in models {
            guard let svg = CoverageDrawing.svg(of: model.root, report.coverage.filter({ $0.file == model.file }))
            else {
                FileHandle.standardError.write(Data("\(model.file) has no diagram: nothing is drawn of it\n".utf8))
                continue
            }
            let name = URL(fileURLWithPath: model.file).deletingPathExtension().lastPathComponent + ".svg"
            try TestDirectory.write(svg, to: isFile ? place : place + "/" + name)
        }
    }
}
