import ArgumentParser
import Contracts
import Decisions
import Foundation
import Values
import XMLReader

struct DecideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Evaluate a decision of a DMN file or of the server, and show how it came about.",
        discussion: """
            With files it needs no server. The first file has the decision; those that it imports follow. Without --decision, a file
            with one decision is meant by it. Without files the server evaluates --decision, by the id it is deployed under. Dates and
            the like are JSON strings: "2026-01-31", "PT1H".

            Examples:
              waybill decide loan.dmn --decision Routing --set Age=21 --set Status=GOLD
              waybill decide loan.dmn rates.dmn --decision Routing --input @applicant.json --json
              waybill decide --decision Routing --set Age=21
            """)

    @Argument(help: "DMN files, the one with the decision first; none: the server decides.")
    var files: [String] = []
    @Option(help: "The decision, decision service or business knowledge model, by name or id.")
    var decision: String?
    @Option(name: .customLong("version"), help: "Of a decision of the server: which version; without it the newest.")
    var version: Int?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        if files.isEmpty { return try await askServer() }
        if version != nil { throw CommandError("--version is for decisions of the server: leave the files out") }
        let model = try Self.model(files)
        let input = try inputs.object()
        Self.warn(of: input, without: model.inputNames, model.undeclaredNames)
        let given = GivenVariables(input, now: SystemClock().now, zones: SystemZones())
        let result = try model.evaluate(
            try decision ?? Self.onlyDecision(of: model), inputs: DecisionInput.members(of: input),
            options: DecisionOptions(now: given.now, zones: given.zones, variables: given))
        show(result.report)
    }

    private func askServer() async throws {
        guard let decision else { throw CommandError("name DMN files, or a decision of the server by --decision") }
        var body: [(name: String, value: JSON)] = [("input", try inputs.object())]
        if let version { body.append(("version", .number(version))) }
        try await RESTClient.with(server) { client in
            show(
                try await client.post(
                    "/v1/decisions/\(RESTClient.escape(decision))/evaluate", .object(body), with: "value"))
        }
    }

    private func show(_ report: JSON) {
        if output.json { return print(report.text) }
        for step in report["trace"]?.elements() ?? [] { print(Self.text(of: step)) }
        if let omitted = report["traceOmitted"]?.intValue { print("… and \(omitted) steps more") }
        for diagnostic in report["diagnostics"]?.elements() ?? [] { print(CommandError.line(of: diagnostic)) }
        print(report["value"]?.text ?? "null")
    }

    /// Tells of inputs that no decision asks for: a mistyped one is null without a word.
    private static func warn(of given: JSON, without names: [String], _ undeclared: [String]) {
        guard !names.isEmpty else { return }
        for (name, _) in given.members() ?? [] where !names.contains(name) && !undeclared.contains(name) {
            let meant = Spelling.suggestion(for: name, among: names) ?? "there are: \(names.joined(separator: ", "))"
            FileHandle.standardError.write(Data("warning: no input is called \(name); \(meant)\n".utf8))
        }
    }

    private static func model(_ files: [String]) throws -> DecisionModel {
        var read: [DecisionModel.File] = []
        for file in files {
            read.append(DecisionModel.File(try XMLReader.read(InputFile.bytes(file), file: file), name: file))
        }
        return try DecisionModel.read(read)
    }

    private static func onlyDecision(of model: DecisionModel) throws -> String {
        let decisions = model.decisions.filter { $0.namespace == model.namespace }
        guard decisions.count == 1 else {
            throw CommandError("--decision is missing; there are: \(decisions.map(\.name).joined(separator: ", "))")
        }
        return decisions[0].id
    }

    /// A step, and below a table its inputs and the rules that matched.
    private static func text(of step: JSON) -> String {
        var lines = ["\(step.cell("kind")) \(step.cell("name")): \(step["value"]?.text ?? "null")"]
        for input in step["inputs"]?.elements() ?? [] {
            lines.append("  \(input.cell("label")) = \(input["value"]?.text ?? "null")")
        }
        let rules = step["rules"]?.elements()
        for rule in rules ?? [] {
            let outputs = (rule["outputs"]?.elements() ?? []).map(\.text).joined(separator: ", ")
            let annotations = (rule["annotations"]?.elements() ?? []).compactMap(\.stringValue)
                .filter { !$0.isEmpty }.map { " (\($0))" }.joined()
            lines.append("  rule \(rule.cell("number")) matches: \(outputs)\(annotations)")
        }
        if let rules, rules.isEmpty { lines.append("  no rule matches") }
        return lines.joined(separator: "\n")
    }
}
