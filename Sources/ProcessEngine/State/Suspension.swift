import HashTreeCollections

/// What an instance keeps for later while it is suspended.
package struct Suspension: Sendable, Hashable {
    private var inputs: TreeDictionary<Int, HeldInput> = [:]
    private var last = 0
    /// Tasks whose attempt is over: what else comes for them is late.
    private(set) var endedTasks: TreeSet<Int> = []
    private(set) var endedCalls: TreeSet<Int> = []
    private(set) var spent: TreeSet<Int> = []
    /// Who waited for a message that is held: it may be gone by then.
    private(set) var waited: TreeDictionary<Int, Subscription> = [:]
    private var calls: TreeSet<Int> = []
    /// What conditions have to look at.
    private(set) var changes: [VariableChange] = []
    private(set) var conditions: [Int] = []

    /// In the order in which they came.
    package var held: [HeldInput] { inputs.sorted { $0.key < $1.key }.map(\.value) }
    /// Subscriptions for which nothing more can come.
    package var spentSubscriptions: [Int] { spent.sorted() }
    /// Calls that nobody was asked for yet.
    package var requestedCalls: [Int] { calls.sorted() }

    mutating func hold(_ input: HeldInput, for subscription: Subscription?) {
        last += 1
        if let subscription { waited[subscription.number] = subscription }
        inputs[last] = input
        switch input {
        case .taskCompleted(let task, _), .taskFailed(let task, _), .taskErrorThrown(let task, _):
            endedTasks.insert(task)
        case .correlated(let subscription, _, isLast: true): spent.insert(subscription)
        case .callEnded(_, .escalation): return
        case .callEnded(let call, .completed), .callEnded(let call, .error), .callEnded(let call, .uncaughtError),
            .callEnded(let call, .failed):
            endedCalls.insert(call)
        case .taskEvent, .correlated(_, _, isLast: false), .signal, .escalationAnswered: return
        }
    }

    /// It goes on in another version of its process, where elements have other names.
    mutating func rename(by names: [ElementID: ElementID]) {
        waited = waited.mapValues { subscription in
            var subscription = subscription
            subscription.element = names[subscription.element] ?? subscription.element
            return subscription
        }
    }

    mutating func note(_ change: VariableChange) { changes.append(change) }
    mutating func note(condition: Int) { conditions.append(condition) }
    mutating func request(_ call: Int) { calls.insert(call) }
    mutating func forget(call: Int) { calls.remove(call) }
}
