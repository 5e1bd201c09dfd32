import Values

/// A token on its way to an element of a scope.
package struct Token: Sendable, Hashable {
    package let element: ElementID
    /// The flow it took; nil for the entry of a scope.
    package let flow: ElementID?
    package let scope: Int
}

/// Why an activity cannot go on; an operator has to.
package struct IncidentCause: Error, Sendable, Hashable {
    package let kind: Event.Incident.Kind
    package let message: String

    init(_ kind: Event.Incident.Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// One command at work: the state as it becomes, the events that made it so, and the tokens still to move.
///
/// `record` is the only way state changes. Tokens move by a worklist, last first, so that a branch runs until it waits
/// before the next one starts.
package struct Step: Sendable {
    let definition: ProcessDefinition
    let surroundings: Surroundings
    private(set) var instance: ProcessInstance
    private(set) var events: [Event] = []
    private(set) var firstIncident: Event.Incident?

    private var worklist: [Work] = []
    /// Tokens in the worklist, by scope: a scope with one is not finished.
    private var tokensUnderWay: [Int: Int] = [:]
    private var transitions = 0
    private let stopsAtIncident: Bool

    private enum Work: Sendable {
        case move(Token)
        /// Something ended in this scope: it may be finished.
        case settle(scope: Int)
    }

    init(
        of definition: ProcessDefinition, _ instance: ProcessInstance, _ surroundings: Surroundings,
        stopsAtIncident: Bool = false
    ) {
        self.definition = definition
        self.instance = instance
        self.surroundings = surroundings
        self.stopsAtIncident = stopsAtIncident
    }

    // MARK: State

    mutating func record(_ event: Event) {
        instance.apply(event)
        events.append(event)
        switch event {
        case .instanceEnded: worklist.removeAll()
        case .incidentRaised(let incident):
            if firstIncident == nil { firstIncident = incident }
        case .instanceStarted, .activityEntered, .activityCompleted, .activityCanceled, .flowTaken, .tokenArrived,
            .tokensJoined,
            .scopeOpened, .scopeClosed, .variablesSet, .outputKept, .outputMapped, .taskCreated, .taskCompleted,
            .taskFailed, .taskErrorThrown,
            .taskCanceled, .taskEventRecorded, .taskRetried, .timerScheduled, .timerFired, .timerCanceled, .errorCaught,
            .incidentResolved:
            break
        }
    }

    /// An activity that is known to be there: it was entered in this step, or an open task, timer or scope refers to
    /// it.
    func activity(_ number: Int) -> Activity {
        guard let activity = instance.activity(number) else { preconditionFailure("activity \(number) is open") }
        return activity
    }

    // MARK: Tokens

    /// Puts a token on its way.
    mutating func send(_ token: Token) {
        worklist.append(.move(token))
        tokensUnderWay[token.scope, default: 0] += 1
    }

    /// Looks, once the tokens sent since have moved, whether the scope is finished.
    mutating func settleLater(_ scope: Int) {
        worklist.append(.settle(scope: scope))
    }

    /// Moves tokens until each waits or is gone.
    mutating func run() {
        while let work = worklist.popLast() {
            if stopsAtIncident && firstIncident != nil { return }
            switch work {
            case .move(let token):
                tokensUnderWay[token.scope, default: 1] -= 1
                // Its scope may have been closed by an error of a sibling.
                guard instance.scope(token.scope) != nil, let element = definition.element(token.element) else {
                    continue
                }
                element.arrive(token, in: &self)
            case .settle(let scope): settle(scope)
            }
        }
    }

    /// Enters the element with a new activity.
    mutating func enter(_ element: any FlowElement, in scope: Int) {
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: element.id, scope: scope))
        transitions += 1
        attempt(number) { step throws(IncidentCause) in
            guard step.transitions <= Engine.transitionLimit else {
                throw IncidentCause(
                    .transitionLimit,
                    "more than \(Engine.transitionLimit) elements were entered without a wait state: is it a loop?"
                )
            }
            try element.enter(number, in: &step)
        }
    }

    /// Does what may get the activity stuck; an incident then says why.
    mutating func attempt(_ activity: Int, _ work: (inout Step) throws(IncidentCause) -> Void) {
        do {
            try work(&self)
        } catch {
            raiseIncident(error, activity: activity, task: nil)
        }
    }

    mutating func raiseIncident(_ cause: IncidentCause, activity number: Int, task: Int?) {
        let incident = Event.Incident(
            number: instance.lastIncident + 1, kind: cause.kind, activity: number, element: activity(number).element,
            task: task,
            message: cause.message)
        record(.incidentRaised(incident))
    }

    /// Leaves by every outgoing flow without a condition and every one whose condition holds; by the default flow if
    /// that is none. Without outgoing flows the path ends here.
    mutating func leave(_ number: Int) throws(IncidentCause) {
        let activity = activity(number)
        let outgoing = definition.outgoing(of: activity.element)
        var taken: [SequenceFlow] = []
        for flow in outgoing where !flow.isDefault {
            if try flow.holds(for: visibleVariables(from: activity.scope)) { taken.append(flow) }
        }
        if taken.isEmpty { taken = outgoing.filter(\.isDefault) }
        guard outgoing.isEmpty || !taken.isEmpty else { throw SequenceFlow.noneHolds(after: activity.element) }
        complete(number, taking: taken)
    }

    /// Completes the activity and sends a token over each flow.
    mutating func complete(_ number: Int, taking flows: [SequenceFlow]) {
        let activity = activity(number)
        for timer in activity.timers { record(.timerCanceled(timer: timer)) }
        record(.activityCompleted(activity: number))
        for flow in flows { record(.flowTaken(flow: flow.id, scope: activity.scope)) }
        if flows.isEmpty { settleLater(activity.scope) }
        for flow in flows.reversed() { send(Token(element: flow.target, flow: flow.id, scope: activity.scope)) }
    }

    // MARK: Scopes

    /// Ends a scope in which nothing can happen any more.
    private mutating func settle(_ number: Int) {
        guard let scope = instance.scope(number), scope.isIdle, tokensUnderWay[number, default: 0] == 0 else { return }
        if let waiting = scope.waiting.first {
            enterStuckJoin(waiting.join, in: scope)
        } else if let activity = scope.activity {
            attempt(activity) { step throws(IncidentCause) in
                try step.element(of: activity, as: (any ScopeElement).self)?.innerScopeFinished(activity, in: &step)
            }
        } else {
            record(.instanceEnded(.completed))
        }
    }

    /// Tokens wait for siblings that can no longer come. They are used up and the join entered, but only an operator
    /// lets it pass.
    private mutating func enterStuckJoin(_ join: ElementID, in scope: Scope) {
        let arrived = scope.waiting.filter { $0.join == join }.map(\.flow)
        let missing = definition.incoming(of: join).map(\.id).filter { !arrived.contains($0) }
        record(.tokensJoined(element: join, flows: arrived, scope: scope.number))
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: join, scope: scope.number))
        let cause = IncidentCause(
            .joinStuck,
            "no token can come by \(missing.map(\.text).joined(separator: ", ")) any more; a retry passes without")
        raiseIncident(cause, activity: number, task: nil)
    }

    // MARK: Views

    func visibleVariables(from scope: Int) -> VisibleVariables {
        VisibleVariables(instance, scope: scope, now: surroundings.now)
    }

    /// The element that an activity is of, if it is of that kind.
    func element<Kind>(of activity: Int, as kind: Kind.Type) -> Kind? {
        definition.element(self.activity(activity).element) as? Kind
    }

    /// Sets each variable in the nearest scope that has it, seen from `scope`, else at the root.
    mutating func setVariables(_ variables: [Variable], from scope: Int) {
        var groups: [(scope: Int, variables: [Variable])] = []
        for variable in variables {
            let target = instance.scope(owning: variable.name, from: scope)
            if let index = groups.firstIndex(where: { $0.scope == target }) {
                groups[index].variables.append(variable)
            } else {
                groups.append((target, [variable]))
            }
        }
        for group in groups { record(.variablesSet(scope: group.scope, group.variables)) }
    }
}
