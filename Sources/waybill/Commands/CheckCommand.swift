import ArgumentParser
import Contracts
import Decisions
import ProcessEngine
import Services
import Staging
import Values
import XMLReader
import YAMLReader

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the contracts and models of a directory, as a push would.",
        discussion: """
            Needs no server. Reads what a push reads; errors are what a push refuses, warnings are what it shows. Without any
            contract in the directory, the models are checked on their own. Exit status 1 if there are errors; with --strict,
            also if there are warnings. contracts/checks.md tells what each rule is about.

            Examples:
              waybill check contracts/examples/media-ingest
              waybill check . --sarif > findings.sarif
            """)

    @Argument(
        help:
            "The directory: contracts (.yaml, .json), models (.bpmn, .bpmn20.xml), decisions (.dmn), also below it."
    )
    var directory: String
    @Flag(help: "Print the findings as SARIF 2.1.0.")
    var sarif = false
    @Flag(help: "Fail for warnings too.")
    var strict = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if sarif, output.json { throw ValidationError("--sarif and --json exclude each other") }
    }

    func run() throws {
        let (files, unreadable) = try ContractDirectory.read(directory)
        guard !files.isEmpty || !unreadable.isEmpty else { throw ContractDirectory.isEmpty(directory) }
        let (findings, hasContracts) = DirectoryCheck.findings(of: files, besides: unreadable)
        let report = CheckReport(findings)
        if sarif {
            print(report.sarif(version: Waybill.configuration.version).text)
        } else if output.json {
            print(JSON.object([("files", .number(files.count))] + (report.json.members() ?? [])).text)
        } else {
            if !report.findings.isEmpty { print(report.text + "\n") }
            let alone = hasContracts ? "" : "; no contracts there, so that the models were checked on their own"
            print("\(Count.text(files.count + unreadable.count, "file")): \(report.summary)\(alone)")
        }
        if report.errors > 0 || strict && report.warnings > 0 { throw ExitCode(1) }
    }
}

/// What a push would say of files, without a store.
struct DirectoryCheck {
    private var problems: [Diagnostic] = []
    private var findings: [Diagnostic] = []
    private var sources: [SourceFile] = []
    private var contracts: [Contract] = []
    private var definitions: [ProcessDefinition] = []
    private var decisions: Set<String> = []

    /// - Parameter unreadable: what is wrong with files that are not among these.
    static func findings(
        of files: [ContractDirectory.File], besides unreadable: [Diagnostic]
    ) -> (findings: [Diagnostic], hasContracts: Bool) {
        var check = DirectoryCheck()
        check.problems = unreadable
        let models = files.filter { SourceFile.isModel($0.path) }
        let dmn = files.filter { $0.path.hasSuffix(".dmn") }
        let others = files.filter { !SourceFile.isModel($0.path) && !$0.path.hasSuffix(".dmn") }
        for (path, content) in models { check.collecting { check throws in try check.readModel(path, content) } }
        for (path, content) in others { check.collecting { check throws in try check.readContract(path, content) } }
        check.collecting { check throws in try check.readDecisions(dmn) }
        check.checkTogether(hasContracts: !others.isEmpty)
        return (check.problems + check.findings, !others.isEmpty)
    }

    private mutating func collecting(_ work: (inout DirectoryCheck) throws -> Void) {
        do {
            try work(&self)
        } catch let error as Diagnostics {
            problems += error.all
        } catch {
            problems.append(Diagnostic(code: "unreadable", message: "\(error)"))
        }
    }

    private mutating func readModel(_ path: String, _ content: String) throws {
        let bytes = Array(content.utf8)
        let processes = try ProcessDefinition.read(XMLReader.read(bytes, file: path), file: path)
        definitions += processes
        findings += processes.flatMap(\.warnings)
        var model = source(path, .bpmn(processes: processes.map(\.process)), bytes)
        model.positions = processes.positions
        sources.append(model)
    }

    private mutating func readContract(_ path: String, _ content: String) throws {
        let contract = try Contract(YAMLReader.read(Array(content.utf8), file: path))
        contracts.append(contract)
        sources.append(source(path, .contract(contract), contract.canonical.bytes))
    }

    private mutating func readDecisions(_ files: [(path: String, content: String)]) throws {
        let read = try DecisionFiles(files.map { ($0.path, Array($0.content.utf8)) }) {
            try XMLReader.read($0, file: $1)
        }
        for unit in read.units {
            findings += unit.warnings
            decisions.formUnion(unit.decisions.map(\.id))
            sources.append(source(unit.path, .dmn(decisions: unit.named), unit.bundle.bytes))
        }
    }

    /// A file that cannot be read is not there for others to refer to: what follows from that would only confuse.
    private mutating func checkTogether(hasContracts: Bool) {
        let isWhole = problems.isEmpty
        let sources = self.sources
        let contracts = self.contracts
        let definitions = self.definitions
        if isWhole, hasContracts {
            collecting { _ throws in _ = try ChangeSet(files: sources, head: [], headContracts: []) }
        }
        collecting { check throws in
            let catalog = hasContracts && isWhole ? try ContractCatalog(contracts) : nil
            check.findings += ModelCheck.check(definitions, against: catalog)
        }
        if isWhole, hasContracts {
            findings += definitions.flatMap { [decisions] in DecisionCheck.check($0, against: decisions) }
        }
    }

    /// Nothing is stored, so that contents need no hash: their place tells them apart.
    private func source(_ path: String, _ content: SourceFile.Content, _ bytes: [UInt8]) -> SourceFile {
        SourceFile(path: path, content: content, bytes: bytes, hash: path)
    }
}
