import ArgumentParser
import Foundation
import Values

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Take running instances of one version of a workflow over to another.",
        discussion: """
            Exit status 1 if an instance was refused, or is not there. Elements go over to those of the same id; --map and --mapping name others. What has no counterpart is listed, and
            instances that are at such an element are refused and stay as they are. Broken off, begin again: those that went over
            are found no more.

            Examples:
              waybill migrate media.ingest --from 1.2 --to 1.3 --dry-run
              waybill migrate media.ingest --from 1.2 --to 1.3 --map probe=inspect
              waybill migrate media.ingest --from 1.2 --plan --json > mapping.json   # edit, then --mapping mapping.json
            """)

    @Argument(help: "The workflow contract, or the BPMN process.")
    var workflow: String
    @Option(help: "The version to leave: of the contract, or the number of the deployed definition.")
    var from: String
    @Option(help: "The version to go to.")
    var to = "latest"
    @Option(help: "A JSON file of element ids, {\"OLD\": \"NEW\"}; null for none. Also what --plan --json printed.")
    var mapping: String?
    @Option(help: "One element, OLD=NEW; may be given several times. OLD= says that it has no counterpart.")
    var map: [String] = []
    @Flag(help: "Only tell what would become of each instance.")
    var dryRun = false
    @Flag(help: "Only print how the elements go over.")
    var plan = false
    @Option(help: "Only this instance; may be given several times.", transform: InstanceArgument.read)
    var instance: [String] = []
    @Option(help: "How many instances to take at once, 1 to 1000.")
    var batch = 100
    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        guard (1...1000).contains(batch) else { throw CommandError("--batch is a number from 1 to 1000") }
        let request: [(name: String, value: JSON)] = [
            ("from", .string(from)), ("to", .string(to)), ("mapping", try overrides()),
        ]
        let report: Report? = try await RESTClient.with(server) { client in
            let path = "/v1/workflows/\(RESTClient.escape(workflow))"
            let answer = try await client.post("\(path)/migration-plan", .object(request), with: "plans")
            let plans = answer["plans"]?.elements() ?? []
            if plan { return try show(plans) }
            if !output.json { for plan in plans { Self.summarize(plan) } }
            return try await migrate(request, client, path)
        }
        if let report, report.left > 0 { throw ExitCode.failure }
    }

    private struct Report {
        var counts: [(outcome: String, count: Int)] = []
        private var told: Set<String> = []
        /// Those that were asked for and did not go over: refused, or not there.
        var left: Int {
            counts.filter { ["refused", "unknown"].contains($0.outcome) }.reduce(0) { $0 + $1.count }
        }

        /// Whether the instance has not been told of yet.
        mutating func isNew(_ instance: String) -> Bool { told.insert(instance).inserted }

        mutating func count(_ outcome: String) {
            if let place = counts.firstIndex(where: { $0.outcome == outcome }) {
                counts[place].count += 1
            } else {
                counts.append((outcome, 1))
            }
        }

        var text: String {
            counts.isEmpty ? "no running instances" : counts.map { "\($0.count) \($0.outcome)" }.joined(separator: ", ")
        }
    }

    private func migrate(
        _ request: [(name: String, value: JSON)], _ client: RESTClient, _ path: String
    ) async throws -> Report {
        var report = Report()
        var hasMigrated: Bool
        // Once more while it finds any: instances of the old version may have begun meanwhile.
        repeat {
            hasMigrated = false
            var after: String?
            var left = instance[...]
            repeat {
                var body = request + [("dryRun", .bool(dryRun)), ("limit", .number(batch))]
                if !instance.isEmpty { body.append(("instances", .array(left.prefix(batch).map { .string($0) }))) }
                if let after { body.append(("after", .string(after))) }
                let answer = try await client.post("\(path)/migrations", .object(body), with: "instances")
                for row in answer["instances"]?.elements() ?? [] where report.isNew(row.cell("id")) {
                    let outcome = row.cell("outcome")
                    hasMigrated = hasMigrated || outcome == "migrated"
                    report.count(outcome)
                    output.json ? print(row.text) : Self.tell(row)
                }
                left = left.dropFirst(batch)
                after = answer["next"]?.stringValue
                if !output.json, after != nil || !left.isEmpty { print("… \(report.text)") }
            } while after != nil || !left.isEmpty
        } while hasMigrated && instance.isEmpty
        if !output.json { print((dryRun ? "Dry run: " : "") + report.text) }
        return report
    }

    /// Those that went over need no line of their own.
    private static func tell(_ row: JSON) {
        guard !["migrated", "possible"].contains(row.cell("outcome")) else { return }
        let key = row["businessKey"]?.stringValue.map { " \($0)" } ?? ""
        print("\(row.cell("id"))\(key): \(row.cell("outcome"))")
        for problem in row["problems"]?.elements() ?? [] { print("  \(line(of: problem))") }
    }

    static func line(of problem: JSON) -> String {
        let name = problem["name"]?.stringValue.map { " \"\($0)\"" } ?? ""
        let place = problem["element"]?.stringValue.map { "\($0)\(name): " } ?? ""
        return place + problem.cell("message") + (problem["suggestion"]?.stringValue.map { "; \($0)" } ?? "")
    }

    private static func summarize(_ plan: JSON) {
        func version(_ side: String) -> String {
            let version = plan[side] ?? .emptyObject
            return version["version"]?.stringValue.map { "\($0) (\(version.cell("definition")))" }
                ?? version.cell("definition")
        }
        print("From \(version("from")) to \(version("to"))")
        for (from, to) in plan["mapping"]?.members() ?? [] where to.stringValue != from {
            print("  \(from) → \(to.stringValue ?? "")")
        }
        for problem in plan["unmapped"]?.elements() ?? [] { print("  no counterpart: \(line(of: problem))") }
        for warning in plan["warnings"]?.elements() ?? [] { print("  note: \(line(of: warning))") }
    }

    private func show(_ plans: [JSON]) throws -> Report? {
        for plan in plans { output.json ? print(plan.text) : Self.summarize(plan) }
        return nil
    }

    /// Of the file, then of the options, which win.
    func overrides() throws -> JSON {
        var members: [(name: String, value: JSON)] = []
        if let mapping {
            let bytes = try InputFile.bytes(mapping)
            do {
                let file = try JSON(validating: bytes)
                guard let given = (file["mapping"] ?? file).members() else {
                    throw CommandError("\(mapping) must hold a JSON object of element ids")
                }
                // What a plan printed holds pairs that go without saying.
                members = given.filter { $0.value.stringValue != $0.name }
            } catch let error as JSONError {
                throw CommandError(
                    "\(mapping) is not valid JSON: line \(error.line), column \(error.column): \(error.message)")
            }
        }
        for pair in map {
            let (old, new) = try InputOptions.pair(pair, "--map", takes: "OLD=NEW")
            members.removeAll { $0.name == old }
            members.append((old, new.isEmpty ? .null : .string(new)))
        }
        return .object(members)
    }
}
