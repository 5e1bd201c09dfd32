import Delivery
import OrderedCollections
import ProcessEngine
import Services
import ServicesTesting
import Values

/// What must be true when everything has come to its end.
extension World {
    func checkAtEnd() async throws {
        try await histories.read(parts.database)
        checkHistories()
        checkRetries()
        try await checkRequests()
        try await checkLeftovers()
        try await checkIndex()
        if schedule.isCalm { checkCalm() }
    }

    private func violated(_ invariant: Invariant, _ text: String) { parts.observer.violated(invariant, text) }

    private func checkHistories() {
        for (id, history) in histories.all {
            for fault in history.faults { violated(.history, "\(id.short): \(fault)") }
            for (task, count) in history.ends.sorted(by: { $0.key < $1.key }) where count > 1 {
                violated(.history, "task \(id.short).\(task) ended \(count) times")
            }
        }
    }

    /// Leases that last for hours do not run out, and whoever has no bad agents loses no attempt.
    private func checkRetries() {
        guard schedule.profile != .hostile, !schedule.moments.contains(where: { $0.happening.isOfAgent }) else {
            return
        }
        for (id, history) in histories.all where history.failures > 0 {
            violated(.retries, "\(id.short) counted \(history.failures) attempts as failed")
        }
    }

    private func checkRequests() async throws {
        var keys: [String: [InstanceID]] = [:]
        var orders: [String: [InstanceID]] = [:]
        var children: [String: [InstanceID]] = [:]
        for (id, history) in histories.all {
            if let parent = history.instance.parent {
                children["\(parent.instance.short) call \(parent.call)", default: []].append(id)
            } else if let key = history.key {
                keys[key, default: []].append(id)
            } else if let order = history.order {
                orders[order, default: []].append(id)
            }
        }
        for (key, made)
            in (keys.sorted { $0.key < $1.key } + orders.sorted { $0.key < $1.key }
            + children.sorted { $0.key < $1.key }) where made.count > 1
        {
            violated(.startedOnce, "\(key) made \(made.map(\.short).joined(separator: " and "))")
        }
        for (key, promised) in requests.started where promised != keys[key] ?? [] {
            let there = (keys[key] ?? []).map(\.short)
            violated(.durability, "\(key) was promised as \(promised.map(\.short)), and there is \(there)")
        }
        for order in requests.orders where orders[order] == nil {
            violated(.durability, "\(order) was taken, and is lost")
        }
    }

    private func checkLeftovers() async throws {
        guard histories.openInstances.isEmpty else { return }
        for number in 1..<(parts.database.outboxCount + 1) where !parts.observer.isSent("outbox:\(number)") {
            violated(.outbox, "message \(number) of the outbox never reached the bus")
        }
        let far = clock.now.advanced(by: .seconds(1_000_000_000))
        let timers = try await parts.database.inner.dueTimers(at: far, limit: 100)
        if !timers.isEmpty { violated(.nothingLeft, "\(timers.count) timers of ended instances") }
        let backlog = try await parts.database.inner.backlog(at: far)
        if !backlog.isEmpty { violated(.nothingLeft, "tasks of ended instances: \(backlog)") }
    }

    /// The index is what a projection of the whole journal makes of nothing.
    private func checkIndex() async throws {
        let index = InMemoryIndexStore(live: parts.database.inner)
        var position: Int64 = 0
        for row in try await parts.database.journal {
            _ = try await index.apply(try Projection.changes(of: row), from: position, to: row.position)
            position = row.position
        }
        let difference = parts.database.index.difference(from: index)
        if let difference { violated(.index, difference) }
    }

    private func checkCalm() {
        let counts = parts.observer.counts
        for name in ["leases lost", "stale", "redelivered", "published again", "unreadable", "dead-lettered"] {
            if let count = counts[name], count > 0 { violated(.calm, "\(name): \(count)") }
        }
        if parts.observer.expiries > 0 { violated(.calm, "\(parts.observer.expiries) leases ran out") }
        for task in parts.observer.repeated { violated(.calm, "\(task.short) was worked on more than once") }
    }
}
