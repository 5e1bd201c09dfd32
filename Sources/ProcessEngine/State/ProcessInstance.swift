import HashTreeCollections
import OrderedCollections
package import Values

/// The state of one process instance: the fold of its events.
///
/// Copies share what they do not change (persistent trees), so that a step on a copy costs what it changes and not what
/// the instance holds. `apply` is the only mutation.
package struct ProcessInstance: Sendable, Hashable {
    package private(set) var definition: DefinitionID?
    package private(set) var businessKey: String?
    package private(set) var labels = InstanceLabels()
    package private(set) var end: Event.InstanceEnd?
    /// The first BPMN error that nothing caught: with it the instance will end.
    package private(set) var uncaughtError: UncaughtError?
    /// The call that made it.
    package private(set) var parent: ParentCall?
    /// Which errors those catch that called it; nil: it is not known.
    package private(set) var caughtErrors: CaughtErrors?
    /// Of its tasks, where the model says nothing.
    package private(set) var priority: Int?
    /// A word that no other running instance has.
    package private(set) var uniqueKey: String?
    /// An operator stopped it; nil: it runs.
    package private(set) var suspension: Suspension?

    private(set) var lastActivity = 0
    private(set) var lastScope = 0
    private(set) var lastTask = 0
    private(set) var lastTimer = 0
    private(set) var lastIncident = 0
    private(set) var lastUserTask = 0
    private(set) var lastSubscription = 0
    private(set) var lastCompensation = 0
    private(set) var lastCall = 0

    private(set) var activities: TreeDictionary<Int, Activity> = [:]
    private(set) var scopes: TreeDictionary<Int, Scope> = [:]
    private(set) var tasks: TreeDictionary<Int, OpenTask> = [:]
    private(set) var timers: TreeDictionary<Int, OpenTimer> = [:]
    private(set) var incidents: TreeDictionary<Int, Event.Incident> = [:]
    private(set) var userTasks: TreeDictionary<Int, OpenUserTask> = [:]
    private(set) var subscriptions: TreeDictionary<Int, Subscription> = [:]
    /// Those that wait for a condition.
    private(set) var conditions: TreeSet<Int> = []
    private(set) var calls: TreeDictionary<Int, CallEvent.Call> = [:]
    /// How often the timers of the process's event subprocesses fired.
    private(set) var rootFirings: TreeDictionary<ElementID, Int> = [:]
    /// Scopes in which tokens wait at a join.
    private(set) var waitingScopes: TreeSet<Int> = []

    /// The process's own scope.
    static let rootScope = 1

    package struct UncaughtError: Sendable, Hashable {
        package let code: String
        package let message: String?
    }

    package init() {}

    package mutating func apply(_ events: [Event]) {
        for event in events { apply(event) }
    }

    /// Total: an event about something that is not there changes nothing.
    package mutating func apply(_ event: Event) {
        switch event {
        case .instanceStarted(let start):
            definition = start.definition
            businessKey = start.businessKey
            labels = start.labels
            parent = start.parent
            caughtErrors = start.caughtErrors
            priority = start.priority
            uniqueKey = start.uniqueKey
            open(Scope(number: Self.rootScope, parent: nil, activity: nil))
        case .instanceEnded(let end): finish(end)
        case .activityEntered(let number, let element, let scope):
            lastActivity = max(lastActivity, number)
            activities[number] = Activity(number: number, element: element, scope: scope)
            scopes[scope]?.activities.insert(number)
        case .activityCompleted(let activity), .activityCanceled(let activity):
            guard let gone = activities.removeValue(forKey: activity) else { return }
            scopes[gone.scope]?.activities.remove(activity)
            if let compensator = gone.compensator { activities[compensator]?.compensating.remove(activity) }
        case .thrown(.uncaughtError(let code, let message, _)):
            uncaughtError = uncaughtError ?? UncaughtError(code: code, message: message)
        case .flowTaken, .taskEventRecorded, .errorCaught, .thrown, .decisionEvaluated: return
        case .tokenArrived(let element, let flow, let scope):
            scopes[scope]?.addToken(at: element, by: flow)
            if scopes[scope] != nil { waitingScopes.insert(scope) }
        case .tokensJoined(let element, let flows, let scope):
            for flow in flows { scopes[scope]?.removeToken(at: element, by: flow) }
            scopes[scope]?.noteJoining(element, by: flows)
            if scopes[scope]?.waiting.isEmpty ?? true { waitingScopes.remove(scope) }
        case .scopeOpened(let scope, let parent, let activity): open(scope, in: parent, for: activity)
        case .scopeClosed(let scope): close(scope)
        case .variablesSet(let scope, let variables):
            if suspension != nil, !conditions.isEmpty {
                let existed = namesThatExist(in: scope, of: variables)
                suspension?.note(VariableChange(of: variables.map(\.name), in: scope, existed: existed))
            }
            for variable in variables { scopes[scope]?.variables[variable.name] = variable.value }
        case .outputKept(let activity, let output): activities[activity]?.keptOutput = output
        case .outputMapped(let activity): activities[activity]?.keptOutput = nil
        case .taskCreated(let created): create(created)
        case .taskCompleted(let number), .taskErrorThrown(let number, _, _), .taskCanceled(let number): endTask(number)
        case .taskFailed(let failed): fail(failed)
        case .taskRetried(let number, let retries, let dueAt): retryTask(number, retries: retries, dueAt: dueAt)
        case .timerScheduled(let number, let activity, let element, let dueAt):
            schedule(OpenTimer(number: number, activity: activity, element: element, dueAt: dueAt))
        case .timerFired(let number): fireTimer(number)
        case .timerCanceled(let number): _ = removeTimer(number)
        case .incidentRaised(let incident):
            lastIncident = max(lastIncident, incident.number)
            incidents[incident.number] = incident
            activities[incident.activity]?.incident = incident.number
        case .incidentResolved(let number):
            guard let resolved = incidents.removeValue(forKey: number) else { return }
            activities[resolved.activity]?.incident = nil
        case .savePointReached(let activity, let timer, let isAfter, let failures, _):
            activities[activity]?.savePoint = Activity.SavePoint(timer: timer, isAfter: isAfter, failures: failures)
        case .userTask(let event): apply(event)
        case .subscription(let event): apply(event)
        case .loop(let event): apply(event)
        case .compensation(let event): apply(event)
        case .call(let event): apply(event)
        case .suspended: suspension = Suspension()
        case .resumed: suspension = nil
        case .held(let input):
            suspension?.hold(input, for: input.subscription.flatMap { subscriptions[$0] })
        case .migrated(let migrated): migrate(migrated)
        }
    }

    private mutating func migrate(_ migrated: Event.Migrated) {
        definition = migrated.definition
        labels.workflow = migrated.workflow
        labels.workflowVersion = migrated.workflowVersion
        let names = migrated.newNames
        guard !names.isEmpty else { return }
        activities = activities.mapValues { $0.renamed(by: names) }
        scopes = scopes.mapValues { $0.renamed(by: names) }
        func rename<Subject>(_ subject: Subject, _ element: WritableKeyPath<Subject, ElementID>) -> Subject {
            guard let name = names[subject[keyPath: element]] else { return subject }
            var subject = subject
            subject[keyPath: element] = name
            return subject
        }
        tasks = tasks.mapValues { rename($0, \.element) }
        timers = timers.mapValues { rename($0, \.element) }
        incidents = incidents.mapValues { rename($0, \.element) }
        userTasks = userTasks.mapValues { rename($0, \.element) }
        subscriptions = subscriptions.mapValues { rename($0, \.element) }
        calls = calls.mapValues { rename($0, \.element) }
        var firings: TreeDictionary<ElementID, Int> = [:]
        for (element, count) in rootFirings { firings[names[element] ?? element] = count }
        rootFirings = firings
        suspension?.rename(by: names)
    }

    private mutating func open(_ scope: Scope) {
        lastScope = max(lastScope, scope.number)
        scopes[scope.number] = scope
    }

    /// The first scope of an activity is its own; those it opens besides are the runs of a loop.
    private mutating func open(_ number: Int, in parent: Int, for activity: Int) {
        var scope = Scope(number: number, parent: parent, activity: activity)
        scope.element = activities[activity]?.element
        if let body = activities[activity]?.innerScope, body != number {
            scope.iteration = scopes[body]?.loop?.started
            scopes[body]?.loop?.started += 1
            scopes[body]?.iterations.insert(number)
        } else {
            activities[activity]?.innerScope = number
            activities[activity]?.phase = .waiting
        }
        open(scope)
    }

    private mutating func close(_ number: Int) {
        guard let scope = scopes.removeValue(forKey: number) else { return }
        waitingScopes.remove(number)
        if scope.iteration != nil, let body = scope.parent {
            scopes[body]?.iterations.remove(number)
        } else if let activity = scope.activity {
            activities[activity]?.innerScope = nil
            activities[activity]?.phase = .leaving
        } else if let parent = scope.parent {
            scopes[parent]?.retained.remove(number)
        }
    }

    private mutating func finish(_ end: Event.InstanceEnd) {
        self.end = end
        suspension = nil
        activities = [:]
        tasks = [:]
        timers = [:]
        incidents = [:]
        userTasks = [:]
        subscriptions = [:]
        conditions = []
        calls = [:]
        waitingScopes = []
        scopes = scopes.filter { $0.key == Self.rootScope }
        scopes[Self.rootScope]?.activities = []
        scopes[Self.rootScope]?.waiting = []
        scopes[Self.rootScope]?.timers = []
        scopes[Self.rootScope]?.subscriptions = []
        scopes[Self.rootScope]?.compensations = [:]
        scopes[Self.rootScope]?.retained = []
    }

    private mutating func create(_ created: Event.TaskCreated) {
        lastTask = max(lastTask, created.task)
        tasks[created.task] = OpenTask(
            number: created.task, activity: created.activity, element: created.element, contract: created.contract,
            priority: created.priority, input: created.input, retriesLeft: created.retries)
        activities[created.activity]?.task = created.task
        activities[created.activity]?.phase = .waiting
    }

    private mutating func endTask(_ number: Int) {
        guard let task = tasks.removeValue(forKey: number) else { return }
        activities[task.activity]?.task = nil
        activities[task.activity]?.phase = .leaving
    }

    private mutating func fail(_ failed: Event.TaskFailed) {
        guard var task = tasks[failed.task] else { return }
        task.retriesLeft = failed.retriesLeft
        task.failures += 1
        task.dueAt = failed.dueAt
        tasks[failed.task] = task
    }

    private mutating func retryTask(_ number: Int, retries: Int, dueAt: Timestamp) {
        guard var task = tasks[number] else { return }
        task.retriesLeft = retries
        task.failures = 0
        task.dueAt = dueAt
        tasks[number] = task
    }

    private mutating func schedule(_ timer: OpenTimer) {
        lastTimer = max(lastTimer, timer.number)
        timers[timer.number] = timer
        if timer.activity == 0 { scopes[Self.rootScope]?.timers.append(timer.number) }
        guard var owner = activities[timer.activity] else { return }
        owner.timers.append(timer.number)
        if owner.element == timer.element { owner.phase = .waiting }
        activities[timer.activity] = owner
    }

    private mutating func fireTimer(_ number: Int) {
        guard let timer = removeTimer(number) else { return }
        if timer.activity == 0 { rootFirings[timer.element, default: 0] += 1 }
        guard var owner = activities[timer.activity] else { return }
        owner.countFiring(of: timer.element)
        if let savePoint = owner.savePoint, savePoint.timer == number {
            owner.savePoint = nil
            owner.phase = savePoint.isAfter ? .leaving : .entering
        } else if owner.element == timer.element {
            owner.phase = .leaving
        }
        activities[timer.activity] = owner
    }

    private mutating func removeTimer(_ number: Int) -> OpenTimer? {
        guard let timer = timers.removeValue(forKey: number) else { return nil }
        activities[timer.activity]?.timers.removeAll { $0 == number }
        if timer.activity == 0 { scopes[Self.rootScope]?.timers.removeAll { $0 == number } }
        return timer
    }
}

extension ProcessInstance {
    private mutating func apply(_ event: UserTaskEvent) {
        switch event {
        case .created(let task):
            lastUserTask = max(lastUserTask, task.number)
            userTasks[task.number] = task
            activities[task.activity]?.userTask = task.number
            activities[task.activity]?.phase = .waiting
        case .claimed(let number, let assignee): userTasks[number]?.assignee = assignee
        case .completed(let number), .errorThrown(let number, _, _), .canceled(let number):
            guard let task = userTasks.removeValue(forKey: number) else { return }
            activities[task.activity]?.userTask = nil
            activities[task.activity]?.phase = .leaving
        }
    }

    private mutating func apply(_ event: SubscriptionEvent) {
        switch event {
        case .opened(let subscription):
            let number = subscription.number
            lastSubscription = max(lastSubscription, number)
            subscriptions[number] = subscription
            if subscription.isCondition {
                conditions.insert(number)
                suspension?.note(condition: number)
            }
            if subscription.activity == 0 { scopes[Self.rootScope]?.subscriptions.append(number) }
            guard var owner = activities[subscription.activity] else { return }
            owner.subscriptions.append(number)
            if owner.element == subscription.element { owner.phase = .waiting }
            activities[subscription.activity] = owner
        case .triggered(let number):
            guard let subscription = subscriptions[number] else { return }
            if activities[subscription.activity]?.element == subscription.element {
                activities[subscription.activity]?.phase = .leaving
            }
        case .closed(let number):
            guard let subscription = subscriptions.removeValue(forKey: number) else { return }
            conditions.remove(number)
            activities[subscription.activity]?.subscriptions.removeAll { $0 == number }
            if subscription.activity == 0 { scopes[Self.rootScope]?.subscriptions.removeAll { $0 == number } }
        }
    }

    private mutating func apply(_ event: LoopEvent) {
        switch event {
        case .started(let scope, let count, let items): scopes[scope]?.loop = LoopState(count: count, items: items)
        case .iterationEnded(let scope, let iteration, let output):
            scopes[scope]?.loop?.completed += 1
            if let output { scopes[scope]?.loop?.outputs[iteration] = output }
        }
    }

    private mutating func apply(_ event: CompensationEvent) {
        switch event {
        case .kept(let compensation):
            lastCompensation = max(lastCompensation, compensation.number)
            scopes[compensation.scope]?.compensations[compensation.number] = compensation
            guard let retained = compensation.retained, let activity = scopes[retained]?.activity else { return }
            scopes[compensation.scope]?.retained.insert(retained)
            scopes[retained]?.activity = nil
            scopes[retained]?.parent = compensation.scope
            activities[activity]?.innerScope = nil
            activities[activity]?.phase = .leaving
        case .begun(let number, let scope): scopes[scope]?.compensations[number] = nil
        case .handling(let activity, let thrower):
            activities[activity]?.compensator = thrower
            activities[thrower]?.compensating.insert(activity)
            activities[thrower]?.hasUndone = true
            activities[thrower]?.phase = .waiting
        }
    }

    private mutating func apply(_ event: CallEvent) {
        switch event {
        case .requested(let call):
            lastCall = max(lastCall, call.call)
            calls[call.call] = call
            suspension?.request(call.call)
            activities[call.activity]?.call = call.call
            activities[call.activity]?.hasCalled = true
            activities[call.activity]?.phase = .waiting
        case .escalated: return
        case .failed(let number):
            suspension?.forget(call: number)
            guard let call = calls.removeValue(forKey: number) else { return }
            activities[call.activity]?.call = nil
        case .completed(let number), .canceled(let number):
            suspension?.forget(call: number)
            guard let call = calls.removeValue(forKey: number) else { return }
            activities[call.activity]?.call = nil
            activities[call.activity]?.phase = .leaving
        }
    }
}

/// What others may see. Everything that is a list is ordered by number, so that it is the same in every run.
extension ProcessInstance {
    /// Nothing happened to it yet.
    package var isEmpty: Bool { definition == nil }
    package var isEnded: Bool { end != nil }
    package var isSuspended: Bool { suspension != nil }

    package var activeActivities: [Activity] { activities.values.sorted { $0.number < $1.number } }
    package var openTasks: [OpenTask] { tasks.values.sorted { $0.number < $1.number } }
    package var openTimers: [OpenTimer] { timers.values.sorted { $0.number < $1.number } }
    package var openIncidents: [Event.Incident] { incidents.values.sorted { $0.number < $1.number } }

    package var openUserTasks: [OpenUserTask] { userTasks.values.sorted { $0.number < $1.number } }
    package var openSubscriptions: [Subscription] { subscriptions.values.sorted { $0.number < $1.number } }
    package var openCalls: [CallEvent.Call] { calls.values.sorted { $0.call < $1.call } }

    package func userTask(_ number: Int) -> OpenUserTask? { userTasks[number] }
    package func subscription(_ number: Int) -> Subscription? { subscriptions[number] }
    package func call(_ number: Int) -> CallEvent.Call? { calls[number] }
    /// Whether the scope is that of one run of a loop.
    package func isIteration(_ scope: Int) -> Bool { scope != Self.rootScope && scopes[scope]?.iteration != nil }
    /// Whether the activity is the body of a loop, whose runs are activities of the same element.
    package func isLoopBody(_ activity: Activity) -> Bool {
        activity.innerScope.map { scopes[$0]?.loop != nil } ?? false
    }

    package func activity(_ number: Int) -> Activity? { activities[number] }
    package func task(_ number: Int) -> OpenTask? { tasks[number] }
    package func timer(_ number: Int) -> OpenTimer? { timers[number] }
    func scope(_ number: Int) -> Scope? { scopes[number] }
    /// The same as asking for it, without a copy of all that it holds.
    func hasScope(_ number: Int) -> Bool { scopes.keys.contains(number) }
    var openScopes: [Scope] { scopes.values.sorted { $0.number < $1.number } }
    package func incident(_ number: Int) -> Event.Incident? { incidents[number] }

    /// Those of the conditions, in order, that a change in the scope may concern: what is inside it waits for them, or the activity
    /// that it is the scope of.
    func conditions(around scope: Int) -> [Int] {
        guard scope != Self.rootScope else { return conditions.sorted() }
        var found: Set<Int> = []
        func note(_ activity: Int?) {
            for number in activity.flatMap({ activities[$0]?.subscriptions }) ?? [] where conditions.contains(number) {
                found.insert(number)
            }
        }
        note(scopes[scope]?.activity)
        var next = [scope]
        while let inner = next.popLast().flatMap({ scopes[$0] }) {
            for activity in inner.activities {
                note(activity)
                if let own = activities[activity]?.innerScope { next.append(own) }
            }
            next += inner.iterations
            next += inner.retained
        }
        return found.sorted()
    }

    /// The variables of one scope, in the order in which they first appeared; nil if there is no such scope.
    package func variables(of scope: Int) -> [Variable]? {
        scopes[scope].map { $0.variables.map { Variable(name: $0.key, value: $0.value) } }
    }
    /// Those of the variables that the scope has.
    func namesThatExist(in scope: Int, of variables: [Variable]) -> Set<String> {
        guard let known = scopes[scope]?.variables else { return [] }
        return Set(variables.map(\.name).filter { known[$0] != nil })
    }
    package var rootVariables: [Variable] { variables(of: Self.rootScope) ?? [] }
    /// A variable of the process itself.
    package func rootVariable(_ name: String) -> JSON? { scopes[Self.rootScope]?.variables[name] }

    /// The scope that has the variable, searched outwards from `scope`; the root if none has it.
    func scope(owning name: String, from scope: Int) -> Int {
        var next: Int? = scope
        while let number = next, let candidate = scopes[number] {
            if candidate.variables[name] != nil { return number }
            next = candidate.parent
        }
        return Self.rootScope
    }
}
