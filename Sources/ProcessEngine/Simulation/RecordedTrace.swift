package import Expressions
package import Values

/// A behaviour trace as another engine recorded it: steps, and what is to be seen after each.
package struct RecordedTrace {
    private let trace: JSON
    private var simulation: Simulation
    private let isQualified: Bool
    /// How much of each journal was looked at.
    private var seen: [Int] = []

    /// An operation of the record that the replay does not know.
    package struct Unknown: Error {
        package let operation: String
    }

    /// `definitions`: of all models that the trace deploys.
    package init(
        _ trace: JSON, definitions: [ProcessDefinition], contracts: any TaskContracts,
        decisions: any DecisionMaker = NoDecisions(), zones: any ZoneRules = FixedZones()
    ) {
        self.trace = trace
        isQualified = trace["extra_paths"]?.elements()?.isEmpty == false
        simulation = Simulation(
            definitions, now: Timestamp(millisecondsSinceEpoch: 1_767_225_600_000), contracts: contracts,
            decisions: decisions, zones: zones)
    }

    /// What is not as recorded; nil if all is.
    package mutating func difference() throws(Unknown) -> String? {
        for (index, step) in (trace["steps"]?.elements() ?? []).enumerated() {
            let expected = step["expect"] ?? .null
            if let error = expected["error"] {
                let before = simulation
                let incidents = self.incidents
                if try perform(step) == nil, self.incidents <= incidents, !error.isNull {
                    return "step \(index + 1): was an error"
                }
                // The engine of the record threw and took its transaction back, where this one keeps what was done and opens an
                // incident.
                if !error.isNull { simulation = before }
                continue
            }
            let problem = try perform(step)
            if let problem { return "step \(index + 1): \(problem)" }
            if let difference = compare(expected) { return "step \(index + 1): \(difference)" }
        }
        return compareEnd(trace["expect"] ?? .null)
    }

    /// How many steps are stuck, but for tasks whose agent failed: those are no error of the engine.
    private var incidents: Int {
        simulation.members.reduce(0) { $0 + $1.instance.openIncidents.count { $0.kind != .taskFailed } }
    }

    /// How the first instance ended, and with which variables.
    private func compareEnd(_ expected: JSON) -> String? {
        guard let instance = simulation.members.first?.instance else { return nil }
        if let ended = expected["ended"]?.boolValue, ended != instance.isEnded { return "ended: \(instance.isEnded)" }
        for (name, value) in expected["variables"]?.members() ?? [] {
            let found = instance.rootVariable(name)
            if found?.canonical != value.canonical {
                return "\(name) is \(found?.text ?? "nothing"), not \(value.text)"
            }
        }
        return nil
    }

    // MARK: Doing

    /// Nil, or why it could not be done.
    private mutating func perform(_ step: JSON) throws(Unknown) -> String? {
        let operation = step["op"]?.stringValue ?? ""
        let isKnown: Bool
        do throws(Rejection) {
            isKnown = try carryOut(operation, step)
        } catch {
            return error.message
        }
        guard isKnown else { throw Unknown(operation: operation) }
        return nil
    }

    private mutating func carryOut(_ operation: String, _ step: JSON) throws(Rejection) -> Bool {
        guard let action = action(operation, step) else { return false }
        try simulation.perform(action)
        return true
    }

    /// Nil for an operation that is not known.
    private func action(_ operation: String, _ step: JSON) -> Simulation.Action? {
        let variables = Self.variables(step["vars"])
        let start = Self.variables(trace["start_variables"]) + variables
        let name = step["name"]?.stringValue ?? ""
        switch operation {
        case "start":
            return .start(
                process: step["key"]?.stringValue ?? "", variables: start, businessKey: step["businessKey"]?.stringValue
            )
        case "start_by_message": return .startByMessage(name, variables: start)
        case "complete_user_task", "complete_external_task": return .complete(place(of: step), variables)
        case "external_task_bpmn_error":
            let error = BPMNError(
                code: step["code"]?.stringValue ?? "", message: step["message"]?.stringValue, variables: variables)
            return .throwError(place(of: step), error)
        case "external_task_failure":
            return .fail(
                place(of: step),
                TaskFailure(message: "failed", retryAfter: .zero, retriesLeft: step["retries"]?.intValue ?? 0))
        case "message":
            let element = step["activity"]?.stringValue.map { _ in place(of: step).element }
            return .publish(name, key: nil, variables: variables, to: element)
        case "signal": return .signal(name, variables: variables)
        case "trigger": return .trigger(place(of: step), variables)
        case "fire_timer": return .fireTimer(place(of: step))
        case "advance_time": return .advance(.seconds(step["seconds"]?.intValue ?? 0))
        case "set_variables": return .setVariables(variables)
        default: return nil
        }
    }

    /// The activity of a step; the record names the process too where there are several models.
    private func place(of step: JSON) -> Simulation.Place {
        let activity = step["activity"]?.stringValue ?? ""
        guard isQualified, let slash = activity.firstIndex(of: "/") else {
            return Simulation.Place(ElementID(activity))
        }
        return Simulation.Place(
            ElementID(String(activity[activity.index(after: slash)...])), in: String(activity[..<slash]))
    }

    private static func variables(_ object: JSON?) -> [Variable] {
        (object?.members() ?? []).map { Variable(name: $0.name, value: $0.value) }
    }

    /// The record names the process where there are several models.
    private func text(of element: ElementID, in definition: ProcessDefinition) -> String {
        isQualified ? "\(definition.process)/\(element.text)" : element.text
    }

    // MARK: Comparing

    private mutating func compare(_ expected: JSON) -> String? {
        var completed: [String] = []
        var canceled: [String] = []
        for (index, member) in simulation.members.enumerated() {
            if index == seen.count { seen.append(0) }
            let ended = Self.ended(in: member, from: seen[index])
            completed += ended.completed.map { text(of: $0, in: member.definition) }
            canceled += ended.canceled.map { text(of: $0, in: member.definition) }
            seen[index] = member.journal.count
        }
        let wantedCompleted = Self.strings(expected["completed"])
        if completed.sorted() != wantedCompleted { return "completed \(completed.sorted()), not \(wantedCompleted)" }
        let wantedCanceled = Self.strings(expected["canceled"])
        if canceled.sorted() != wantedCanceled { return "canceled \(canceled.sorted()), not \(wantedCanceled)" }
        let active = simulation.members.flatMap { member in
            Self.leaves(of: member).map { text(of: $0, in: member.definition) }
        }
        let wantedActive = (expected["active"]?.members() ?? [])
            .flatMap { Array(repeating: $0.name, count: $0.value.intValue ?? 0) }
        if active.sorted() != wantedActive.sorted() { return "active \(active.sorted()), not \(wantedActive.sorted())" }
        let running = simulation.members.count { !$0.instance.isEnded }
        return running == expected["instances"]?.intValue ? nil : "running \(running)"
    }

    private static func strings(_ json: JSON?) -> [String] {
        (json?.elements() ?? []).compactMap(\.stringValue).sorted()
    }

    /// Activities that wait, without those that only hold others. A task that has no retries left is still one.
    private static func leaves(of member: Simulation.Member) -> [ElementID] {
        let failed = member.instance.openIncidents.filter { $0.kind == .taskFailed }.map(\.number)
        return member.instance.activeActivities.filter { activity in
            activity.incident.map(failed.contains) ?? true && !member.instance.isLoopBody(activity)
                && !(member.definition.element(activity.element) is any ScopeElement)
        }.map(\.element)
    }

    /// What the record tells of: not gateways, links, compensation boundary events, the bodies of loops, and what never
    /// came past the save point before it.
    private static func ended(
        in member: Simulation.Member, from start: Int
    ) -> (completed: [ElementID], canceled: [ElementID]) {
        var elements: [Int: ElementID] = [:]
        var scopes: [Int: Int] = [:]
        var bodies: Set<Int> = []
        var savePoints: [Int: Int] = [:]
        var ended: (completed: [ElementID], canceled: [ElementID]) = ([], [])
        for (index, event) in member.journal.enumerated() {
            if case .activityEntered(let number, let element, _) = event { elements[number] = element }
            if case .scopeOpened(let scope, _, let activity) = event { scopes[scope] = activity }
            if case .loop(.started(let scope, _, _)) = event, let body = scopes[scope] { bodies.insert(body) }
            if case .savePointReached(let activity, let timer, isAfter: false, _, _) = event {
                savePoints[timer] = activity
            }
            if case .timerFired(let timer) = event { savePoints[timer] = nil }
            guard index >= start else { continue }
            if case .activityCompleted(let number) = event, let element = elements[number], !bodies.contains(number),
                isRecorded(element, of: member.definition)
            {
                ended.completed.append(element)
            }
            if case .activityCanceled(let number) = event, let element = elements[number], !bodies.contains(number),
                !savePoints.values.contains(number), isRecorded(element, of: member.definition)
            {
                ended.canceled.append(element)
            }
        }
        return ended
    }

    private static func isRecorded(_ id: ElementID, of definition: ProcessDefinition) -> Bool {
        switch definition.element(id) {
        case is ExclusiveGateway, is ParallelGateway, is InclusiveGateway, is ComplexGateway, is EventBasedGateway,
            is LinkThrowEvent, is LinkCatchEvent, is CompensationBoundaryEvent:
            false
        default: true  // All other elements are told of, those that are yet to come too.
        }
    }
}
