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
    package init(_ trace: JSON, definitions: [ProcessDefinition], contracts: any TaskContracts) {
        self.trace = trace
        isQualified = trace["extra_paths"]?.elements()?.isEmpty == false
        simulation = Simulation(
            definitions, now: Timestamp(millisecondsSinceEpoch: 1_767_225_600_000), contracts: contracts)
    }

    /// What is not as recorded; nil if all is.
    package mutating func difference() throws(Unknown) -> String? {
        for (index, step) in (trace["steps"]?.elements() ?? []).enumerated() {
            let expected = step["expect"] ?? .null
            let problem = try perform(step)
            if expected["error"] != nil {
                if problem == nil && expected["error"]?.isNull != true { return "step \(index + 1): was an error" }
                continue
            }
            if let problem { return "step \(index + 1): \(problem)" }
            if let difference = compare(expected) { return "step \(index + 1): \(difference)" }
        }
        return compareEnd(trace["expect"] ?? .null)
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
        let variables = Self.variables(step["vars"])
        let name = step["name"]?.stringValue ?? ""
        switch operation {
        case "start":
            try simulation.start(
                step["key"]?.stringValue ?? "", variables: Self.variables(trace["start_variables"]) + variables,
                businessKey: step["businessKey"]?.stringValue)
        case "start_by_message":
            try simulation.start(message: name, variables: Self.variables(trace["start_variables"]) + variables)
        case "complete_user_task":
            let (id, task) = try find(step, in: \.openUserTasks, element: \.element)
            try simulation.send(.completeUserTask(number: task.number, variables: variables), to: id)
        case "complete_external_task":
            let (id, task) = try find(step, in: \.openTasks, element: \.element)
            try simulation.send(.completeTask(number: task.number, output: variables), to: id)
        case "external_task_bpmn_error":
            let (id, task) = try find(step, in: \.openTasks, element: \.element)
            let error = BPMNError(
                code: step["code"]?.stringValue ?? "", message: step["message"]?.stringValue, variables: variables)
            try simulation.send(.throwError(number: task.number, error), to: id)
        case "external_task_failure":
            let (id, task) = try find(step, in: \.openTasks, element: \.element)
            let failure = TaskFailure(message: "failed", retry: step["retries"]?.intValue != 0)
            try simulation.send(.failTask(number: task.number, failure), to: id)
        case "message":
            let element = step["activity"]?.stringValue.map { ElementID(local($0)) }
            guard try simulation.publish(name, variables: variables, to: element) else {
                throw Rejection(.gone, "nothing waits for the message \(name)")
            }
        case "signal": simulation.signal(name, variables: variables)
        case "trigger":
            let (id, subscription) = try find(step, in: \.openSubscriptions, element: \.element)
            try simulation.send(.correlate(subscription: subscription.number, variables: variables), to: id)
        case "fire_timer":
            let (id, timer) = try find(step, in: \.openTimers, element: \.element)
            simulation.now = max(simulation.now, timer.dueAt)
            try simulation.send(.fireTimer(number: timer.number), to: id)
        case "advance_time":
            let seconds = step["seconds"]?.intValue ?? 0
            try simulation.advance(to: simulation.now.advanced(by: .seconds(seconds)))
        case "set_variables":
            guard let member = simulation.members.first else { return true }
            try simulation.send(.setVariables(variables), to: member.id)
        default: return false
        }
        return true
    }

    /// The first open one of the step's activity, oldest instance first.
    private func find<Item>(
        _ step: JSON, in items: KeyPath<ProcessInstance, [Item]>, element: KeyPath<Item, ElementID>
    ) throws(Rejection) -> (InstanceID, Item) {
        let wanted = step["activity"]?.stringValue ?? ""
        for member in simulation.members where !member.instance.isEnded {
            let found = member.instance[keyPath: items].first {
                text(of: $0[keyPath: element], in: member.definition) == wanted
            }
            if let found { return (member.id, found) }
        }
        throw Rejection(.gone, "nothing is open of \(wanted)")
    }

    private static func variables(_ object: JSON?) -> [Variable] {
        (object?.members() ?? []).map { Variable(name: $0.name, value: $0.value) }
    }

    /// The record names the process where there are several models.
    private func text(of element: ElementID, in definition: ProcessDefinition) -> String {
        isQualified ? "\(definition.process)/\(element.text)" : element.text
    }

    private func local(_ activity: String) -> String {
        guard isQualified, let slash = activity.firstIndex(of: "/") else { return activity }
        return String(activity[activity.index(after: slash)...])
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

    /// Activities that wait, without those that only hold others.
    private static func leaves(of member: Simulation.Member) -> [ElementID] {
        member.instance.activeActivities.filter { activity in
            activity.incident == nil && !member.instance.isLoopBody(activity)
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
