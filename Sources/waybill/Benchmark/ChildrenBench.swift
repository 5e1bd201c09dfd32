import Contracts
import ProcessEngine
import Values
import XMLReader

/// What one child of a multi-instance activity costs the engine, for as many children as asked: started, completed one by one,
/// every step encoded as the journal has it.
struct ChildrenBench {
    enum Kind: String, CaseIterable {
        /// Tasks, all at once.
        case parallel
        /// Tasks, one after the other.
        case sequential
        /// Subprocesses, all at once, each with two tasks and a join at which one waits for the other.
        case joins
    }

    struct Result {
        let children: Int
        let kind: Kind
        let start: Duration
        let completion: Duration
        let events: Int
        let journalBytes: Int

        /// Of all steps together.
        var perChild: Duration { (start + completion) / max(children, 1) }
    }

    static func run(children: Int, _ kind: Kind) throws -> Result {
        let definition = try model(kind)
        let surroundings = Surroundings(
            now: Timestamp(millisecondsSinceEpoch: 1_767_225_600_000), contracts: ContractCatalog())
        var instance = ProcessInstance()
        var events = 0
        var bytes = 0
        func take(_ command: Command) throws -> [Event] {
            let decided = try Engine.decide(command, for: instance, of: definition, in: surroundings)
            bytes += EventCoding.encode(decided).bytes.count
            instance.apply(decided)
            events += decided.count
            return decided
        }
        let items = Variable(name: "items", value: .array((0..<children).map { .number($0) }))
        var open: [Event.TaskCreated] = []
        var completed = 0
        let start = try ContinuousClock().measure {
            open = Self.tasks(
                try take(.start(Command.Start(definition: DefinitionID(process: "p", version: 1), variables: [items]))))
        }
        let completion = try ContinuousClock().measure {
            while !open.isEmpty {
                // All tasks of one element before those of the next: joins wait as long as they can.
                let now = open.sorted { ($0.element, $0.task) < ($1.element, $1.task) }
                open = []
                for task in now {
                    let output = [Variable(name: "result", value: .number(completed))]
                    open += Self.tasks(try take(.completeTask(number: task.task, output: output)))
                    completed += 1
                }
            }
        }
        guard instance.isEnded, completed == children * (kind == .joins ? 2 : 1) else {
            throw CommandError("the instance did not end: \(completed) tasks of \(children) children completed")
        }
        return Result(
            children: children, kind: kind, start: start, completion: completion, events: events, journalBytes: bytes)
    }

    private static func tasks(_ events: [Event]) -> [Event.TaskCreated] {
        events.compactMap { if case .taskCreated(let created) = $0 { created } else { nil } }
    }

    private static func model(_ kind: Kind) throws -> ProcessDefinition {
        let marker = """
            <multiInstanceLoopCharacteristics isSequential="\(kind == .sequential)"><extensionElements>
            <zeebe:loopCharacteristics inputCollection="= items" inputElement="item" outputCollection="results" \
            outputElement="= result"/></extensionElements></multiInstanceLoopCharacteristics>
            """
        func task(_ id: String, _ inside: String = "") -> String {
            """
            <serviceTask id="\(id)" waybill:contract="work@1"><extensionElements><waybill:input name="item" value="= item"/>
            </extensionElements>\(inside)</serviceTask>
            """
        }
        let activity =
            kind != .joins
            ? task("work", marker)
            : """
            <subProcess id="work"><startEvent id="s"/><parallelGateway id="fork"/>\(task("one"))\(task("two"))
            <parallelGateway id="join"/><sequenceFlow id="c" sourceRef="s" targetRef="fork"/>
            <sequenceFlow id="d" sourceRef="fork" targetRef="one"/><sequenceFlow id="e" sourceRef="fork" targetRef="two"/>
            <sequenceFlow id="f" sourceRef="one" targetRef="join"/><sequenceFlow id="g" sourceRef="two" targetRef="join"/>
            \(marker)</subProcess>
            """
        let text = """
            <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" \
            xmlns:waybill="https://waybill.dev/bpmn/1.0" targetNamespace="t"><process id="p" isExecutable="true">
            <startEvent id="start"/><endEvent id="end"/>\(activity)
            <sequenceFlow id="a" sourceRef="start" targetRef="work"/><sequenceFlow id="b" sourceRef="work" targetRef="end"/>
            </process></definitions>
            """
        let root = try XMLReader.read(Array(text.utf8), file: "children.bpmn")
        guard let definition = try ProcessDefinition.read(root, file: "children.bpmn").first else {
            throw CommandError("children.bpmn has no process")
        }
        return definition
    }
}
