package import ProcessEngine
package import Values

/// What instances wait for from outside, and what is on its way to them: the part of a process store that messages, signals,
/// calls and timer start events need.
///
/// An entry of the inbox is applied once: the transition that applies it names it in `consumes`, and takes it away in the same
/// transaction. All methods throw `StoreError`.
package protocol EventStore: Sendable {
    /// Open subscriptions that fit, ordered by instance and number.
    func subscriptions(_ query: SubscriptionQuery) async throws -> [SubscriptionRow]

    /// Entries to be applied at `now`, oldest first: those that are due, and those that waited for a subscription until they
    /// expired.
    func inbox(at now: Timestamp, limit: Int) async throws -> [InboxEntry]

    /// Entries that wait for a subscription that is open now, oldest first.
    func awaitedEntries(limit: Int) async throws -> [InboxEntry]

    /// Adds entries in one transaction. False, and nothing is added, if `key` was used before.
    func post(_ entries: [InboxEntry.Content], key: String?) async throws -> Bool

    /// Puts other entries in the place of one, in one transaction. False if it is gone.
    func redirect(_ entry: Int64, into entries: [InboxEntry.Content]) async throws -> Bool
}

package enum SubscriptionKind: String, Sendable, Hashable, CaseIterable {
    case message, signal
}

package enum SubscriptionChange: Sendable, Hashable {
    case open(NewSubscription)
    case close(number: Int)
}

package struct NewSubscription: Sendable, Hashable {
    package var number: Int
    package var kind: SubscriptionKind
    package var name: String
    /// Canonical JSON; nil: the name alone decides.
    package var key: String?
    package var businessKey: String?
    package var definition: DefinitionID
    package var element: ElementID

    package init(
        number: Int, kind: SubscriptionKind, name: String, key: String?, businessKey: String?, definition: DefinitionID,
        element: ElementID
    ) {
        self.number = number
        self.kind = kind
        self.name = name
        self.key = key
        self.businessKey = businessKey
        self.definition = definition
        self.element = element
    }
}

package struct SubscriptionRow: Sendable, Hashable {
    package var instance: InstanceID
    package var subscription: NewSubscription

    package init(instance: InstanceID, subscription: NewSubscription) {
        self.instance = instance
        self.subscription = subscription
    }
}

package struct SubscriptionQuery: Sendable, Hashable {
    package enum Key: Sendable, Hashable {
        /// Whatever key it has.
        case any
        /// Subscriptions without a key, and those with this one.
        case matching(String?)
    }
    package var kind: SubscriptionKind
    package var name: String
    package var key: Key
    /// Of instances with this business key only.
    package var businessKey: String?
    package var instance: InstanceID?
    package var limit: Int

    package init(
        kind: SubscriptionKind, name: String, key: Key = .any, businessKey: String? = nil, instance: InstanceID? = nil,
        limit: Int = 1000
    ) {
        self.kind = kind
        self.name = name
        self.key = key
        self.businessKey = businessKey
        self.instance = instance
        self.limit = limit
    }
}

/// Something on its way to an instance.
package struct InboxEntry: Sendable, Hashable {
    /// A subscription to a message that an entry waits for.
    package struct Awaited: Sendable, Hashable {
        package var name: String
        package var key: String?
        package var businessKey: String?

        package init(name: String, key: String?, businessKey: String?) {
            self.name = name
            self.key = key
            self.businessKey = businessKey
        }
    }
    package struct Content: Sendable, Hashable {
        /// When it is to be applied; of one that waits for a subscription, when it expires.
        package var dueAt: Timestamp
        package var awaits: Awaited?
        package var body: [UInt8]

        package init(dueAt: Timestamp, awaits: Awaited? = nil, body: [UInt8]) {
            self.dueAt = dueAt
            self.awaits = awaits
            self.body = body
        }
    }
    /// Grows with the order of commits, as far as one process makes them.
    package var id: Int64
    package var content: Content

    package init(id: Int64, content: Content) {
        self.id = id
        self.content = content
    }
}
