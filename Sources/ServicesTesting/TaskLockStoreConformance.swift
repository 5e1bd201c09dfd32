import Delivery
import ProcessEngine
package import Services
import Values

/// What every store of locks must do, as named cases.
package enum TaskLockStoreConformance {
    package typealias Case = StoreConformanceCase<any ProcessStore & TaskLockStore>
    private typealias Process = ProcessStoreConformance

    private static func request(
        _ number: Int, by owner: String = "worker", token: String = "k1", at now: Int64 = 0, until: Int64 = 100
    ) -> LockRequest {
        LockRequest(
            task: Process.task("a", number), owner: owner, token: token, now: Process.at(now),
            leaseUntil: Process.at(until))
    }

    private static func attempt(_ number: Int = 1, _ attempt: Int = 1, token: String = "k1") -> AttemptID {
        AttemptID(task: Process.task("a", number), attempt: attempt, token: token)
    }

    package static let cases: [Case] = [
        Case("locks the task that was named, and no other") { store in
            try await Process.start(store, [Process.new(1), Process.new(2)])
            let leased = try await store.lock(request(2))
            try requireAnswer(leased?.id, Process.task("a", 2))
            try requireAnswer(
                leased?.lease, TaskLease(owner: "worker", attempt: 1, token: "k1", until: Process.at(100)))
            try requireAnswer(leased?.input.text, "[2]")
            let row = try await Process.row(store, 2)
            try requireAnswer(row.phase, .dispatched)
            try requireAnswer(row.owner, "worker")
            try requireAnswer(try await Process.row(store, 1).owner, nil)
        },
        Case("locks nothing that is not due, or is over") { store in
            try await Process.start(store, [Process.new(1, dueAt: 50), Process.new(2)])
            try requireAnswer(try await store.lock(request(1, at: 49)), nil)
            try requireAnswer(try await store.lock(request(3)), nil)
            _ = try await store.lock(request(2, until: 60))
            try requireAnswer(try await store.lock(request(2, by: "other", token: "k2", at: 59)), nil)
            _ = try await store.commit([Process.transition("a", 2, [.remove(number: 2)])], marks: [])
            try requireAnswer(try await store.lock(request(2, token: "k3", at: 70)), nil)
        },
        Case("locks anew what expired, as the next attempt") { store in
            try await Process.start(store, [Process.new(1)])
            _ = try await store.lock(request(1, until: 60))
            let second = try await store.lock(request(1, by: "other", token: "k2", at: 60, until: 160))
            try requireAnswer(
                second?.lease, TaskLease(owner: "other", attempt: 2, token: "k2", until: Process.at(160)))
            try requireAnswer(second?.retries, 3)
        },
        Case("moves the end of a lock both ways, and leaves its phase") { store in
            try await Process.start(store, [Process.new(1)])
            _ = try await store.lock(request(1, until: 60))
            try requireOfStore(
                try await store.extend(attempt(), at: Process.at(10), until: Process.at(90)), "a lock can be extended")
            try requireAnswer(try await Process.row(store, 1).leaseUntil, Process.at(90))
            try requireOfStore(
                try await store.extend(attempt(), at: Process.at(20), until: Process.at(40)), "a lock can be cut")
            try requireAnswer(try await Process.row(store, 1).leaseUntil, Process.at(40))
            try requireAnswer(try await Process.row(store, 1).phase, .dispatched)
        },
        Case("extends no lock that expired, and none of another attempt") { store in
            try await Process.start(store, [Process.new(1)])
            _ = try await store.lock(request(1, until: 60))
            try requireAnswer(try await store.extend(attempt(), at: Process.at(60), until: Process.at(90)), false)
            try requireAnswer(
                try await store.extend(attempt(token: "x"), at: Process.at(1), until: Process.at(90)), false)
            try requireAnswer(try await store.extend(attempt(1, 2), at: Process.at(1), until: Process.at(90)), false)
            try requireAnswer(try await store.extend(attempt(2), at: Process.at(1), until: Process.at(90)), false)
            try requireAnswer(try await Process.row(store, 1).leaseUntil, Process.at(60))
        },
        Case("forgets the owner of what was given back or failed") { store in
            try await Process.start(store, [Process.new(1), Process.new(2)])
            _ = try await store.lock(request(1))
            _ = try await store.lock(request(2))
            let released = LeaseMark(
                task: Process.task("a", 1), attempt: 1, token: "k1", change: .released(dueAt: Process.at(5)))
            let failed = TaskChange.reschedule(
                number: 2, retries: 1, dueAt: Process.at(5), error: "broken", keepToken: false)
            _ = try await store.commit([Process.transition("a", 2, [failed])], marks: [released])
            try requireAnswer(try await Process.row(store, 1).owner, nil)
            try requireAnswer(try await Process.row(store, 2).owner, nil)
        },
    ]
}
