import Values

/// What can only be said about a process as a whole: how its elements hang together.
struct DefinitionCheck {
    private let definition: ProcessDefinition
    private let nodes: [ProcessDefinition.Node]
    private let seen: Set<ElementID>
    private let scopesWithStart: Set<ElementID?>
    private let file: String
    private let defaults: [ElementID: (flow: ElementID, position: SourcePosition)]
    private var findings: [Diagnostic] = []

    init(
        _ definition: ProcessDefinition, nodes: [ProcessDefinition.Node], seen: Set<ElementID>,
        scopesWithStart: Set<ElementID?>,
        file: String, defaults: [ElementID: (flow: ElementID, position: SourcePosition)]
    ) {
        self.definition = definition
        self.nodes = nodes
        self.seen = seen
        self.scopesWithStart = scopesWithStart
        self.file = file
        self.defaults = defaults
    }

    consuming func run() -> [Diagnostic] {
        checkStarts(in: nil, at: definition.position)
        for node in nodes {
            if node.element is any ScopeElement { checkStarts(in: node.element.id, at: node.position) }
            if let event = node.element as? any BoundaryElement { checkBoundary(event, node) }
            checkFlows(of: node)
            checkDefault(of: node)
        }
        return findings
    }

    private mutating func checkStarts(in parent: ElementID?, at position: SourcePosition) {
        let owner = parent.map { "subprocess \($0)" } ?? "process \(definition.process)"
        let id = parent ?? ElementID(definition.process)
        switch definition.startEvents(in: parent).count {
        case 0 where scopesWithStart.contains(parent): return  // What is wrong with it is reported already.
        case 0:
            add("no-start-event", position, id, "\(owner) has no start event without an event definition", "add one")
        case 1: return
        default:
            guard parent != nil else { return }
            add("several-start-events", position, id, "\(owner) has more than one start event", "leave one")
        }
    }

    private mutating func checkBoundary(_ event: any BoundaryElement, _ node: ProcessDefinition.Node) {
        guard let host = nodes.first(where: { $0.element.id == event.attachedTo }) else {
            if !seen.contains(event.attachedTo) {
                add(
                    "dangling-reference", node.position, event.id,
                    "attachedToRef is \"\(event.attachedTo)\", which is no element of the process",
                    "attach it to an activity")
            }
            return
        }
        if !type(of: host.element).isActivity || host.parent != node.parent {
            add(
                "invalid-boundary-event", node.position, event.id,
                "a boundary event cannot be attached to \(event.attachedTo), a <\(type(of: host.element).tag)>",
                "attach it to a task or subprocess beside it")
        }
        if !definition.incoming(of: event.id).isEmpty {
            add(
                "invalid-flow", node.position, event.id, "a flow leads into a boundary event",
                "let it lead to an element after it")
        }
    }

    private mutating func checkFlows(of node: ProcessDefinition.Node) {
        let id = node.element.id
        let incoming = definition.incoming(of: id)
        let outgoing = definition.outgoing(of: id)
        if node.element is StartEvent, let flow = incoming.first {
            add(
                "invalid-flow", flow.position, flow.id, "a flow leads into the start event \(id)",
                "let it lead to an element after it")
        } else if incoming.isEmpty && !(node.element is StartEvent) && !(node.element is any BoundaryElement) {
            add(
                "unreachable", node.position, id, "no flow leads to \(id): it never runs", "connect it",
                severity: .warning)
        }
        switch node.element {
        case is EndEvent, is ErrorEndEvent:
            if let flow = outgoing.first {
                add("invalid-flow", flow.position, flow.id, "a flow leads out of the end event \(id)", "remove it")
            }
        case is ExclusiveGateway where outgoing.count > 1:
            for flow in outgoing where flow.condition == nil && !flow.isDefault && defaults[id]?.flow != flow.id {
                add(
                    "missing-condition", flow.position, flow.id,
                    "a flow out of the exclusive gateway \(id) has no condition",
                    "give it one, or make it the gateway's default flow")
            }
        case is ParallelGateway:
            for flow in outgoing where flow.condition != nil {
                add(
                    "condition-ignored", flow.position, flow.id, "a flow out of a parallel gateway is always taken",
                    "remove its condition", severity: .warning)
            }
        default: return  // Other elements take any flows; the catalog is open, so that this cannot list them.
        }
    }

    private mutating func checkDefault(of node: ProcessDefinition.Node) {
        guard let reference = defaults[node.element.id] else { return }
        guard !definition.outgoing(of: node.element.id).contains(where: { $0.id == reference.flow }) else { return }
        add(
            "dangling-reference", reference.position, node.element.id,
            "default is \"\(reference.flow)\", which is no flow out of \(node.element.id)",
            "name one of its outgoing flows")
    }

    private mutating func add(
        _ code: String, _ position: SourcePosition, _ element: ElementID, _ message: String, _ suggestion: String,
        severity: Diagnostic.Severity = .error
    ) {
        findings.append(
            Diagnostic(
                severity: severity, code: code, file: file, position: position, element: element.text, message: message,
                suggestion: suggestion))
    }
}
