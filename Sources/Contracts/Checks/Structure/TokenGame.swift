import ProcessEngine

/// Follows the tokens of a net through every choice, to find joins that wait for what never comes.
///
/// Each arc is taken by one node only, so that what one token does disables nothing that another can do: it is enough to look, in each
/// state, at the choices of one token, always the one that is furthest behind. Paths that part and meet again come to the same state, so
/// that the number of states stays near the size of a sound net. A net that needs more is left undecided.
struct TokenGame {
    struct Stuck {
        var join: Int
        var missing: [Int]
        /// It goes on in no state at all.
        var isCertain: Bool
    }

    private static let workLimit = 2_000_000
    private static let stateLimit = 30_000

    private struct State: Hashable {
        /// Arcs with a token that can go on, by rank.
        var ready: [Int] = []
        /// Arcs with a token that waits at a join, in order.
        var waiting: [Int] = []
    }

    private let net: FlowNet
    private let rank: [Int]
    private var work = 0
    private var fired: Set<Int> = []
    private var stuck: [(join: Int, missing: [Int])] = []
    private var reaching: [Int: Set<Int>] = [:]

    /// Nil if it cannot be decided.
    static func play(_ net: FlowNet) -> [Stuck]? {
        guard net.nodes.contains(where: { $0.join == .all && $0.incoming.count > 1 }), !net.isUndecidable else {
            return []
        }
        var game = TokenGame(net)
        return game.run() ? game.result : nil
    }

    private init(_ net: FlowNet) {
        self.net = net
        rank = Self.ranks(of: net)
    }

    private var result: [Stuck] {
        stuck.map { Stuck(join: $0.join, missing: $0.missing, isCertain: !fired.contains($0.join)) }
    }

    /// The order in which nodes come after each other, as far as loops allow.
    private static func ranks(of net: FlowNet) -> [Int] {
        var order: [Int] = []
        var seen = Array(repeating: false, count: net.nodes.count)
        for start in net.beginnings.flatMap(\.self) where !seen[start] {
            seen[start] = true
            var path: [(node: Int, next: [Int])] = [(start, followers(of: start, net))]
            while let last = path.indices.last {
                guard let next = path[last].next.popLast() else {
                    order.append(path.removeLast().node)
                    continue
                }
                guard !seen[next] else { continue }
                seen[next] = true
                path.append((next, followers(of: next, net)))
            }
        }
        var ranks = Array(repeating: Int.max, count: net.nodes.count)
        for (rank, node) in order.reversed().enumerated() { ranks[node] = rank }
        return ranks
    }

    private static func followers(of node: Int, _ net: FlowNet) -> [Int] {
        net.nodes[node].outcomes.flatMap(\.self).map { net.arcs[$0].target }
    }

    // MARK: Playing

    private mutating func run() -> Bool {
        var visited: Set<State> = []
        var open: [State] = []
        for beginning in net.beginnings {
            for choice in choices(from: beginning) where visited.insert(choice).inserted { open.append(choice) }
        }
        while let state = open.popLast() {
            for next in step(state) where visited.insert(next).inserted { open.append(next) }
            work += state.ready.count + state.waiting.count + 1
            guard work < Self.workLimit, visited.count < Self.stateLimit else { return false }
        }
        return true
    }

    /// The states after each of the nodes has begun and done its work.
    private mutating func choices(from nodes: [Int]) -> [State] {
        var states = [State()]
        for node in nodes {
            guard states.count < 1000 else { return states }
            states = states.flatMap { state in outcomes(of: node, in: state) }
        }
        return states
    }

    private mutating func outcomes(of node: Int, in state: State) -> [State] {
        if net.nodes[node].isTerminal { return [State()] }
        return net.nodes[node].outcomes.map { arcs in
            var next = state
            for arc in arcs { add(arc, to: &next) }
            return next
        }
    }

    private mutating func add(_ arc: Int, to state: inout State) {
        let target = net.arcs[arc].target
        let node = net.nodes[target]
        if node.join == .each || node.incoming.count < 2 {
            Self.insert(arc, to: &state.ready) { left, right in place(of: left) < place(of: right) }
            return
        }
        Self.insert(arc, to: &state.waiting, by: <)
        guard node.join == .all, node.incoming.allSatisfy({ state.waiting.contains($0) }) else { return }
        fired.insert(target)
        work += node.incoming.count * 8
        for incoming in node.incoming {
            if let index = state.waiting.firstIndex(of: incoming) { state.waiting.remove(at: index) }
        }
        // The joined token goes on by the first of its arcs: what it does is looked at when its turn comes.
        Self.insert(-target - 1, to: &state.ready) { left, right in place(of: left) < place(of: right) }
    }

    /// A token that is on its way to a node, or (below zero) in a node that has joined.
    private func place(of token: Int) -> Int { rank[node(of: token)] }
    private func node(of token: Int) -> Int { token < 0 ? -token - 1 : net.arcs[token].target }

    private static func insert(_ token: Int, to list: inout [Int], by precedes: (Int, Int) -> Bool) {
        let index = list.firstIndex { precedes(token, $0) } ?? list.count
        list.insert(token, at: index)
    }

    private mutating func step(_ state: State) -> [State] {
        var state = state
        if !state.ready.isEmpty {
            let token = state.ready.removeFirst()
            return outcomes(of: node(of: token), in: state)
        }
        if let join = inclusiveJoin(in: state) {
            state.waiting.removeAll { net.arcs[$0].target == join }
            return outcomes(of: join, in: state)
        }
        for join in Set(state.waiting.map { net.arcs[$0].target }).sorted()
        where !stuck.contains(where: { $0.join == join }) {
            stuck.append((join, net.nodes[join].incoming.filter { !state.waiting.contains($0) }))
        }
        return []
    }

    /// One to which no token can still come, else any: two that wait for each other go on.
    private mutating func inclusiveJoin(in state: State) -> Int? {
        let joins = Set(state.waiting.map { net.arcs[$0].target }).filter { net.nodes[$0].join == .inclusive }.sorted()
        let free = joins.first { join in
            let before = nodes(before: join)
            return !state.waiting.contains { token in
                let other = net.arcs[token].target
                return other != join && before.contains(other) && net.nodes[other].join == .inclusive
            }
        }
        return free ?? joins.first
    }

    private mutating func nodes(before join: Int) -> Set<Int> {
        if let known = reaching[join] { return known }
        var found: Set<Int> = []
        var rest = net.nodes[join].incoming.map { net.arcs[$0].source }
        while let node = rest.popLast() {
            guard node != join, found.insert(node).inserted else { continue }
            rest += net.nodes[node].incoming.map { net.arcs[$0].source }
        }
        reaching[join] = found
        work += found.count
        return found
    }
}
