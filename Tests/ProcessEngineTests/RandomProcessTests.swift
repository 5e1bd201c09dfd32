import ProcessEngine
import Testing
import Values

/// SplitMix64: the same seed gives the same process and the same path.
private struct Dice {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func roll(_ sides: Int) -> Int { Int(next() % UInt64(sides)) }
}

/// Writes sound models: blocks of sequences, exclusive and parallel splits with their joins, subprocesses, timers and
/// tasks.
private struct ModelWriter {
    var dice: Dice
    var counter = 0
    var text = ""

    mutating func id(_ prefix: String) -> String {
        counter += 1
        return "\(prefix)\(counter)"
    }

    mutating func process() -> String { processes().plain }

    /// A process, and the same with one more task at its end.
    mutating func processes() -> (plain: String, grown: String) {
        text = "<startEvent id=\"start\"/><endEvent id=\"end\"/>\n"
        let block = self.block(depth: 4)
        text += flow("start", block.first)
        let grown = text + task("extra") + flow(block.last, "extra") + flow("extra", "end")
        text += flow(block.last, "end")
        return (bpmn(text, declarations: declared), bpmn(grown, declarations: declared))
    }

    mutating func block(depth: Int) -> (first: String, last: String) {
        switch depth == 0 ? dice.roll(5) : dice.roll(12) {
        case 0: return leaf(task(id("t")), "t")
        case 1:
            let wait =
                "<intermediateCatchEvent id=\"w\(counter + 1)\"><timerEventDefinition><timeDuration>PT5S</timeDuration></timerEventDefinition></intermediateCatchEvent>"
            counter += 1
            return leaf(wait, "w")
        case 2: return leaf(user(id("u")), "u")
        case 3: return leaf("<receiveTask id=\"\(id("r"))\" messageRef=\"M\"/>", "r")
        case 4:
            let event = dice.roll(2) == 0 ? "" : signalS
            return leaf("<intermediateThrowEvent id=\"\(id("x"))\">\(event)</intermediateThrowEvent>", "x")
        case 5, 6: return sequence(depth)
        case 7: return split("parallelGateway", depth)
        case 8: return split("exclusiveGateway", depth)
        case 9: return split("inclusiveGateway", depth)
        case 10: return loop()
        default: return subprocess(depth)
        }
    }

    private mutating func leaf(_ element: String, _ prefix: String) -> (first: String, last: String) {
        text += element
        return ("\(prefix)\(counter)", "\(prefix)\(counter)")
    }

    private mutating func sequence(_ depth: Int) -> (first: String, last: String) {
        let first = block(depth: depth - 1)
        let second = block(depth: depth - 1)
        text += flow(first.last, second.first)
        return (first.first, second.last)
    }

    private mutating func split(_ tag: String, _ depth: Int) -> (first: String, last: String) {
        let fork = id("g")
        let join = id("g")
        let branches = 2 + dice.roll(2)
        let isExclusive = tag != "parallelGateway"
        var isDefault = isExclusive
        for branch in 0..<branches {
            let inside = block(depth: depth - 1)
            let condition = isExclusive && !isDefault ? "= modulo(n, \(branch + 1)) = 0" : nil
            if isDefault { text += "<\(tag) id=\"\(fork)\" default=\"\(fork)-\(inside.first)\"/>" }
            text += flow(fork, inside.first, condition) + flow(inside.last, join)
            isDefault = false
        }
        if !isExclusive { text += "<\(tag) id=\"\(fork)\"/>" }
        text += "<\(tag) id=\"\(join)\"/>\n"
        return (fork, join)
    }

    /// Some runs of a task, after each other or at once.
    private mutating func loop() -> (first: String, last: String) {
        let marker = """
            <multiInstanceLoopCharacteristics isSequential="\(dice.roll(2) == 0)"><loopCardinality>\(dice.roll(4))\
            </loopCardinality></multiInstanceLoopCharacteristics>
            """
        return leaf(dice.roll(2) == 0 ? task(id("m"), inside: marker) : user(id("m"), inside: marker), "m")
    }

    private mutating func subprocess(_ depth: Int) -> (first: String, last: String) {
        let sub = id("sub")
        let outer = text
        text = "<startEvent id=\"s-\(sub)\"/>"
        let inside = block(depth: depth - 1)
        text += flow("s-\(sub)", inside.first)
        // Every third has an event subprocess that waits for a signal.
        if dice.roll(3) == 0 {
            text += eventSubprocess("e-\(sub)", signalS, isInterrupting: dice.roll(2) == 0)
        }
        text = "\(outer)<subProcess id=\"\(sub)\">\(text)</subProcess>\n"
        // Every other subprocess has a boundary that catches an error and leads round to where it would have gone.
        guard dice.roll(2) == 0 else { return (sub, sub) }
        let merge = id("g")
        text += """
            <boundaryEvent id="b-\(sub)" attachedToRef="\(sub)"><errorEventDefinition/></boundaryEvent>
            <exclusiveGateway id="\(merge)"/>\(flow(sub, merge))\(flow("b-\(sub)", merge))
            """
        return (sub, merge)
    }
}

struct RandomProcessTests {
    /// `Scenario` decides each step twice and replays it from its encoded events; here the paths are random.
    @Test(arguments: 0..<700)
    func `every sound process ends, on every path`(seed: Int) throws {
        var writer = ModelWriter(dice: Dice(state: UInt64(seed)))
        let model = try definition(writer.process())
        #expect(model.warnings.isEmpty)
        for path in 0..<3 {
            var dice = Dice(state: UInt64(seed * 1000 + path))
            var scenario = Scenario(of: model)
            try scenario.start([("n", "\(dice.roll(12))")])
            try run(&scenario, &dice)
            #expect(scenario.instance.isEnded, "seed \(seed), path \(path): stuck at \(scenario.active)")
            #expect(scenario.instance.openTasks.isEmpty && scenario.instance.openTimers.isEmpty)
            expectClosed(scenario.journal)
        }
    }

    /// One runs as it was started; the other goes over to the same process, then to one with all ids new, then to one with a task
    /// more, whenever the dice say. Both do the same all the way.
    @Test(arguments: 0..<200)
    func `a migrated instance goes on like one that was not migrated`(seed: Int) throws {
        var writer = ModelWriter(dice: Dice(state: UInt64(seed)))
        let (text, grown) = writer.processes()
        let (plain, renamed) = (try definition(text), try definition(Self.renamed(text)))
        let grownModel = try definition(Self.renamed(grown))
        let names = (plain.elements.map(\.id.text) + plain.flows.map(\.id.text)).map { ($0, Optional("n-\($0)")) }
        for path in 0..<3 {
            var dice = Dice(state: UInt64(seed * 1000 + path))
            var steady = Scenario(of: plain)
            try steady.start([("n", "\(dice.roll(12))")])
            var moved = steady
            var stage = 0
            while !steady.instance.isEnded {
                if dice.roll(3) == 0, stage < 3 {
                    stage += 1
                    let events = try moved.migrate(
                        to: [plain, renamed, grownModel][stage - 1], stage == 2 ? names : [])
                    #expect(events.count == 1, "seed \(seed), path \(path)")
                }
                #expect(moved.active.map { stage < 2 ? $0 : String($0.dropFirst(2)) } == steady.active)
                let command = self.command(for: steady.instance, &dice)
                try steady.send(command)
                try moved.send(command)
            }
            if stage == 3, steady.instance.end == .completed {
                #expect(moved.active == ["extra"].map { "n-\($0)" }, "seed \(seed), path \(path)")
                try moved.complete("n-extra")
            }
            #expect(moved.instance.end == steady.instance.end, "seed \(seed), path \(path)")
            #expect(moved.instance.rootVariables == steady.instance.rootVariables)
            expectClosed(moved.journal)
        }
    }

    /// The same model, in which every id is another.
    private static func renamed(_ text: String) -> String {
        [" id=\"", "Ref=\"", "Ref='", " default=\""].reduce(text) { $0.replacing($1, with: "\($1)n-") }
    }

    private func run(_ scenario: inout Scenario, _ dice: inout Dice) throws {
        for _ in 0..<10_000 where !scenario.instance.isEnded {
            #expect(scenario.instance.openIncidents.allSatisfy { $0.kind == .taskFailed })
            try scenario.send(command(for: scenario.instance, &dice))
        }
    }

    /// Something that an instance can do.
    private func command(for instance: ProcessInstance, _ dice: inout Dice) -> Command {
        var commands = instance.openTimers.map { Command.fireTimer(number: $0.number) }
        commands += instance.openIncidents.map { .resolveIncident(number: $0.number, retries: nil) }
        commands += instance.openTasks.map { command(for: $0, in: instance, &dice) }
        commands += instance.openUserTasks.map { .completeUserTask(number: $0.number, variables: []) }
        for subscription in instance.openSubscriptions {
            if case .message = subscription.kind {
                commands.append(.correlate(subscription: subscription.number, variables: []))
            } else if commands.isEmpty || dice.roll(6) == 0 {
                commands.append(.signal(name: "stop", variables: []))
            }
        }
        return commands[dice.roll(commands.count)]
    }

    private func command(for task: OpenTask, in instance: ProcessInstance, _ dice: inout Dice) -> Command {
        switch dice.roll(12) {
        case 0 where instance.activity(task.activity)?.incident == nil:
            .failTask(number: task.number, TaskFailure(message: "no", retry: dice.roll(2) == 0))
        case 1: .throwError(number: task.number, BPMNError(code: "E"))
        case 2 where dice.roll(4) == 0: .cancel(reason: "dice")
        default:
            .completeTask(number: task.number, output: [Variable(name: "n", value: .number(dice.roll(12)))])
        }
    }

    /// Whatever a journal opens, it closes, exactly once.
    private func expectClosed(_ journal: [Event]) {
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
                .suspended, .resumed, .migrated:
                continue
            case .flowTaken, .tokenArrived, .tokensJoined, .variablesSet, .outputKept, .outputMapped, .taskFailed,
                .taskEventRecorded, .taskRetried, .errorCaught:
                continue
            }
        }
        #expect(open.isEmpty, "left open: \(open.sorted())")
    }
}
