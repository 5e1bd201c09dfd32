import Foundation
import Testing
import Values

/// Commands that work on files alone, as processes.
struct CommandsWithoutServerTests {
    private static let example = Installation.root.appending(path: "contracts/examples/media-ingest").path

    @Test func `waybill test runs the example, draws its coverage and writes a report for CI`() throws {
        let site = try Installation("test")
        defer { site.tearDown() }
        let (junit, picture) = (site.directory.path + "/reports/junit.xml", site.directory.path + "/coverage.svg")

        let outcome = try Installation.outcome(
            of: Installation.program,
            ["test", Self.example, "--junit", junit, "--coverage", picture, "--min-coverage", "100"])

        #expect(outcome.status == 0, "\(outcome.text)")
        #expect(outcome.text.contains("elements") && outcome.text.contains(" 0 failed"), "\(outcome.text)")
        #expect(try String(contentsOfFile: junit, encoding: .utf8).contains("failures=\"0\" errors=\"0\""))
        #expect(try String(contentsOfFile: picture, encoding: .utf8).contains("id=\"DeriveProxy\""))
    }

    @Test(arguments: [
        ("tests: [{name: a, expect: {state: Canceled}}]", "p.bpmn", Int32(1), "1:"),
        ("tests: [{name: a}]", "p.bpmn", 2, "missing-field"), ("tests: [", "p.bpmn", 2, "invalid-yaml"),
        ("tests: [{name: a, expect: {state: Completed}}]", "p.bpmn20.xml", 0, " 0 failed"),
    ])
    func `waybill test tells a failed test from a file that cannot be read`(
        text: String, file: String, status: Int32, said: String
    ) throws {
        let site = try Installation("test-status")
        defer { site.tearDown() }
        let model = """
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
            <process id="p" isExecutable="true"><startEvent id="s"/></process></definitions>
            """
        for (name, content) in [(file, model), ("p.test.yaml", text)] {
            try Data(content.utf8).write(to: site.directory.appending(path: name))
        }

        let outcome = try Installation.outcome(of: Installation.program, ["test", site.directory.path])

        #expect(outcome.status == status && outcome.text.contains(said), "\(outcome.status): \(outcome.text)")
    }

    /// The work for a child does not grow with the number of its siblings: events and bytes, which do not depend on the machine.
    @Test func `waybill bench children counts the same work for each of few and of many`() throws {
        let text = try Installation.run(Installation.program, ["bench", "children", "500", "5000", "--json"])

        let results = try #require(JSON(validating: text).elements())
        #expect(results.count == 6)
        for kind in ["parallel", "sequential", "joins"] {
            let events = results.filter { $0["kind"]?.stringValue == kind }.compactMap { result in
                result["events"]?.intValue.flatMap { events in result["children"]?.intValue.map { events / $0 } }
            }
            #expect(events.count == 2 && events[0] == events[1], "\(text)")
        }
    }

    @Test(arguments: ["check", "test"])
    func `output that is lost is a failure`(command: String) throws {
        let outcome = try Installation.outcome(
            of: "/bin/sh", ["-c", "\"$0\" \(command) \"$1\" > /dev/full", Installation.program, Self.example])
        #expect(outcome.status == 1 && outcome.text.contains("no space"), "\(outcome.status): \(outcome.text)")
    }
}
