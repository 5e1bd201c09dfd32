import Expressions
import ProcessEngine
import Values

/// Compares what is expected with what came of a run.
struct ExpectationCheck {
    private let run: CaseRun
    private let path: [String]
    private var failures: [TestFailure] = []

    init(of run: CaseRun) {
        self.run = run
        path = run.path
    }

    func failures(of expected: Expectation) -> [TestFailure] {
        var check = self
        check.checkState(expected)
        check.checkPath(expected)
        check.checkMembers(expected.output, of: run.output, "output")
        check.checkMembers(expected.variables, of: run.variables, "variables")
        check.checkIncidents(expected)
        for work in expected.tasks { check.check(work) }
        for condition in expected.conditions { check.check(condition) }
        if let elapsed = expected.elapsed, elapsed.wanted != run.elapsed {
            check.fail(
                "elapsed", elapsed.position, CalendarDuration(elapsed.wanted).iso8601,
                CalendarDuration(run.elapsed).iso8601)
        }
        return check.failures
    }

    private mutating func fail(_ what: String, _ position: SourcePosition, _ expected: String, _ found: String) {
        failures.append(TestFailure(position: position, what: what, expected: expected, found: found))
    }

    // MARK: How it ended

    private mutating func checkState(_ expected: Expectation) {
        if let state = expected.state, state.wanted != run.state {
            fail("state", state.position, state.wanted.rawValue, stateText)
        }
        if let error = expected.error, error.wanted != run.error?.code, run.state == .completedWithError {
            fail("error", error.position, error.wanted, run.error?.code ?? "none")
        }
        if let why = expected.rejection, let found = run.rejection, !found.contains(why.wanted) {
            fail("rejection", why.position, "… \(why.wanted) …", found)
        }
        if let waiting = expected.waiting, waiting.wanted.sorted() != run.waiting.sorted() {
            fail("waiting", waiting.position, Self.list(waiting.wanted), Self.list(run.waiting))
        }
    }

    private var stateText: String {
        let state = run.state
        switch state {
        case .running, .incident, .rejected: return "\(state.rawValue): \(run.openText)"
        case .completedWithError:
            guard let error = run.error else { return state.rawValue }
            return "\(state.rawValue): \(error.code)" + (error.message.map { ": \($0)" } ?? "")
        case .completed, .canceled: return state.rawValue
        }
    }

    private mutating func checkIncidents(_ expected: Expectation) {
        guard let wanted = expected.incidents else { return }
        var rest = run.incidents
        for incident in wanted.wanted {
            let fitting = rest.firstIndex { found in
                found.element == incident.element
                    && incident.kind ?? found.incident.kind.rawValue
                        == found.incident.kind.rawValue
                    && found.incident.message.contains(incident.message ?? "")
            }
            guard let fitting else {
                let kind = incident.kind.map { " \($0)" } ?? ""
                let message = incident.message.map { ": … \($0) …" } ?? ""
                fail("incidents", incident.position, incident.element + kind + message, Self.text(of: run.incidents))
                continue
            }
            rest.remove(at: fitting)
        }
        if !rest.isEmpty { fail("incidents", wanted.position, "no others", Self.text(of: rest)) }
    }

    private static func text(of incidents: [(element: String, incident: Event.Incident)]) -> String {
        incidents.isEmpty
            ? "none"
            : incidents.map { "\($0.element) \($0.incident.kind.rawValue): \($0.incident.message)" }.joined(
                separator: "; ")
    }

    // MARK: Where it went

    private mutating func checkPath(_ expected: Expectation) {
        if let exact = expected.exactPath, exact.wanted != path {
            let same = zip(exact.wanted, path).prefix { $0 == $1 }.count
            let found = same < path.count ? path[same] : "the end"
            fail(
                "exactPath", exact.position, Self.list(exact.wanted),
                "\(found) as number \(same + 1)" + (same == 0 ? "" : ", after \(path[same - 1])"))
        }
        if let wanted = expected.path {
            var rest = path[...]
            for (index, element) in wanted.wanted.enumerated() {
                if let place = rest.firstIndex(of: element) {
                    rest = rest[(place + 1)...]
                    continue
                }
                let before = index == 0 ? "" : " after \(wanted.wanted[index - 1])"
                let how = path.contains(element) ? "it came, but not\(before)" : "it was not visited"
                fail("path", wanted.position, element + before, how)
                break
            }
        }
        for element in expected.visited where !path.contains(element.wanted) {
            fail("visited", element.position, element.wanted, "it was not visited")
        }
        for element in expected.notVisited where path.contains(element.wanted) {
            fail("notVisited", element.position, "\(element.wanted) is not visited", "it was visited")
        }
    }

    // MARK: What it made

    private mutating func checkMembers(_ wanted: [Expectation.Member], of found: [Variable], _ what: String) {
        for member in wanted {
            let value = found.last { $0.name == member.name }?.value
            guard value?.decoded() != member.value else { continue }
            let names = found.map(\.name).joined(separator: ", ")
            fail(
                "\(what).\(member.name)", member.position, member.value.json.text,
                value?.text ?? "nothing; there is \(names.isEmpty ? "nothing at all" : names)")
        }
    }

    private mutating func check(_ work: Expectation.Work) {
        let found = run.tasks.filter { $0.element == work.element }
        if let count = work.count, count != found.count {
            fail("tasks.\(work.element).count", work.position, "\(count)", "\(found.count)")
        }
        guard !work.input.isEmpty else { return }
        guard let last = found.last else {
            return fail("tasks.\(work.element).input", work.position, "a task", "none was created")
        }
        let input = (last.input.members() ?? []).map { Variable(name: $0.name, value: $0.value) }
        checkMembers(work.input, of: input, "tasks.\(work.element).input")
    }

    private mutating func check(_ condition: TestCondition) {
        let members = run.variables.map { (name: $0.name, value: $0.value) }
        switch condition.holds(for: members, at: run.simulation.now, in: run.simulation.zones) {
        case .success(true): return
        case .success(false):
            let read = condition.expression.variablesRead.map { name in
                "\(name) = \(members.last { $0.name == name }?.value.text ?? "nothing")"
            }
            fail("conditions", condition.position, condition.expression.source, read.joined(separator: ", "))
        case .failure(let problem): fail("conditions", condition.position, condition.expression.source, problem.message)
        }
    }

    private static func list(_ elements: [String]) -> String {
        elements.isEmpty ? "nothing" : elements.joined(separator: " → ")
    }
}
