package import Values

/// An executable process as read from a BPMN file, checked: every reference in it leads somewhere.
package struct ProcessDefinition: Sendable {
    /// The BPMN process id.
    package let process: String
    package let name: String?
    package let file: String
    /// Where the process stands in the file.
    package let position: SourcePosition
    /// All elements, those of subprocesses after the subprocess, in the order of the file.
    package let elements: [any FlowElement]
    package let flows: [SequenceFlow]
    /// What is worth telling and stops nobody.
    package let warnings: [Diagnostic]

    private let nodes: [ElementID: Node]
    private let startEvents: [ElementID?: [ElementID]]

    /// An element with its place in the model.
    struct Node: Sendable {
        var element: any FlowElement
        var name: String?
        var parent: ElementID?
        var position: SourcePosition
        var incoming: [SequenceFlow] = []
        var outgoing: [SequenceFlow] = []
        var boundary: [any BoundaryElement] = []
    }

    init(process: ProcessHead, nodes: [Node], flows: [SequenceFlow], warnings: [Diagnostic]) {
        self.process = process.id
        self.name = process.name
        self.file = process.file
        self.position = process.position
        self.elements = nodes.map(\.element)
        self.flows = flows
        self.warnings = warnings
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
        self.nodes = byID
        self.startEvents = starts
    }

    package func element(_ id: ElementID) -> (any FlowElement)? { nodes[id]?.element }
    /// In the order of the file.
    package func outgoing(of id: ElementID) -> [SequenceFlow] { nodes[id]?.outgoing ?? [] }
    package func incoming(of id: ElementID) -> [SequenceFlow] { nodes[id]?.incoming ?? [] }
    package func boundaryEvents(of id: ElementID) -> [any BoundaryElement] { nodes[id]?.boundary ?? [] }
    /// The start events of a subprocess, or of the process itself.
    package func startEvents(in subprocess: ElementID?) -> [ElementID] { startEvents[subprocess] ?? [] }
    /// The subprocess that the element is in; nil: the process itself.
    package func parent(of id: ElementID) -> ElementID? { nodes[id]?.parent }
    /// What the modeler called it.
    package func name(of id: ElementID) -> String? { nodes[id]?.name }
    package func position(of id: ElementID) -> SourcePosition? { nodes[id]?.position }
    package var serviceTasks: [ServiceTask] { elements.compactMap { $0 as? ServiceTask } }

    /// The boundary event of the activity that catches the error: one of exactly that code, else one that catches all.
    func boundaryEvent(on activity: ElementID, catching code: String) -> (any BoundaryElement)? {
        let candidates = boundaryEvents(of: activity)
        return candidates.first { $0.match(errorCode: code) == .exact }
            ?? candidates.first { $0.match(errorCode: code) == .any }
    }
}

/// What a process says about itself.
struct ProcessHead {
    var id: String
    var name: String?
    var file: String
    var position: SourcePosition
}
