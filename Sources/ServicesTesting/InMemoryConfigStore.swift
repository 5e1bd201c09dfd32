package import Services
import Synchronization
package import Values

/// The reference for every config store.
package final class InMemoryConfigStore: ConfigStore, StoreIdentity {
    private struct State {
        /// From 1, with all entries of each.
        var revisions: [(revision: Revision, entries: [ArtifactEntry])] = []
        var contents: [String: [UInt8]] = [:]
        var lease: StagingLease?
    }
    private let state = Mutex(State())

    private let id: String

    package init(id: String = "memory") {
        self.id = id
    }

    package func identity() async throws -> String { id }

    package func head() async throws -> Revision? {
        state.withLock { $0.revisions.last?.revision }
    }

    package func revisions(before: Int?, limit: Int) async throws -> [Revision] {
        state.withLock { state in
            let older = state.revisions.map(\.revision).filter { $0.number < before ?? .max }
            return Array(older.reversed().prefix(max(limit, 0)))
        }
    }

    package func artifacts(at revision: Int?) async throws -> [ArtifactEntry] {
        state.withLock { state in
            let found = state.revisions.last { revision == nil || $0.revision.number == revision }
            return (found?.entries ?? []).sorted(by: Self.comesBefore)
        }
    }

    package func content(_ hash: String) async throws -> [UInt8]? {
        state.withLock { $0.contents[hash] }
    }

    package func push(_ change: NewRevision, at now: Timestamp) async throws -> PushOutcome {
        try state.withLock { state throws(StoreError) in
            let head = state.revisions.last
            if change.parent != head?.revision.number {
                guard let head else {
                    throw StoreError(
                        .misuse, "this store has no revision yet, so \(change.parent ?? 0) cannot be a parent")
                }
                return .outdated(head.revision)
            }
            if let head, change.origin == nil, Set(head.entries) == Set(change.entries) {
                return .unchanged(head.revision)
            }
            var contents = state.contents
            for (hash, content) in change.contents where contents[hash] == nil { contents[hash] = content }
            var seen: Set<[String]> = []
            for entry in change.entries {
                let name = "\(entry.kind) \(entry.name) \(entry.version)"
                guard seen.insert([entry.kind, entry.name, entry.version]).inserted else {
                    throw StoreError(.misuse, "\(name) is twice in the change set")
                }
                guard contents[entry.hash] != nil else {
                    throw StoreError(.misuse, "the content of \(name) (\(entry.hash)) is missing")
                }
            }
            let revision = Revision(
                number: (head?.revision.number ?? 0) + 1, parent: change.parent, author: change.author,
                message: change.message, at: now, origin: change.origin)
            state.contents = contents
            state.revisions.append((revision, change.entries))
            return .stored(revision)
        }
    }

    package func takeLease(_ lease: StagingLease, at now: Timestamp) async throws -> StagingLease? {
        state.withLock { state in
            if let other = state.lease, other.id != lease.id, other.until > now { return other }
            state.lease = lease
            return nil
        }
    }

    package func releaseLease(_ id: String) async throws {
        state.withLock { if $0.lease?.id == id { $0.lease = nil } }
    }

    private static func comesBefore(_ left: ArtifactEntry, _ right: ArtifactEntry) -> Bool {
        if (left.kind, left.name) != (right.kind, right.name) {
            return (left.kind, left.name) < (right.kind, right.name)
        }
        return isVersion(left.version, before: right.version)
    }

    /// `major.minor` by number: 1.10 comes after 1.9.
    static func isVersion(_ left: String, before right: String) -> Bool {
        let (leftParts, rightParts) = (numbers(left), numbers(right))
        return leftParts == rightParts ? left < right : leftParts.lexicographicallyPrecedes(rightParts)
    }

    private static func numbers(_ version: String) -> [Int] {
        version.split(separator: ".").map { Int($0) ?? 0 }
    }
}
