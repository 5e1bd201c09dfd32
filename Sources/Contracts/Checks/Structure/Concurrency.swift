import ProcessEngine

/// Which arcs of a net may have tokens at the same time, to find where two tokens meet without a join.
///
/// Starts from the pairs that a node sends out together, and goes on with what follows from them (Kovalyov's rule for free-choice nets).
/// Tokens that only conditions send out together are left out: the conditions may exclude each other.
struct Concurrency {
    struct Meeting {
        var node: Int
        var arcs: (Int, Int)
    }

    private static let pairLimit = 400_000
    private static let arcLimit = 12_000

    private let net: FlowNet
    private var bits: [UInt64]
    private let words: Int
    private var waiting: [(Int, Int)] = []
    private var pairs = 0
    private var meetings: [Int: (Int, Int)] = [:]
    private var before: [Int: Set<Int>] = [:]

    /// Nil if it cannot be decided.
    static func meetings(in net: FlowNet) -> [Meeting]? {
        let splits = net.nodes.contains { node in
            node.outcomes.enumerated().contains { $0.element.count > 1 && !node.conditional.contains($0.offset) }
        }
        guard splits || net.beginnings.contains(where: { $0.count > 1 }) else { return [] }
        guard !net.isUndecidable, net.arcs.count <= arcLimit else { return nil }
        var concurrency = Concurrency(net)
        guard concurrency.run() else { return nil }
        return concurrency.meetings.sorted { $0.key < $1.key }.map { Meeting(node: $0.key, arcs: $0.value) }
    }

    private init(_ net: FlowNet) {
        self.net = net
        words = (net.arcs.count + 63) / 64
        bits = Array(repeating: 0, count: words * net.arcs.count)
    }

    private func has(_ left: Int, _ right: Int) -> Bool {
        bits[left * words + right / 64] & (1 << UInt64(right % 64)) != 0
    }

    private mutating func add(_ left: Int, _ right: Int) {
        guard left != right, !has(left, right) else { return }
        bits[left * words + right / 64] |= 1 << UInt64(right % 64)
        bits[right * words + left / 64] |= 1 << UInt64(left % 64)
        pairs += 1
        waiting.append((left, right))
    }

    private mutating func run() -> Bool {
        for node in net.nodes {
            for (number, outcome) in node.outcomes.enumerated() where !node.conditional.contains(number) {
                guard outcome.count * outcome.count < Self.pairLimit else { return false }
                addAll(outcome)
            }
        }
        for beginning in net.beginnings where beginning.count > 1 {
            for (position, node) in beginning.enumerated() {
                for other in beginning[(position + 1)...] {
                    for left in arcs(outOf: node) { for right in arcs(outOf: other) { add(left, right) } }
                }
            }
        }
        while let (left, right) = waiting.popLast() {
            guard pairs < Self.pairLimit else { return false }
            follow(left, beside: right)
            follow(right, beside: left)
        }
        return true
    }

    private func arcs(outOf node: Int) -> [Int] { net.nodes[node].outcomes.flatMap(\.self) }

    private mutating func addAll(_ arcs: [Int]) {
        for (position, arc) in arcs.enumerated() {
            for other in arcs[(position + 1)...] { add(arc, other) }
        }
    }

    /// The token on `arc` goes on while the other stays.
    private mutating func follow(_ arc: Int, beside other: Int) {
        let target = net.arcs[arc].target
        let node = net.nodes[target]
        if node.isTerminal { return }
        if net.arcs[other].target == target {
            if node.join == .each, meetings[target] == nil { meetings[target] = (min(arc, other), max(arc, other)) }
            return
        }
        if node.incoming.count > 1 {
            switch node.join {
            case .each: break
            case .all: guard node.incoming.allSatisfy({ has($0, other) }) else { return }
            case .inclusive: if nodes(before: target).contains(net.arcs[other].target) { return }
            }
        }
        for next in arcs(outOf: target) { add(next, other) }
    }

    private mutating func nodes(before join: Int) -> Set<Int> {
        if let known = before[join] { return known }
        var found: Set<Int> = []
        var rest = [join]
        while let node = rest.popLast() {
            for arc in net.nodes[node].incoming where found.insert(net.arcs[arc].source).inserted {
                rest.append(net.arcs[arc].source)
            }
        }
        before[join] = found
        return found
    }
}
