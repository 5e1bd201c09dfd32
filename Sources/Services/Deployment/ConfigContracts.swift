package import Contracts
package import Logging
package import ProcessEngine
import Staging
import Values

/// The task contracts of the config store, for a broker whose engine is another program and keeps none.
package actor ConfigContracts: ContractSource {
    private let store: any ConfigStore
    private let time: any TimeSource
    private let log: Logger
    private let interval: Duration
    private let changed = Signal()
    private var revision: Int?
    private var watchers: [AsyncStream<[ContractKey: TaskPolicy]>.Continuation] = []
    private(set) package var policies: [ContractKey: TaskPolicy] = [:]
    private(set) package var catalog = ContractCatalog()

    package init(store: any ConfigStore, time: any TimeSource, log: Logger, interval: Duration = .seconds(10)) {
        self.store = store
        self.time = time
        self.log = log
        self.interval = interval
    }

    /// Serves until cancelled.
    package func run() async throws {
        while !Task.isCancelled {
            do {
                try await refresh()
            } catch {
                log.error("the contracts of the config store cannot be read: \(error)")
            }
            _ = await changed.wait(until: time.now.advanced(by: interval), by: time)
        }
    }

    /// Somebody changed the store.
    package nonisolated func storeChanged() {
        changed.fire()
    }

    /// Reads the contracts, if there is a new revision.
    package func refresh() async throws {
        guard let head = try await store.head(), head.number != revision else { return }
        var newest: [ContractKey: Contract] = [:]
        for entry in try await store.artifacts(at: head.number) where Artifact.isContract(entry.kind) {
            guard let content = try await store.content(entry.hash) else {
                throw StoreError(
                    .corrupt, "the config store has no content for \(entry.kind) \(entry.name)@\(entry.version)")
            }
            let contract = try Contract(canonical: JSON(validating: content))
            guard contract.kind == .task else { continue }
            if let other = newest[contract.key], other.version > contract.version { continue }
            newest[contract.key] = contract
        }
        catalog = try ContractCatalog(Array(newest.values))
        revision = head.number
        policies = newest.mapValues(\.policy)
        for watcher in watchers { watcher.yield(policies) }
    }

    package func policyChanges() -> AsyncStream<[ContractKey: TaskPolicy]> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: [ContractKey: TaskPolicy].self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield(policies)
        watchers.append(continuation)
        return stream
    }
}
