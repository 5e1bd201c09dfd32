import Foundation
import Fuzzing
import ProcessEngine
import Testing
import Values

/// Random processes on random paths. `WAYBILL_TEST_SEED` says which; a failure names the seed with which it comes first.
struct RandomProcessTests {
    private static let count = 2_000
    private static let wildCount = 400
    private static let parts = 40
    private static let seed: UInt64 = {
        let seed = ProcessInfo.processInfo.environment["WAYBILL_TEST_SEED"].flatMap { UInt64($0) } ?? 1
        print("random processes: \(count) from seed \(seed)")
        return seed
    }()

    /// `Scenario` decides each step twice and replays it from its encoded events: replay equals live after every step.
    @Test(arguments: 0..<parts)
    func `every sound process ends on every path, and its replay is like its life`(part: Int) throws {
        let each = Self.count / Self.parts
        for number in part * each..<(part + 1) * each {
            let seed = Self.seed &+ UInt64(number)
            let model = try definition(RandomModel.bpmn(seed: seed))
            #expect(model.warnings.isEmpty, "WAYBILL_TEST_SEED=\(seed)")
            var walk = RandomWalk(dice: Dice(seed: seed))
            var scenario = Scenario(of: model)
            try scenario.start([("n", "\(walk.dice.roll(12))")])
            try run(&scenario, &walk, "WAYBILL_TEST_SEED=\(seed)")
            #expect(scenario.instance.isEnded, "WAYBILL_TEST_SEED=\(seed): stuck at \(scenario.active)")
            #expect(scenario.instance.openTasks.isEmpty && scenario.instance.openTimers.isEmpty)
            expectClosed(scenario.journal, "WAYBILL_TEST_SEED=\(seed)")
        }
    }

    /// Incidents of all kinds, operators who retry and take away, and a caller who answers: it ends all the same, and everything
    /// that was opened is closed.
    @Test(arguments: 0..<parts)
    func `every wild process ends on every path, and leaves nothing behind`(part: Int) throws {
        let each = Self.wildCount / Self.parts
        for number in part * each..<(part + 1) * each {
            let seed = Self.seed &+ UInt64(number)
            let model = try definition(RandomModel.wild(seed: seed))
            #expect(model.warnings.isEmpty, "WAYBILL_TEST_SEED=\(seed)")
            var walk = RandomWalk(dice: Dice(seed: seed), isWild: true)
            var scenario = Scenario(of: model)
            let caller = ParentCall(instance: InstanceID("caller"), call: 1)
            let variables = [Variable(name: "n", value: .number(walk.dice.roll(12)))]
            let id = DefinitionID(process: "p", version: 1)
            try scenario.send(
                .start(
                    Command.Start(definition: id, variables: variables, parent: seed % 2 == 0 ? caller : nil)))
            try run(&scenario, &walk, "WAYBILL_TEST_SEED=\(seed)", isWild: true)
            #expect(scenario.instance.isEnded, "WAYBILL_TEST_SEED=\(seed): stuck at \(scenario.active)")
            expectClosed(scenario.journal, "WAYBILL_TEST_SEED=\(seed)")
        }
    }

    /// One runs as it was started; the other goes over to the same process, then to one with all ids new, then to one with a task
    /// more, whenever the dice say. Both do the same all the way.
    @Test(arguments: 0..<400)
    func `a migrated instance goes on like one that was not migrated`(number: Int) throws {
        let seed = Self.seed &+ UInt64(number)
        let (text, grown) = RandomModel.growing(seed: seed)
        let (plain, renamed) = (try definition(text), try definition(Self.renamed(text)))
        let grownModel = try definition(Self.renamed(grown))
        let names = (plain.elements.map(\.id.text) + plain.flows.map(\.id.text)).map { ($0, Optional("n-\($0)")) }
        var walk = RandomWalk(dice: Dice(seed: seed))
        var steady = Scenario(of: plain)
        try steady.start([("n", "\(walk.dice.roll(12))")])
        var moved = steady
        var stage = 0
        for _ in 0..<10_000 where !steady.instance.isEnded {
            if walk.dice.roll(3) == 0, stage < 3 {
                stage += 1
                let events = try moved.migrate(to: [plain, renamed, grownModel][stage - 1], stage == 2 ? names : [])
                #expect(events.count == 1, "WAYBILL_TEST_SEED=\(seed)")
            }
            #expect(moved.active.map { stage < 2 ? $0 : String($0.dropFirst(2)) } == steady.active)
            let next = walk.command(for: steady.instance)
            let command = try #require(next)
            try steady.send(command)
            try moved.send(command)
        }
        let isCanceled = if case .canceled = steady.instance.end { true } else { false }
        if stage == 3, !isCanceled {
            #expect(moved.active == ["n-extra"], "WAYBILL_TEST_SEED=\(seed)")
            try moved.complete("n-extra")
        }
        #expect(moved.instance.end == steady.instance.end, "WAYBILL_TEST_SEED=\(seed)")
        #expect(moved.instance.rootVariables == steady.instance.rootVariables)
        expectClosed(moved.journal, "WAYBILL_TEST_SEED=\(seed)")
    }

    /// The same model, in which every id is another.
    private static func renamed(_ text: String) -> String {
        [" id=\"", "Ref=\"", "Ref='", " default=\""].reduce(text) { $0.replacing($1, with: "\($1)n-") }
    }

    private func run(
        _ scenario: inout Scenario, _ walk: inout RandomWalk, _ seed: String, isWild: Bool = false
    ) throws {
        for _ in 0..<10_000 where !scenario.instance.isEnded {
            let instance = scenario.instance
            // A path that ended with an error that nothing catches leaves joins behind it waiting.
            let strange = instance.openIncidents.filter {
                $0.kind != .taskFailed && !(instance.uncaughtError != nil && $0.kind == .joinStuck)
            }
            #expect(isWild || strange.isEmpty, "\(seed)")
            for incident in instance.openIncidents {
                #expect(instance.activity(incident.activity)?.incident == incident.number, "\(seed): \(incident)")
            }
            let next = walk.command(for: instance)
            let command = try #require(next, "\(seed): nothing is open")
            if case .fireTimer(let number) = command, let timer = instance.timer(number) {
                scenario.now = max(scenario.now, timer.dueAt)
            }
            do {
                try scenario.send(command)
            } catch {
                Issue.record("\(seed): \(command) is rejected: \(error)")
                return
            }
        }
    }

    /// Whatever a journal opens, it closes, exactly once.
    private func expectClosed(_ journal: [Event], _ seed: String) {
        var open: Set<String> = []
        func opened(_ key: String) { #expect(open.insert(key).inserted, "\(key) opened twice") }
        func closed(_ key: String) { #expect(open.remove(key) != nil, "\(key) closed though not open") }
        for event in journal {
            switch event {
            case .activityEntered(let number, _, _): opened("activity \(number)")
            case .activityCompleted(let number), .activityCanceled(let number): closed("activity \(number)")
            case .scopeOpened(let number, _, _): opened("scope \(number)")
            case .scopeClosed(let number): closed("scope \(number)")
            case .taskCreated(let created): opened("task \(created.task)")
            case .taskCompleted(let number), .taskErrorThrown(let number, _, _), .taskCanceled(let number):
                closed("task \(number)")
            case .timerScheduled(let number, _, _, _): opened("timer \(number)")
            case .timerFired(let number), .timerCanceled(let number): closed("timer \(number)")
            case .incidentRaised(let incident): opened("incident \(incident.number)")
            case .incidentResolved(let number): closed("incident \(number)")
            case .instanceStarted: opened("instance")
            case .instanceEnded: closed("instance")
            case .userTask(.created(let task)): opened("user task \(task.number)")
            case .userTask(.completed(let number)), .userTask(.canceled(let number)),
                .userTask(.errorThrown(let number, _, _)):
                closed("user task \(number)")
            case .subscription(.opened(let subscription)): opened("subscription \(subscription.number)")
            case .subscription(.closed(let number)): closed("subscription \(number)")
            case .call(.requested(let call)): opened("call \(call.call)")
            case .call(.completed(let number)), .call(.failed(let number)), .call(.canceled(let number)):
                closed("call \(number)")
            case .userTask(.claimed), .subscription(.triggered), .call(.escalated), .loop, .compensation, .thrown,
                .decisionEvaluated, .savePointReached,
                .suspended, .resumed, .held, .migrated:
                continue
            case .flowTaken, .tokenArrived, .tokensJoined, .variablesSet, .outputKept, .outputMapped, .taskFailed,
                .taskEventRecorded, .taskRetried, .errorCaught:
                continue
            }
        }
        #expect(open.isEmpty, "\(seed): left open: \(open.sorted())")
    }
}
