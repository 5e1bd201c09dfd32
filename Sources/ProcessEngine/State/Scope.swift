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
    /// What can be undone, by number. A tree, so that copies of the state share it.
    var compensations: TreeDictionary<Int, Compensation> = [:]
    /// Scopes directly inside that are only kept to be undone.
    var retained: TreeSet<Int> = []
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
    /// In the order of completion.
    var compensationsInOrder: [Compensation] { compensations.values.sorted { $0.number < $1.number } }
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
        scope.compensations = compensations.mapValues { compensation in
            var compensation = compensation
            compensation.element = names[compensation.element] ?? compensation.element
            compensation.handler = compensation.handler.map { names[$0] ?? $0 }
            return compensation
        }
        scope.activated = [:]
        for (join, flows) in activated {
            scope.activated[names[join] ?? join] = Set(flows.map { names[$0] ?? $0 })
        }
        return scope
    }
}
