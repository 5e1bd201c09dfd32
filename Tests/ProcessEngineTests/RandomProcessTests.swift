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

    mutating func process() -> String {
        text = "<startEvent id=\"start\"/><endEvent id=\"end\"/>\n"
        let block = self.block(depth: 4)
        text += flow("start", block.first) + flow(block.last, "end")
        return bpmn(text)
    }

    mutating func block(depth: Int) -> (first: String, last: String) {
        switch depth == 0 ? dice.roll(2) : dice.roll(7) {
        case 0: return leaf(task(id("t")), "t")
        case 1:
            let wait =
                "<intermediateCatchEvent id=\"w\(counter + 1)\"><timerEventDefinition><timeDuration>PT5S</timeDuration></timerEventDefinition></intermediateCatchEvent>"
            counter += 1
            return leaf(wait, "w")
        case 2, 3: return sequence(depth)
        case 4: return split("parallelGateway", depth)
        case 5: return split("exclusiveGateway", depth)
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
        let isExclusive = tag == "exclusiveGateway"
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

    private mutating func subprocess(_ depth: Int) -> (first: String, last: String) {
        let sub = id("sub")
        let outer = text
        text = "<startEvent id=\"s-\(sub)\"/>"
        let inside = block(depth: depth - 1)
        text += flow("s-\(sub)", inside.first)
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
    @Test(arguments: 0..<150)
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

    private func run(_ scenario: inout Scenario, _ dice: inout Dice) throws {
        for _ in 0..<10_000 where !scenario.instance.isEnded {
            let tasks = scenario.instance.openTasks
            let timers = scenario.instance.openTimers
            let incidents = scenario.instance.openIncidents
            #expect(incidents.allSatisfy { $0.kind == .taskFailed })
            let choice = dice.roll(tasks.count + timers.count + incidents.count)
            if choice < timers.count {
                try scenario.send(.fireTimer(number: timers[choice].number))
            } else if choice < timers.count + incidents.count {
                try scenario.send(.resolveIncident(number: incidents[choice - timers.count].number, retries: nil))
            } else {
                let task = tasks[choice - timers.count - incidents.count]
                let value = JSON.number(dice.roll(12))
                switch dice.roll(12) {
                case 0 where scenario.instance.activity(task.activity)?.incident == nil:
                    try scenario.send(
                        .failTask(number: task.number, TaskFailure(message: "no", retry: dice.roll(2) == 0)))
                case 1: try scenario.send(.throwError(number: task.number, BPMNError(code: "E")))
                case 2 where dice.roll(4) == 0: try scenario.send(.cancel(reason: "dice"))
                default:
                    try scenario.send(.completeTask(number: task.number, output: [Variable(name: "n", value: value)]))
                }
            }
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
                .decisionEvaluated,
                .suspended, .resumed:
                continue
            case .flowTaken, .tokenArrived, .tokensJoined, .variablesSet, .outputKept, .outputMapped, .taskFailed,
                .taskEventRecorded, .taskRetried, .errorCaught:
                continue
            }
        }
        #expect(open.isEmpty, "left open: \(open.sorted())")
    }
}
