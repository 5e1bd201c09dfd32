import Values

/// Writes sound models: blocks of sequences, splits with their joins, loops, subprocesses with what may interrupt them,
/// transactions that cancel, waits of all kinds, and tasks. The same dice write the same model.
package struct RandomModel {
    private var dice: Dice
    private var counter = 0
    private var text = ""
    private let depth: Int
    private let isAlone: Bool
    private let isWild: Bool
    /// Whose work its tasks are.
    private let contracts: [String]

    /// BPMN of a process `p`; it reads a variable `n`. One that is alone throws nothing at others and has no save points:
    /// nothing happens to it but what it is sent.
    package static func bpmn(seed: UInt64, depth: Int = 4, isAlone: Bool = false) -> String {
        var model = RandomModel(dice: Dice(seed: seed), depth: depth, isAlone: isAlone)
        let block = model.block(depth: depth)
        return document(ends + model.text + model.flow("start", block.first) + model.flow(block.last, "end"))
    }

    /// BPMN of a process `p` in which things go wrong as well: it reads a variable `m` too, without which it gets stuck, it undoes
    /// without waiting, and it ends in several ways at once. It begins with a user task.
    package static func wild(seed: UInt64, depth: Int = 4) -> String {
        var model = RandomModel(dice: Dice(seed: seed), depth: depth, isAlone: false, isWild: true)
        let (first, block) = (model.leaf("u", "userTask"), model.block(depth: depth))
        let flows = [("start", first.first), (first.last, block.first), (block.last, "end")]
        return document(ends + model.text + flows.map { model.flow($0, $1) }.joined())
    }

    /// BPMN of a process `p` that begins and ends with a task, and whose tasks are of these contracts.
    package static func work(seed: UInt64, depth: Int, contracts: [String]) -> String {
        var model = RandomModel(dice: Dice(seed: seed), depth: depth, isAlone: false, contracts: contracts)
        let (first, block, last) = (model.task(), model.block(depth: depth), model.task())
        let flows = [("start", first.first), (first.last, block.first), (block.last, last.first), (last.last, "end")]
        return document(ends + model.text + flows.map { model.flow($0, $1) }.joined())
    }

    /// A process, and the same with one more task, `extra`, at its end: after all else, and so all of it is in a subprocess.
    package static func growing(seed: UInt64, depth: Int = 4) -> (plain: String, grown: String) {
        var model = RandomModel(dice: Dice(seed: seed), depth: depth, isAlone: false)
        let block = model.block(depth: depth)
        let all = "<startEvent id=\"first\"/>\(model.text)\(model.flow("first", block.first))"
        let body =
            "\(ends)<subProcess id=\"all\">\(all)</subProcess>\n\(model.flow("start", "all"))"
        let extra = "<serviceTask id=\"extra\" waybill:contract=\"extra@1\"/>"
        return (
            document(body + model.flow("all", "end")),
            document(body + extra + model.flow("all", "extra") + model.flow("extra", "end"))
        )
    }

    private init(
        dice: Dice, depth: Int, isAlone: Bool, isWild: Bool = false, contracts: [String] = ["work@1"]
    ) {
        self.isWild = isWild
        self.contracts = contracts
        self.dice = dice
        self.depth = depth
        self.isAlone = isAlone
    }

    private static let declarations = """
        <message id="M" name="paid"/><message id="N" name="sent"/><signal id="S" name="stop"/>
        <escalation id="X" escalationCode="LATE"/><error id="E1" errorCode="BAD"/>
        """

    private static let ends = "<startEvent id=\"start\"/><endEvent id=\"end\"/>\n"

    private static func document(_ body: String) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" \
        xmlns:waybill="https://waybill.dev/bpmn/1.0" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" \
        xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" \
        targetNamespace="t">
        \(declarations)
        <process id="p" isExecutable="true">
        \(body)</process>
        </definitions>

        """
    }

    private mutating func id(_ prefix: String) -> String {
        counter += 1
        return "\(prefix)\(counter)"
    }

    private func flow(_ source: String, _ target: String, _ condition: String? = nil) -> String {
        let inside = condition.map { "<conditionExpression>\($0)</conditionExpression>" } ?? ""
        return
            "<sequenceFlow id=\"\(source)-\(target)\" sourceRef=\"\(source)\" targetRef=\"\(target)\">\(inside)</sequenceFlow>\n"
    }

    // MARK: Blocks

    private typealias Block = (first: String, last: String)

    private mutating func block(depth: Int) -> Block {
        // Models that were made before are made again.
        let kind = depth == 0 ? dice.roll(7) : dice.roll(isWild ? 30 : 19)
        switch kind {
        case 0, 1: return task()
        case 2:
            return leaf(
                "w", "intermediateCatchEvent",
                "<timerEventDefinition><timeDuration>PT5S</timeDuration></timerEventDefinition>")
        case 3: return leaf("u", "userTask")
        case 4: return leaf("r", "receiveTask", attributes: "messageRef=\"M\"")
        case 5:
            let throwing = isAlone ? ["", Self.escalation] : ["", Self.signal, Self.escalation, Self.message]
            return leaf("x", "intermediateThrowEvent", dice.pick(throwing) ?? "")
        case 6: return leaf("c", "intermediateCatchEvent", dice.roll(2) == 0 ? Self.signal : Self.message)
        case 7, 8: return sequence(depth)
        case 9: return split("parallelGateway", depth)
        case 10: return split("exclusiveGateway", depth)
        case 11: return split("inclusiveGateway", depth)
        case 12: return loop()
        case 13: return waitForOneOf(depth)
        case 14: return interruptible()
        case 15, 16: return transaction(depth)
        case 17, 18: return subprocess(depth)
        default: return wild(kind - 19, depth)
        }
    }

    private static let signal = "<signalEventDefinition signalRef=\"S\"/>"
    private static let message = "<messageEventDefinition messageRef=\"N\"/>"
    private static let escalation = "<escalationEventDefinition escalationRef=\"X\"/>"
    private static let timer = "<timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition>"

    private mutating func leaf(_ prefix: String, _ tag: String, _ inside: String = "", attributes: String = "") -> Block
    {
        let id = id(prefix)
        text += "<\(tag) id=\"\(id)\" \(attributes)>\(inside)</\(tag)>\n"
        return (id, id)
    }

    /// Some are save points.
    private mutating func task(_ inside: String = "") -> Block {
        let savePoint = ["", "", "", "camunda:asyncBefore=\"true\"", "camunda:asyncAfter=\"true\""]
        // One contract takes no dice: models that were made before are made again.
        let contract = contracts.count > 1 ? contracts[dice.roll(contracts.count)] : contracts.first ?? "work@1"
        return leaf(
            "t", "serviceTask", inside,
            attributes: "waybill:contract=\"\(contract)\" \(isAlone ? "" : dice.pick(savePoint) ?? "")")
    }

    private mutating func sequence(_ depth: Int) -> Block {
        let first = block(depth: depth - 1)
        let second = block(depth: depth - 1)
        text += flow(first.last, second.first)
        return (first.first, second.last)
    }

    private mutating func split(_ tag: String, _ depth: Int) -> Block {
        let fork = id("g")
        let join = id("g")
        let isConditional = tag != "parallelGateway"
        var inside: [Block] = []
        for _ in 0..<(2 + dice.roll(2)) { inside.append(block(depth: depth - 1)) }
        text += "<\(tag) id=\"\(fork)\"" + (isConditional ? " default=\"\(fork)-\(inside[0].first)\"" : "") + "/>"
        for (branch, block) in inside.enumerated() {
            let condition = isConditional && branch > 0 ? "= modulo(n, \(branch + 1)) = 0" : nil
            text += flow(fork, block.first, condition) + flow(block.last, join)
        }
        text += "<\(tag) id=\"\(join)\"/>\n"
        return (fork, join)
    }

    /// Some runs of a task, after each other or at once; or until something holds.
    private mutating func loop() -> Block {
        let marker = marker(runs: 4)
        return dice.roll(2) == 0 ? task(marker) : leaf("m", "userTask", marker)
    }

    /// What makes a loop of an activity: fewer than so many runs, except of a standard loop, which has at most three.
    private mutating func marker(runs: Int) -> String {
        guard dice.roll(4) > 0 else {
            return
                "<standardLoopCharacteristics loopMaximum=\"3\"><loopCondition>= n > 6</loopCondition></standardLoopCharacteristics>"
        }
        let completion =
            dice.roll(3) == 0 ? "<completionCondition>= nrOfCompletedInstances = 1</completionCondition>" : ""
        return """
            <multiInstanceLoopCharacteristics isSequential="\(dice.roll(2) == 0)"><loopCardinality>\(dice.roll(runs))\
            </loopCardinality>\(completion)</multiInstanceLoopCharacteristics>
            """
    }

    /// An event-based gateway: whichever comes first.
    private mutating func waitForOneOf(_ depth: Int) -> Block {
        let fork = id("g")
        let join = id("g")
        text += "<eventBasedGateway id=\"\(fork)\"/><exclusiveGateway id=\"\(join)\"/>\n"
        let events = [Self.signal, Self.message, Self.timer]
        for event in events[..<(2 + dice.roll(2))] {
            let wait = leaf("e", "intermediateCatchEvent", event)
            let after = block(depth: depth - 1)
            text += flow(fork, wait.first) + flow(wait.last, after.first) + flow(after.last, join)
        }
        return (fork, join)
    }

    /// A task with a boundary event; one that does not interrupt ends a path of its own.
    private mutating func interruptible() -> Block {
        let host = dice.roll(2) == 0 ? task() : leaf("u", "userTask")
        let event = dice.pick([Self.signal, Self.message, Self.timer]) ?? Self.timer
        let interrupts = dice.roll(2) == 0
        let boundary = id("b")
        text += """
            <boundaryEvent id="\(boundary)" attachedToRef="\(host.first)" cancelActivity="\(interrupts)">\(event)</boundaryEvent>

            """
        // What waits on for a signal and throws it would feed itself for ever.
        let after = interrupts ? block(depth: 0) : task()
        text += flow(boundary, after.first)
        guard interrupts else {
            let end = leaf("z", "endEvent")
            text += flow(after.last, end.first)
            return host
        }
        let merge = leaf("g", "exclusiveGateway")
        text += flow(after.last, merge.first) + flow(host.last, merge.first)
        return (host.first, merge.last)
    }

    /// Something that can be undone, and then the end, or a cancel that undoes it; most of them in a loop.
    private mutating func transaction(_ depth: Int) -> Block {
        let id = id("tx")
        let outer = text
        text = dice.roll(3) > 0 ? marker(runs: 3) : ""
        text += "<startEvent id=\"s-\(id)\"/>"
        let done = dice.roll(2) == 0 ? task() : leaf("u", "userTask")
        let (undo, work) =
            dice.roll(2) == 0 ? ("serviceTask", "waybill:contract=\"\(dice.pick(contracts) ?? "")\"") : ("userTask", "")
        let inside = block(depth: depth - 1)
        text += """
            <boundaryEvent id="b-\(done.last)" attachedToRef="\(done.last)"><compensateEventDefinition/></boundaryEvent>
            <\(undo) id="undo-\(id)" isForCompensation="true" \(work)/>
            <association id="a-\(id)" sourceRef="b-\(done.last)" targetRef="undo-\(id)"/>
            <exclusiveGateway id="g-\(id)" default="g-\(id)-e-\(id)"/><endEvent id="e-\(id)"/>
            <endEvent id="c-\(id)"><cancelEventDefinition/></endEvent>
            \(flow("s-\(id)", done.first))\(flow(done.last, inside.first))\(flow(inside.last, "g-\(id)"))\
            \(flow("g-\(id)", "c-\(id)", "= modulo(n, 2) = 0"))\(flow("g-\(id)", "e-\(id)"))
            """
        text = "\(outer)<transaction id=\"\(id)\">\(text)</transaction>\n"
        let merge = leaf("g", "exclusiveGateway")
        text += """
            <boundaryEvent id="b-\(id)" attachedToRef="\(id)"><cancelEventDefinition/></boundaryEvent>
            \(flow(id, merge.first))\(flow("b-\(id)", merge.first))
            """
        return (id, merge.last)
    }

    private mutating func subprocess(_ depth: Int) -> Block {
        let sub = id("sub")
        let outer = text
        text = dice.roll(4) == 0 ? marker(runs: 3) : ""
        text += "<startEvent id=\"s-\(sub)\"/>"
        let inside = block(depth: depth - 1)
        text += flow("s-\(sub)", inside.first)
        // Every third has an event subprocess that waits for a signal or a while.
        if dice.roll(3) == 0 {
            let event = dice.roll(2) == 0 ? Self.signal : Self.timer
            text += """
                <subProcess id="e-\(sub)" triggeredByEvent="true"><startEvent id="start-e-\(sub)" \
                isInterrupting="\(dice.roll(2) == 0)">\(event)</startEvent><userTask id="in-e-\(sub)"/>\
                \(flow("start-e-\(sub)", "in-e-\(sub)"))</subProcess>
                """
        }
        text = "\(outer)<subProcess id=\"\(sub)\">\(text)</subProcess>\n"
        return perhapsCatching(sub)
    }

    /// Every other has a boundary event that catches an error or an escalation and leads round to where it would have gone.
    private mutating func perhapsCatching(_ sub: String) -> Block {
        guard dice.roll(2) == 0 else { return (sub, sub) }
        let merge = leaf("g", "exclusiveGateway")
        let event = dice.roll(3) == 0 ? Self.escalation : "<errorEventDefinition/>"
        text += """
            <boundaryEvent id="b-\(sub)" attachedToRef="\(sub)">\(event)</boundaryEvent>
            \(flow(sub, merge.first))\(flow("b-\(sub)", merge.first))
            """
        return (sub, merge.last)
    }

    // MARK: What goes wrong

    /// Cannot be said before there is an `m`.
    private static let lateTimer =
        "<timerEventDefinition><timeDuration>${m > 3 ? 'PT5S' : 'never'}</timeDuration></timerEventDefinition>"

    private mutating func wild(_ kind: Int, _ depth: Int) -> Block {
        switch kind {
        case 0, 1: return undone(depth)
        case 2: return endingInSeveralWays(depth)
        case 3: return adHoc()
        case 4: return unarmed(depth)
        case 5: return impatient()
        case 7, 8: return watched()
        case 6:
            let marker =
                "<standardLoopCharacteristics testBefore=\"true\" loopMaximum=\"3\"><loopCondition>${m > 3}</loopCondition></standardLoopCharacteristics>"
            return dice.roll(2) == 0 ? task(marker) : leaf("m", "userTask", marker)
        default:
            return leaf(
                "call", "callActivity",
                """
                <extensionElements><camunda:inputOutput><camunda:inputParameter name="own">1</camunda:inputParameter>\
                </camunda:inputOutput></extensionElements>
                """, attributes: "calledElement=\"${m > 3 ? 'q' : nobody}\"")
        }
    }

    /// A subprocess that undoes something and may go on meanwhile.
    private mutating func undone(_ depth: Int) -> Block {
        let sub = id("un")
        let outer = text
        text = dice.roll(4) == 0 ? marker(runs: 3) : ""
        text += "<startEvent id=\"s-\(sub)\"/>"
        let done = dice.roll(2) == 0 ? task() : leaf("u", "userTask")
        let (undo, work) =
            dice.roll(2) == 0 ? ("serviceTask", "waybill:contract=\"\(dice.pick(contracts) ?? "")\"") : ("userTask", "")
        let thrown =
            (dice.roll(3) == 0 ? Self.escalation : "")
            + "<compensateEventDefinition waitForCompletion=\"\(dice.roll(3) == 0)\"/>"
        let after = block(depth: depth - 1)
        text += """
            <boundaryEvent id="b-\(done.last)" attachedToRef="\(done.last)"><compensateEventDefinition/></boundaryEvent>
            <\(undo) id="undo-\(sub)" isForCompensation="true" \(work)/>
            <association id="a-\(sub)" sourceRef="b-\(done.last)" targetRef="undo-\(sub)"/>
            <intermediateThrowEvent id="x-\(sub)">\(thrown)</intermediateThrowEvent>
            \(flow("s-\(sub)", done.first))\(flow(done.last, "x-\(sub)"))\(flow("x-\(sub)", after.first))
            """
        text = "\(outer)<subProcess id=\"\(sub)\">\(text)</subProcess>\n"
        return perhapsCatching(sub)
    }

    /// A transaction, of which one of two paths throws an escalation and then ends both.
    private mutating func endingInSeveralWays(_ depth: Int) -> Block {
        let id = id("se")
        let outer = text
        let ending = dice.pick([
            "<terminateEventDefinition/>", "<cancelEventDefinition/>", "<errorEventDefinition errorRef=\"E1\"/>",
        ])
        text = "<startEvent id=\"s-\(id)\"/>"
        let beside = block(depth: depth - 1)
        text += """
            <parallelGateway id="g-\(id)"/><endEvent id="e-\(id)">\(Self.escalation)\(ending ?? "")</endEvent>
            \(flow("s-\(id)", "g-\(id)"))\(flow("g-\(id)", beside.first))\(flow("g-\(id)", "e-\(id)"))
            """
        text = "\(outer)<transaction id=\"\(id)\">\(text)</transaction>\n"
        let merge = leaf("g", "exclusiveGateway")
        text += flow(id, merge.first)
        for (name, event) in [("b", "<cancelEventDefinition/>"), ("f", "<errorEventDefinition/>")] {
            text += """
                <boundaryEvent id="\(name)-\(id)" attachedToRef="\(id)">\(event)</boundaryEvent>
                \(flow("\(name)-\(id)", merge.first))
                """
        }
        return (id, merge.last)
    }

    /// Work whose own changes, or whose counts of runs, may meet the condition on its boundary; what it maps goes out even then.
    private mutating func watched() -> Block {
        let isOnce = dice.roll(2) == 0
        let mapping = """
            <extensionElements><camunda:inputOutput><camunda:outputParameter name="k">${m + 1}</camunda:outputParameter>\
            </camunda:inputOutput></extensionElements>
            """
        let runs = dice.roll(2) == 0 ? marker(runs: 3) : ""
        let condition = dice.pick(["${k > 3}", "${m > 3}", "${nrOfCompletedInstances == 1}", "${nrOfInstances == 3}"])
        let host =
            isOnce
            ? leaf(
                "do", "serviceTask", mapping + runs,
                attributes: "camunda:expression=\"${execution.setVariable('k', m)}\"")
            : leaf("wa", "userTask", mapping + runs)
        text += """
            <boundaryEvent id="b-\(host.last)" attachedToRef="\(host.last)" cancelActivity="\(dice.roll(2) == 0)">\
            <conditionalEventDefinition><condition>\(condition ?? "")</condition></conditionalEventDefinition></boundaryEvent>
            <endEvent id="z-\(host.last)"/>\(flow("b-\(host.last)", "z-\(host.last)"))
            """
        return host
    }

    private mutating func adHoc() -> Block {
        let id = id("ah")
        let outer = text
        text = ""
        for _ in 0..<(2 + dice.roll(2)) { _ = dice.roll(2) == 0 ? task() : leaf("u", "userTask") }
        let ordering = dice.roll(2) == 0 ? "Sequential" : "Parallel"
        let list =
            "<extensionElements><zeebe:adHoc outputCollection=\"ms\" outputElement=\"${m}\"/></extensionElements>"
        text = """
            \(outer)<adHocSubProcess id="\(id)" ordering="\(ordering)" cancelRemainingInstances="\(dice.roll(2) == 0)">
            \(dice.roll(2) == 0 ? list : "")\(text)<completionCondition>${m > 6}</completionCondition></adHocSubProcess>

            """
        return (id, id)
    }

    /// A subprocess that cannot begin before its event subprocess and its boundary event know what they wait for.
    private mutating func unarmed(_ depth: Int) -> Block {
        let id = id("ua")
        let outer = text
        text = "<startEvent id=\"s-\(id)\"/>"
        let inside = block(depth: depth - 1)
        text += """
            \(flow("s-\(id)", inside.first))<subProcess id="e-\(id)" triggeredByEvent="true">
            <startEvent id="start-\(id)" parallelMultiple="\(dice.roll(2) == 0)" isInterrupting="\(dice.roll(2) == 0)">
            \(Self.lateTimer)\(Self.message)</startEvent><userTask id="in-\(id)"/>\(flow("start-\(id)", "in-\(id)"))
            </subProcess>
            """
        text = "\(outer)<subProcess id=\"\(id)\">\(text)</subProcess>\n"
        text += """
            <boundaryEvent id="b-\(id)" attachedToRef="\(id)" cancelActivity="false">\(Self.lateTimer)</boundaryEvent>
            <endEvent id="z-\(id)"/>\(flow("b-\(id)", "z-\(id)"))
            """
        return (id, id)
    }

    /// A task beside which two things together happen again and again; the second time it may be unclear what is waited for.
    private mutating func impatient() -> Block {
        let host = dice.roll(2) == 0 ? task() : leaf("u", "userTask")
        let boundary = id("b")
        let end = leaf("z", "endEvent")
        text += """
            <boundaryEvent id="\(boundary)" attachedToRef="\(host.first)" cancelActivity="false" parallelMultiple="true">\
            \(Self.lateTimer)\(Self.message)</boundaryEvent>\(flow(boundary, end.first))
            """
        return host
    }
}
