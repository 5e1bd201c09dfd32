package import Logging
import ProcessEngine
import Synchronization
package import Values

/// Keeps the workflow index in step with the journal, and tells the bus of what became of instances.
///
/// The messages are notifications: best effort, sent once the index has them, while the index goes on. The journal is the truth.
package struct ProjectorService: Sendable {
    package static let batchLimit = 6000
    /// Rows in a pass from which on it waits longer for more, unless somebody waits for it: most tasks are over by then, and are
    /// written once.
    private static let busy = 50
    /// What is older is no news: it is read when the index is made again.
    private static let newsAge: Duration = .seconds(3600)
    /// Notices that are told together, and as many as may wait for it: a bus that is away fills no memory.
    private static let noticeBatch = 1000
    private static let noticeLimit = 20_000

    private let journal: any ProcessStore
    private let index: any IndexStore
    private let time: any TimeSource
    private let committed: Signal
    private let log: Logger
    private let notify: @Sendable ([InstanceNotice]) async -> Void
    private let notices = Inbox<InstanceNotice>(capacity: Self.noticeLimit)
    package let progress: ProjectorProgress
    /// How long it waits for a signal before it looks by itself.
    private let patience: Duration

    /// `committed` fires when there may be new rows; `notify` hears of states and incidents.
    package init(
        journal: any ProcessStore, index: any IndexStore, time: any TimeSource, committed: Signal,
        progress: ProjectorProgress, patience: Duration = .seconds(1),
        log: Logger, notify: @escaping @Sendable ([InstanceNotice]) async -> Void = { _ in }
    ) {
        self.journal = journal
        self.index = index
        self.time = time
        self.committed = committed
        self.progress = progress
        self.patience = patience
        self.log = log
        self.notify = notify
    }

    /// Serves until cancelled.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while let news = await notices.next(atMost: Self.noticeBatch) { await notify(news) }
            }
            await follow()
            group.cancelAll()
        }
        await notify(notices.take(atMost: Self.noticeBatch))
    }

    private func follow() async {
        while !Task.isCancelled {
            var count = 0
            do {
                count = try await project()
            } catch {
                log.error("the index is behind: \(error)")
            }
            if count >= Self.batchLimit { continue }
            if count == 0 { _ = await committed.wait(until: time.now.advanced(by: patience), by: time) }
            // Writes come in bursts: one pass for several commits costs less.
            if count < Self.busy {
                try? await time.sleep(for: .milliseconds(20))
            } else {
                _ = await progress.awaited.wait(until: time.now.advanced(by: .seconds(1)), by: time)
            }
        }
    }

    /// Applies the next rows, and tells of them; whether there were any.
    package func projectBatch() async throws -> Bool {
        let count = try await project()
        await notify(notices.take())
        return count > 0
    }

    /// How many rows it applied.
    private func project() async throws -> Int {
        let from = try await index.indexPosition()
        let rows = try await journal.journal(after: from, limit: Self.batchLimit)
        guard let last = rows.last else {
            progress.reached(from)
            return 0
        }
        var changes: [IndexChange] = []
        var news: [InstanceNotice] = []
        let recent = time.now.advanced(by: .zero - Self.newsAge)
        for row in rows {
            let found = try Projection.changes(of: row)
            changes += found
            if row.at > recent { news += found.compactMap(InstanceNotice.init) }
        }
        guard try await index.apply(IndexChange.condensed(changes), from: from, to: last.position) else {
            return rows.count
        }
        progress.reached(last.position)
        for case .instanceEnded(let id, _, _, let end) in changes {
            if let began = UUIDv7.time(of: id.text) { progress.instanceTimes.add(end.duration(since: began)) }
        }
        notices.add(news)
        return rows.count
    }
}

/// How far the index is; lets a query wait until it shows a write.
package final class ProjectorProgress: Sendable {
    private let position = Atomic<Int64>(0)
    /// Fires when somebody waits for the index.
    fileprivate let awaited = Signal()
    /// From start to end, of the instances whose end this process has put into the index.
    package let instanceTimes = Histogram()

    package init() {}

    package var current: Int64 { position.load(ordering: .acquiring) }

    func reached(_ new: Int64) {
        position.store(new, ordering: .releasing)
    }

    /// Waits until the index shows `wanted`; false if it does not by `deadline`.
    package func wait(for wanted: Int64, until deadline: Timestamp, by time: any TimeSource) async -> Bool {
        if current < wanted { awaited.fire() }
        while current < wanted {
            guard time.now < deadline, !Task.isCancelled else { return false }
            try? await time.sleep(for: .milliseconds(5))
        }
        return true
    }
}

/// What the bus hears of an instance.
package struct InstanceNotice: Sendable, Hashable {
    package var instance: String
    package var state: String
    package var message: String?

    init?(_ change: IndexChange) {
        switch change {
        case .instanceStarted(let row): (instance, state) = (row.id.text, InstanceState.running.rawValue)
        case .instanceEnded(let id, let end, let text, _): (instance, state, message) = (id.text, end.rawValue, text)
        case .incidents(let id, let count, let text) where count > 0:
            (instance, state, message) = (id.text, InstanceState.incident.rawValue, text)
        case .suspension(let id, true): (instance, state) = (id.text, InstanceState.suspended.rawValue)
        case .suspension(let id, false): (instance, state) = (id.text, InstanceState.running.rawValue)
        case .incidents, .taskCreated, .taskChanged, .userTaskCreated, .userTaskClaimed, .userTaskEnded, .migrated:
            return nil
        }
    }
}
