import ProcessEngine

/// Carries facts about variables along the paths of a process until nothing changes any more.
///
/// At most 256 names at once, so that each place costs a fixed few words; a larger set is taken in parts.
struct DataFlow {
    private let graph: DataGraph
    private let names: [String: Int]
    private let masks: [Masks]
    private let followers: [[Int]]
    private(set) var inputs: [VariableFacts]
    private(set) var outputs: [VariableFacts]
    /// False if it was stopped: nothing is known then.
    private(set) var isComplete = true

    private struct Masks {
        var locals = VariableFacts.Names.zero
        var loop = VariableFacts.Names.zero
        var given = VariableFacts.Names.zero
        var defined = VariableFacts.Names.zero
        var perhaps = VariableFacts.Names.zero
        var outputs = VariableFacts.Names.zero
        var loopOutput = VariableFacts.Names.zero
    }

    init(_ graph: DataGraph, names: [String]) {
        self.graph = graph
        let numbers = Dictionary(zip(names, 0...), uniquingKeysWith: { first, _ in first })
        self.names = numbers
        func mask(_ some: [String]) -> VariableFacts.Names {
            some.reduce(into: VariableFacts.Names.zero) { mask, name in
                if let number = numbers[name] { mask.insert(number) }
            }
        }
        masks = graph.places.map { place in
            Masks(
                locals: mask(place.locals), loop: mask(place.loopNames), given: mask(place.given),
                defined: mask(place.results.defined),
                perhaps: mask(place.results.perhaps), outputs: mask(place.outputs ?? []),
                loopOutput: mask(place.loopOutput.map { [$0] } ?? []))
        }
        var followers: [[Int]] = Array(repeating: [], count: graph.places.count)
        for (number, place) in graph.places.enumerated() {
            for source in place.before + place.beforeWork { followers[source].append(number) }
            if let source = place.restoring { followers[source].append(number) }
        }
        self.followers = followers
        inputs = Array(repeating: VariableFacts(), count: graph.places.count)
        outputs = inputs
        run()
    }

    private mutating func run() {
        var waiting = graph.places.indices.filter { graph.places[$0].isStart }
        var isWaiting = Set(waiting)
        /// Joins that have not heard from all before them: loops may lead back to them.
        var held: [Int] = []
        var steps = 0
        var next = 0
        while true {
            if next == waiting.count {
                let late = held.filter { outputs[$0].isNothing }
                held = []
                guard !late.isEmpty else { return }
                waiting = late
                next = 0
                for place in late { _ = visit(place, isForced: true).map { waiting += $0 } }
                isWaiting = Set(waiting)
                continue
            }
            let place = waiting[next]
            next += 1
            isWaiting.remove(place)
            steps += 1
            guard steps <= 60 * graph.places.count + 1000 else {
                isComplete = false
                return
            }
            guard let reached = visit(place, isForced: false) else {
                held.append(place)
                continue
            }
            for follower in reached where isWaiting.insert(follower).inserted { waiting.append(follower) }
        }
    }

    /// The places to look at again; nil if it waits for others.
    private mutating func visit(_ number: Int, isForced: Bool) -> [Int]? {
        let place = graph.places[number]
        var input = place.isStart ? VariableFacts.start : VariableFacts()
        for source in place.before {
            let facts = outputs[source]
            if place.joinsAll {
                if facts.isNothing, !isForced, outputs[number].isNothing, reachable.contains(source) { return nil }
                input = input.both(facts)
            } else {
                input = input.either(facts)
            }
        }
        for source in place.beforeWork { input = input.either(inputs[source]) }
        guard !input.isNothing else { return [] }
        if place.isFromAnywhere { input.defineAnything() }
        input = input.either(inputs[number])
        let output = outputs[number].either(leave(number, input))
        guard input != inputs[number] || output != outputs[number] else { return [] }
        inputs[number] = input
        outputs[number] = output
        return followers[number]
    }

    /// The places that paths lead to: a join waits for no others.
    private lazy var reachable: Set<Int> = {
        var found = Set(graph.places.indices.filter { graph.places[$0].isStart })
        var rest = Array(found)
        while let place = rest.popLast() {
            for follower in followers[place] where found.insert(follower).inserted { rest.append(follower) }
        }
        return found
    }()

    // MARK: One place

    /// What its input mappings see.
    func before(_ number: Int) -> VariableFacts {
        var facts = inputs[number]
        facts.define(masks[number].loop)
        return facts
    }

    /// What its own expressions see before its work.
    func inside(_ number: Int) -> VariableFacts {
        var facts = inputs[number]
        if graph.places[number].restoring == nil { facts.define(masks[number].locals) }
        return facts
    }

    /// What its output mappings see.
    func after(_ number: Int) -> VariableFacts {
        var facts = inside(number)
        facts.define(masks[number].given)
        return adding(graph.places[number].results, of: number, to: facts)
    }

    /// What the expressions of the loop around it see when a run is over.
    func afterRun(_ number: Int) -> VariableFacts {
        var facts = left(number, inputs[number])
        facts.define(masks[number].loop)
        return facts
    }

    private func adding(_ results: ElementResults, of number: Int, to facts: VariableFacts) -> VariableFacts {
        var facts = facts
        if results.anything { facts.defineAnything() }
        if results.hasUntold { facts.perhapsDefineAnything() }
        facts.perhapsDefine(masks[number].perhaps)
        facts.define(masks[number].defined)
        return facts
    }

    private func leave(_ number: Int, _ input: VariableFacts) -> VariableFacts {
        let place = graph.places[number]
        let mask = masks[number]
        if place.opensScope {
            var facts = adding(place.results, of: number, to: input)
            facts.define(mask.locals)
            return facts
        }
        var facts = left(number, input)
        if place.mayBeSkipped { facts = facts.either(place.restoring.map { inputs[$0] } ?? input) }
        facts.define(mask.loopOutput)
        return facts
    }

    /// After one run of its work and its output mappings.
    private func left(_ number: Int, _ input: VariableFacts) -> VariableFacts {
        let place = graph.places[number]
        let mask = masks[number]
        var facts = input
        if let opening = place.restoring {
            facts.restore(mask.locals, from: inputs[opening])
        } else if place.outputs == nil {
            facts = adding(place.results, of: number, to: facts)
            facts.restore(mask.locals, from: input)
        }
        facts.define(mask.outputs)
        return facts
    }

    // MARK: Asking

    /// What a place's facts say of a name; nil for a name that is not among those followed.
    func state(of name: String, in facts: VariableFacts) -> State? {
        guard isComplete, !facts.isNothing, let number = names[name] else { return nil }
        return State(
            mayBeUndefined: facts.undefined.contains(number), mayBeDefined: facts.defined.contains(number),
            mayComeFromOutside: facts.unknown.contains(number), isTouched: facts.touched.contains(number))
    }

    struct State {
        var mayBeUndefined: Bool
        var mayBeDefined: Bool
        var mayComeFromOutside: Bool
        var isTouched: Bool
    }
}
