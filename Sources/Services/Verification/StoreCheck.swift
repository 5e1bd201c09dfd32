import ProcessEngine
import Values

/// The rules that are not of one instance: pure, from what is read of the store in one pass, its inbox first.
struct StoreCheck {
    private let summary: StoreSummary
    /// Whether everything is said to be over.
    private let isSettled: Bool
    private(set) var violations: [StoreViolation] = []
    private(set) var inboxCount = 0
    /// Calls whose request is on its way.
    private var requested: Set<ParentCall> = []
    /// Instances in the index, by state.
    private var counts: [InstanceState: Int] = [:]

    init(summary: StoreSummary, isSettled: Bool) {
        self.summary = summary
        self.isSettled = isSettled
    }

    mutating func take(_ entry: InboxEntry) {
        inboxCount += 1
        guard let json = try? JSON(validating: entry.content.body), let effect = Effect(json) else {
            violations.append(
                StoreViolation(
                    .inbox, "entry \(entry.id)", expected: "something for an instance",
                    found: "\(entry.content.body.count) bytes that say nothing to this version"))
            return
        }
        if case .call(let call) = effect { requested.insert(call.parent) }
        // A message may wait for somebody to come.
        if isSettled, entry.content.awaits == nil {
            violations.append(
                StoreViolation(
                    .settled, "entry \(entry.id) of the inbox", expected: "nothing on its way", found: "it is"))
        }
    }

    /// One instance, and the fold of its journal. `isStarted` says whether a start with that key made one.
    mutating func take(
        _ stored: StoredInstance, _ instance: ProcessInstance, isStarted: (String) throws -> Bool
    ) throws {
        if let row = stored.index { counts[row.state, default: 0] += 1 }
        guard !instance.isEmpty, !instance.isEnded else { return }
        if isSettled {
            violations.append(
                StoreViolation(
                    .settled, of: stored.id.text, "the instance", expected: "ended", found: instance.whatItWaitsFor))
        }
        let unasked = Set(instance.suspension?.requestedCalls ?? [])
        for call in instance.openCalls where !unasked.contains(call.call) {
            let parent = ParentCall(instance: stored.id, call: call.call)
            guard !requested.contains(parent), try !isStarted(parent.startKey) else { continue }
            violations.append(
                StoreViolation(
                    .calls, of: stored.id.text, "call \(call.call) at \(call.element)",
                    expected: "an instance that it made, or its request in the inbox",
                    found: "neither: it would wait for ever"))
        }
    }

    /// After the last instance.
    mutating func finish(outbox: Int) {
        if summary.indexPosition > summary.journalPosition {
            violations.append(
                StoreViolation(
                    .indexPosition, "the index", expected: "at most position \(summary.journalPosition)",
                    found: "\(summary.indexPosition)"))
        }
        for state in InstanceState.allCases where counts[state, default: 0] != summary.instanceCounts[state, default: 0]
        {
            violations.append(
                StoreViolation(
                    .indexCounts, "instances that are \(state.rawValue)", expected: "\(counts[state, default: 0])",
                    found: "\(summary.instanceCounts[state, default: 0])"))
        }
        if isSettled, outbox > 0 {
            violations.append(
                StoreViolation(.settled, "the outbox", expected: "nothing to send", found: "\(outbox) messages"))
        }
        checkRevisions()
    }

    private mutating func checkRevisions() {
        for (place, revision) in summary.revisions.enumerated() {
            let parent = place == 0 ? nil : place
            if revision.number != place + 1 || revision.parent != parent {
                violations.append(
                    StoreViolation(
                        .revisions, "revision \(revision.number)",
                        expected: "number \(place + 1) after \(parent.map { "\($0)" } ?? "none")",
                        found: "after \(revision.parent.map { "\($0)" } ?? "none")"))
                break
            }
        }
        for part in summary.missingContents {
            violations.append(StoreViolation(.revisions, part, expected: "its content", found: "none under its hash"))
        }
    }

    mutating func check(_ content: StoredContent, hash: StoreVerification.Hash) {
        let found = hash(content.bytes)
        guard found != content.hash else { return }
        violations.append(StoreViolation(.contents, content.name, expected: content.hash, found: "hash \(found)"))
    }
}

extension ProcessInstance {
    /// For people: what an instance that has not ended stands at.
    fileprivate var whatItWaitsFor: String {
        let counts = [
            ("tasks", openTasks.count), ("user tasks", openUserTasks.count), ("timers", openTimers.count),
            ("subscriptions", openSubscriptions.count), ("calls", openCalls.count), ("incidents", openIncidents.count),
        ]
        let open = counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
        return "open, with " + (open.isEmpty ? "nothing that it waits for" : open.joined(separator: ", "))
    }
}
