import Decisions
import Expressions
import Testing
import Values
import XMLReader

/// The runner itself, on a kit in memory.
struct ConformanceReportTests {
    private static let tests = """
        <testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase"
          xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
        <modelName>m.dmn</modelName>
        <testCase id="right"><inputNode name="x"><value xsi:type="xsd:decimal">2</value></inputNode>
          <resultNode name="third" type="decision"><expected><value xsi:type="xsd:decimal">0.66666666666</value></expected>
          </resultNode></testCase>
        <testCase id="wrong"><resultNode name="text" type="decision"><expected><value xsi:type="xsd:string">b</value>
          </expected></resultNode></testCase>
        <testCase id="null"><resultNode name="bad" type="decision" errorResult="true"><expected><value xsi:nil="true"/>
          </expected></resultNode></testCase>
        <testCase id="host"><resultNode name="java" type="decision"><expected><value xsi:type="xsd:decimal">1</value>
          </expected></resultNode></testCase>
        <testCase id="missing"><resultNode name="nobody" type="decision"><expected><list><item><value
          xsi:type="xsd:boolean">true</value></item></list></expected></resultNode></testCase>
        </testCases>
        """
    private static let model = """
        <definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" namespace="u" name="m">
        \(input("x"))<decision id="third" name="third">\(inputRequirement("x"))<literalExpression><text>x / 3</text>
        </literalExpression></decision>
        \(decision("text", "\"a\""))\(decision("bad", "1 +"))
        \(decision("java", "{f: function() external {java: {}}}.f()"))
        </definitions>
        """

    private static func run() -> ConformanceReport {
        let files = [
            "kit/level/0001/t.xml": Self.tests, "kit/level/0001/m.dmn": Self.model, "kit/level/0002/t.xml": "<broken",
        ]
        return DecisionConformance(
            files: .init(
                list: { directory in
                    switch directory {
                    case "kit": ["level/"]
                    case "kit/level": ["0001/", "0002/"]
                    case "kit/level/0001": ["m.dmn", "t.xml"]
                    case "kit/level/0002": ["t.xml"]
                    default: []
                    }
                },
                read: { (file) throws(Diagnostics) in
                    try XMLReader.read(Array((files[file] ?? "").utf8), file: file)
                }), options: Kit.options
        ).run("kit")
    }

    @Test func `counts what passed, failed and was refused, with reasons`() throws {
        let report = Self.run()
        #expect(
            report.outcomes.map(\.name) == [
                "level/0001/right", "level/0001/wrong", "level/0001/null", "level/0001/host", "level/0001/missing",
                "level/0002/t.xml",
            ])
        #expect(report.total.passed == 2 && report.total.failed == 3 && report.total.refused == 1)
        #expect(report.ofValues.run == 5)
        guard case .failed(let reasons) = report.outcomes[1].verdict,
            case .refused(let why) = report.outcomes[3].verdict
        else {
            Issue.record("\(report.text)")
            return
        }
        #expect(reasons == ["text: expected \"b\", not \"a\""])
        #expect(why.contains("external functions are not supported"))
    }

    @Test func `is text for people and JSON for programs`() throws {
        let report = Self.run()
        #expect(report.text.contains("level/0001: run 5, passed 2, failed 2, refused 1"))
        #expect(report.text.contains("failed: level/0001/wrong: text: expected \"b\", not \"a\""))
        #expect(report.text.contains("average of the directories: 20.00%"))
        #expect(report.json["total"]?["failed"]?.intValue == 3)
        #expect(report.json["notPassed"]?.elements()?.count == 4)
    }
}
