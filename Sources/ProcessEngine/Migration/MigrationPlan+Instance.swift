import Values

extension MigrationPlan {
    /// What of this very instance cannot go over, each element once; empty if it can be migrated.
    package func problems(of instance: ProcessInstance) -> [MigrationProblem] {
        guard instance.definition == source.id else {
            let runs = instance.definition.map { "it runs \($0), not \(source.id)" } ?? "it is not started"
            return [MigrationProblem(message: runs)]
        }
        guard !instance.isEnded else { return [MigrationProblem(message: "it has ended")] }
        var found = Findings(plan: self)
        for activity in instance.activeActivities { found.check(activity, in: instance) }
        for scope in instance.openScopes {
            for waiting in scope.waiting { found.check(waiting) }
            for compensation in scope.compensationsInOrder { found.check(compensation) }
        }
        return found.problems
    }
}

/// Collects problems, one for each element: an element may hold a hundred thousand runs.
private struct Findings {
    let plan: MigrationPlan
    private(set) var problems: [MigrationProblem] = []
    private var named: Set<ElementID> = []

    init(plan: MigrationPlan) {
        self.plan = plan
    }

    mutating func check(_ activity: Activity, in instance: ProcessInstance) {
        guard !named.contains(activity.element) else { return }
        guard let heir = plan.counterpart(of: activity.element) else {
            let holds = Self.holdings(of: activity)
            return add(
                activity.element, "\(holds), and \(reason(for: activity.element))",
                "map it to another element, or \(activity.task == nil ? "let it finish" : "let the task finish") first")
        }
        if let task = activity.task.flatMap({ instance.task($0) }),
            let contract = (plan.target.definition.element(heir) as? ServiceTask)?.contract, contract != task.contract
        {
            add(
                activity.element,
                "a task of contract \(task.contract) is open, and \(heir) asks for \(contract) in \(plan.target.id)",
                "let the task finish first, or move its token")
        }
    }

    mutating func check(_ waiting: Scope.WaitingTokens) {
        guard let join = plan.counterpart(of: waiting.join) else {
            return add(
                waiting.join, "tokens wait there, and \(reason(for: waiting.join))", "map it to another gateway")
        }
        // What waits for its turn in an ad-hoc subprocess came by no flow.
        guard waiting.flow != AdHocSubProcess.turn, plan.counterpart(of: waiting.flow) == nil else { return }
        add(
            waiting.flow,
            "a token that came by this flow waits at \(waiting.join), and no flow to \(join) in \(plan.target.id) replaces it",
            "map the flow to one that leads there")
    }

    mutating func check(_ compensation: Compensation) {
        for id in [compensation.element] + [compensation.handler].compactMap(\.self)
        where plan.counterpart(of: id) == nil {
            add(
                id, "it may have to be undone, or undo something, and \(reason(for: id))", "map it to another element")
        }
    }

    private func reason(for id: ElementID) -> String {
        plan.unmapped.first { $0.element == id }?.message ?? "it has no counterpart"
    }

    private static func holdings(of activity: Activity) -> String {
        if activity.incident != nil { return "it has an open incident" }
        if activity.task != nil { return "a task is open" }
        if activity.userTask != nil { return "a user task is open" }
        if activity.call != nil { return "a called process runs" }
        if !activity.timers.isEmpty || !activity.subscriptions.isEmpty { return "it waits for an event" }
        return "it is at work"
    }

    private mutating func add(_ element: ElementID, _ message: String, _ suggestion: String) {
        guard named.insert(element).inserted else { return }
        problems.append(
            MigrationProblem(
                element: element, name: plan.source.definition.name(of: element), message: message,
                suggestion: suggestion))
    }
}
