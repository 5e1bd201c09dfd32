import HashTreeCollections
import OrderedCollections
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

    var joinsToLookAt = JoinsToLookAt()
    /// What conditions may depend upon and was changed since they were last looked at.
    var changes: [VariableChange] = []
    /// Subscriptions to conditions that were not looked at yet.
    var newConditions: [Int] = []
    /// How many elements the runs of loops may enter beyond the limit, and how many loops gave some.
    var loopAllowance = 0
    var loopsStarted = 0
    /// Throwing events whose handlers are being started: they go on only after all have been.
    var undoing: Set<Int> = []
    /// Activities that go on from a save point.
    var passedSavePoints: Set<Int> = []
    /// All that is still open goes away with the instance.
    var isEndingInstance = false
    /// What the parallel loops that are being started run over.
    var pendingItems: [Int: ArraySlice<JSON>] = [:]

    private enum Work: Sendable {
        case move(Token)
        /// The next run of a parallel loop.
        case iterate(body: Int)
        /// Something ended in this scope: it may be finished.
        case settle(scope: Int)
        /// A handler was canceled: its throwing event may have none left to wait for.
        case goOn(thrower: Int)
    }

    init(
        of definition: ProcessDefinition, _ instance: ProcessInstance, _ surroundings: Surroundings,
        stopsAtIncident: Bool = false
    ) {
        self.definition = definition
        self.instance = instance
        self.surroundings = surroundings
        self.stopsAtIncident = stopsAtIncident
        // A service task and the way to the next are about so many.
        events.reserveCapacity(8)
    }

    // MARK: State

    mutating func record(_ event: Event) {
        let existed = namesThatExist(before: event)
        noteForJoins(event)
        instance.apply(event)
        events.append(event)
        if case .instanceEnded = event { worklist.removeAll() }
        if case .incidentRaised(let incident) = event, firstIncident == nil { firstIncident = incident }
        if case .variablesSet(let scope, let variables) = event, !instance.conditions.isEmpty, !instance.isSuspended {
            changes.append(VariableChange(of: variables.map(\.name), in: scope, existed: existed))
        }
    }

    /// An activity that is known to be there: it was entered in this step, or an open task, timer or scope refers to
    /// it.
    func activity(_ number: Int) -> Activity {
        guard let activity = instance.activity(number) else { preconditionFailure("activity \(number) is open") }
        return activity
    }

    /// Each command may enter as many elements as one that comes alone.
    mutating func beginNextCommand() {
        transitions = 0
        loopAllowance = 0
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

    /// Starts the next run of a loop, once the tokens sent since have moved.
    mutating func iterateLater(_ body: Int) {
        worklist.append(.iterate(body: body))
    }

    /// Looks, once the tokens sent since have moved, whether the throwing event still waits for handlers.
    mutating func goOnLater(_ thrower: Int) {
        worklist.append(.goOn(thrower: thrower))
    }

    /// Tokens on their way in the scope are gone.
    mutating func dropTokens(in scope: Int) {
        guard tokensUnderWay[scope, default: 0] > 0 else { return }
        worklist.removeAll { if case .move(let token) = $0 { token.scope == scope } else { false } }
        tokensUnderWay[scope] = 0
    }

    func hasTokensUnderWay(in scope: Int) -> Bool { tokensUnderWay[scope, default: 0] > 0 }

    /// Moves tokens until each waits or is gone.
    mutating func run() {
        while true {
            if stopsAtIncident && firstIncident != nil { return }
            if !instance.isSuspended, triggerCondition() { continue }
            guard let work = worklist.popLast() else {
                // Nothing moves any more: what waits for tokens that can come no more goes on.
                if releaseJoin() { continue }
                return
            }
            switch work {
            case .move(let token):
                tokensUnderWay[token.scope, default: 1] -= 1
                // Its scope may have been closed by an error of a sibling.
                guard instance.hasScope(token.scope), let element = definition.element(token.element) else {
                    continue
                }
                element.arrive(token, in: &self)
            case .iterate(let body): iterate(body)
            case .settle(let scope): settle(scope)
            case .goOn(let thrower): goOnIfCompensated(thrower)
            }
        }
    }

    /// Enters the element with a new activity; one that is marked as a loop runs inside the loop's body.
    mutating func enter(_ element: any FlowElement, in scope: Int) {
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: element.id, scope: scope))
        transitions += 1
        attempt(number) { step throws(IncidentCause) in
            guard step.transitions <= Engine.transitionLimit + step.loopAllowance else {
                throw IncidentCause(
                    .transitionLimit,
                    "more than \(Engine.transitionLimit) elements were entered without a wait state: is it a loop?"
                )
            }
            try step.begin(element, number)
        }
    }

    /// Lets an activity begin that was entered.
    mutating func begin(_ element: any FlowElement, _ number: Int) throws(IncidentCause) {
        if let loop = definition.loop(of: element.id), !instance.isIteration(activity(number).scope) {
            return try startLoop(loop, number)
        }
        if stopsBefore(number) { return }
        try openLocalScope(of: number)
        try runListeners(.start, of: number)
        try element.enter(number, in: &self)
    }

    /// Enters an element whose trigger came already, so that it only leaves.
    mutating func enterTriggered(_ element: any FlowElement, in scope: Int, variables: [Variable]) {
        let number = instance.lastActivity + 1
        record(.activityEntered(activity: number, element: element.id, scope: scope))
        attempt(number) { step throws(IncidentCause) in
            try step.openLocalScope(of: number)
            step.setResult(variables, of: number)
            try step.leave(number)
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

    /// An activity has one incident. One of its task stays, for it needs new attempts; its retry mends the rest as well.
    mutating func raiseIncident(_ cause: IncidentCause, activity number: Int, task: Int?) {
        if let open = activity(number).incident {
            if task == nil, instance.incident(open)?.task != nil { return }
            record(.incidentResolved(incident: open))
        }
        let incident = Event.Incident(
            number: instance.lastIncident + 1, kind: cause.kind, activity: number, element: activity(number).element,
            task: task,
            message: cause.message)
        record(.incidentRaised(incident))
    }

    /// Leaves by every outgoing flow without a condition and every one whose condition holds; by the default flow if
    /// that is none. Without outgoing flows the path ends here.
    ///
    /// Before that, what its work changed may meet the condition of an event, also of one on its own boundary, which may end it.
    /// Listeners and output mappings come after, and change nothing about that: as in Camunda 7.
    mutating func leave(_ number: Int) throws(IncidentCause) {
        guard meetConditions(before: number) else { return }
        if stopsAfter(number) { return }
        try runListeners(.end, of: number)
        let activity = activity(number)
        if instance.isIteration(activity.scope) { return try endIteration(number) }
        if activity.compensator != nil { return try endCompensation(number) }
        try closeLocalScope(of: number)
        let outgoing = definition.outgoing(of: activity.element)
        var taken: [SequenceFlow] = []
        var variables = visibleVariables(from: activity.scope, at: number)
        if definition.joinsReadVariables, let gateway = definition.element(activity.element) as? ComplexGateway {
            for (name, value) in gateway.names(in: activity.scope, of: self) { variables.locals[name] = value }
        }
        for flow in outgoing where !flow.isDefault {
            if try flow.holds(for: variables) { taken.append(flow) }
        }
        if taken.isEmpty { taken = outgoing.filter(\.isDefault) }
        guard outgoing.isEmpty || !taken.isEmpty else { throw SequenceFlow.noneHolds(after: activity.element) }
        try complete(number, taking: taken)
    }

    /// Completes the activity and sends a token over each flow.
    mutating func complete(_ number: Int, taking flows: [SequenceFlow]) throws(IncidentCause) {
        let activity = activity(number)
        for flow in flows where !flow.listeners.isEmpty {
            try runListeners(of: flow, from: number, in: activity.scope)
        }
        let output = flows.isEmpty ? try outputOfPath(endingAt: activity) : nil
        closeTriggers(of: activity)
        keepCompensation(of: activity)
        recordCompleted(number)
        if let output { record(.variablesSet(scope: activity.scope, [output])) }
        if endsAdHocSubProcess(in: activity.scope) { return }
        for flow in flows { record(.flowTaken(flow: flow.id, scope: activity.scope)) }
        if flows.isEmpty { settleLater(activity.scope) }
        for flow in flows.reversed() { send(Token(element: flow.target, flow: flow.id, scope: activity.scope)) }
    }

    /// The activity is over: what it waited for, and what it was stuck at, goes with it.
    mutating func recordCompleted(_ number: Int) {
        let activity = activity(number)
        closeTriggers(of: activity)
        if let incident = activity.incident { record(.incidentResolved(incident: incident)) }
        record(.activityCompleted(activity: number))
    }

    /// Of an end event that leaves by no flow: the variables that its mappings made go too.
    mutating func completeWithoutLeaving(_ number: Int) {
        if let scope = activity(number).innerScope { record(.scopeClosed(scope: scope)) }
        recordCompleted(number)
    }

    /// The ad-hoc subprocess that the scope is of, with its activity.
    private func adHocSubProcess(of number: Int) -> (AdHocSubProcess, host: Int)? {
        guard number != ProcessInstance.rootScope, let scope = instance.scope(number), let host = scope.activity,
            let element = scope.element, let subprocess = definition.element(element) as? AdHocSubProcess,
            !scope.isOfLoop
        else { return nil }
        return (subprocess, host)
    }

    /// What a path adds to what the ad-hoc subprocess around it collects. (An event subprocess is no path of it.)
    private func outputOfPath(endingAt activity: Activity) throws(IncidentCause) -> Variable? {
        guard let (subprocess, _) = adHocSubProcess(of: activity.scope),
            !(definition.element(activity.element) is EventSubProcess)
        else { return nil }
        return try subprocess.collected(in: activity.scope, of: self)
    }

    /// Whether the scope is that of an ad-hoc subprocess that ends with what has just completed in it.
    private mutating func endsAdHocSubProcess(in number: Int) -> Bool {
        guard let (subprocess, host) = adHocSubProcess(of: number) else { return false }
        var ends = false
        attempt(host) { step throws(IncidentCause) in ends = try subprocess.ends(host, scope: number, in: &step) }
        return ends
    }

    // MARK: Scopes

    /// Ends a scope in which nothing can happen any more.
    private mutating func settle(_ number: Int) {
        guard let scope = instance.scope(number), !scope.isOfLoop, scope.isIdle, !hasTokensUnderWay(in: number),
            scope.waiting.isEmpty
        else { return }
        if let activity = scope.activity {
            guard let element = element(of: activity, as: (any ScopeElement).self) else { return }
            attempt(activity) { step throws(IncidentCause) in
                try element.innerScopeFinished(activity, in: &step)
            }
        } else if number == ProcessInstance.rootScope {
            closeProcessTriggers()
            closeRetainedScopes(of: number)
            var end = Event.InstanceEnd.completed
            if let error = instance.uncaughtError {
                end = .completedWithError(code: error.code, message: error.message)
            }
            do throws(IncidentCause) {
                try runProcessListeners(.end)
            } catch {
                // Nothing is left that an incident could be of.
                end = .canceled(reason: error.message)
            }
            record(.instanceEnded(end))
        }
    }

    // MARK: Views

    /// `activity`: where an expression stands that sees no more than the scope.
    func visibleVariables(from scope: Int, at activity: Int? = nil) -> VisibleVariables {
        VisibleVariables(
            instance, scope: scope, now: surroundings.now, zones: surroundings.zones,
            place: definition.usesHostObjects ? place(of: activity ?? instance.scope(scope)?.activity) : nil)
    }

    private func place(of number: Int?) -> ExpressionPlace {
        let activity = number.flatMap { instance.activity($0) }
        return ExpressionPlace(
            instance: surroundings.instance, businessKey: instance.businessKey, version: instance.definition,
            definition: definition, activity: number, element: activity?.element,
            userTask: activity?.userTask.flatMap { instance.userTask($0) })
    }

    /// What an activity sees: its own variables first, if its mappings made some.
    func visibleVariables(of activity: Int) -> VisibleVariables {
        visibleVariables(from: variableScope(of: activity), at: activity)
    }

    func variableScope(of number: Int) -> Int {
        let activity = activity(number)
        return activity.innerScope ?? activity.scope
    }

    /// The element that an activity is of, if it is of that kind.
    func element<Kind>(of activity: Int, as kind: Kind.Type) -> Kind? {
        definition.element(self.activity(activity).element) as? Kind
    }
}
