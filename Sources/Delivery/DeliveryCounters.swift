/// What a delivery machine has counted since it began. Every counter only grows.
package struct DeliveryCounters: Sendable, Hashable {
    // Tasks on their way out.
    package var fetched = 0
    package var published = 0
    package var republished = 0
    package var confirmed = 0
    package var returned = 0
    package var refused = 0
    package var unknown = 0
    package var notSent = 0
    /// Never confirmed while the dispatch lease lasted: the engine offers the task again.
    package var abandoned = 0

    // Messages that came in.
    package var started = 0
    package var progress = 0
    package var events = 0
    package var completed = 0
    package var failed = 0
    package var errors = 0
    package var hellos = 0
    package var redelivered = 0
    package var malformed = 0
    package var expired = 0
    package var deadLettered = 0

    // What the engine said of them.
    package var applied = 0
    /// Of an older attempt, or of one that was already counted: late results and duplicates.
    package var stale = 0
    /// Of a task that is over: canceled, completed, or unknown.
    package var gone = 0
    package var rejected = 0

    package init() {}

    mutating func count(_ content: TaskReport.Content) {
        switch content {
        case .started: started += 1
        case .progress: progress += 1
        case .event: events += 1
        case .completed: completed += 1
        case .failed: failed += 1
        case .error: errors += 1
        case .released, .expired, .unroutable: break
        }
    }
}
