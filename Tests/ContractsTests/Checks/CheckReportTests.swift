import Contracts
import Foundation
import Testing
import Values

@Suite struct CheckReportTests {
    private static let findings = [
        Diagnostic(
            severity: .warning, code: "missing-join", file: "b c.bpmn", position: SourcePosition(line: 3, column: 1),
            element: "Task_1", elementName: "Look\nat it", message: "parallel paths meet", suggestion: "join them"),
        Diagnostic(code: "duplicate", file: "a.yaml", message: "it is there twice"),
    ]

    @Test func `reads like a compiler's`() {
        let report = CheckReport(Self.findings)
        #expect(
            report.text == """
                error[duplicate]: it is there twice
                  --> a.yaml

                warning[missing-join]: parallel paths meet
                  --> b c.bpmn:3:1, element Task_1 "Look at it"
                  help: join them
                """)
        #expect(report.summary == "1 error, 1 warning")
        #expect(report.json["findings"]?.elements()?.last?["elementName"]?.stringValue == "Look\nat it")
    }

    @Test func `is SARIF 2_1_0`() throws {
        let sarif = CheckReport(Self.findings).sarif(version: "0.1.0")
        let run = try #require(sarif["runs"]?.elements()?.first)
        let results = try #require(run["results"]?.elements())
        #expect(sarif["version"]?.stringValue == "2.1.0")
        #expect(
            run["tool"]?["driver"]?["rules"]?.elements()?.compactMap { $0["id"]?.stringValue } == [
                "duplicate", "missing-join",
            ])
        #expect(results.compactMap { $0["ruleId"]?.stringValue } == ["duplicate", "missing-join"])
        let place = results.last?["locations"]?.elements()?.first
        #expect(place?["physicalLocation"]?["artifactLocation"]?["uri"]?.stringValue == "b%20c.bpmn")
        #expect(place?["physicalLocation"]?["region"]?["startLine"]?.intValue == 3)
        #expect(place?["logicalLocations"]?.elements()?.first?["fullyQualifiedName"]?.stringValue == "Task_1")
    }

    @Test func `every rule is in the table`() throws {
        let url = ConformanceData.package.appending(path: "contracts/checks.md")
        let text = try String(contentsOf: url, encoding: .utf8)
        for rule in CheckRule.allCases {
            #expect(text.contains("| `\(rule.rawValue)` | \(rule.severity.rawValue) |"), "\(rule.rawValue)")
        }
    }
}
