import Expressions
import ProcessEngine

/// The elements of one scope as a net of nodes and arcs, on which tokens travel. What is inside a subprocess is a net of its own.
struct FlowNet {
    enum Join {
        /// Every token goes on.
        case each
        /// One token of each arc.
        case all
        /// All tokens that can still come.
        case inclusive
    }

    struct Node {
        var element: ElementID
        var join = Join.each
        var incoming: [Int] = []
        /// The sets of arcs, one of which gets tokens when the node has done its work.
        var outcomes: [[Int]] = []
        /// Sets among them that need conditions to hold together, which perhaps never do.
        var conditional: Set<Int> = []
        /// It ends everything else in the scope.
        var isTerminal = false
    }

    struct Arc {
        var source: Int
        var target: Int
        /// Nil for what no flow is drawn for.
        var flow: ElementID?
    }

    private(set) var nodes: [Node] = []
    private(set) var arcs: [Arc] = []
    /// The sets of nodes, one of which gets a token each at the beginning.
    private(set) var beginnings: [[Int]] = []
    private var numbers: [ElementID: Int] = [:]
    private let subject: CheckSubject
    private var definition: ProcessDefinition { subject.definition }
    /// A gateway whose condition says when it goes on: what follows depends on data.
    private(set) var isUndecidable = false

    init(_ subject: CheckSubject, scope: ElementID?, elements: [any FlowElement]) {
        self.subject = subject
        let definition = subject.definition
        for element in elements where Self.takesPart(element, definition) {
            numbers[element.id] = nodes.count
            nodes.append(Node(element: element.id, join: Self.join(of: element)))
            if let gateway = element as? ComplexGateway, gateway.activationCondition != nil { isUndecidable = true }
        }
        for element in elements {
            if let node = numbers[element.id] { addArcs(of: element, node) }
        }
        addBeginnings(of: scope, elements)
    }

    private static func takesPart(_ element: any FlowElement, _ definition: ProcessDefinition) -> Bool {
        !(element is EventSubProcess) && !(element is CompensationBoundaryEvent)
            && !definition.isForCompensation(element.id)
    }

    private static func join(of element: any FlowElement) -> Join {
        switch element {
        case is ParallelGateway: .all
        case is any NonLocalJoin: .inclusive
        default: .each  // Everything else lets each token pass; the catalog of elements is open.
        }
    }

    private mutating func arc(from source: Int, to target: ElementID, flow: ElementID?) -> Int? {
        guard let target = numbers[target] else { return nil }
        arcs.append(Arc(source: source, target: target, flow: flow))
        nodes[target].incoming.append(arcs.count - 1)
        return arcs.count - 1
    }

    // MARK: Outcomes

    private mutating func addArcs(of element: any FlowElement, _ node: Int) {
        let flows = definition.outgoing(of: element.id)
        var always: [Int] = []
        var perhaps: [Int] = []
        for flow in flows {
            guard let arc = arc(from: node, to: flow.target, flow: flow.id) else { continue }
            if flow.condition == nil && !flow.isDefault || element is ParallelGateway {
                always.append(arc)
            } else {
                perhaps.append(arc)
            }
        }
        switch element {
        case let gateway as EventBasedGateway where gateway.isParallel: nodes[node].outcomes = [always + perhaps]
        case is ExclusiveGateway, is EventBasedGateway: nodes[node].outcomes = (always + perhaps).map { [$0] }
        case is TerminateEndEvent, is CancelEndEvent: nodes[node].isTerminal = true
        case let event as ErrorEndEvent: nodes[node].isTerminal = Interruption(subject).ends(scopeOf: event)
        case let event as ThrowEvent where Interruption(subject).ends(scopeOf: event):
            nodes[node].isTerminal = true
        case is InclusiveGateway:
            addSubsets(of: perhaps, with: always, to: node)
            addPairs(of: perhaps, with: always, to: node)
        case let link as LinkThrowEvent:
            let target = definition.linkTarget(of: link).flatMap { arc(from: node, to: $0, flow: nil) }
            nodes[node].outcomes = target.map { [[$0]] } ?? []
        default: addSubsets(of: perhaps, with: always, to: node)  // All others take every flow whose condition holds.
        }
        if nodes[node].outcomes.isEmpty { nodes[node].outcomes = [[]] }
        for event in definition.boundaryEvents(of: element.id) {
            guard let arc = arc(from: node, to: event.id, flow: nil) else { continue }
            if event.interrupts {
                nodes[node].outcomes.append([arc])
            } else {
                nodes[node].outcomes += nodes[node].outcomes.prefix(1).map { $0 + [arc] }
            }
        }
    }

    /// Each conditional flow alone, and all of them together.
    private mutating func addSubsets(of perhaps: [Int], with always: [Int], to node: Int) {
        guard !perhaps.isEmpty else { return nodes[node].outcomes = [always] }
        nodes[node].outcomes = perhaps.map { always + [$0] }
        guard perhaps.count > 1 else { return }
        nodes[node].conditional.insert(nodes[node].outcomes.count)
        nodes[node].outcomes.append(always + perhaps)
    }

    private static let pairLimit = 20

    /// An inclusive gateway is there to take several: those of which the conditions certainly hold together for some data.
    private mutating func addPairs(of perhaps: [Int], with always: [Int], to node: Int) {
        guard perhaps.count <= Self.pairLimit else { return }
        let flows = definition.outgoing(of: nodes[node].element)
        let conditions = perhaps.map { arc in flows.first { $0.id == arcs[arc].flow && !$0.isDefault }?.condition }
        for (number, condition) in conditions.enumerated() {
            for (before, other) in conditions[..<number].enumerated() {
                guard let condition, let other,
                    ConditionClaim.areSurelyPossible(condition.claims(holding: true) + other.claims(holding: true))
                else { continue }
                nodes[node].outcomes.append(always + [perhaps[before], perhaps[number]])
            }
        }
    }

    private mutating func addBeginnings(of scope: ElementID?, _ elements: [any FlowElement]) {
        let starts = elements.filter { $0 is any StartElement }.compactMap { numbers[$0.id] }
        let entries = definition.entries(in: scope).compactMap { numbers[$0] }
        let instantiating = elements.filter {
            ($0 as? EventBasedGateway)?.isInstantiating == true || ($0 as? ReceiveTask)?.isInstantiating == true
        }.compactMap { numbers[$0.id] }
        if starts.isEmpty, instantiating.isEmpty {
            beginnings = entries.isEmpty ? [] : [entries]
        } else {
            beginnings = (starts + instantiating).map { [$0] }
        }
    }
}

extension BoundaryElement {
    /// Whether its activity ends when it comes.
    var interrupts: Bool {
        switch self {
        case let event as TriggeredBoundaryEvent: event.isInterrupting
        case let event as EscalationBoundaryEvent: event.isInterrupting
        default: true  // Errors and cancellation always do.
        }
    }
}
