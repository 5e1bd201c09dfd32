import Delivery
import ProcessEngine
import Services
import Values

extension ProcessStoreConformance {
    /// Commits a transition of `b` that changes nothing, fenced.
    private static func holds(_ store: any ProcessStore, _ fence: Fence) async throws -> Bool {
        let seq = try await store.journal(of: InstanceID("b"), after: 0).count + 1
        var fenced = transition("b", seq)
        fenced.fences = [fence]
        let outcome = try await store.commit([fenced], marks: []).outcomes[0]
        if !outcome.isCommitted { try requireAnswer(outcome, .fenceLost([fence.task])) }
        return outcome.isCommitted
    }

    private static func fence(_ attempt: Int, _ token: String, mustBeOut: Bool = false, expiredAt: Int64? = nil)
        -> Fence
    {
        Fence(
            task: task("a", 1), attempt: attempt, token: token, mustBeOut: mustBeOut,
            expiredAt: expiredAt.map { at($0) })
    }

    static let fenceCases: [Case] = [
        Case("lets only the attempt and token of the moment through a fence") { store in
            try await start(store, [new(1)])
            try requireOfStore(try await !holds(store, fence(0, "")), "an unclaimed task has no holder")
            _ = try await store.claim(request())
            try requireOfStore(try await holds(store, fence(1, "t1")), "the holder passes")
            try requireOfStore(try await !holds(store, fence(0, "t1")), "an older attempt does not")
            try requireOfStore(try await !holds(store, fence(2, "t1")), "a later attempt does not")
            try requireOfStore(try await !holds(store, fence(1, "t2")), "another token does not")
            _ = try await store.claim(request(at: 30_000, tokens: "u"))
            try requireOfStore(try await !holds(store, fence(1, "t1")), "an attempt after which another came does not")
            try requireOfStore(try await holds(store, fence(2, "u1")), "the new holder passes")
        },
        Case("lets nobody through the fence of a task that is over") { store in
            try await start(store, [new(1)])
            _ = try await store.claim(request())
            var done = transition("a", 2, [.remove(number: 1)])
            done.fences = [fence(1, "t1")]
            var again = transition("a", 3)
            again.fences = [fence(1, "t1")]
            let receipt = try await store.commit([done, again], marks: [])
            try requireAnswer(receipt.outcomes.map(\.isCommitted), [true, false])
            try requireAnswer(receipt.outcomes[1], .fenceLost([task("a", 1)]))
            try requireAnswer(try await store.tasks([task("a", 1)]), [])
        },
        Case("stores nothing of a transition whose fence is lost, and names each lost fence") { store in
            try await start(store, [new(1), new(2)])
            _ = try await store.claim(request())
            var late = transition("a", 2, [.remove(number: 1), .remove(number: 2)])
            late.fences = [
                Fence(task: task("a", 1), attempt: 1, token: "t1"), Fence(task: task("a", 2), attempt: 1, token: "old"),
                Fence(task: task("a", 3), attempt: 1, token: "t3"),
            ]
            try requireAnswer(
                try await store.commit([late], marks: []).outcomes, [.fenceLost([task("a", 2), task("a", 3)])])
            try requireAnswer(try await store.tasks([task("a", 1), task("a", 2)]).count, 2)
            try requireAnswer(try await store.journal(of: InstanceID("a"), after: 0).count, 1)
        },
        Case("still takes the result of an attempt whose lease expired") { store in
            try await start(store, [new(1)])
            _ = try await store.claim(request())
            _ = try await store.commit([], marks: [mark(1, .started(at: at(1), until: at(10)))])
            try requireAnswer(try await store.overdueTasks(at: at(60_000), limit: 10).count, 1)
            try requireOfStore(try await holds(store, fence(1, "t1")), "only a newer attempt takes the hold away")
        },
        Case("counts a failure of an attempt once") { store in
            try await start(store, [new(1)])
            _ = try await store.claim(request())
            try requireOfStore(try await holds(store, fence(1, "t1", mustBeOut: true)), "the attempt is out")
            var failed = transition(
                "a", 2, [.reschedule(number: 1, retries: 2, dueAt: at(100), error: "no", keepToken: true)])
            failed.fences = [fence(1, "t1", mustBeOut: true)]
            _ = try await store.commit([failed], marks: [])
            try requireOfStore(try await !holds(store, fence(1, "t1", mustBeOut: true)), "it was counted")
            try requireOfStore(try await holds(store, fence(1, "t1")), "its late result counts")
            let suspended = transition("a", 3, [.suspend(number: 1, retries: 0, error: "no", keepToken: true)])
            _ = try await store.commit([suspended], marks: [])
            try requireOfStore(try await !holds(store, fence(1, "t1", mustBeOut: true)), "an incident was counted too")
            try requireOfStore(try await holds(store, fence(1, "t1")), "and its late result still counts")
        },
        Case("fails an overdue attempt only while its lease is expired") { store in
            try await start(store, [new(1)])
            _ = try await store.claim(request())
            _ = try await store.commit([], marks: [mark(1, .started(at: at(1), until: at(100)))])
            try requireOfStore(try await !holds(store, fence(1, "t1", expiredAt: 99)), "the lease holds until 100")
            try requireOfStore(try await holds(store, fence(1, "t1", expiredAt: 100)), "at 100 it is expired")
            _ = try await store.commit([], marks: [mark(1, .heartbeat(until: at(200), progress: nil, message: nil))])
            try requireOfStore(try await !holds(store, fence(1, "t1", expiredAt: 150)), "a heartbeat came first")
            let failed = transition(
                "a", 2, [.reschedule(number: 1, retries: 2, dueAt: at(0), error: nil, keepToken: true)])
            _ = try await store.commit([failed], marks: [])
            try requireOfStore(
                try await !holds(store, fence(1, "t1", expiredAt: 9_999)), "without a lease nothing expires")
        },
        Case("checks a fence against the transitions before it in the batch") { store in
            try await start(store, [new(1, lease: TaskLease(owner: "o", attempt: 1, token: "t1", until: at(100)))])
            var void = transition(
                "a", 2, [.reschedule(number: 1, retries: 2, dueAt: at(0), error: nil, keepToken: false)])
            void.fences = [fence(1, "t1")]
            var late = transition("b", 1)
            late.fences = [fence(1, "t1")]
            try requireAnswer(
                try await store.commit([void, late], marks: []).outcomes.map(\.isCommitted), [true, false])
        },
    ]
}
