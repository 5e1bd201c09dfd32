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

    var id: ElementID { get }

    /// Reads the element; reports what is wrong to the reader and gives nil if it cannot be made at all.
    init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader)

    /// A token comes by a flow, or as the first of its scope. Unless the element joins, it is entered.
    func arrive(_ token: Token, in step: inout Step)
    /// A new activity of this element begins. What it throws becomes an incident; it must not have recorded anything
    /// before.
    func enter(_ activity: Int, in step: inout Step) throws(IncidentCause)
    /// An operator resolved the incident of this activity: go on where it got stuck.
    func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause)
}

extension FlowElement {
    package static var eventDefinition: String? { nil }
    package static var isActivity: Bool { false }

    package func arrive(_ token: Token, in step: inout Step) {
        step.enter(self, in: token.scope)
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        switch activity.phase {
        case .entering, .waiting: try enter(activity.number, in: &step)
        case .leaving: try step.leave(activity.number)
        }
    }
}

/// An element that waits for an external task.
package protocol TaskElement: FlowElement {
    /// How many attempts the model gives; nil: as the contract says.
    var retries: Int? { get }
    func taskCompleted(_ task: OpenTask, output: [Variable], in step: inout Step) throws(IncidentCause)
}

/// An element that waits for a timer.
package protocol TimerElement: FlowElement {
    func timerFired(_ timer: OpenTimer, in step: inout Step) throws(IncidentCause)
}

/// An element with a scope inside.
package protocol ScopeElement: FlowElement {
    /// Nothing is left to happen in the scope that the activity opened.
    func innerScopeFinished(_ activity: Int, in step: inout Step) throws(IncidentCause)
}

/// An event on the boundary of an activity.
package protocol BoundaryElement: FlowElement {
    var attachedTo: ElementID { get }
    /// When its timer is due if its activity is entered now; nil if it has none.
    func firstDue(in scope: Int, of step: Step) throws(IncidentCause) -> Timestamp?
    /// How well it catches a BPMN error; nil: not at all.
    func match(errorCode: String) -> ErrorMatch?
    /// The variables that catching the error sets, beside the error's own.
    func variables(of error: BPMNError) -> [Variable]
}

/// An exact code is preferred to a catch-all.
package enum ErrorMatch: Sendable, Hashable { case exact, any }

extension BoundaryElement {
    package func firstDue(in scope: Int, of step: Step) throws(IncidentCause) -> Timestamp? { nil }
    package func match(errorCode: String) -> ErrorMatch? { nil }
    package func variables(of error: BPMNError) -> [Variable] { [] }
}
