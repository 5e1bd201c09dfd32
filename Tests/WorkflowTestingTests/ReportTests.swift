import ProcessEngine
import Testing
import Values
import WorkflowTesting
import XMLReader

struct ReportTests {
    /// start → work → end, and a branch that no test takes
    private func someReport() throws -> TestReport {
        let model = bpmn(
            startAndEnd + task("work", "work@1") + "<exclusiveGateway id=\"which\" default=\"which-end\"/>"
                + "<endEvent id=\"other\"/>" + chain("start", "work", "which", "end")
                + "<sequenceFlow id=\"out\" sourceRef=\"which\" targetRef=\"other\"><conditionExpression>= n = 2</conditionExpression></sequenceFlow>"
        )
        return try report(
            """
            mocks: {work: {output: {n: 1}}}
            tests:
              - {name: good, expect: {}}
              - {name: "a <bad> one", expect: {path: [start, other]}}
            """, in: project(model))
    }

    @Test func `the text says where, what was expected, what was found, and the path`() throws {
        #expect(
            try someReport().text == """
                a.test.yaml
                  passed  good
                  FAILED  a <bad> one
                    a.test.yaml:4:36: path
                      expected: other after start
                      found:    it was not visited
                      path: start → work → which → end

                coverage
                  p: 4 of 5 elements, 3 of 4 flows (77 %)
                    not visited: other, out

                2 tests: 1 passed, 1 failed
                """)
    }

    @Test func `the JUnit report is XML with a case for each test`() throws {
        var report = try someReport()
        report.add(unreadable: "b.test.yaml", Diagnostics(Diagnostic(code: "invalid-yaml", message: "not \"YAML\"")))

        let root = try XMLReader.read(Array(report.junit.utf8), file: "report.xml")

        #expect(root.attribute("tests") == "3" && root.attribute("failures") == "1" && root.attribute("errors") == "1")
        let cases = root.children.flatMap(\.children)
        #expect(cases.map { $0.attribute("name") } == ["good", "a <bad> one", "(the file)"])
        #expect(cases[0].children.isEmpty)
        #expect(cases[1].children.first?.name == "failure")
        #expect(cases[1].children.first?.text.contains("path: start → work → which → end") == true)
        #expect(cases[2].children.first?.text.contains("not \"YAML\"") == true)
    }

    @Test func `the JSON has the counts, the failures and the coverage`() throws {
        let json = try someReport().json

        #expect(json["tests"]?.intValue == 2 && json["failed"]?.intValue == 1)
        let failure = json["files"]?.elements()?.first?["tests"]?.elements()?.last?["failures"]?.elements()?.first
        #expect(failure?["line"]?.intValue == 4 && failure?["what"]?.stringValue == "path")
        let covered = json["coverage"]?.elements()?.first?["elements"]
        #expect(covered?["covered"]?.intValue == 4 && covered?["missed"]?.text == "[\"other\"]")
    }

    @Test func `a model without a diagram has no picture`() throws {
        let root = try XMLReader.read(Array(oneTask.utf8), file: "m0.bpmn")

        #expect(CoverageDrawing.svg(of: root, try someReport().coverage) == nil)
    }
}
