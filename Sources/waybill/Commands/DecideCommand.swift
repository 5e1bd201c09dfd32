import ArgumentParser
import Decisions
import Foundation
import Values
import XMLReader

struct DecideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Evaluate a decision of a DMN file, and show how it came about.",
        discussion: """
            Needs no server. The first file has the decision; those that it imports follow. Without --decision, a file with one
            decision is meant by it. Dates and the like are JSON strings: "2026-01-31", "PT1H".

            Examples:
              waybill decide loan.dmn --decision Routing --set Age=21 --set Status=GOLD
              waybill decide loan.dmn rates.dmn --decision Routing --input @applicant.json --json
            """)

    @Argument(help: "DMN files, the one with the decision first.")
    var files: [String]
    @Option(help: "The decision, decision service or business knowledge model, by name or id.")
    var decision: String?
    @OptionGroup var inputs: InputOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let model = try Self.model(files)
        let result = try model.evaluate(
            try decision ?? Self.onlyDecision(of: model), inputs: DecisionInput.members(of: try inputs.object()),
            options: DecisionOptions(now: SystemClock().now, zones: SystemZones()))
        if output.json { return print(result.report.text) }
        for step in result.trace { print(Self.text(of: step)) }
        if result.traceOmitted > 0 { print("… and \(result.traceOmitted) steps more") }
        for diagnostic in result.diagnostics { print(diagnostic) }
        print(result.json.text)
    }

    private static func model(_ files: [String]) throws -> DecisionModel {
        var read: [DecisionModel.File] = []
        for file in files {
            guard let data = FileManager.default.contents(atPath: file) else {
                throw CommandError("cannot read \(file)")
            }
            read.append(DecisionModel.File(try XMLReader.read(data, file: file), name: file))
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
    private static func text(of step: DecisionTrace) -> String {
        var lines = ["\(step.kind.rawValue) \(step.name): \(step.value.text)"]
        lines += step.inputs.map { "  \($0.label) = \($0.value.text)" }
        for rule in step.matched {
            let annotations = rule.annotations.filter { !$0.isEmpty }.map { " (\($0))" }.joined()
            lines.append(
                "  rule \(rule.number) matches: \(rule.outputs.map(\.text).joined(separator: ", "))\(annotations)")
        }
        if step.kind == .table, step.matched.isEmpty { lines.append("  no rule matches") }
        return lines.joined(separator: "\n")
    }
}
