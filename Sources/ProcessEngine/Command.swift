package import Values

/// What can be asked of an instance. Each leads to events, or is rejected and changes nothing.
package enum Command: Sendable, Hashable {
    /// Makes the instance. The instance must be empty.
    case start(Start)
    /// An agent finished a task. `output` holds the members of its output object, each raw.
    case completeTask(number: Int, output: [Variable])
    /// An attempt failed. With retries left the task becomes due again after its contract's back-off.
    case failTask(number: Int, TaskFailure)
    /// An agent answered with a BPMN error of its contract.
    case throwError(number: Int, BPMNError)
    /// A timer is due.
    case fireTimer(number: Int)
    /// Ends the instance now; its tasks and timers go away.
    case cancel(reason: String)
    /// Tries again what an incident stopped. `retries`: for a failed task, how many attempts it gets, nil = by
    /// contract.
    case resolveIncident(number: Int, retries: Int?)
    /// An agent reports a named event of its contract. It triggers the boundary event of the message of that name on its
    /// activity; without one it is recorded and nothing else.
    case recordTaskEvent(number: Int, name: String, payload: JSON)
    /// The infrastructure cannot hand a task over (no queue for its contract): an incident, no attempt spent.
    case suspendTask(number: Int, kind: Event.Incident.Kind, message: String)
    /// Sets variables of the instance's root scope (an operator's repair).
    case setVariables([Variable])
    /// Gives a user task that nobody has to somebody; nil: to nobody.
    case claimUserTask(number: Int, assignee: String?)
    case completeUserTask(number: Int, variables: [Variable])
    /// A person cannot do what the task asks: a BPMN error.
    case throwUserTaskError(number: Int, BPMNError)
    case escalateUserTask(number: Int, code: String, variables: [Variable])
    /// What a subscription waits for is there: a message, or a call of a receive task. (Conditions look after
    /// themselves.)
    case correlate(subscription: Int, variables: [Variable])
    /// For all subscriptions to that signal; none is fine.
    case signal(name: String, variables: [Variable])
    /// A called instance came to an end, or could not be made.
    case endCall(call: Int, CallOutcome)
    /// The calling instance has heard of the escalation that this one threw, and lets it go on.
    case answerEscalation
    /// Moves tokens by hand. All is done before any token moves on.
    case modify([Modification])
    case suspend
    case resume
    /// Goes on in another version of its process. Refused, with everything that cannot go over, if anything cannot.
    case migrate(MigrationPlan)

    package struct Start: Sendable, Hashable {
        package var definition: DefinitionID
        package var variables: [Variable]
        package var businessKey: String?
        /// What the index shows and nothing decides upon.
        package var labels: InstanceLabels
        /// A start event of the process, or another element of `startSubscriptions`; nil: its one start event without an
        /// event definition.
        package var startEvent: ElementID?
        /// Which trigger of the start event came, if one did: one that takes several waits for the others.
        package var trigger: Int?
        /// The call that it answers.
        package var parent: ParentCall?
        /// Which errors those catch that called it.
        package var caughtErrors: CaughtErrors?
        /// Where its tokens begin instead of at a start event.
        package var placements: [Placement]
        /// Of its tasks, where the model says nothing; nil: what their contracts say.
        package var priority: Int?
        /// A word that no other running instance may have.
        package var uniqueKey: String?

        package init(
            definition: DefinitionID, variables: [Variable] = [], businessKey: String? = nil,
            labels: InstanceLabels = InstanceLabels(),
            startEvent: ElementID? = nil, trigger: Int? = nil, parent: ParentCall? = nil,
            caughtErrors: CaughtErrors? = nil,
            placements: [Placement] = [], priority: Int? = nil, uniqueKey: String? = nil
        ) {
            self.definition = definition
            self.variables = variables
            self.businessKey = businessKey
            self.labels = labels
            self.startEvent = startEvent
            self.trigger = trigger
            self.parent = parent
            self.caughtErrors = caughtErrors
            self.placements = placements
            self.priority = priority
            self.uniqueKey = uniqueKey
        }
    }
}

/// Where a token of an instance begins that goes on where another one stood.
package enum Placement: Sendable, Hashable {
    /// Before an element, in a scope with these variables.
    case before(ElementID, variables: [Variable])
    /// Over a flow, as one that waits at a join has come.
    case over(flow: ElementID)
    /// At an element of an ad-hoc subprocess that waits for its turn.
    case inTurn(ElementID)
    /// An element that completed, and that its compensation handler can undo.
    case undoable(ElementID)
}

/// The call activity that an instance was made for.
package struct ParentCall: Sendable, Hashable {
    package var instance: InstanceID
    package var call: Int

    package init(instance: InstanceID, call: Int) {
        self.instance = instance
        self.call = call
    }
}

/// What became of a called instance.
package enum CallOutcome: Sendable, Hashable {
    /// With the variables of its root scope.
    case completed([Variable])
    /// It ended with an error that, as far as it knows, is caught here or by a caller of the caller. With the variables of its root
    /// scope.
    case error(BPMNError, variables: [Variable])
    /// It came to its end, but a path of it had ended with an error that nobody catches. With the variables of its root scope.
    case uncaughtError(BPMNError, variables: [Variable])
    /// It goes on; this is only news. With the variables of its root scope.
    case escalation(code: String?, variables: [Variable])
    /// It could not be made, or was canceled: an incident.
    case failed(message: String)
}

extension CallOutcome {
    /// For who answers in the place of a called process: the error's variables are those that the process had.
    package static func thrown(_ error: BPMNError) -> CallOutcome {
        .error(BPMNError(code: error.code, message: error.message), variables: error.variables)
    }
}

extension ProcessInstance {
    /// What its caller is told of an error that it ended with: was it thrown out of it, or had a path of it ended so?
    package func outcome(ofError code: String, _ message: String?) -> CallOutcome {
        let error = BPMNError(code: code, message: message)
        return uncaughtError?.code == code
            ? .uncaughtError(error, variables: rootVariables) : .error(error, variables: rootVariables)
    }
}

/// One change of an operator to where the tokens of an instance are.
package enum Modification: Sendable, Hashable {
    /// Enters the element. Subprocesses around it that do not run are entered without their start events.
    case startBefore(ElementID, variables: [Variable] = [])
    /// Takes the flows out of the element, as if it had completed.
    case startAfter(ElementID, variables: [Variable] = [])
    case cancel(activity: Int)
    /// Cancels all activities of the element, and the tokens that wait at it for others.
    case cancelAll(ElementID)
    /// Cancels all activities of the first and enters the second once for each.
    case move(from: ElementID, to: ElementID)
    case setVariables(activity: Int?, [Variable])

    var takesAway: Bool {
        switch self {
        case .cancel, .cancelAll: true
        case .startBefore, .startAfter, .move, .setVariables: false
        }
    }
}

/// What a start by contract tells the index about an instance.
package struct InstanceLabels: Sendable, Hashable {
    /// The workflow contract, `media.ingest`; nil for a process started without one.
    package var workflow: String?
    /// Its version, `1.2`.
    package var workflowVersion: String?
    /// The value of the contract's `objectId` input, as text.
    package var objectID: String?
    package var startedBy: String?
    /// On whose behalf its work is done; instances that it calls have it too.
    package var runAs: String?
    /// What it has in common with those that called it, and with those it calls; nil: its own id.
    package var correlationID: String?
    /// Free keys and texts of the caller, sorted by key.
    package var metadata: [Variable]
    /// The instance whose work it takes up.
    package var restartedFrom: InstanceID?

    package init(
        workflow: String? = nil, workflowVersion: String? = nil, objectID: String? = nil, startedBy: String? = nil,
        runAs: String? = nil, correlationID: String? = nil, metadata: [Variable] = [], restartedFrom: InstanceID? = nil
    ) {
        self.workflow = workflow
        self.workflowVersion = workflowVersion
        self.objectID = objectID
        self.startedBy = startedBy
        self.runAs = runAs
        self.correlationID = correlationID
        self.metadata = metadata
        self.restartedFrom = restartedFrom
    }
}

/// A named value, raw until an expression looks inside.
package struct Variable: Sendable, Hashable {
    package var name: String
    package var value: JSON

    package init(name: String, value: JSON) {
        self.name = name
        self.value = value
    }
}

package struct TaskFailure: Sendable, Hashable {
    package var message: String
    package var details: String?
    /// What the agent asks for: false = trying again is pointless; nil or true = by policy.
    package var retry: Bool?
    /// At least this long until the next attempt, if longer than the policy's back-off.
    package var retryAfter: Duration?
    /// Of a worker that counts for itself: so many attempts are left, and the next may start after exactly `retryAfter`. Nil: by
    /// policy.
    package var retriesLeft: Int?

    package init(
        message: String, details: String? = nil, retry: Bool? = nil, retryAfter: Duration? = nil,
        retriesLeft: Int? = nil
    ) {
        self.message = message
        self.details = details
        self.retry = retry
        self.retryAfter = retryAfter
        self.retriesLeft = retriesLeft
    }
}

package struct BPMNError: Sendable, Hashable {
    package var code: String
    package var message: String?
    package var variables: [Variable]

    package init(code: String, message: String? = nil, variables: [Variable] = []) {
        self.code = code
        self.message = message
        self.variables = variables
    }
}

/// The caller's mistake: nothing happened to the instance.
package struct Rejection: Error, Sendable, Hashable {
    package enum Reason: String, Sendable, Hashable {
        /// No such instance, task, timer or incident; or it is over.
        case gone
        /// The command does not fit the state (a start of a started instance).
        case conflict
        /// The arguments are wrong.
        case invalid
        /// A start that cannot reach its first wait state.
        case stuck
    }
    package var reason: Reason
    package var message: String
    package var element: ElementID?

    package init(_ reason: Reason, _ message: String, element: ElementID? = nil) {
        self.reason = reason
        self.message = message
        self.element = element
    }
}
