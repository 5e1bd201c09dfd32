import ProcessEngine
import Testing
import Values

/// Instances that call each other and send each other signals and messages, driven by the names of elements. The first model is the
/// one that is started. Each step is decided twice and replayed.
struct Ensemble {
    private(set) var simulation: Simulation

    init(_ texts: String..., variables: [(String, String)] = []) throws {
        simulation = Simulation(
            try texts.map { try definition($0) }, now: Timestamp(millisecondsSinceEpoch: 1_767_225_600_000),
            contracts: StubContracts())
        simulation.checksReplay = true
        try simulation.start(try definition(texts[0]).process, variables: try Self.read(variables))
        #expect(simulation.replayFaults == [])
    }

    /// The user tasks that are open, of all instances, sorted.
    var open: [String] {
        simulation.members.flatMap { $0.instance.openUserTasks.map(\.element.text) }.sorted()
    }
    var ends: [Event.InstanceEnd?] { simulation.members.map(\.instance.end) }
    /// What the first instance still waits for.
    var timers: [String] { first.openTimers.map(\.element.text) }
    var waitsFor: [String] { first.openSubscriptions.map(\.element.text) }
    var first: ProcessInstance { simulation.members[0].instance }

    /// Completes the oldest open user task of each element, in order.
    mutating func finish(_ elements: String..., with variables: [(String, String)] = []) throws {
        for element in elements { try perform(.complete(place(element), try Self.read(variables))) }
    }

    /// The work of the element answers with a BPMN error.
    mutating func fail(_ element: String, _ code: String, with variables: [(String, String)] = []) throws {
        try perform(.throwError(place(element), BPMNError(code: code, variables: try Self.read(variables))))
    }

    mutating func fire(_ element: String) throws { try perform(.fireTimer(place(element))) }
    mutating func publish(_ name: String) throws { try perform(.publish(name, key: nil, variables: [], to: nil)) }
    mutating func signal(_ name: String) throws { try perform(.signal(name, variables: [])) }
    mutating func set(_ name: String, _ value: String) throws {
        try perform(.setVariables(try Self.read([(name, value)])))
    }

    private mutating func perform(_ action: Simulation.Action) throws {
        try simulation.perform(action)
        #expect(simulation.replayFaults == [])
    }

    private func place(_ element: String) -> Simulation.Place { Simulation.Place(ElementID(element)) }

    private static func read(_ pairs: [(String, String)]) throws -> [Variable] {
        try pairs.map { Variable(name: $0.0, value: try json($0.1)) }
    }
}

/// A subprocess around a body.
func subprocess(_ id: String, _ body: String, marker: String = "", tag: String = "subProcess", attributes: String = "")
    -> String
{
    "<\(tag) id=\"\(id)\" \(attributes)>\(marker)\(body)</\(tag)>\n"
}

func starts(_ ids: String...) -> String { ids.map { "<startEvent id=\"\($0)\"/>" }.joined() }
func forks(_ ids: String...) -> String { ids.map { "<parallelGateway id=\"\($0)\"/>" }.joined() }
func merges(_ ids: String...) -> String { ids.map { "<exclusiveGateway id=\"\($0)\"/>" }.joined() }

func times(_ count: Int, isSequential: Bool = false) -> String {
    """
    <multiInstanceLoopCharacteristics isSequential="\(isSequential)"><loopCardinality>\(count)</loopCardinality>
    </multiInstanceLoopCharacteristics>
    """
}

/// What is undone by a user task `undo-<id>`.
func undoable(_ id: String) -> String {
    """
    <boundaryEvent id="c-\(id)" attachedToRef="\(id)">\(compensation)</boundaryEvent>
    \(user("undo-\(id)", attributes: "isForCompensation='true'"))
    <association id="as-\(id)" sourceRef="c-\(id)" targetRef="undo-\(id)"/>
    """
}

let errorE1 = "<errorEventDefinition errorRef='E1'/>"
func timer(_ duration: String) -> String {
    "<timerEventDefinition><timeDuration>\(duration)</timeDuration></timerEventDefinition>"
}
