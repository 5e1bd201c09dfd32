import ArgumentParser
import Contracts
import Foundation
import Values
import YAMLReader

struct ContractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contract",
        abstract: "Turn contracts of VidiFlow into contract files, and back.",
        discussion: "Example:\n  waybill contract import TranscodeMedia.json > transcode-media.json",
        subcommands: [ContractImportCommand.self, ContractExportCommand.self])
}

struct ContractImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Print the contract file for a contract of VidiFlow.",
        discussion: """
            Needs no server. The result is JSON, which is a contract file as it is. Its name is made from VidiFlow's
            (TranscodeMedia becomes transcode-media) unless --name says otherwise.

            Example:
              waybill contract import TranscodeMedia.json --name media.transcode > media.transcode.json
            """)

    @Argument(help: "The file with VidiFlow's contract JSON.")
    var file: String
    @Option(help: "What the contract is to be called.")
    var name: String?
    @Option(help: "task, workflow or decision, if the file does not say so.")
    var kind: String?
    @Option(help: "Of a workflow: the id of its BPMN process.")
    var process: String?

    func run() throws {
        let wanted = kind.flatMap { Contract.Kind(rawValue: $0) }
        if kind != nil, wanted == nil { throw CommandError("--kind is task, workflow or decision") }
        let options = VidiFlowImport.Options(name: name, kind: wanted, process: process)
        let (contract, warnings) = try VidiFlowImport.read(ContractFile.read(file), options: options)
        for warning in warnings { FileHandle.standardError.write(Data("\(warning)\n".utf8)) }
        print(ContractFile.indented(contract.canonical))
    }
}

struct ContractExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print a contract as VidiFlow has it.",
        discussion: """
            Needs no server. What VidiFlow's contracts cannot say is an error: lists, objects, alternatives.

            Example:
              waybill contract export media.transcode.yaml
            """)

    @Argument(help: "The contract file.")
    var file: String

    func run() throws {
        print(ContractFile.indented(try Contract(ContractFile.read(file)).vidiFlow()))
    }
}

private enum ContractFile {
    static func read(_ file: String) throws -> LocatedValue {
        try YAMLReader.read(InputFile.bytes(file), file: file)
    }

    /// JSON for people. Depth is bounded by whoever read the value.
    static func indented(_ json: JSON, by indent: String = "") -> String {
        let inner = indent + "  "
        func block(_ lines: [String], _ open: String, _ close: String) -> String {
            lines.isEmpty
                ? open + close : "\(open)\n\(lines.map { inner + $0 }.joined(separator: ",\n"))\n\(indent)\(close)"
        }
        if let members = json.members() {
            return block(
                members.map { "\(JSON.string($0.name).text): \(indented($0.value, by: inner))" }, "{", "}")
        }
        if let elements = json.elements() { return block(elements.map { indented($0, by: inner) }, "[", "]") }
        return json.text
    }
}
