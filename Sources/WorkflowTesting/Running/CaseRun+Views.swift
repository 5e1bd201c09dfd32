import Contracts
import ProcessEngine
import Values

/// What can be seen of a test's run.
extension CaseRun {
    /// An event of any instance, in the order in which they happened.
    struct Occurrence {
        let member: Simulation.Member
        let event: Event
    }

    var occurrences: [Occurrence] {
        simulation.moments.map { moment in
            let member = simulation.members[moment.member]
            return Occurrence(member: member, event: member.journal[moment.event])
        }
    }

    /// The elements that were entered, each time; the body of a loop not besides its runs.
    var path: [String] {
        let bodies = simulation.members.map { Self.loopBodies(of: $0) }
        return simulation.moments.compactMap { moment in
            let member = simulation.members[moment.member]
            guard case .activityEntered(let number, let element, _) = member.journal[moment.event],
                !bodies[moment.member].contains(number)
            else { return nil }
            return name(of: element, in: member)
        }
    }

    private static func loopBodies(of member: Simulation.Member) -> Set<Int> {
        var activities: [Int: Int] = [:]
        var bodies: Set<Int> = []
        for event in member.journal {
            if case .scopeOpened(let scope, _, let activity) = event { activities[scope] = activity }
            if case .loop(.started(let scope, _, _)) = event, let body = activities[scope] { bodies.insert(body) }
        }
        return bodies
    }

    /// Where something waits, in the order of entry.
    var waiting: [String] {
        simulation.members.flatMap { member in
            member.instance.activeActivities.filter { isLeaf($0, of: member) }.map { name(of: $0.element, in: member) }
        }
    }

    private func isLeaf(_ activity: Activity, of member: Simulation.Member) -> Bool {
        guard activity.incident == nil, !member.instance.isLoopBody(activity),
            !(member.definition.element(activity.element) is any ScopeElement)
        else { return false }
        guard let call = activity.call else { return true }
        let parent = ParentCall(instance: member.id, call: call)
        return !simulation.members.contains { $0.instance.parent == parent && !$0.instance.isEnded }
    }

    var incidents: [(element: String, incident: Event.Incident)] {
        simulation.members.flatMap { member in
            member.instance.openIncidents.map { (name(of: $0.element, in: member), $0) }
        }
    }

    /// Every task that was handed out, with its input.
    var tasks: [(element: String, input: JSON)] {
        occurrences.compactMap { occurrence in
            guard case .taskCreated(let task) = occurrence.event else { return nil }
            return (name(of: task.element, in: occurrence.member), task.input)
        }
    }

    var state: Expectation.State {
        guard let tested = simulation.members.first?.instance else { return .rejected }
        switch tested.end {
        case .completed: return .completed
        case .completedWithError: return .completedWithError
        case .canceled: return .canceled
        case nil: return incidents.isEmpty ? .running : .incident
        }
    }

    /// Of a process that ended with one: its code, and what was said of it.
    var error: (code: String, message: String?)? {
        guard case .completedWithError(let code, let message)? = simulation.members.first?.instance.end else {
            return nil
        }
        return (code, message)
    }

    var variables: [Variable] { simulation.members.first?.instance.rootVariables ?? [] }

    /// The variables that the workflow contract declares as output.
    var output: [Variable] {
        let declared = file.project.workflow(of: file.definition.process)?.output["properties"]?.members() ?? []
        return variables.filter { variable in declared.contains { $0.name == variable.name } }
    }

    var elapsed: Duration { simulation.now.duration(since: test.given.now) }

    /// Elements of called processes say which.
    private func name(of element: ElementID, in member: Simulation.Member) -> String {
        member.definition.process == file.definition.process
            ? element.text : "\(member.definition.process)/\(element)"
    }

    /// What the test could go on with, for a failure's text.
    var openText: String {
        if let rejection { return "the start was refused: \(rejection)" }
        let waiting = waiting
        let state = waiting.isEmpty ? "\(state.rawValue)" : "it waits at \(waiting.joined(separator: ", "))"
        let incidents = incidents.map { "; incident at \($0.element): \($0.incident.message)" }.joined()
        return state + incidents
    }
}
