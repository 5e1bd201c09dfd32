import HashTreeCollections
import OrderedCollections
import Values

/// Owns variables and tokens: the process itself (number 1), or one run of a subprocess.
struct Scope: Sendable, Hashable {
    let number: Int
    var parent: Int?
    /// The subprocess's activity; nil for the process, and once it is only kept for compensation.
    var activity: Int?
    /// What it is a scope of; nil for the process.
    var element: ElementID?
    /// The runs of a loop whose body opened it.
    var loop: LoopState?
    /// The scopes of those runs.
    var iterations: TreeSet<Int> = []
    /// The number of the run it is the scope of, from 0.
    var iteration: Int?
    /// The triggers of event subprocesses of the process; a subprocess's are its activity's.
    var timers: [Int] = []
    var subscriptions: [Int] = []
    /// What can be undone, in the order of completion.
    var compensations: [Compensation] = []
    var variables: OrderedDictionary<String, JSON> = [:]
    var activities: TreeSet<Int> = []
    var waiting: [WaitingTokens] = []
    /// The flows by which tokens came that a join let pass; gone once what came later is used up too. (Only a complex gateway
    /// asks for it.)
    var activated: [ElementID: Set<ElementID>] = [:]

    /// Tokens that came to a join by one flow and wait for their siblings.
    struct WaitingTokens: Sendable, Hashable {
        var join: ElementID
        var flow: ElementID
        var count: Int
    }

    /// No activity is at work in it.
    var isIdle: Bool { activities.isEmpty && iterations.isEmpty }
    /// The body of a loop, or one of its runs: their activity counts, not tokens.
    var isOfLoop: Bool { loop != nil || iteration != nil }
    /// The numbers of the activities at work in it, in order.
    var openActivities: [Int] { activities.sorted() }

    func isWaiting(at join: ElementID, by flow: ElementID) -> Bool {
        waiting.contains { $0.join == join && $0.flow == flow }
    }

    mutating func addToken(at join: ElementID, by flow: ElementID) {
        if let index = waiting.firstIndex(where: { $0.join == join && $0.flow == flow }) {
            waiting[index].count += 1
        } else {
            waiting.append(WaitingTokens(join: join, flow: flow, count: 1))
        }
    }

    mutating func removeToken(at join: ElementID, by flow: ElementID) {
        guard let index = waiting.firstIndex(where: { $0.join == join && $0.flow == flow }) else { return }
        waiting[index].count -= 1
        if waiting[index].count == 0 { waiting.remove(at: index) }
    }

    /// Tokens were used up: by an activation, or after it. None: it waits for its next activation.
    mutating func noteJoining(_ join: ElementID, by flows: [ElementID]) {
        activated[join] = activated[join] == nil && !flows.isEmpty ? Set(flows) : nil
    }

    /// What it is in another version of its process.
    func renamed(by names: [ElementID: ElementID]) -> Scope {
        var scope = self
        scope.element = element.map { names[$0] ?? $0 }
        for index in waiting.indices {
            scope.waiting[index].join = names[waiting[index].join] ?? waiting[index].join
            scope.waiting[index].flow = names[waiting[index].flow] ?? waiting[index].flow
        }
        for index in compensations.indices {
            scope.compensations[index].element = names[compensations[index].element] ?? compensations[index].element
            scope.compensations[index].handler = compensations[index].handler.map { names[$0] ?? $0 }
        }
        scope.activated = [:]
        for (join, flows) in activated {
            scope.activated[names[join] ?? join] = Set(flows.map { names[$0] ?? $0 })
        }
        return scope
    }
}
