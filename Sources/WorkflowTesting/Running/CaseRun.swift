import Contracts
import ProcessEngine
import Values

/// Plays one test on simulated processes.
///
/// Mocks answer what is open, at once or when their time has come. The clock moves only where a step says so, and on to the next
/// answer of a mock: a timer that nobody lets pass does not fire.
struct CaseRun {
    let file: TestFile
    let test: TestCase
    private(set) var simulation: Simulation
    /// Why the start was refused.
    private(set) var rejection: String?
    private(set) var failures: [TestFailure] = []

    /// How many of a mock's ordered answers were used, by the mock's key.
    private var used: [String: Int] = [:]
    private var scheduled: [Scheduled] = []

    /// Something that is open and may be answered.
    private struct Work: Hashable {
        enum Kind: Hashable { case task, userTask, call }
        let instance: InstanceID
        let kind: Kind
        let number: Int
    }

    private struct Scheduled {
        let work: Work
        let answer: Mock.Answer
        let at: Timestamp
    }

    /// Messages of steps that came before anybody waited for them, and were not said to.
    private var early: [(message: Simulation.KeptMessage, position: SourcePosition)] = []

    /// How long a message waits for somebody, as on a server.
    private static let messageLife = Duration.seconds(3600)

    /// More answers than any test means: a loop that goes on for ever.
    static let answerLimit = 10_000

    init(_ test: TestCase, of file: TestFile) {
        self.file = file
        self.test = test
        // The process that is tested is the newest of its name, whichever files lie beside it.
        let others = file.project.definitions.filter {
            $0.process != file.definition.process || $0.file != file.definition.file
        }
        simulation = Simulation(
            others + [file.definition], now: test.given.now, contracts: file.project.catalog,
            decisions: ProjectDecisions(models: file.project.decisions, catalog: file.project.catalog),
            zones: file.project.zones)
        simulation.messageLife = Self.messageLife
        for mock in test.mocks {
            for place in mock.elements
            where file.project.definitions.contains(where: { $0.element(place.element) is CallActivity }) {
                simulation.heldCalls.insert(place.element)
            }
        }
    }

    mutating func run() {
        guard start() else { return expect(test.expectation) }
        answerWhatIsOpen()
        for step in test.steps where failures.isEmpty {
            switch step.kind {
            case .expect(let expectation): expect(expectation)
            case .act(let action): take(action, at: step.position)
            }
        }
        guard failures.isEmpty else { return }
        while let next = nextAnswer, failures.isEmpty { pass(until: next) }
        for (message, position) in early where failures.isEmpty && simulation.keptMessages.contains(message) {
            fail(
                "step", at: position, expected: "the step is possible",
                found: "nothing waits for the message \(message.name); \(openText)")
        }
        if failures.isEmpty { expect(test.expectation) }
    }

    private mutating func expect(_ expectation: Expectation) {
        failures += ExpectationCheck(of: self).failures(of: expectation)
    }

    mutating func fail(_ what: String, at position: SourcePosition, expected: String, found: String) {
        failures.append(TestFailure(position: position, what: what, expected: expected, found: found))
    }

    // MARK: Start

    /// False if it was refused.
    private mutating func start() -> Bool {
        var variables = test.given.variables
        let workflow = file.project.workflow(of: file.definition.process)
        if let workflow, test.given.input != nil || variables.isEmpty {
            let input = test.given.input ?? .emptyObject
            switch file.project.catalog.checkInput(input, of: workflow.name, .exactly(workflow.version)) {
            case .success(let filled):
                variables = (filled.members() ?? []).map { Variable(name: $0.name, value: $0.value) } + variables
            case .failure(let violation):
                rejection =
                    "the input does not fit \(workflow.reference): " + violation.problems.joined(separator: "; ")
                return false
            }
        }
        do throws(Rejection) {
            if let message = test.given.message {
                try simulation.perform(
                    .startByMessage(message, variables: variables, businessKey: test.given.businessKey))
            } else {
                try simulation.perform(
                    .start(
                        process: file.definition.process, variables: variables, businessKey: test.given.businessKey,
                        at: test.given.start))
            }
            return true
        } catch {
            rejection = error.element.map { "\(error.message) (element \($0))" } ?? error.message
            return false
        }
    }

    // MARK: Steps

    private mutating func take(_ action: Simulation.Action, at position: SourcePosition) {
        switch action {
        case .advance(let duration): return pass(until: simulation.now.advanced(by: duration))
        case .fireTimer(let place):
            while dueTime(of: place) == nil, failures.isEmpty, let next = nextAnswer { pass(until: next) }
            if let due = dueTime(of: place) { return pass(until: max(due, simulation.now)) }
            return fail("step", at: position, expected: "\(place) has a timer", found: openText)
        case .start, .startByMessage, .complete, .fail, .throwError, .report, .claim, .escalate, .publish, .signal,
            .trigger, .setVariables, .resolveIncident, .cancel:
            perform(action, at: position)
        }
    }

    /// What a step needs may come only after answers that are still to be given.
    private mutating func perform(_ action: Simulation.Action, at position: SourcePosition) {
        while failures.isEmpty {
            do throws(Rejection) {
                try checkIsExpected(action)
                try simulation.perform(action)
                return answerWhatIsOpen()
            } catch {
                if error.reason == .gone, nextAnswer == nil, keep(action, at: position) { return }
                guard error.reason == .gone, let next = nextAnswer else {
                    return fail(
                        "step", at: position, expected: "the step is possible", found: "\(error.message); \(openText)")
                }
                pass(until: next)
            }
        }
    }

    /// A message comes before anybody waits for it: it is kept, as a server keeps it. False for other actions.
    private mutating func keep(_ action: Simulation.Action, at position: SourcePosition) -> Bool {
        guard case .publish(let name, let key, let variables, let element, nil) = action else { return false }
        let later = Simulation.Action.publish(
            name, key: key, variables: variables, to: element, timeToLive: Self.messageLife)
        guard (try? simulation.perform(later)) != nil, let message = simulation.keptMessages.last else { return false }
        early.append((message, position))
        return true
    }

    /// A signal that nobody hears is no error of the engine, but one of the test.
    private func checkIsExpected(_ action: Simulation.Action) throws(Rejection) {
        guard case .signal(let name, _) = action else { return }
        let isHeard = simulation.members.contains { member in
            member.instance.openSubscriptions.contains { $0.kind == .signal(name: name) }
        }
        let starts = file.project.definitions.contains { definition in
            definition.startSubscriptions.contains { $0.kind == .signal(name: name) }
        }
        if !isHeard && !starts { throw Rejection(.gone, "nothing waits for the signal \(name)") }
    }

    private func dueTime(of place: Simulation.Place) -> Timestamp? {
        simulation.open(place, in: \.openTimers, element: \.element)?.1.dueAt
    }

    // MARK: Time

    /// When the next answer of a mock is due: one that takes its time, or one to an attempt that is yet to begin.
    private var nextAnswer: Timestamp? {
        let attempts = simulation.members.flatMap { member in
            member.instance.openTasks.compactMap { task -> Timestamp? in
                guard let due = task.dueAt, isAnswerable(task, in: member), mock(for: task.element, in: member) != nil
                else { return nil }
                return due
            }
        }
        let answers = scheduled.filter { isOpen($0.work) }.map(\.at)
        return (answers + attempts).filter { $0 > simulation.now }.min()
    }

    /// Lets timers fire and mocks answer, each at its own time.
    private mutating func pass(until end: Timestamp) {
        for _ in 0..<Self.answerLimit where failures.isEmpty {
            let timer = simulation.nextTimer.map { max($0.timer.dueAt, simulation.now) }
            guard let next = [timer, nextAnswer].compactMap({ $0 }).min(), next <= end else {
                simulation.now = max(simulation.now, end)
                return answerWhatIsOpen()
            }
            do throws(Rejection) {
                try simulation.advance(to: next)
            } catch {
                return fail("time", at: test.position, expected: "timers fire", found: error.message)
            }
            answerWhatIsOpen()
        }
        if failures.isEmpty {
            fail(
                "time", at: test.position, expected: "an end", found: "more than \(Self.answerLimit) timers and answers"
            )
        }
    }

    // MARK: Answers

    private mutating func answerWhatIsOpen() {
        for _ in 0..<Self.answerLimit where failures.isEmpty {
            guard let (work, answer) = nextDue() else { return }
            give(answer, to: work)
        }
        if failures.isEmpty {
            fail(
                "mocks", at: test.position, expected: "an end",
                found: "more than \(Self.answerLimit) answers at one moment")
        }
    }

    /// What is to be answered now. Work that takes its time is put down for later on the way.
    private mutating func nextDue() -> (Work, Mock.Answer)? {
        if let index = scheduled.firstIndex(where: { $0.at <= simulation.now }) {
            let due = scheduled.remove(at: index)
            return isOpen(due.work) ? (due.work, due.answer) : nextDue()
        }
        for (work, element, input, member) in openWork() where !scheduled.contains(where: { $0.work == work }) {
            guard let mock = mock(for: element, in: member), let answer = answer(of: mock, to: input) else { continue }
            if answer.delay == .zero { return (work, answer) }
            scheduled.append(Scheduled(work: work, answer: answer, at: simulation.now.advanced(by: answer.delay)))
        }
        return nil
    }

    private func openWork() -> [(Work, ElementID, JSON, Simulation.Member)] {
        var open: [(Work, ElementID, JSON, Simulation.Member)] = []
        for member in simulation.members where !member.instance.isEnded && !member.instance.isSuspended {
            for task in member.instance.openTasks
            where isAnswerable(task, in: member) && (task.dueAt ?? simulation.now) <= simulation.now {
                let work = Work(instance: member.id, kind: .task, number: task.number)
                open.append((work, task.element, task.input, member))
            }
            for task in member.instance.openUserTasks {
                let variables = JSON.object(member.instance.rootVariables.map { ($0.name, $0.value) })
                let work = Work(instance: member.id, kind: .userTask, number: task.number)
                open.append((work, task.element, variables, member))
            }
            for call in member.instance.openCalls where simulation.heldCalls.contains(call.element) {
                let variables = JSON.object(call.variables.map { ($0.name, $0.value) })
                open.append(
                    (Work(instance: member.id, kind: .call, number: call.call), call.element, variables, member))
            }
        }
        return open
    }

    private func isAnswerable(_ task: OpenTask, in member: Simulation.Member) -> Bool {
        member.instance.activity(task.activity)?.incident == nil
    }

    private func isOpen(_ work: Work) -> Bool {
        guard let instance = simulation.member(work.instance)?.instance else { return false }
        return switch work.kind {
        case .task: instance.task(work.number) != nil
        case .userTask: instance.userTask(work.number) != nil
        case .call: instance.call(work.number) != nil
        }
    }

    /// A mock that names the element wins over one that names its contract.
    private func mock(for element: ElementID, in member: Simulation.Member) -> Mock? {
        let fitting = test.mocks.filter { mock in
            mock.elements.contains {
                $0.element == element && ($0.process == nil || $0.process == member.definition.process)
            }
        }
        return fitting.first { $0.key == element.text || $0.key == "\(member.definition.process)/\(element)" }
            ?? fitting.first
    }

    /// The first whose condition holds for the input, else the next of those without one.
    private mutating func answer(of mock: Mock, to input: JSON) -> Mock.Answer? {
        for answer in mock.answers {
            guard let condition = answer.condition else { continue }
            switch condition.holds(for: input.members() ?? [], at: simulation.now, in: simulation.zones) {
            case .success(true): return answer
            case .success(false): continue
            case .failure(let problem):
                fail("mocks.\(mock.key)", at: condition.position, expected: "a condition", found: problem.message)
                return nil
            }
        }
        let ordered = mock.answers.filter { $0.condition == nil }
        guard !ordered.isEmpty else { return nil }
        let index = used[mock.key, default: 0]
        used[mock.key] = index + 1
        return ordered[min(index, ordered.count - 1)]
    }

    private mutating func give(_ answer: Mock.Answer, to work: Work) {
        do throws(Rejection) {
            try simulation.send(command(for: answer.kind, work), to: work.instance)
        } catch {
            fail("mocks", at: answer.position, expected: "the answer is taken", found: error.message)
        }
    }

    private func command(for kind: Mock.Answer.Kind, _ work: Work) -> Command {
        switch (work.kind, kind) {
        case (.task, .output(let output)): .completeTask(number: work.number, output: output)
        case (.task, .failure(let failure)): .failTask(number: work.number, failure)
        case (.task, .error(let error)): .throwError(number: work.number, error)
        case (.userTask, .output(let variables)): .completeUserTask(number: work.number, variables: variables)
        case (.userTask, .failure(let failure)):
            .throwUserTaskError(number: work.number, BPMNError(code: failure.message))
        case (.userTask, .error(let error)): .throwUserTaskError(number: work.number, error)
        case (.call, .output(let variables)): .endCall(call: work.number, .completed(variables))
        case (.call, .failure(let failure)): .endCall(call: work.number, .failed(message: failure.message))
        case (.call, .error(let error)): .endCall(call: work.number, .thrown(error))
        }
    }
}
