import Expressions
import ProcessEngine
import Values

/// Looks for a way to a place on which a variable is certainly not defined: one whose conditions can hold together.
///
/// The facts of the data flow say that some drawn path has no definition. That is not enough: gateways that ask the same question take the
/// same turn. What nobody can prove to be possible, or to be impossible, is no way.
struct MissingPath {
    private static let stepLimit = 2_000
    private static let claimLimit = 60

    private let graph: DataGraph
    private let flow: DataFlow
    private let name: String
    private let definition: ProcessDefinition
    /// By name, the elements that define it.
    private let definers: [String: [ElementID]]
    private let values: [String: [Value]]
    private let distances: [Int]
    private var goal = 0
    private var steps = 0
    private var isOnPath: [Bool]
    private var elements: [ElementID] = []

    /// What has been met on the way back.
    private struct Trail {
        var claims: [ConditionClaim] = []
        /// Inclusive joins that wait for what runs beside the way.
        var joins: [Int] = []
    }

    init(
        of name: String, in flow: DataFlow, _ graph: DataGraph, _ definition: ProcessDefinition,
        definers: [String: [ElementID]], values: [String: [Value]]
    ) {
        self.graph = graph
        self.flow = flow
        self.name = name
        self.definition = definition
        self.definers = definers
        self.values = values
        isOnPath = Array(repeating: false, count: graph.places.count)
        distances = Self.distances(of: name, flow, graph)
    }

    /// Whether there is a way to where `place` begins.
    mutating func leads(to place: Int) -> Bool {
        goal = place
        return enter(place, Trail())
    }

    /// Whether there is a way to where it ends.
    mutating func leads(behind place: Int) -> Bool {
        goal = place
        return leave(place, Trail())
    }

    // MARK: The ways

    private static func lacks(_ name: String, _ facts: VariableFacts, _ flow: DataFlow) -> Bool {
        flow.state(of: name, in: facts)?.mayBeUndefined ?? false
    }

    /// How far each place is from a start, by places at which the variable may be missing.
    private static func distances(of name: String, _ flow: DataFlow, _ graph: DataGraph) -> [Int] {
        var distances = Array(repeating: Int.max, count: graph.places.count)
        var followers: [[Int]] = Array(repeating: [], count: graph.places.count)
        for (number, place) in graph.places.enumerated() where lacks(name, flow.inputs[number], flow) {
            for source in place.before where lacks(name, flow.outputs[source], flow) {
                followers[source].append(number)
            }
            for source in place.beforeWork { followers[source].append(number) }
            if let source = place.restoring { followers[source].append(number) }
        }
        var reached = graph.places.indices.filter { graph.places[$0].isStart }
        for start in reached { distances[start] = 0 }
        var next = 0
        while next < reached.count {
            let place = reached[next]
            next += 1
            for follower in followers[place] where distances[follower] == .max {
                distances[follower] = distances[place] + 1
                reached.append(follower)
            }
        }
        return distances
    }

    /// Goes back from where a place begins.
    private mutating func enter(_ number: Int, _ trail: Trail) -> Bool {
        steps += 1
        guard steps < Self.stepLimit, !isOnPath[number], Self.lacks(name, flow.inputs[number], flow) else {
            return false
        }
        let place = graph.places[number]
        isOnPath[number] = true
        if let element = place.element { elements.append(element) }
        defer {
            isOnPath[number] = false
            if place.element != nil { elements.removeLast() }
        }
        if place.isStart { return isProven(trail) }
        var trail = trail
        if place.isInclusiveJoin { trail.joins.append(number) }
        var ways: [(source: Int, flow: SequenceFlow?, isLeft: Bool)] = zip(place.before, place.flows).map {
            ($0, $1, true)
        }
        ways += place.beforeWork.map { ($0, nil, false) }
        ways.sort { distances[$0.source] < distances[$1.source] }
        for way in ways where distances[way.source] < .max {
            if !way.isLeft {
                if enter(way.source, trail) { return true }
            } else if Self.lacks(name, flow.outputs[way.source], flow), let trail = extended(trail, by: way.flow),
                leave(way.source, trail)
            {
                return true
            }
        }
        return false
    }

    /// Goes back from where a place ends.
    private mutating func leave(_ number: Int, _ trail: Trail) -> Bool {
        let place = graph.places[number]
        if let opening = place.restoring, place.locals.contains(name) || place.mayBeSkipped {
            if enter(opening, trail) { return true }
            if place.locals.contains(name) { return false }
        }
        return enter(number, trail)
    }

    // MARK: What they need

    /// The trail with what must be so for the flow to be taken; nil if that is impossible, or nobody knows.
    private func extended(_ trail: Trail, by flow: SequenceFlow?) -> Trail? {
        guard let flow else { return trail }
        var trail = trail
        let siblings = definition.outgoing(of: flow.source)
        let isChoice = definition.element(flow.source) is ExclusiveGateway
        for sibling in siblings where sibling.id != flow.id {
            guard let condition = sibling.condition, !sibling.isDefault else {
                // What is always taken has defined it before a join that waits for it.
                let isTaken = !isChoice && !sibling.isDefault && !(definition.element(flow.source) is EventBasedGateway)
                if isTaken, !trail.joins.isEmpty, isDefined(from: sibling.target, before: trail.joins) { return nil }
                continue
            }
            let excludes =
                flow.isDefault
                || (isChoice
                    ? comes(sibling, before: flow, among: siblings)
                    : !trail.joins.isEmpty && isDefined(from: sibling.target, before: trail.joins))
            if excludes { trail.claims += condition.claims(holding: false) }
        }
        if let condition = flow.condition, !flow.isDefault { trail.claims += condition.claims(holding: true) }
        guard trail.claims.count < Self.claimLimit,
            ConditionClaim.areSurelyPossible(trail.claims, values: values)
        else { return nil }
        return trail
    }

    private func comes(_ first: SequenceFlow, before second: SequenceFlow, among flows: [SequenceFlow]) -> Bool {
        let order = flows.map(\.id)
        return (order.firstIndex(of: first.id) ?? 0) < (order.firstIndex(of: second.id) ?? 0)
    }

    private func isDefined(from target: ElementID, before joins: [Int]) -> Bool {
        guard let start = graph.entry[target], let definers = definers[name] else { return false }
        return graph.reach(from: start, stoppingAt: joins).contains { place in
            graph.places[place].element.map { definers.contains($0) } ?? false
        }
    }

    /// The conditions do not ask for what tells whether the variable is there: a flag that is set beside it, what the same task gives.
    private func isProven(_ trail: Trail) -> Bool {
        let own = (definers[name] ?? []).filter { !(definition.element($0) is StartEvent) }
        return trail.claims.flatMap(\.names).allSatisfy { asked in
            (definers[asked] ?? []).allSatisfy { definer in
                elements.contains(definer) ? !own.contains(definer) : !comesBefore(definer)
            }
        }
    }

    private func comesBefore(_ element: ElementID) -> Bool {
        graph.exit[element].map { graph.reach(from: $0).contains(goal) } ?? true
    }
}
