package import ProcessEngine

/// Opens what is stored for whoever checks it, and changes nothing.
package protocol StoreInspection: Sendable {
    /// Gives `body` the store as it stands at one moment, whatever others write meanwhile. Throws `StoreError`.
    func inspect<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreSnapshot) throws -> Answer
    ) async throws(StoreError) -> Answer
}

/// A store at one moment: good for as long as `inspect` runs its body, and where it runs it. All methods throw `StoreError`.
package protocol StoreSnapshot {
    /// What is kept once, and is small.
    func summary() throws -> StoreSummary

    /// The next instances in the order of their ids, each with all that is kept of it. Whatever row of whatever table names an
    /// instance, the instance is among them, if it exists or not.
    func instances(after: InstanceID?, limit: Int) throws -> [StoredInstance]

    /// Whether an instance was started with this key.
    func hasInstance(startedWith key: String) throws -> Bool

    /// Entries of the inbox with a larger id, by id.
    func inbox(after: Int64, limit: Int) throws -> [InboxEntry]

    /// How many messages of the outbox are not sent yet.
    func outboxCount() throws -> Int

    /// Gives `body` every content that is kept with its hash.
    func contents(_ body: (StoredContent) throws -> Void) throws

    /// What the library says of the file or the database itself, a sentence each.
    func damage() throws -> [String]
}

package struct StoreSummary: Sendable {
    /// Of the last row of the journal; 0 for none.
    package var journalPosition: Int64 = 0
    /// Of the last row that is in the index.
    package var indexPosition: Int64 = 0
    /// As the index counts them.
    package var instanceCounts: [InstanceState: Int] = [:]
    /// All versions, also those that were withdrawn.
    package var definitions: Set<DefinitionID> = []
    /// By number.
    package var revisions: [(number: Int, parent: Int?)] = []
    /// Parts of revisions whose content is not there.
    package var missingContents: [String] = []

    package init() {}
}

/// All that is kept of one instance, as it is stored.
package struct StoredInstance: Sendable {
    package var id: InstanceID
    /// By seq, as are the others by number.
    package var journal: [JournalRow] = []
    package var tasks: [StoredTask] = []
    package var timers: [DueTimer] = []
    package var subscriptions: [SubscriptionRow] = []
    package var startKeys: [String] = []
    package var index: IndexedInstance?
    package var indexedTasks: [IndexedTask] = []
    package var userTasks: [StoredUserTask] = []
    /// Rows that cannot be read back: why.
    package var unreadable: [String] = []

    package init(id: InstanceID) { self.id = id }
}

package struct StoredTask: Sendable {
    package var row: TaskRow
    package var definition: DefinitionID
    package var businessKey: String?
    /// The journal row that its input stands in, and where.
    package var inputPosition: Int64
    package var inputOffset: Int
    package var inputLength: Int
    /// Where the store keeps another copy of it.
    package var ownInput: [UInt8]?

    package init(
        row: TaskRow, definition: DefinitionID, businessKey: String?, inputPosition: Int64, inputOffset: Int,
        inputLength: Int, ownInput: [UInt8]?
    ) {
        self.row = row
        self.definition = definition
        self.businessKey = businessKey
        self.inputPosition = inputPosition
        self.inputOffset = inputOffset
        self.inputLength = inputLength
        self.ownInput = ownInput
    }
}

/// Of an open user task in the index.
package struct StoredUserTask: Sendable, Hashable {
    package var number: Int
    package var element: ElementID
    package var assignee: String?

    package init(number: Int, element: ElementID, assignee: String?) {
        self.number = number
        self.element = element
        self.assignee = assignee
    }
}

package struct StoredContent: Sendable {
    /// For people: what it is the content of.
    package var name: String
    package var hash: String
    package var bytes: [UInt8]

    package init(name: String, hash: String, bytes: [UInt8]) {
        self.name = name
        self.hash = hash
        self.bytes = bytes
    }
}

extension StoredInstance {
    /// The tables whose rows name an instance, and the column that does.
    package static let tables: [(table: String, column: String)] = [
        ("journal", "instance"), ("task", "instance"), ("timer", "instance"), ("subscription", "instance"),
        ("start_key", "instance"), ("index_instance", "id"), ("index_task", "instance"),
        ("index_user_task", "instance"),
    ]
}
