package import Expressions
package import Values

/// An executable process as read from a BPMN file, checked: every reference in it leads somewhere.
///
/// A class because nothing in it ever changes, and every command of every instance holds it: copying a value of so many members
/// was a seventh of what the engine did.
package final class ProcessDefinition: Sendable {
    /// The BPMN process id.
    package let process: String
    package let name: String?
    /// What the modeler calls this version.
    package let versionTag: String?
    package let file: String
    /// Where the process stands in the file.
    package let position: SourcePosition
    /// How long an instance is kept after its end (`camunda:historyTimeToLive`); nil: the model does not say.
    package let timeToLive: Duration?
    package let uncaughtErrors: UncaughtErrorPolicy
    /// All elements, those of subprocesses after the subprocess, in the order of the file.
    package let elements: [any FlowElement]
    package let flows: [SequenceFlow]
    /// What is worth telling and stops nobody.
    package let warnings: [Diagnostic]

    /// Those of the process itself.
    let listeners: [Listener]
    /// Whether an expression asks for `execution` or the like: otherwise nobody makes them.
    let usesHostObjects: Bool
    /// Whether a join asks for more than which tokens are there.
    let joinsReadVariables: Bool
    private let nodes: [ElementID: Place]
    private let startEvents: [ElementID?: [ElementID]]
    private let entries: [ElementID?: [ElementID]]
    private let eventSubprocesses: [ElementID?: [(subprocess: EventSubProcess, start: any StartElement)]]
    private let compensationHandlers: [ElementID: ElementID]
    /// For each gateway that joins, the elements from which a token can come to it.
    private let reach: [ElementID: Set<ElementID>]

    /// An element with its place in the model.
    struct Node: Sendable {
        var element: any FlowElement
        var name: String?
        var parent: ElementID?
        var position: SourcePosition
        var incoming: [SequenceFlow] = []
        var outgoing: [SequenceFlow] = []
        var boundary: [any BoundaryElement] = []
        var loop: LoopCharacteristics?
        /// What its activities make of variables, where the element does not do that itself.
        var mappings: MappingReader.Mappings?
        /// Its outputs are mapped though it is canceled.
        var mapsWhenCanceled = false
        var isForCompensation = false
        /// Where its activities go on only in a step of their own.
        var savesBefore = false
        var savesAfter = false
        var retries: RetryCycle?
        var listeners: [Listener] = []
    }

    /// A box: whoever asks for one member of a node does not copy the others.
    private final class Place: Sendable {
        let node: Node

        init(_ node: Node) {
            self.node = node
        }
    }

    init(
        process: ProcessHead, nodes: [Node], flows: [SequenceFlow],
        associations: [(source: ElementID, target: ElementID)], warnings: [Diagnostic]
    ) {
        self.process = process.id
        self.name = process.name
        self.versionTag = process.versionTag
        self.file = process.file
        self.position = process.position
        self.timeToLive = process.timeToLive
        listeners = process.listeners
        usesHostObjects = process.usesHostObjects
        self.uncaughtErrors = process.uncaughtErrors
        self.elements = nodes.map(\.element)
        self.flows = flows
        self.warnings = warnings
        joinsReadVariables = nodes.contains { ($0.element as? ComplexGateway)?.activationCondition != nil }
        var byID: [ElementID: Node] = [:]
        var starts: [ElementID?: [ElementID]] = [:]
        for node in nodes {
            byID[node.element.id] = node
            if node.element is StartEvent { starts[node.parent, default: []].append(node.element.id) }
        }
        for flow in flows {
            byID[flow.source]?.outgoing.append(flow)
            byID[flow.target]?.incoming.append(flow)
        }
        for node in nodes {
            if let event = node.element as? any BoundaryElement { byID[event.attachedTo]?.boundary.append(event) }
        }
        self.nodes = byID.mapValues { Place($0) }
        self.startEvents = starts
        let graph = ModelGraph(nodes: nodes, byID: byID)
        entries = graph.entries
        eventSubprocesses = graph.eventSubprocesses
        compensationHandlers = graph.compensationHandlers(associations)
        reach = graph.reach
    }

    package func element(_ id: ElementID) -> (any FlowElement)? { nodes[id]?.node.element }
    /// In the order of the file.
    package func outgoing(of id: ElementID) -> [SequenceFlow] { nodes[id]?.node.outgoing ?? [] }
    package func incoming(of id: ElementID) -> [SequenceFlow] { nodes[id]?.node.incoming ?? [] }
    package func boundaryEvents(of id: ElementID) -> [any BoundaryElement] { nodes[id]?.node.boundary ?? [] }
    /// The start events of a subprocess, or of the process itself.
    package func startEvents(in subprocess: ElementID?) -> [ElementID] { startEvents[subprocess] ?? [] }
    /// Where an instance begins whose start names nothing: the one start event without an event definition, else the only
    /// start event of any kind.
    package var initialStart: ElementID? {
        let plain = startEvents(in: nil)
        if !plain.isEmpty { return plain.count == 1 ? plain[0] : nil }
        let all = elements.filter { $0 is any StartElement && parent(of: $0.id) == nil }
        return all.count == 1 ? all[0].id : nil
    }
    /// The subprocess that the element is in; nil: the process itself.
    package func parent(of id: ElementID) -> ElementID? { nodes[id]?.node.parent }
    /// What the modeler called it.
    package func name(of id: ElementID) -> String? { nodes[id]?.node.name }
    package func position(of id: ElementID) -> SourcePosition? { nodes[id]?.node.position }
    package var serviceTasks: [ServiceTask] { elements.compactMap { $0 as? ServiceTask } }

    func retryCycle(of id: ElementID) -> RetryCycle? { nodes[id]?.node.retries }
    /// Whether others may come in between before the element is entered, or after it is left.
    package func savesWork(at id: ElementID) -> Bool { savesBefore(id) || savesAfter(id) }
    func savesBefore(_ id: ElementID) -> Bool { nodes[id]?.node.savesBefore ?? false }
    func savesAfter(_ id: ElementID) -> Bool { nodes[id]?.node.savesAfter ?? false }
    func listeners(of id: ElementID) -> [Listener] { nodes[id]?.node.listeners ?? [] }
    /// Whether an expression at the element, or at a flow out of it, sets variables.
    package func setsVariablesByExpression(at id: ElementID) -> Bool {
        var expressions = listenerExpressions(of: id) + outgoing(of: id).flatMap { $0.listeners.map(\.expression) }
        switch element(id) {
        case let task as ExpressionTask: expressions.append(task.expression)
        case let event as ThrowEvent:
            for case .expression(let expression) in event.thrown { expressions.append(expression) }
        case is any StartElement where parent(of: id) == nil: expressions += listeners.map(\.expression)
        default: break  // Others have no expression that may change anything; the catalog is open.
        }
        return expressions.contains { $0.hostCalls.contains(where: \.isChange) }
    }
    package func listenerExpressions(of id: ElementID) -> [Expression] { listeners(of: id).map(\.expression) }
    package func loop(of id: ElementID) -> LoopCharacteristics? { nodes[id]?.node.loop }
    func localMappings(of id: ElementID) -> MappingReader.Mappings? { nodes[id]?.node.mappings }
    /// What the element makes of variables before its work and after it, whoever does that.
    package func mappings(of id: ElementID) -> (inputs: [VariableMapping], outputs: [VariableMapping]) {
        switch element(id) {
        case let task as ServiceTask: (task.inputs, task.outputs)
        case let scope as SubProcess: (scope.inputs, scope.outputs)
        case let scope as EventSubProcess: (scope.inputs, scope.outputs)
        case let scope as AdHocSubProcess: (scope.inputs, scope.outputs)
        default: (localMappings(of: id)?.inputs ?? [], localMappings(of: id)?.outputs ?? [])
        }
    }
    /// The outputs that Camunda 7 maps also of what is interrupted.
    package func outputsOfCanceled(_ id: ElementID) -> [VariableMapping] {
        nodes[id]?.node.mapsWhenCanceled == true ? mappings(of: id).outputs : []
    }
    /// It runs only to undo what another activity did.
    package func isForCompensation(_ id: ElementID) -> Bool { nodes[id]?.node.isForCompensation ?? false }
    /// Where tokens begin in a subprocess: its start event, else all that no flow leads to.
    package func entries(in subprocess: ElementID?) -> [ElementID] { entries[subprocess] ?? [] }
    /// The event subprocesses in a subprocess, or in the process itself, with their start events.
    package func eventSubprocesses(in container: ElementID?) -> [(subprocess: EventSubProcess, start: any StartElement)]
    {
        eventSubprocesses[container] ?? []
    }
    func eventStart(of subprocess: ElementID) -> ElementID? {
        eventSubprocesses[parent(of: subprocess)]?.first { $0.subprocess.id == subprocess }?.start.id
    }
    /// What undoes the activity.
    package func compensationHandler(of id: ElementID) -> ElementID? { compensationHandlers[id] }
    /// The event subprocess that undoes the subprocess it is in.
    func compensationSubprocess(in subprocess: ElementID) -> ElementID? {
        eventSubprocesses(in: subprocess).first { $0.start is CompensationStartEvent }?.subprocess.id
    }
    /// From where a token can come to a joining gateway.
    func elementsBefore(_ join: ElementID) -> Set<ElementID> { reach[join] ?? [] }
    package func linkTarget(of link: LinkThrowEvent) -> ElementID? {
        let parent = parent(of: link.id)
        return elements.first { ($0 as? LinkCatchEvent)?.link == link.link && self.parent(of: $0.id) == parent }?.id
    }

    /// The boundary event of the activity that catches the error: one of exactly that code, else one that catches all.
    func errorBoundary(
        on activity: ElementID, _ code: String
    ) -> (event: any BoundaryElement & CodeCatcher, match: ErrorMatcher)? {
        Self.best(of: boundaryEvents(of: activity).compactMap { $0 as? any BoundaryElement & CodeCatcher }) {
            $0.match(of: code)
        } isExact: {
            $0.matches(code) == .exact
        }
    }

    func escalationBoundary(
        on activity: ElementID, _ code: String?
    ) -> (event: any BoundaryElement & CodeCatcher, match: EscalationMatcher)? {
        Self.best(of: boundaryEvents(of: activity).compactMap { $0 as? any BoundaryElement & CodeCatcher }) {
            $0.match(ofEscalation: code)
        } isExact: {
            $0.matches(code) == .exact
        }
    }

    /// The first that catches exactly that code, else the first that catches any.
    static func best<Catcher, Match>(
        of catchers: [Catcher], match: (Catcher) -> Match?, isExact: (Match) -> Bool
    ) -> (event: Catcher, match: Match)? {
        let matching = catchers.compactMap { catcher in match(catcher).map { (event: catcher, match: $0) } }
        return matching.first { isExact($0.match) } ?? matching.first
    }
}

/// What a process says about itself.
struct ProcessHead {
    var id: String
    var name: String?
    var versionTag: String?
    var file: String
    var position: SourcePosition
    var timeToLive: Duration?
    var uncaughtErrors: UncaughtErrorPolicy
    var listeners: [Listener]
    var usesHostObjects: Bool
}

/// What a BPMN error does that nothing catches (`waybill:uncaughtErrors` of the process).
package enum UncaughtErrorPolicy: String, Sendable, Hashable {
    /// Its path ends, others go on; the instance ends with the error. As in Camunda 7.
    case end
    /// An operator has to look.
    case incident
}
