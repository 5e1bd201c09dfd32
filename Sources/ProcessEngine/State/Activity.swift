import HashTreeCollections

/// One element at work: a token sits in it.
///
/// entering → waiting (task, timer, inner scope), leaving; waiting → leaving; leaving → gone (completed). Any → gone
/// (canceled).
package struct Activity: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable {
        /// Entered, and nothing came of it yet: an incident's retry enters again.
        case entering
        /// For its task, its timer or the end of its inner scope.
        case waiting
        /// Its work is done; the outgoing flows are still to be taken: an incident's retry chooses them again.
        case leaving
    }

    package let number: Int
    package internal(set) var element: ElementID
    package let scope: Int
    package internal(set) var phase: Phase = .entering
    package internal(set) var task: Int?
    /// The scope that it opened: a subprocess, the body of a loop, a task with variables of its own.
    package internal(set) var innerScope: Int?
    /// Open timers, its own and those of its boundary events, in the order of their making.
    package internal(set) var timers: [Int] = []
    /// Open subscriptions, its own and those of its boundary events and event subprocesses.
    package internal(set) var subscriptions: [Int] = []
    package internal(set) var userTask: Int?
    package internal(set) var call: Int?
    /// The throwing event for which it undoes something.
    package internal(set) var compensator: Int?
    /// What undoes something for it.
    var compensating: TreeSet<Int> = []
    /// It began to undo something.
    var hasUndone = false
    /// It called another process before.
    var hasCalled = false
    /// The timer by which it goes on from a save point.
    package internal(set) var savePoint: SavePoint?
    package internal(set) var incident: Int?
    /// The output of its finished task, kept because mapping it failed.
    package internal(set) var keptOutput: [Variable]?
    /// How often each of its timers fired: what a cycle counts by.
    var firings: [Firings] = []

    package struct SavePoint: Sendable, Hashable {
        package let timer: Int
        /// Its work is done: it only leaves.
        package let isAfter: Bool
        /// How often what comes after it failed.
        package let failures: Int
    }

    struct Firings: Sendable, Hashable {
        var element: ElementID
        var count: Int
    }

    func firings(of element: ElementID) -> Int {
        firings.first { $0.element == element }?.count ?? 0
    }

    mutating func countFiring(of element: ElementID) {
        if let index = firings.firstIndex(where: { $0.element == element }) {
            firings[index].count += 1
        } else {
            firings.append(Firings(element: element, count: 1))
        }
    }

    /// What it is in another version of its process.
    func renamed(by names: [ElementID: ElementID]) -> Activity {
        var activity = self
        activity.element = names[element] ?? element
        for index in firings.indices {
            activity.firings[index].element = names[firings[index].element] ?? firings[index].element
        }
        return activity
    }
}
