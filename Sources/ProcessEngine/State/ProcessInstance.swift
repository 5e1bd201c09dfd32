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

    private(set) var lastActivity = 0
    private(set) var lastScope = 0
    private(set) var lastTask = 0
    private(set) var lastTimer = 0
    private(set) var lastIncident = 0

    private(set) var activities: TreeDictionary<Int, Activity> = [:]
    private(set) var scopes: TreeDictionary<Int, Scope> = [:]
    private(set) var tasks: TreeDictionary<Int, OpenTask> = [:]
    private(set) var timers: TreeDictionary<Int, OpenTimer> = [:]
    private(set) var incidents: TreeDictionary<Int, Event.Incident> = [:]

    /// The process's own scope.
    static let rootScope = 1

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
            open(Scope(number: Self.rootScope, parent: nil, activity: nil))
        case .instanceEnded(let end): finish(end)
        case .activityEntered(let number, let element, let scope):
            lastActivity = max(lastActivity, number)
            activities[number] = Activity(number: number, element: element, scope: scope)
            scopes[scope]?.activities.insert(number)
        case .activityCompleted(let activity), .activityCanceled(let activity):
            guard let gone = activities.removeValue(forKey: activity) else { return }
            scopes[gone.scope]?.activities.remove(activity)
        case .flowTaken, .taskEventRecorded: return
        case .tokenArrived(let element, let flow, let scope):
            scopes[scope]?.addToken(at: element, by: flow)
        case .tokensJoined(let element, let flows, let scope):
            for flow in flows { scopes[scope]?.removeToken(at: element, by: flow) }
        case .scopeOpened(let scope, let parent, let activity):
            open(Scope(number: scope, parent: parent, activity: activity))
            activities[activity]?.innerScope = scope
            activities[activity]?.phase = .waiting
        case .scopeClosed(let scope): close(scope)
        case .variablesSet(let scope, let variables):
            for variable in variables { scopes[scope]?.variables[variable.name] = variable.value }
        case .outputKept(let activity, let output): activities[activity]?.keptOutput = output
        case .outputMapped(let activity): activities[activity]?.keptOutput = nil
        case .taskCreated, .taskCompleted, .taskFailed, .taskErrorThrown, .taskCanceled, .taskRetried:
            applyToTasks(event)
        case .timerScheduled, .timerFired, .timerCanceled: applyToTimers(event)
        case .errorCaught: return
        case .incidentRaised(let incident):
            lastIncident = max(lastIncident, incident.number)
            incidents[incident.number] = incident
            activities[incident.activity]?.incident = incident.number
        case .incidentResolved(let number):
            guard let resolved = incidents.removeValue(forKey: number) else { return }
            activities[resolved.activity]?.incident = nil
        }
    }

    private mutating func open(_ scope: Scope) {
        lastScope = max(lastScope, scope.number)
        scopes[scope.number] = scope
    }

    private mutating func close(_ number: Int) {
        guard let scope = scopes.removeValue(forKey: number), let activity = scope.activity else { return }
        activities[activity]?.innerScope = nil
        activities[activity]?.phase = .leaving
    }

    private mutating func finish(_ end: Event.InstanceEnd) {
        self.end = end
        activities = [:]
        tasks = [:]
        timers = [:]
        incidents = [:]
        scopes = scopes.filter { $0.key == Self.rootScope }
        scopes[Self.rootScope]?.activities = []
        scopes[Self.rootScope]?.waiting = []
    }

    private mutating func applyToTasks(_ event: Event) {
        switch event {
        case .taskCreated(let created):
            lastTask = max(lastTask, created.task)
            tasks[created.task] = OpenTask(
                number: created.task, activity: created.activity, element: created.element, contract: created.contract,
                priority: created.priority, input: created.input, retriesLeft: created.retries)
            activities[created.activity]?.task = created.task
            activities[created.activity]?.phase = .waiting
        case .taskCompleted(let number), .taskErrorThrown(let number, _, _), .taskCanceled(let number):
            guard let task = tasks.removeValue(forKey: number) else { return }
            activities[task.activity]?.task = nil
            activities[task.activity]?.phase = .leaving
        case .taskFailed(let failed):
            guard var task = tasks[failed.task] else { return }
            task.retriesLeft = failed.retriesLeft
            task.failures += 1
            task.dueAt = failed.dueAt
            tasks[failed.task] = task
        case .taskRetried(let number, let retries, let dueAt):
            guard var task = tasks[number] else { return }
            task.retriesLeft = retries
            task.failures = 0
            task.dueAt = dueAt
            tasks[number] = task
        case .instanceStarted, .instanceEnded, .activityEntered, .activityCompleted, .activityCanceled, .flowTaken,
            .tokenArrived,
            .tokensJoined, .scopeOpened, .scopeClosed, .variablesSet, .outputKept, .outputMapped, .taskEventRecorded,
            .timerScheduled, .timerFired,
            .timerCanceled, .errorCaught, .incidentRaised, .incidentResolved:
            return
        }
    }

    private mutating func applyToTimers(_ event: Event) {
        switch event {
        case .timerScheduled(let number, let activity, let element, let dueAt):
            lastTimer = max(lastTimer, number)
            timers[number] = OpenTimer(number: number, activity: activity, element: element, dueAt: dueAt)
            guard var owner = activities[activity] else { return }
            owner.timers.append(number)
            if owner.element == element { owner.phase = .waiting }
            activities[activity] = owner
        case .timerFired(let number):
            guard let timer = removeTimer(number), var owner = activities[timer.activity] else { return }
            owner.countFiring(of: timer.element)
            if owner.element == timer.element { owner.phase = .leaving }
            activities[timer.activity] = owner
        case .timerCanceled(let number): _ = removeTimer(number)
        case .instanceStarted, .instanceEnded, .activityEntered, .activityCompleted, .activityCanceled, .flowTaken,
            .tokenArrived,
            .tokensJoined, .scopeOpened, .scopeClosed, .variablesSet, .outputKept, .outputMapped, .taskCreated,
            .taskCompleted, .taskFailed,
            .taskErrorThrown, .taskCanceled, .taskEventRecorded, .taskRetried, .errorCaught, .incidentRaised,
            .incidentResolved:
            return
        }
    }

    private mutating func removeTimer(_ number: Int) -> OpenTimer? {
        guard let timer = timers.removeValue(forKey: number) else { return nil }
        activities[timer.activity]?.timers.removeAll { $0 == number }
        return timer
    }
}

/// What others may see. Everything that is a list is ordered by number, so that it is the same in every run.
extension ProcessInstance {
    /// Nothing happened to it yet.
    package var isEmpty: Bool { definition == nil }
    package var isEnded: Bool { end != nil }

    package var activeActivities: [Activity] { activities.values.sorted { $0.number < $1.number } }
    package var openTasks: [OpenTask] { tasks.values.sorted { $0.number < $1.number } }
    package var openTimers: [OpenTimer] { timers.values.sorted { $0.number < $1.number } }
    package var openIncidents: [Event.Incident] { incidents.values.sorted { $0.number < $1.number } }

    package func activity(_ number: Int) -> Activity? { activities[number] }
    package func task(_ number: Int) -> OpenTask? { tasks[number] }
    package func timer(_ number: Int) -> OpenTimer? { timers[number] }
    func scope(_ number: Int) -> Scope? { scopes[number] }
    package func incident(_ number: Int) -> Event.Incident? { incidents[number] }

    /// The variables of one scope, in the order in which they first appeared; nil if there is no such scope.
    package func variables(of scope: Int) -> [Variable]? {
        scopes[scope].map { $0.variables.map { Variable(name: $0.key, value: $0.value) } }
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
