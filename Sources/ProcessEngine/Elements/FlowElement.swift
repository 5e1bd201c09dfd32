package import Values

/// One kind of BPMN element: how it is read from the file, and what it does. To add one: a file, and a line in
/// `ElementCatalog`.
package protocol FlowElement: Sendable {
    /// The element's local name in the file.
    static var tag: String { get }
    /// The local name of the event definition inside, for events that have one.
    static var eventDefinition: String? { get }
    /// An activity or event that an error or timer boundary event can be attached to.
    static var isActivity: Bool { get }
    /// Whether a node of the file is of this kind.
    static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool

    var id: ElementID { get }
    /// A path ends here: no flow may lead out of it.
    var isEnd: Bool { get }

    /// Reads the element; reports what is wrong to the reader and gives nil if it cannot be made at all.
    init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader)

    /// A token comes by a flow, or as the first of its scope. Unless the element joins, it is entered.
    func arrive(_ token: Token, in step: inout Step)
    /// A new activity of this element begins. What it throws becomes an incident; it must not have recorded anything
    /// before, but for what stands on its boundary.
    func enter(_ activity: Int, in step: inout Step) throws(IncidentCause)
    /// An operator resolved the incident of this activity: go on where it got stuck.
    func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause)
}

extension FlowElement {
    package static var eventDefinition: String? { nil }
    package static var isActivity: Bool { false }
    package static func describes(_ node: SourceNode, eventDefinitions: [String]) -> Bool {
        node.name == tag && eventDefinitions == (eventDefinition.map { [$0] } ?? [])
    }

    package var isEnd: Bool { false }

    package func arrive(_ token: Token, in step: inout Step) {
        step.enter(self, in: token.scope)
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .entering, .waiting: try step.begin(self, activity.number)
        case .leaving: try step.leave(activity.number)
        }
    }
}

/// An element that waits for an external task.
package protocol TaskElement: FlowElement {
    /// How many attempts the model gives; nil: as the contract says.
    func retries(of activity: Int, in step: Step) throws(IncidentCause) -> Int?
    func taskCompleted(_ task: OpenTask, output: [Variable], in step: inout Step) throws(IncidentCause)
}

/// An element with a scope inside.
package protocol ScopeElement: FlowElement {
    /// Nothing is left to happen in the scope that the activity opened.
    func innerScopeFinished(_ activity: Int, in step: inout Step) throws(IncidentCause)
}

/// An event that timers, messages, signals or conditions trigger.
package protocol TriggeredElement: FlowElement {
    var triggers: [EventTrigger] { get }
    func triggered(by occurrence: Occurrence, in step: inout Step) throws(IncidentCause)
}

/// One that a token reaches, so that an event-based gateway before it can wait in its place.
package protocol CatchElement: TriggeredElement {}

/// An event on the boundary of an activity.
package protocol BoundaryElement: FlowElement {
    var attachedTo: ElementID { get }
}

extension BoundaryElement {
    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }
}

/// A start event.
package protocol StartElement: FlowElement {
    /// Of an event subprocess: whether it ends what else its scope does.
    var isInterrupting: Bool { get }
}

extension StartElement {
    package var isInterrupting: Bool { true }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        try step.leave(activity)
    }
}

/// An event that throws, so that a boundary event cannot be on it.
package protocol ThrowingElement: FlowElement {}

/// An element that waits until what it undoes is undone.
package protocol CompensatingElement: FlowElement {
    func compensated(_ activity: Int, in step: inout Step) throws(IncidentCause)
}

/// A gateway that waits for one token of each incoming flow.
protocol CountingJoin: FlowElement {
    /// Goes on if they are all there; whether they were.
    func passIfComplete(in scope: Int, of step: inout Step) -> Bool
}

/// A gateway that waits for tokens anywhere in its scope that can still come.
package protocol NonLocalJoin: FlowElement {
    func canPass(in scope: Int, of step: Step) -> Bool
    /// Whether tokens may be stuck at it for good: it asks for more than that no other can come.
    var needsMoreThanTokens: Bool { get }
    /// Uses up what waits, and goes on.
    func pass(in scope: Int, of step: inout Step)
}

extension NonLocalJoin {
    package var needsMoreThanTokens: Bool { false }

    package func pass(in scope: Int, of step: inout Step) {
        step.consumeTokens(at: id, in: scope)
        step.enter(self, in: scope)
    }
}
