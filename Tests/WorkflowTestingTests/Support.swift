import Contracts
import Decisions
import ProcessEngine
import Testing
import Values
import WorkflowTesting
import XMLReader
import YAMLReader

/// BPMN text around the inside of a `<process id="p">`.
func bpmn(_ body: String, process: String = "p", declarations: String = "") -> String {
    """
    <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
      xmlns:waybill="https://waybill.dev/bpmn/1.0" targetNamespace="t">
    <message id="M" name="paid"/><signal id="S" name="stop"/><error id="E" errorCode="BAD"/>\(declarations)
    <process id="\(process)" isExecutable="true">
    \(body)
    </process></definitions>
    """
}

/// Flows from each to the next.
func chain(_ elements: String...) -> String {
    zip(elements, elements.dropFirst()).map {
        "<sequenceFlow id=\"\($0)-\($1)\" sourceRef=\"\($0)\" targetRef=\"\($1)\"/>\n"
    }.joined()
}

let startAndEnd = "<startEvent id=\"start\"/><endEvent id=\"end\"/>"
func task(_ id: String, _ contract: String, _ inside: String = "") -> String {
    "<serviceTask id=\"\(id)\" waybill:contract=\"\(contract)\">\(inside)</serviceTask>"
}

/// start → work → end, where work asks for a contract `work@1`.
let oneTask = bpmn(startAndEnd + task("work", "work@1") + chain("start", "work", "end"))

func project(_ models: String..., contracts: [String] = [], decisions: [String] = []) throws -> TestProject {
    let read = try models.enumerated().map { index, text in
        let root = try XMLReader.read(Array(text.utf8), file: "m\(index).bpmn")
        return TestProject.Model(
            file: "m\(index).bpmn", root: root, definitions: try ProcessDefinition.read(root, file: "m\(index).bpmn"))
    }
    let catalog = try ContractCatalog(
        contracts.map { try Contract(YAMLReader.read(Array($0.utf8), file: "contract.yaml")) })
    let tables = try decisions.map { text in
        try DecisionModel.read([DecisionModel.File(XMLReader.read(Array(text.utf8), file: "d.dmn"), name: "d.dmn")])
    }
    return TestProject(models: read, catalog: catalog, decisions: tables)
}

/// The report of a test file about the first model.
func report(_ tests: String, in project: TestProject) throws -> TestReport {
    let source = try YAMLReader.read(Array(tests.utf8), file: "a.test.yaml")
    var report = TestReport()
    report.run(try TestFile(source, in: project, model: "m0.bpmn"))
    return report
}

/// Why the one test of a file failed: `line: what`.
func failures(_ tests: String, in project: TestProject) throws -> [String] {
    try report(tests, in: project).files.flatMap(\.cases).flatMap(\.failures).map {
        "\($0.position.line): \($0.what): expected \($0.expected), found \($0.found)"
    }
}

/// With what a test file is refused: `line: code`.
func problems(_ tests: String, in project: TestProject) -> [String] {
    do {
        let source = try YAMLReader.read(Array(tests.utf8), file: "a.test.yaml")
        _ = try TestFile(source, in: project, model: "m0.bpmn")
        return []
    } catch {
        return error.all.map { "\($0.position.line): \($0.code)" }
    }
}
