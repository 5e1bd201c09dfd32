package import Values

/// `bpmn:endEvent` with `bpmn:cancelEventDefinition`: ends the transaction around it, undoes what it did, and goes on at
/// its cancel boundary event.
package struct CancelEndEvent: CompensatingElement {
    package static let tag = "endEvent"
    package static let eventDefinition: String? = "cancelEventDefinition"
    package let id: ElementID

    package var isEnd: Bool { true }

    init(id: ElementID) {
        self.id = id
    }

    package init?(_ node: SourceNode, id: ElementID, reader: inout DefinitionReader) {
        self.id = id
    }

    package func enter(_ activity: Int, in step: inout Step) throws(IncidentCause) {
        guard let transaction = transaction(around: activity, in: step), let scope = transaction.innerScope else {
            throw IncidentCause(.noFlowTaken, "the cancel end event \(id) is not inside a transaction")
        }
        step.closeEventSubprocesses(in: scope)
        step.clear(scope, except: outermost(activity, in: scope, of: step))
        guard step.compensateAll(of: scope, for: activity) else { return compensated(activity, in: &step) }
    }

    package func compensated(_ activity: Int, in step: inout Step) {
        guard let transaction = transaction(around: activity, in: step) else { return }
        let boundary = step.definition.boundaryEvents(of: transaction.element).first { $0 is CancelBoundaryEvent }
        // A loop ends with the run that is canceled: boundary events are its body's.
        let host = step.loopBody(of: transaction) ?? transaction
        step.completeWithoutLeaving(activity)
        step.cancel(host.number)
        if let boundary {
            step.enter(boundary, in: host.scope)
        } else {
            step.settleLater(host.scope)
        }
    }

    private func transaction(around activity: Int, in step: Step) -> Activity? {
        var next = step.instance.scope(step.activity(activity).scope)?.activity
        while let number = next, let candidate = step.instance.activity(number) {
            if (step.definition.element(candidate.element) as? SubProcess)?.isTransaction == true { return candidate }
            next = step.instance.scope(candidate.scope)?.activity
        }
        return nil
    }

    /// The activity directly in the scope that the event is, or is inside of.
    private func outermost(_ activity: Int, in scope: Int, of step: Step) -> Int {
        var number = activity
        while let current = step.instance.activity(number), current.scope != scope,
            let outer = step.instance.scope(current.scope)?.activity
        {
            number = outer
        }
        return number
    }

    package func retry(_ activity: Activity, in step: inout Step) throws(IncidentCause) {
        try enter(activity.number, in: &step)
    }
}
