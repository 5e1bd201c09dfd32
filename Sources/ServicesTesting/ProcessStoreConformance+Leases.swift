import Delivery
import ProcessEngine
import Services
import Values

extension ProcessStoreConformance {
    private static func claimed(_ store: any ProcessStore) async throws {
        try await start(store, [new(1)])
        _ = try await store.claim(request(until: 100))
    }

    private static func apply(_ store: any ProcessStore, _ change: LeaseMark.Change) async throws -> Bool {
        try await store.commit([], marks: [mark(1, change)]).markOutcomes == [true]
    }

    static let leaseCases: [Case] = [
        Case("queues a dispatched attempt, and no other") { store in
            try await claimed(store)
            try requireOfStore(try await apply(store, .queued(until: at(300))), "a confirm is applied")
            try requireAnswer(try await row(store, 1).phase, .queued)
            try requireAnswer(try await row(store, 1).leaseUntil, at(300))
            _ = try await apply(store, .queued(until: at(900)))
            try requireAnswer(try await row(store, 1).leaseUntil, at(300))
            _ = try await apply(store, .started(at: at(5), until: at(400)))
            _ = try await apply(store, .queued(until: at(900)))
            try requireAnswer(try await row(store, 1).phase, .running)
            try requireAnswer(try await row(store, 1).leaseUntil, at(400))
        },
        Case("starts an attempt from any phase that is out") { store in
            try await claimed(store)
            try requireOfStore(try await apply(store, .started(at: at(5), until: at(60))), "a start is applied")
            let running = try await row(store, 1)
            try requireAnswer(running.phase, .running)
            try requireAnswer(running.startedAt, at(5))
            try requireAnswer(running.leaseUntil, at(60))
            try requireAnswer(running.token, "t1")
        },
        Case("extends a lease by a heartbeat, and never shortens it") { store in
            try await claimed(store)
            try requireOfStore(
                try await apply(store, .heartbeat(until: at(500), progress: 0.25, message: "reading")), "it is applied")
            try requireAnswer(try await row(store, 1).phase, .running)
            _ = try await apply(store, .heartbeat(until: at(400), progress: nil, message: nil))
            var running = try await row(store, 1)
            try requireAnswer(running.leaseUntil, at(500))
            try requireAnswer(running.progress, 0.25)
            try requireAnswer(running.progressMessage, "reading")
            _ = try await apply(store, .heartbeat(until: at(600), progress: 0.5, message: nil))
            running = try await row(store, 1)
            try requireAnswer(running.leaseUntil, at(600))
            try requireAnswer(running.progress, 0.5)
            try requireAnswer(running.progressMessage, "reading")
        },
        Case("takes a released task back without a word of the attempt") { store in
            try await claimed(store)
            try requireOfStore(try await apply(store, .released(dueAt: at(40))), "a release is applied")
            let released = try await row(store, 1)
            try requireAnswer(released.phase, .waiting)
            try requireAnswer(released.token, nil)
            try requireAnswer(released.leaseUntil, nil)
            try requireAnswer(released.availableAt, at(40))
            try requireAnswer(released.retries, 3)
            try requireOfStore(try await !apply(store, .started(at: at(1), until: at(2))), "its token is void")
            let next = try await store.claim(request(at: 40, tokens: "u"))
            try requireAnswer(next.map(\.lease.attempt), [2])
        },
        Case("leaves out every mark of an attempt that holds no task") { store in
            try await claimed(store)
            let before = try await row(store, 1)
            let changes: [LeaseMark.Change] = [
                .queued(until: at(900)), .started(at: at(5), until: at(900)),
                .heartbeat(until: at(900), progress: 1, message: "m"), .released(dueAt: at(900)),
            ]
            for change in changes {
                let marks = [
                    mark(1, change, attempt: 2), mark(1, change, attempt: 0), mark(1, change, token: "t2"),
                    mark(2, change),
                ]
                try requireAnswer(
                    try await store.commit([], marks: marks).markOutcomes, [false, false, false, false])
            }
            try requireAnswer(try await row(store, 1), before)
        },
        Case("leaves out every mark of an attempt that was counted as failed, even if its result would count") {
            store in
            try await claimed(store)
            let outcomes: [TaskChange] = [
                .reschedule(number: 1, retries: 2, dueAt: at(50), error: "no", keepToken: true),
                .suspend(number: 1, retries: 0, error: "no", keepToken: true),
            ]
            for (seq, outcome) in zip(2..., outcomes) {
                _ = try await store.commit([transition("a", seq, [outcome])], marks: [])
                let before = try await row(store, 1)
                for change in [
                    LeaseMark.Change.queued(until: at(900)), .started(at: at(5), until: at(900)),
                    .heartbeat(until: at(900), progress: 1, message: "m"), .released(dueAt: at(900)),
                ] {
                    try requireOfStore(try await !apply(store, change), "\(change) must not be applied")
                }
                try requireAnswer(try await row(store, 1), before)
            }
        },
        Case("applies marks in order, after the transitions of the batch, and answers each") { store in
            try await start(store, [new(1), new(2)])
            _ = try await store.claim(request(until: 100))
            let receipt = try await store.commit(
                [transition("a", 2, [.remove(number: 1)])],
                marks: [
                    mark(1, .queued(until: at(300))), mark(2, .started(at: at(1), until: at(200)), token: "t2"),
                    mark(2, .heartbeat(until: at(250), progress: nil, message: nil), token: "t2"),
                ])
            try requireAnswer(receipt.markOutcomes, [false, true, true])
            try requireAnswer(try await row(store, 2).leaseUntil, at(250))
        },
        Case("names running attempts that are overdue, oldest lease first") { store in
            try await start(store, (1...4).map { new($0) })
            _ = try await store.claim(request(until: 100))
            let marks = [(1, 80), (2, 60), (3, 61)].map { number, until in
                mark(number, .started(at: at(1), until: at(Int64(until))), token: "t\(number)")
            }
            _ = try await store.commit([], marks: marks)
            try requireAnswer(try await store.overdueTasks(at: at(59), limit: 10), [])
            try requireAnswer(
                try await store.overdueTasks(at: at(60), limit: 10),
                [OverdueTask(id: task("a", 2), contract: probe, attempt: 1, token: "t2", leaseUntil: at(60))])
            try requireAnswer(try await store.overdueTasks(at: at(500), limit: 10).map(\.id.number), [2, 3, 1])
            try requireAnswer(try await store.overdueTasks(at: at(500), limit: 2).map(\.id.number), [2, 3])
        },
    ]
}
