import ProcessEngine
import Testing
import Values
import XMLReader

/// What recorded traces mean where the engine of the record does something else than this one: it throws, and takes back.
@Suite struct TraceSuiteTests {
    private static let model = """
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
        <process id="p" isExecutable="true">BODY</process></definitions>
        """
    private static let task = """
        <startEvent id="s"/><serviceTask id="x" camunda:type="external" camunda:topic="t"/><endEvent id="e"/>
        <sequenceFlow id="f1" sourceRef="s" targetRef="x"/><sequenceFlow id="f2" sourceRef="x" targetRef="e"/>
        """
    private static let choice = """
        <startEvent id="s"/><userTask id="u"/><exclusiveGateway id="g"/><endEvent id="e"/>
        <sequenceFlow id="f1" sourceRef="s" targetRef="u"/><sequenceFlow id="f2" sourceRef="u" targetRef="g"/>
        <sequenceFlow id="f3" sourceRef="g" targetRef="e"><conditionExpression>${go}</conditionExpression></sequenceFlow>
        """
    private static let start =
        #"{"op": "start", "key": "p", "expect": {"active": {"ACTIVE": 1}, "instances": 1, "completed": ["s"]}}"#

    private static func verdict(_ body: String, _ steps: [String]) throws -> SuiteReport.Verdict {
        let suite = TraceSuite(models: { (path) throws(Diagnostics) in
            try XMLReader.read(Array(model.replacing("BODY", with: body).utf8), file: path)
        })
        return suite.verdict(
            of: try JSON(validating: #"{"path": "m.bpmn", "steps": [\#(steps.joined(separator: ", "))]}"#))
    }

    private static func step(_ operation: String, _ more: String, expect: String) -> String {
        #"{"op": "\#(operation)", \#(more), "expect": \#(expect)}"#
    }

    @Test func `a failed task is active for as long as the client gives it retries, and when none is left`() throws {
        let active = #"{"active": {"x": 1}, "instances": 1}"#
        let failures = [5, 4, 3, 2, 1, 0].map {
            Self.step("external_task_failure", #""activity": "x", "retries": \#($0)"#, expect: active)
        }
        let start = Self.start.replacing("ACTIVE", with: "x")
        #expect(try Self.verdict(Self.task, [start] + failures) == .passed)
        let done = Self.step(
            "complete_external_task", #""activity": "x""#, expect: #"{"completed": ["x", "e"], "instances": 0}"#)
        #expect(try Self.verdict(Self.task, [start] + failures.prefix(5) + [done]) == .passed)
        let gone = Self.step("external_task_failure", #""activity": "x", "retries": 0"#, expect: #"{"instances": 1}"#)
        #expect(try Self.verdict(Self.task, [start, gone]) != .passed, "it is still there")
    }

    @Test func `a step that opens an incident is an error of the record, and is taken back`() throws {
        let start = Self.start.replacing("ACTIVE", with: "u")
        func complete(_ go: String, _ expect: String) -> String {
            Self.step("complete_user_task", #""activity": "u", "vars": {"go": \#(go)}"#, expect: expect)
        }
        let ended = #"{"completed": ["u", "e"], "instances": 0}"#
        let failed = complete("false", #"{"error": "ProcessEngineException"}"#)
        #expect(try Self.verdict(Self.choice, [start, failed, failed, complete("true", ended)]) == .passed)
        #expect(
            try Self.verdict(Self.choice, [start, complete("true", #"{"error": "x"}"#)])
                == .failed("step 2: was an error"))
    }

    @Test func `a call of nothing is an error at the start`() throws {
        let body = """
            <startEvent id="s"/><callActivity id="c" calledElement="nobody"/><endEvent id="e"/>
            <sequenceFlow id="f1" sourceRef="s" targetRef="c"/><sequenceFlow id="f2" sourceRef="c" targetRef="e"/>
            """
        #expect(try Self.verdict(body, [#"{"op": "start", "key": "p", "expect": {"error": "x"}}"#]) == .passed)
    }

    @Test func `a model that is refused is the error of the first step`() throws {
        let body = """
            <startEvent id="s"/><intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>abc</timeDuration>
            </timerEventDefinition></intermediateCatchEvent><sequenceFlow id="f1" sourceRef="s" targetRef="c"/>
            """
        #expect(try Self.verdict(body, [#"{"op": "start", "key": "p", "expect": {"error": "x"}}"#]) == .passed)
        #expect(try Self.verdict(body, [Self.start.replacing("ACTIVE", with: "c")]) != .passed)
    }

    @Test func `a file may have any line ends, a byte order mark and empty lines`() throws {
        let suite = TraceSuite(models: { (path) throws(Diagnostics) in
            try XMLReader.read(Array(Self.model.replacing("BODY", with: Self.task).utf8), file: path)
        })
        let trace = #"{"path": "m.bpmn", "steps": [\#(Self.start.replacing("ACTIVE", with: "x"))]}"#
        for end in ["\n", "\r\n", "\r"] {
            let report = suite.run("\u{FEFF}\(trace)\(end)\(end)\(trace)\(end){\(end)")
            #expect(report.run == 3 && report.passed == 2)
            #expect(report.failures.map(\.name) == ["line 4"])
        }
    }

    @Test(arguments: [
        "{}", #"{"path": "m.bpmn"}"#, #"{"path": "m.bpmn", "steps": []}"#, #"{"path": "m.bpmn", "steps": {}}"#,
    ])
    func `a trace that runs nothing has not passed`(trace: String) throws {
        let suite = TraceSuite(models: { (path) throws(Diagnostics) in
            try XMLReader.read(Array(Self.model.replacing("BODY", with: Self.task).utf8), file: path)
        })
        #expect(suite.run(trace).failures.map(\.reason) == ["the trace has no steps: nothing was run"])
    }
}
