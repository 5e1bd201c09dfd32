import ProcessEngine
import Testing
import Values
import XMLReader

/// BPMN text around the inside of a `<process id="p">`.
func bpmn(_ body: String, declarations: String = "", process: String = "id=\"p\" isExecutable=\"true\"") -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
      xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:waybill="https://waybill.dev/bpmn/1.0" targetNamespace="t">
    \(declarations)
    <process \(process)>
    \(body)
    </process>
    </definitions>
    """
}

func flow(_ source: String, _ target: String, _ condition: String? = nil) -> String {
    let inside = condition.map { "<conditionExpression>\($0)</conditionExpression>" } ?? ""
    return
        "<sequenceFlow id=\"\(source)-\(target)\" sourceRef=\"\(source)\" targetRef=\"\(target)\">\(inside)</sequenceFlow>\n"
}

/// Flows from each to the next.
func chain(_ elements: String...) -> String {
    zip(elements, elements.dropFirst()).map { flow($0, $1) }.joined()
}

func task(_ id: String, contract: String? = nil, inside: String = "", attributes: String = "") -> String {
    "<serviceTask id=\"\(id)\" waybill:contract=\"\(contract ?? id)\" \(attributes)>\(inside)</serviceTask>\n"
}

func user(_ id: String, attributes: String = "", inside: String = "") -> String {
    "<userTask id=\"\(id)\" \(attributes)>\(inside)</userTask>\n"
}

/// A boundary event with a user task `after-<id>` behind it.
func boundary(_ id: String, on host: String, _ definition: String, attributes: String = "") -> String {
    """
    <boundaryEvent id="\(id)" attachedToRef="\(host)" \(attributes)>\(definition)</boundaryEvent>
    \(user("after-\(id)"))\(flow(id, "after-\(id)"))
    """
}

/// An event subprocess with a user task `in-<id>` behind its start event `start-<id>`.
func eventSubprocess(_ id: String, _ definition: String, isInterrupting: Bool = true) -> String {
    """
    <subProcess id="\(id)" triggeredByEvent="true">
    <startEvent id="start-\(id)" isInterrupting="\(isInterrupting)">\(definition)</startEvent>
    \(user("in-\(id)"))\(flow("start-\(id)", "in-\(id)"))</subProcess>
    """
}

/// Declarations that the events of tests refer to.
let declared = """
    <message id="M" name="paid"/><message id="N" name="sent"/><signal id="S" name="stop"/>
    <escalation id="X" escalationCode="LATE"/><error id="E1" errorCode="BAD"/>
    """
let messageM = "<messageEventDefinition messageRef='M'/>"
let signalS = "<signalEventDefinition signalRef='S'/>"
let escalationX = "<escalationEventDefinition escalationRef='X'/>"
let compensation = "<compensateEventDefinition/>"

func definition(_ text: String) throws -> ProcessDefinition {
    try #require(ProcessDefinition.read(XMLReader.read(Array(text.utf8), file: "test.bpmn"), file: "test.bpmn").first)
}

func json(_ text: String) throws -> JSON { try JSON(validating: text) }

/// Contracts as a test sets them; what is not set is not deployed.
struct StubContracts: TaskContracts {
    var policies: [ContractKey: TaskPolicy] = [:]
    var inputs: [ContractKey: [String]] = [:]
    var inputProblems: [ContractKey: [String]] = [:]
    var outputProblems: [ContractKey: [String]] = [:]
    var errors: [ContractKey: [String]] = [:]
    var outputs: [ContractKey: [String]] = [:]
    var performers: [ContractKey: ContractPerformer] = [:]

    func outputNames(of contract: ContractKey) -> [String]? { outputs[contract] }
    func performer(of contract: ContractKey) -> ContractPerformer { performers[contract] ?? .agent }
    func policy(of contract: ContractKey) -> TaskPolicy? { policies[contract] }
    func inputNames(of contract: ContractKey) -> [String]? { inputs[contract] }
    func errorCodes(of contract: ContractKey) -> [String]? { errors[contract] }
    func checkInput(_ input: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> {
        inputProblems[contract].map { .failure(ContractViolation($0)) } ?? .success(input)
    }
    func checkOutput(_ output: JSON, of contract: ContractKey) -> Result<JSON, ContractViolation> {
        outputProblems[contract].map { .failure(ContractViolation($0)) } ?? .success(output)
    }
}

/// One instance, driven by commands on the simulation that users' tests and recorded traces run on. Each step is decided
/// twice and replayed from its encoded events: every test that uses it also shows that decisions repeat and that the
/// journal is the truth.
struct Scenario {
    private let first: ProcessDefinition
    private var simulation: Simulation
    private let given: StubContracts

    init(_ text: String, contracts: StubContracts = StubContracts()) throws {
        try self.init(of: ProcessEngineTests.definition(text), contracts: contracts)
    }

    init(of definition: ProcessDefinition, contracts: StubContracts = StubContracts()) {
        first = definition
        given = contracts
        let begin = Timestamp(millisecondsSinceEpoch: 1_767_225_600_000)  // 2026-01-01T00:00:00Z
        simulation = Simulation([definition], now: begin, contracts: contracts)
        simulation.checksReplay = true
        simulation.isIsolated = true
    }

    /// What it runs now: a migration changes it.
    var definition: ProcessDefinition { simulation.members.first?.definition ?? first }
    var now: Timestamp {
        get { simulation.now }
        set { simulation.now = newValue }
    }
    var contracts: StubContracts {
        get { simulation.contracts as? StubContracts ?? given }
        set { simulation.contracts = newValue }
    }
    var decisions: any DecisionMaker {
        get { simulation.decisions }
        set { simulation.decisions = newValue }
    }
    var instance: ProcessInstance { simulation.members.first?.instance ?? ProcessInstance() }
    var journal: [Event] { simulation.members.first?.journal ?? [] }

    @discardableResult
    mutating func send(_ command: Command) throws -> [Event] {
        let before = journal.count
        if let member = simulation.members.first {
            try simulation.send(command, to: member.id)
        } else if case .start(let start) = command {
            try simulation.start(start)
        } else {
            throw Rejection(.gone, "the instance is not started")
        }
        #expect(simulation.replayFaults == [])
        return Array(journal[before...])
    }

    mutating func start(_ variables: [(String, String)] = [], at start: String? = nil) throws {
        try send(
            .start(
                Command.Start(
                    definition: DefinitionID(process: definition.process, version: 1),
                    variables: try Self.variables(variables),
                    startEvent: start.map { ElementID($0) })))
    }

    /// Completes the oldest open task of that element.
    @discardableResult
    mutating func complete(_ element: String, _ output: [(String, String)] = []) throws -> [Event] {
        try send(.completeTask(number: number(of: element), output: Self.variables(output)))
    }

    mutating func fail(_ element: String, _ message: String = "broken", retry: Bool? = nil) throws {
        try send(.failTask(number: number(of: element), TaskFailure(message: message, retry: retry)))
    }

    mutating func throwError(
        _ element: String, _ code: String, message: String? = nil, _ variables: [(String, String)] = []
    ) throws {
        try send(
            .throwError(
                number: number(of: element),
                BPMNError(code: code, message: message, variables: Self.variables(variables))))
    }

    /// Moves the clock to the earliest timer of that element and fires it.
    mutating func fire(_ element: String) throws {
        let timer = try #require(instance.openTimers.first { $0.element.text == element })
        now = max(now, timer.dueAt)
        try send(.fireTimer(number: timer.number))
    }

    /// Completes the oldest open user task of that element.
    @discardableResult
    mutating func finish(_ element: String, _ variables: [(String, String)] = []) throws -> [Event] {
        let task = try #require(instance.openUserTasks.first { $0.element.text == element }, "no user task \(element)")
        return try send(.completeUserTask(number: task.number, variables: Self.variables(variables)))
    }

    /// Lets the message, or the call, come that the element waits for.
    @discardableResult
    mutating func correlate(_ element: String, _ variables: [(String, String)] = []) throws -> [Event] {
        let open = try #require(instance.openSubscriptions.first { $0.element.text == element }, "\(element) waits not")
        return try send(.correlate(subscription: open.number, variables: Self.variables(variables)))
    }

    /// Goes on in another version of the process, which is decided upon from now on.
    @discardableResult
    mutating func migrate(to text: String, _ overrides: (String, String?)...) throws -> [Event] {
        try migrate(to: ProcessEngineTests.definition(text), overrides)
    }

    @discardableResult
    mutating func migrate(to new: ProcessDefinition, _ overrides: [(String, String?)] = []) throws -> [Event] {
        try send(.migrate(plan(to: new, overrides)))
    }

    func plan(to new: ProcessDefinition, _ overrides: [(String, String?)] = []) throws -> MigrationPlan {
        let running = try #require(instance.definition)
        return try MigrationPlan(
            from: MigrationPlan.Version(id: running, definition: definition),
            to: MigrationPlan.Version(
                id: DefinitionID(process: new.process, version: running.version + 1), definition: new),
            overrides: overrides.map {
                MigrationPlan.Override(from: ElementID($0.0), to: $0.1.map { ElementID($0) })
            })
    }

    mutating func set(_ name: String, _ value: String) throws {
        try send(.setVariables(Self.variables([(name, value)])))
    }

    mutating func resolve(retries: Int? = nil) throws {
        let incident = try #require(instance.openIncidents.first)
        try send(.resolveIncident(number: incident.number, retries: retries))
    }

    func number(of element: String) throws -> Int {
        try #require(instance.openTasks.first { $0.element.text == element }, "no open task of \(element)").number
    }

    /// What it waits for, by the ids of the events.
    var waitsFor: [String] { instance.openSubscriptions.map(\.element.text) }
    /// Element ids of activities at work, in order of entry.
    var active: [String] { instance.activeActivities.map(\.element.text) }
    var incidents: [Event.Incident.Kind] { instance.openIncidents.map(\.kind) }
    func root(_ name: String) -> String? { instance.rootVariable(name)?.text }
    func input(of element: String) throws -> String { try #require(instance.task(try number(of: element))).input.text }

    /// Element ids of the activities that completed, in order.
    var completed: [String] { ended { if case .activityCompleted(let number) = $0 { number } else { nil } } }
    var canceled: [String] { ended { if case .activityCanceled(let number) = $0 { number } else { nil } } }

    private func ended(_ number: (Event) -> Int?) -> [String] {
        var elements: [Int: String] = [:]
        var ended: [String] = []
        for event in journal {
            if case .activityEntered(let number, let element, _) = event { elements[number] = element.text }
            if let number = number(event) { ended.append(elements[number] ?? "?") }
        }
        return ended
    }

    private static func variables(_ pairs: [(String, String)]) throws -> [Variable] {
        try pairs.map { Variable(name: $0.0, value: try json($0.1)) }
    }
}

/// What a command is rejected with.
func rejection(_ work: () throws -> Void) -> Rejection? {
    do {
        try work()
        return nil
    } catch {
        return error as? Rejection
    }
}

/// What a model is refused with.
func problems(_ text: String) -> [Diagnostic] {
    do {
        _ = try ProcessDefinition.read(XMLReader.read(Array(text.utf8), file: "test.bpmn"), file: "test.bpmn")
        return []
    } catch {
        return error.all
    }
}
