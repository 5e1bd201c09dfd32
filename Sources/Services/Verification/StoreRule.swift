/// What must be true of every store, whatever happened to the processes that wrote it.
///
/// A new rule is a case here, and a check beside the others: of one instance in `InstanceCheck`, of the store in `StoreCheck`.
package enum StoreRule: String, Sendable, Hashable, CaseIterable {
    // Of an instance.
    case readable
    case journal
    case appliedOnce = "applied-once"
    case definition
    case tasks
    case leases
    case inputs
    case timers
    case subscriptions
    case startKeys = "start-keys"
    case calls
    case index
    // Of the store.
    case indexPosition = "index-position"
    case indexCounts = "index-counts"
    case inbox
    case contents
    case revisions
    case file
    /// Only where everything is said to be over.
    case settled

    /// What it says, for people.
    package var text: String {
        switch self {
        case .readable: "every row can be read back"
        case .journal: "the journal of an instance has no gap, begins with its start and ends with its end"
        case .appliedOnce: "a task ends once"
        case .definition: "what an instance runs is deployed"
        case .tasks: "each open task has its row, and no other has one"
        case .leases:
            "a task has a lease and a token exactly while an attempt is out, and an incident while nobody may have it"
        case .inputs: "the input of a task stands where its row says"
        case .timers: "each timer that waits has its row, and no other has one"
        case .subscriptions: "each message and signal that is waited for has its row, and no other has one"
        case .startKeys: "a key of a start names an instance; a unique key is held while its instance runs"
        case .calls: "each open call has made its instance, or is on its way"
        case .index: "the index shows what the journal says, as far as it has come"
        case .indexPosition: "the index is not ahead of the journal"
        case .indexCounts: "the index counts its instances right"
        case .inbox: "what is on its way to instances can be read"
        case .contents: "a content has the hash that it is kept under"
        case .revisions: "revisions follow each other, and nothing of them is missing"
        case .file: "the store's own check finds nothing"
        case .settled: "nothing is under way"
        }
    }

    /// What to do about a violation.
    package var remedy: String {
        switch self {
        case .readable, .journal, .appliedOnce, .inputs, .file:
            "stop the servers, keep a copy of the data, and restore the last backup that verifies clean"
        case .tasks, .leases, .timers, .subscriptions, .startKeys, .calls:
            "what the journal says counts: cancel the instance and restart it (waybill cancel, waybill restart), and report this"
        case .definition: "deploy the version again, or cancel the instance"
        case .index, .indexPosition, .indexCounts:
            "the index can be made again: empty the index_… tables and set index_position to 0 while no server runs"
        case .inbox: "a newer program may have written it: verify with that one"
        case .contents, .revisions: "push or stage the files again from their source, or restore a backup"
        case .settled: "look at it with waybill show; a server must run for work to go on"
        }
    }
}

/// A rule that does not hold somewhere.
package struct StoreViolation: Sendable, Hashable {
    package var rule: StoreRule
    /// Nil: of the store.
    package var instance: String?
    /// The row or the element that it is about.
    package var subject: String
    package var expected: String
    package var found: String

    package init(_ rule: StoreRule, of instance: String? = nil, _ subject: String, expected: String, found: String) {
        self.rule = rule
        self.instance = instance
        self.subject = subject
        self.expected = expected
        self.found = found
    }
}
