import Contracts
import Staging
import Testing
import Values
import XMLReader

@Suite struct ContractDiffTests {
    private static func text(_ change: Change) -> String {
        switch change.kind {
        case .added: "+ \(change.path) \(change.after ?? .null)"
        case .removed: "- \(change.path) \(change.before ?? .null)"
        case .changed: "~ \(change.path) \(change.before ?? .null) -> \(change.after ?? .null)"
        }
    }

    private static func changes(_ old: String, _ new: String) throws -> [String] {
        ContractDiff.changes(
            from: try Sample.task("a", "1.0", old), to: try Sample.task("a", "1.1", new)
        ).map(text)
    }

    @Test func `the version alone is no difference`() throws {
        #expect(try Self.changes("timeout: PT1M", "timeout: PT1M").isEmpty)
    }

    @Test func `inputs are told by name`() throws {
        let changes = try Self.changes(
            """
            input:
              type: object
              required: [a]
              properties: {a: {type: string}, gone: {type: boolean}, list: {type: array, items: {type: string}}}
            """,
            """
            input:
              type: object
              required: [b]
              properties:
                a: {type: string, maxLength: 5}
                list: {type: array, items: {type: integer}}
                b: {type: integer}
            """)
        #expect(
            changes == [
                "+ input.a.maxLength 5", "~ input.a \"required\" -> \"optional\"",
                "~ input.list[].type \"string\" -> \"integer\"", "+ input.b {\"type\":\"integer\",\"required\":true}",
                "- input.gone {\"type\":\"boolean\"}",
            ])
    }

    @Test func `policies, errors, events and secrets are told by name`() throws {
        let changes = try Self.changes(
            "timeout: PT1M\nretry: {maxAttempts: 3}\nerrors: [{code: A, description: x}, {code: B}]\nsecrets: [one]",
            "timeout: PT2M\nretry: {maxAttempts: 5}\nerrors: [{code: C}, {code: A, description: y}]\nevents: [{name: e}]\nsecrets: [two]\npriority: 4"
        )
        #expect(
            changes == [
                "+ errors.C {}", "~ errors.A.description \"x\" -> \"y\"", "- errors.B {}", "+ events.e {}",
                "~ retry.maxAttempts 3 -> 5", "~ timeout \"PT1M\" -> \"PT2M\"", "~ priority 0 -> 4",
                "+ secrets.two true", "- secrets.one true",
            ])
    }
}

@Suite struct ModelDiffTests {
    private static func bpmn(_ body: String, layout: String = "<dc:Bounds x=\"1\" y=\"2\"/>", root: String = "") throws
        -> SourceNode
    {
        let text = """
            <?xml version="1.0"?>
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
              xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:waybill="https://waybill.dev/bpmn/1.0"
              xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC">
              \(root)<process id="p" isExecutable="true">\(body)</process>
              <di:BPMNDiagram id="d1"><di:BPMNPlane id="pl" bpmnElement="p"><di:BPMNShape id="s1" bpmnElement="a">\(layout)</di:BPMNShape></di:BPMNPlane></di:BPMNDiagram>
            </definitions>
            """
        return try XMLReader.read(Array(text.utf8), file: "p.bpmn")
    }

    private static func diff(_ old: SourceNode, _ new: SourceNode) -> ModelDiff {
        ModelDiff(process: "p", from: old, to: new)
    }

    private static func text(_ diff: ModelDiff) -> [String] {
        diff.elements.map { element in
            "\(element.kind.rawValue) \(element.type) \(element.id)"
                + element.changes.map {
                    " [\($0.path): \($0.before?.stringValue ?? $0.before?.description ?? "") > \($0.after?.stringValue ?? $0.after?.description ?? "")]"
                }.joined()
        }
    }

    private static let start = "<startEvent id=\"start\"><outgoing>f1</outgoing></startEvent>"
    private static let flow = "<sequenceFlow id=\"f1\" sourceRef=\"start\" targetRef=\"a\"/>"

    @Test func `moving a shape is only layout`() throws {
        let diff = try Self.diff(
            Self.bpmn(Self.start + Self.flow), Self.bpmn(Self.start + Self.flow, layout: "<dc:Bounds x=\"9\" y=\"2\"/>")
        )
        #expect(diff.changesNothing && diff.layoutChanged)
    }

    @Test func `white space, comments, prefixes, inner ids and repeated flows are nothing at all`() throws {
        let old =
            "<boundaryEvent id=\"b\" attachedToRef=\"a\"><timerEventDefinition id=\"T1\"><timeDuration>PT5M</timeDuration></timerEventDefinition></boundaryEvent>"
        let new =
            "<!-- x --><boundaryEvent attachedToRef=\"a\" id=\"b\"><outgoing>q</outgoing>\n<timerEventDefinition id=\"T2\">\n<timeDuration> PT5M\n</timeDuration></timerEventDefinition></boundaryEvent>"
        let diff = try Self.diff(Self.bpmn(old), Self.bpmn(new))
        #expect(diff.changesNothing && !diff.layoutChanged)
    }

    @Test func `elements and flows are added and removed`() throws {
        let diff = try Self.diff(
            Self.bpmn(Self.start + Self.flow + "<task id=\"a\" name=\"Do\"/>"),
            Self.bpmn(
                Self.start
                    + "<sequenceFlow id=\"f2\" sourceRef=\"start\" targetRef=\"b\"/><userTask id=\"b\" name=\"Ask\"/>",
                root: "<message id=\"m\" name=\"hello\"/>"))
        #expect(
            Self.text(diff) == [
                "added message m", "added sequenceFlow f2", "added userTask b", "removed sequenceFlow f1",
                "removed task a",
            ])
        #expect(diff.elements[1].from == "start" && diff.elements[1].to == "b" && diff.elements[2].name == "Ask")
    }

    @Test func `attributes and extensions are told by name`() throws {
        func task(_ topic: String, _ path: String, _ more: String = "") -> String {
            """
            <serviceTask id="a" name="Do" camunda:topic="\(topic)"><extensionElements>
              <camunda:inputOutput><camunda:inputParameter name="path">\(path)</camunda:inputParameter>\(more)</camunda:inputOutput>
              <waybill:input name="size" value="= 1"/>
            </extensionElements></serviceTask>
            """
        }
        let diff = try Self.diff(
            Self.bpmn(task("x@1", "${p}")),
            Self.bpmn(task("x@2", "${q}", "<camunda:outputParameter name=\"r\">1</camunda:outputParameter>")))
        #expect(
            Self.text(diff) == [
                "changed serviceTask a [camunda:topic: x@1 > x@2] [camunda:inputParameter[path]: ${p} > ${q}] [camunda:outputParameter[r]:  > 1]"
            ])
    }

    @Test func `conditions, event definitions and loops are part of their element`() throws {
        func body(_ condition: String, _ time: String, _ loop: String) -> String {
            """
            <sequenceFlow id="f" sourceRef="x" targetRef="y"><conditionExpression>\(condition)</conditionExpression></sequenceFlow>
            <intermediateCatchEvent id="w"><timerEventDefinition id="t"><timeDuration>\(time)</timeDuration></timerEventDefinition></intermediateCatchEvent>
            <subProcess id="s">\(loop)<task id="inner"/></subProcess>
            """
        }
        let diff = try Self.diff(
            Self.bpmn(body("= a", "PT1M", "")),
            Self.bpmn(body("= b", "PT2M", "<multiInstanceLoopCharacteristics id=\"l\" isSequential=\"true\"/>")))
        #expect(
            Self.text(diff) == [
                "changed sequenceFlow f [conditionExpression: = a > = b]",
                "changed intermediateCatchEvent w [timerEventDefinition.timeDuration: PT1M > PT2M]",
                "changed subProcess s [multiInstanceLoopCharacteristics.isSequential:  > true]",
            ])
    }

    @Test func `a move into a subprocess, another type and another order of conditions are changes`() throws {
        let a = "<sequenceFlow id=\"fa\" sourceRef=\"g\" targetRef=\"x\"/>"
        let b = "<sequenceFlow id=\"fb\" sourceRef=\"g\" targetRef=\"y\"/>"
        let diff = try Self.diff(
            Self.bpmn(
                "<exclusiveGateway id=\"g\"/>" + a + b + "<task id=\"x\"/><task id=\"y\"/><subProcess id=\"s\"/>"),
            Self.bpmn(
                "<exclusiveGateway id=\"g\"/>" + b + a
                    + "<subProcess id=\"s\"><task id=\"x\"/></subProcess><userTask id=\"y\"/>"))
        #expect(
            Self.text(diff) == [
                "changed exclusiveGateway g [order of flows: [\"fa\",\"fb\"] > [\"fb\",\"fa\"]]",
                "changed task x [container: p > s]", "changed userTask y [type: task > userTask]",
            ])
    }
}

@Suite struct PartDiffTests {
    private static func loaded(_ contract: Contract) -> LoadedArtifact {
        LoadedArtifact(
            artifact: Artifact(
                kind: contract.kind.rawValue, name: contract.name, version: contract.version.description,
                hash: contract.canonical.text),
            content: .contract(contract))
    }

    private static func model(_ process: String, _ version: String, _ end: String) throws -> LoadedArtifact {
        let text = """
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="\(process)">
            <endEvent id="\(end)"/></process></definitions>
            """
        return LoadedArtifact(
            artifact: Artifact(kind: Artifact.bpmnKind, name: process, version: version, hash: text),
            content: .model(try XMLReader.read(Array(text.utf8), file: "p.bpmn")))
    }

    private static func diff(_ old: [LoadedArtifact], _ new: [LoadedArtifact]) -> [PartDiff] {
        PartDiff.between(Part.parts(of: old), Part.parts(of: new))
    }

    @Test func `a workflow and its model are one part`() throws {
        let parts = Part.parts(of: [
            Self.loaded(try Sample.workflow("w", "1.0", process: "p")), try Self.model("p", "1.0", "e"),
            try Self.model("q", "1.0", "e"),
        ])
        #expect(parts.map(\.id.description) == ["bpmn q", "workflow w"])
        #expect(parts.last?.newest?.models.map(\.artifact.name) == ["p"])
    }

    @Test func `equal stores do not differ`() throws {
        let contracts = [Self.loaded(try Sample.task("a", "1.0")), Self.loaded(try Sample.task("b", "2.0"))]
        #expect(Self.diff(contracts, contracts.reversed()).isEmpty)
    }

    @Test func `added, removed and modified parts are told, with what each step means`() throws {
        let old = [
            try Sample.task("a", "1.0", "input: {type: object, properties: {x: {type: string}}}"),
            try Sample.task("gone", "1.0"),
        ]
        let new = try [
            old[0],
            Sample.task("a", "1.1", "input: {type: object, properties: {x: {type: string}, y: {type: string}}}"),
            Sample.task("a", "2.0", "input: {type: object, required: [z], properties: {z: {type: string}}}"),
            Sample.task("new", "1.0"),
        ]
        let diffs = Self.diff(old.map(Self.loaded), new.map(Self.loaded))
        #expect(
            diffs.map { "\($0.kind.rawValue) \($0.id)" } == ["modified task a", "removed task gone", "added task new"])
        let steps = try #require(diffs.first?.steps)
        #expect(steps.map(\.compatibility) == [.compatible, .newMajor])
        #expect(steps.map { "\($0.from?.description ?? "") \($0.to?.description ?? "")" } == ["1.0 1.1", "1.0 2.0"])
        #expect(steps[0].breaks.isEmpty && !steps[1].breaks.isEmpty)
        #expect(diffs[0].versionsAdded.map(\.description) == ["1.1", "2.0"] && diffs[0].versionsRemoved.isEmpty)
    }

    @Test func `a minor that breaks users is told as breaking, and a major that goes as gone`() throws {
        let one = try Sample.task("a", "1.0", "output: {type: object, properties: {x: {type: string}}}")
        let two = try Sample.task("a", "2.0", "")
        let broken = try Sample.task("a", "1.1", "output: {type: object, properties: {x: {type: integer}}}")
        let diffs = Self.diff([one, two].map(Self.loaded), [one, broken].map(Self.loaded))
        #expect(diffs.first?.steps.map(\.compatibility) == [.breaking, .gone])
    }

    @Test func `a model that changed under the same words of its contract is told by its elements`() throws {
        let diffs = try Self.diff(
            [Self.loaded(Sample.workflow("w", "1.0", process: "p")), Self.model("p", "1.0", "e")],
            [Self.loaded(Sample.workflow("w", "1.1", process: "p")), Self.model("p", "1.1", "f")])
        let step = try #require(diffs.first?.steps.first)
        #expect(step.compatibility == .unchanged)
        #expect(step.models.first?.elements.map(\.id) == ["f", "e"])
    }
}
