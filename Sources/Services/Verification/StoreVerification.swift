import ProcessEngine

/// Checks every rule of a store, in one pass over all that it keeps: instances by batches, so that memory is bounded by the largest.
package struct StoreVerification: Sendable {
    package typealias Hash = @Sendable ([UInt8]) -> String

    private let batch: Int
    /// Violations that are told; all are counted.
    private let limit: Int
    private let isSettled: Bool
    private let hash: Hash
    private let progress: @Sendable (VerificationReport) -> Void

    /// `settled`: also that nothing is under way. `progress` is called after each batch, on the store's own thread.
    package init(
        settled: Bool = false, batch: Int = 200, limit: Int = 1000, hash: @escaping Hash,
        progress: @escaping @Sendable (VerificationReport) -> Void = { _ in }
    ) {
        self.isSettled = settled
        self.batch = batch
        self.limit = limit
        self.hash = hash
        self.progress = progress
    }

    package func run(on store: some StoreInspection) async throws(StoreError) -> VerificationReport {
        try await store.inspect { try check($0) }
    }

    private func check(_ snapshot: any StoreSnapshot) throws -> VerificationReport {
        var report = VerificationReport(limit: limit)
        for reason in try snapshot.damage() {
            report.add([StoreViolation(.file, "the store", expected: "no finding", found: reason)])
        }
        let summary = try snapshot.summary()
        var store = StoreCheck(summary: summary, isSettled: isSettled)
        try readInbox(of: snapshot, &store)
        var last: InstanceID?
        while true {
            let instances = try snapshot.instances(after: last, limit: batch)
            guard let end = instances.last else { break }
            for stored in instances {
                var check = InstanceCheck(
                    stored, indexPosition: summary.indexPosition, definitions: summary.definitions)
                check.run()
                report.add(check.violations)
                report.count(stored)
                try store.take(stored, check.instance) { try snapshot.hasInstance(startedWith: $0) }
            }
            last = end.id
            progress(report)
        }
        report.outbox = try snapshot.outboxCount()
        store.finish(outbox: report.outbox)
        try snapshot.contents { content in
            report.contents += 1
            store.check(content, hash: hash)
        }
        report.inbox = store.inboxCount
        report.add(store.violations)
        return report
    }

    private func readInbox(of snapshot: any StoreSnapshot, _ store: inout StoreCheck) throws {
        var last: Int64 = .min
        while true {
            let entries = try snapshot.inbox(after: last, limit: 1000)
            guard let end = entries.last else { return }
            for entry in entries { store.take(entry) }
            last = end.id
        }
    }
}

/// What a verification looked at, and what it found.
package struct VerificationReport: Sendable {
    package fileprivate(set) var instances = 0
    package fileprivate(set) var journalRows = 0
    package fileprivate(set) var tasks = 0
    package fileprivate(set) var timers = 0
    package fileprivate(set) var subscriptions = 0
    package fileprivate(set) var inbox = 0
    package fileprivate(set) var outbox = 0
    package fileprivate(set) var contents = 0
    /// The first of them.
    package private(set) var violations: [StoreViolation] = []
    /// How many there are.
    package private(set) var count = 0
    private let limit: Int

    fileprivate init(limit: Int) { self.limit = limit }

    fileprivate mutating func add(_ found: [StoreViolation]) {
        count += found.count
        violations += found.prefix(max(limit - violations.count, 0))
    }

    fileprivate mutating func count(_ stored: StoredInstance) {
        instances += 1
        journalRows += stored.journal.count
        tasks += stored.tasks.count
        timers += stored.timers.count
        subscriptions += stored.subscriptions.count
    }
}
