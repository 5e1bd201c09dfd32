import Values

/// What can only be said about a process as a whole: how its elements hang together.
struct DefinitionCheck {
    private let definition: ProcessDefinition
    private let nodes: [ProcessDefinition.Node]
    private let seen: Set<ElementID>
    private let scopesWithStart: Set<ElementID?>
    private let file: String
    private let children: [ElementID?: [ProcessDefinition.Node]]
    private let byID: [ElementID: ProcessDefinition.Node]
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
        children = Dictionary(grouping: nodes, by: \.parent)
        byID = Dictionary(nodes.map { ($0.element.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    consuming func run() -> [Diagnostic] {
        checkStarts(in: nil, at: definition.position)
        findings += EndlessLoopCheck(definition, nodes: nodes, file: file).run()
        for node in nodes {
            if node.element is any ScopeElement { checkStarts(in: node.element.id, at: node.position) }
            if let event = node.element as? any BoundaryElement { checkBoundary(event, node) }
            checkFlows(of: node)
            checkDefault(of: node)
            checkLink(of: node)
        }
        return findings
    }

    private mutating func checkStarts(in parent: ElementID?, at position: SourcePosition) {
        let owner = parent.map { "subprocess \($0)" } ?? "process \(definition.process)"
        let id = parent ?? ElementID(definition.process)
        if let parent, definition.element(parent) is AdHocSubProcess { return }
        if let parent, definition.element(parent) is EventSubProcess {
            return checkEventStart(of: parent, at: position)
        }
        switch definition.startEvents(in: parent).count {
        case 0 where scopesWithStart.contains(parent) && hasFaultyStart(in: parent): return  // Reported already.
        case 0 where parent == nil && !definition.startSubscriptions.isEmpty: return
        case 0:
            add("no-start-event", position, id, "\(owner) has no start event without an event definition", "add one")
        case 1: break
        default:
            guard parent != nil else { break }
            add("several-start-events", position, id, "\(owner) has more than one start event", "leave one")
        }
        for node in children[parent] ?? [] where !(node.element is StartEvent) {
            guard node.element is any StartElement else { continue }
            if parent != nil || !(node.element is TriggeredStartEvent) {
                add(
                    "invalid-start-event", node.position, node.element.id,
                    "\(owner) cannot begin with the event \(node.element.id)",
                    "move it into an event subprocess")
            }
        }
    }

    /// Something that was to be a start event could not be made.
    private func hasFaultyStart(in parent: ElementID?) -> Bool {
        !(children[parent] ?? []).contains { $0.element is any StartElement }
    }

    private mutating func checkEventStart(of subprocess: ElementID, at position: SourcePosition) {
        let starts = (children[subprocess] ?? []).filter { $0.element is any StartElement }
        if starts.count == 1, !(starts[0].element is StartEvent) { return }
        if starts.isEmpty && scopesWithStart.contains(subprocess) { return }
        add(
            "invalid-start-event", position, subprocess,
            "the event subprocess \(subprocess) needs exactly one start event, with an event definition",
            "give its start event a message, a timer, an error, …")
    }

    private mutating func checkBoundary(_ event: any BoundaryElement, _ node: ProcessDefinition.Node) {
        guard let host = byID[event.attachedTo] else {
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
        if node.element is any StartElement, let flow = incoming.first {
            add(
                "invalid-flow", flow.position, flow.id, "a flow leads into the start event \(id)",
                "let it lead to an element after it")
        } else if incoming.isEmpty && !isReachedWithoutFlow(node) {
            add(
                "unreachable", node.position, id, "no flow leads to \(id): it never runs", "connect it",
                severity: .warning)
        }
        if node.element.isEnd, let flow = outgoing.first {
            add("invalid-flow", flow.position, flow.id, "a flow leads out of the end event \(id)", "remove it")
        }
        switch node.element {
        case is ExclusiveGateway where outgoing.count > 1:
            // One alone is always true where its turn comes, as in Camunda 7.
            let bare = outgoing.filter { $0.condition == nil && !$0.isDefault && defaults[id]?.flow != $0.id }
            let isOnly = bare.count == 1 && defaults[id] == nil && !outgoing.contains(where: \.isDefault)
            for flow in bare {
                add(
                    "missing-condition", flow.position, flow.id,
                    isOnly
                        ? "a flow out of the exclusive gateway \(id) has no condition: it is taken where none before it in the file holds"
                        : "a flow out of the exclusive gateway \(id) has no condition",
                    "give it one, or make it the gateway's default flow", severity: isOnly ? .warning : .error)
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

    private func isReachedWithoutFlow(_ node: ProcessDefinition.Node) -> Bool {
        if node.isForCompensation || node.element is any StartElement || node.element is any BoundaryElement
            || node.element is EventSubProcess || node.element is LinkCatchEvent
        {
            return true
        }
        if let parent = node.parent, definition.element(parent) is AdHocSubProcess { return true }
        return definition.startSubscriptions.contains { $0.element == node.element.id }
            || (node.element as? EventBasedGateway)?.isInstantiating == true
    }

    private mutating func checkLink(of node: ProcessDefinition.Node) {
        guard let link = node.element as? LinkThrowEvent, definition.linkTarget(of: link) == nil else { return }
        add(
            "dangling-reference", node.position, link.id,
            "no link event beside \(link.id) catches the link \"\(link.link)\"",
            "give the catching link event the same name")
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
