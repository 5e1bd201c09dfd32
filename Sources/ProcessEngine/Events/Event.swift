package import Values

/// What happened in an instance. State is the fold of events; the journal keeps them for ever, so a new meaning is a
/// new case.
///
/// Numbers are counters inside the instance, one sequence for each kind, from 1. Scope 1 is the process itself.
package enum Event: Sendable, Hashable {
    case instanceStarted(InstanceStarted)
    case instanceEnded(InstanceEnd)

    /// A token came to an element; the element's activity instance has the same number for life.
    case activityEntered(activity: Int, element: ElementID, scope: Int)
    case activityCompleted(activity: Int)
    /// The activity ended because something else did: a boundary event, a cancel, the end of its scope.
    case activityCanceled(activity: Int)
    /// A token passed a sequence flow.
    case flowTaken(flow: ElementID, scope: Int)
    /// A token waits at a joining gateway for its siblings.
    case tokenArrived(element: ElementID, flow: ElementID, scope: Int)
    /// The waiting tokens of a join are used up: one of each listed flow.
    case tokensJoined(element: ElementID, flows: [ElementID], scope: Int)

    /// A subprocess opened a scope for its variables and tokens; `activity` is the subprocess's own activity.
    case scopeOpened(scope: Int, parent: Int, activity: Int)
    case scopeClosed(scope: Int)
    case variablesSet(scope: Int, [Variable])
    /// What the output mapping of a finished task reads is kept, because mapping failed: an incident's retry maps it
    /// again.
    case outputKept(activity: Int, [Variable])
    /// The kept output was mapped after all.
    case outputMapped(activity: Int)

    case taskCreated(TaskCreated)
    case taskCompleted(task: Int)
    case taskFailed(TaskFailed)
    case taskErrorThrown(task: Int, code: String, message: String?)
    /// The task went away with its activity; its agent may be told.
    case taskCanceled(task: Int)
    /// An agent reported a named event of its contract.
    case taskEventRecorded(task: Int, name: String, payload: JSON)
    /// An operator gave a failed task new attempts.
    case taskRetried(task: Int, retries: Int, dueAt: Timestamp)

    /// `activity` 0: the process itself, for the timers of its event subprocesses.
    case timerScheduled(timer: Int, activity: Int, element: ElementID, dueAt: Timestamp)
    case timerFired(timer: Int)
    case timerCanceled(timer: Int)

    /// An error boundary event (or a later element of that kind) caught a BPMN error.
    case errorCaught(code: String, message: String?, by: ElementID, activity: Int)
    case incidentRaised(Incident)
    case incidentResolved(incident: Int)

    case userTask(UserTaskEvent)
    case subscription(SubscriptionEvent)
    case loop(LoopEvent)
    case compensation(CompensationEvent)
    case call(CallEvent)
    case thrown(ThrownEvent)
    /// An activity goes on only by a timer that is due at once: before its work, or after it.
    /// `failures`: so many times what comes after it failed already, the last time by `problem`; it is tried again.
    case savePointReached(activity: Int, timer: Int, isAfter: Bool, failures: Int, problem: String?)
    /// A decision was made; nil: what wrote it did not know the version.
    case decisionEvaluated(activity: Int, decision: String, version: Int?, result: JSON)
    /// An operator stopped the instance, or let it go on.
    case suspended
    case resumed
    /// From here on it is an instance of another version of its process.
    case migrated(Migrated)
    /// Something came from outside while the instance was suspended.
    case held(HeldInput)

    package struct InstanceStarted: Sendable, Hashable {
        package var definition: DefinitionID
        package var businessKey: String?
        package var labels: InstanceLabels
        /// The call that made it; nil: it was started by itself.
        package var parent: ParentCall?
        /// Which errors those catch that called it; nil: what wrote it did not know.
        package var caughtErrors: CaughtErrors?
        /// Of its tasks, where the model says nothing.
        package var priority: Int?
        /// A word that is given back at its end.
        package var uniqueKey: String?
        package init(
            definition: DefinitionID, businessKey: String?, labels: InstanceLabels, parent: ParentCall? = nil,
            caughtErrors: CaughtErrors? = nil, priority: Int? = nil, uniqueKey: String? = nil
        ) {
            self.definition = definition
            self.businessKey = businessKey
            self.labels = labels
            self.parent = parent
            self.caughtErrors = caughtErrors
            self.priority = priority
            self.uniqueKey = uniqueKey
        }
    }

    package struct Migrated: Sendable, Hashable {
        /// Of an element or a flow.
        package struct Renaming: Sendable, Hashable {
            package var from: ElementID
            package var to: ElementID
            package init(from: ElementID, to: ElementID) {
                self.from = from
                self.to = to
            }
        }
        package var definition: DefinitionID
        /// The labels of the instance from now on.
        package var workflow: String?
        package var workflowVersion: String?
        /// Those that have another id in the new version; all others keep theirs.
        package var renamed: [Renaming]

        package init(
            definition: DefinitionID, workflow: String?, workflowVersion: String?, renamed: [Renaming] = []
        ) {
            self.definition = definition
            self.workflow = workflow
            self.workflowVersion = workflowVersion
            self.renamed = renamed
        }

        /// What an element, or a flow, is called from now on.
        package var newNames: [ElementID: ElementID] {
            Dictionary(renamed.map { ($0.from, $0.to) }, uniquingKeysWith: { first, _ in first })
        }
    }

    package enum InstanceEnd: Sendable, Hashable {
        case completed
        /// An error end event, or a BPMN error that nothing caught.
        case completedWithError(code: String, message: String?)
        case canceled(reason: String)
    }

    package struct TaskCreated: Sendable, Hashable {
        package var task: Int
        package var activity: Int
        package var element: ElementID
        package var contract: ContractKey
        package var priority: Int
        /// Attempts it may use.
        package var retries: Int
        package var input: JSON
        package init(
            task: Int, activity: Int, element: ElementID, contract: ContractKey, priority: Int, retries: Int,
            input: JSON
        ) {
            self.task = task
            self.activity = activity
            self.element = element
            self.contract = contract
            self.priority = priority
            self.retries = retries
            self.input = input
        }
    }

    package struct TaskFailed: Sendable, Hashable {
        package var task: Int
        package var message: String
        package var details: String?
        package var retriesLeft: Int
        /// When the next attempt may start; meaningless without retries left.
        package var dueAt: Timestamp
        package init(task: Int, message: String, details: String?, retriesLeft: Int, dueAt: Timestamp) {
            self.task = task
            self.message = message
            self.details = details
            self.retriesLeft = retriesLeft
            self.dueAt = dueAt
        }
    }

    package struct Incident: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable {
            case taskFailed = "task-failed"
            case expressionFailed = "expression-failed"
            case contractViolated = "contract-violated"
            case noFlowTaken = "no-flow-taken"
            case transitionLimit = "transition-limit"
            /// Tokens wait at a join for siblings that can no longer come; a retry passes it with those that are there.
            case joinStuck = "join-stuck"
            case unroutable = "unroutable"
            case callFailed = "call-failed"
            case decisionFailed = "decision-failed"
            /// Nothing catches a BPMN error, in a process that wants an operator then; a retry does the work again.
            case uncaughtError = "uncaught-error"
        }
        package var number: Int
        package var kind: Kind
        package var activity: Int
        package var element: ElementID
        package var task: Int?
        package var message: String
        package init(number: Int, kind: Kind, activity: Int, element: ElementID, task: Int? = nil, message: String) {
            self.number = number
            self.kind = kind
            self.activity = activity
            self.element = element
            self.task = task
            self.message = message
        }
    }
}
