import ProcessEngine
package import Services
import Synchronization
package import Values

/// `EventStore`.
extension InMemoryProcessStore {
    package func subscriptions(_ query: SubscriptionQuery) async throws -> [SubscriptionRow] {
        state.withLock { state in
            state.subscriptions.filter { id, subscription in
                subscription.kind == query.kind && subscription.name == query.name
                    && query.key.fits(subscription.key)
                    && (query.businessKey == nil || subscription.businessKey == query.businessKey)
                    && (query.instance == nil || id.instance == query.instance)
            }
            .sorted { $0.key < $1.key }.prefix(max(query.limit, 0))
            .map { SubscriptionRow(instance: $0.key.instance, subscription: $0.value) }
        }
    }

    package func inbox(at now: Timestamp, limit: Int) async throws -> [InboxEntry] {
        state.withLock { Array($0.inbox.filter { $0.content.dueAt <= now }.prefix(max(limit, 0))) }
    }

    package func awaitedEntries(limit: Int) async throws -> [InboxEntry] {
        state.withLock { state in
            let found = state.inbox.filter { entry in
                guard let awaited = entry.content.awaits else { return false }
                return state.subscriptions.values.contains { subscription in
                    subscription.kind == .message && subscription.name == awaited.name
                        && SubscriptionQuery.Key.matching(awaited.key).fits(subscription.key)
                        && (awaited.businessKey == nil || awaited.businessKey == subscription.businessKey)
                }
            }
            return Array(found.prefix(max(limit, 0)))
        }
    }

    package func post(_ entries: [InboxEntry.Content], key: String?) async throws -> Bool {
        state.withLock { state in
            if let key, !state.messageKeys.insert(key).inserted { return false }
            for entry in entries { state.add(entry) }
            return true
        }
    }

    package func redirect(_ entry: Int64, into entries: [InboxEntry.Content]) async throws -> Bool {
        state.withLock { state in
            guard let place = state.inbox.firstIndex(where: { $0.id == entry }) else { return false }
            state.inbox.remove(at: place)
            for entry in entries { state.add(entry) }
            return true
        }
    }
}

extension SubscriptionQuery.Key {
    fileprivate func fits(_ key: String?) -> Bool {
        switch self {
        case .any: true
        case .matching(let wanted): key == nil || key == wanted
        }
    }
}
