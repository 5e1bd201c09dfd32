import Delivery
import ProcessEngine
import Services
import Values

extension ProcessStoreConformance {
    static let changeCases: [Case] = [
        Case("makes a task that waits, as it was described") { store in
            try await start(store, [new(2, other, priority: 7, dueAt: 5)])
            try requireAnswer(
                try await row(store, 2),
                TaskRow(
                    id: task("a", 2), element: ElementID("element2"), contract: other, phase: .waiting, priority: 7,
                    retries: 3,
                    attempt: 0, token: nil, availableAt: at(5), leaseUntil: nil, startedAt: nil, progress: nil,
                    progressMessage: nil, error: nil))
        },
        Case("hands a new task over in the transaction that makes it") { store in
            try await start(store, [new(1, lease: TaskLease(owner: "poll", attempt: 1, token: "t1", until: at(100)))])
            let handed = try await row(store, 1)
            try requireAnswer(handed.phase, .dispatched)
            try requireAnswer(handed.attempt, 1)
            try requireAnswer(handed.token, "t1")
            try requireAnswer(handed.leaseUntil, at(100))
            try requireAnswer(numbers(try await store.claim(request(at: 99))), [])
            let again = try await store.claim(request(at: 100, tokens: "u"))
            try requireAnswer(again.map(\.lease.attempt), [2])
            try requireAnswer(again.map(\.lease.token), ["u1"])
        },
        Case("answers live tasks in the order asked, without those that are over") { store in
            try await start(store, [new(1), new(2), new(3)])
            _ = try await store.commit([transition("a", 2, [.remove(number: 2)])], marks: [])
            let rows = try await store.tasks([task("a", 3), task("a", 2), task("a", 1), task("x", 1)])
            try requireAnswer(rows.map(\.id.number), [3, 1])
            try requireAnswer(try await store.tasks([]), [])
        },
        Case("reschedules with the token kept: not out any more, due again later") { store in
            try await start(store, [new(1)])
            _ = try await store.claim(request())
            _ = try await store.commit(
                [],
                marks: [
                    mark(1, .started(at: at(1), until: at(9))),
                    mark(1, .heartbeat(until: at(9), progress: 0.5, message: "m")),
                ])
            let failed = transition(
                "a", 2, [.reschedule(number: 1, retries: 2, dueAt: at(50), error: "no", keepToken: true)])
            _ = try await store.commit([failed], marks: [])
            try requireAnswer(
                try await row(store, 1),
                TaskRow(
                    id: task("a", 1), element: ElementID("element1"), contract: probe, phase: .waiting, priority: 0,
                    retries: 2,
                    attempt: 1, token: "t1", availableAt: at(50), leaseUntil: nil, startedAt: nil, progress: nil,
                    progressMessage: nil, error: "no"))
            try requireAnswer(numbers(try await store.claim(request(at: 49))), [])
            let next = try await store.claim(request(at: 50, tokens: "u"))
            try requireAnswer(next.map(\.lease.attempt), [2])
            try requireAnswer(next.map(\.retries), [2])
            try requireAnswer(try await row(store, 1).error, "no")
        },
        Case("reschedules with the token void") { store in
            try await start(store, [new(1)])
            _ = try await store.claim(request())
            let retried = transition(
                "a", 2, [.reschedule(number: 1, retries: 3, dueAt: at(0), error: nil, keepToken: false)])
            _ = try await store.commit([retried], marks: [])
            try requireAnswer(try await row(store, 1).token, nil)
            try requireAnswer(try await row(store, 1).attempt, 1)
            try requireAnswer(try await row(store, 1).error, nil)
        },
        Case("suspends a task until it is rescheduled") { store in
            try await start(store, [new(1)])
            _ = try await store.claim(request())
            let stuck = transition("a", 2, [.suspend(number: 1, retries: 0, error: "broken", keepToken: false)])
            _ = try await store.commit([stuck], marks: [])
            let suspended = try await row(store, 1)
            try requireAnswer(suspended.phase, .suspended)
            try requireAnswer(suspended.token, nil)
            try requireAnswer(suspended.error, "broken")
            try requireAnswer(suspended.leaseUntil, nil)
            try requireAnswer(numbers(try await store.claim(request(at: 1_000_000))), [])
            try requireAnswer(try await store.nextDue(), nil)
            let retried = transition(
                "a", 3, [.reschedule(number: 1, retries: 1, dueAt: at(5), error: nil, keepToken: false)])
            _ = try await store.commit([retried], marks: [])
            try requireAnswer(try await store.claim(request(at: 5)).map(\.lease.attempt), [2])
        },
        Case("moves the rows of an instance to another version of its process, and lets attempts go on") { store in
            try await start(store, [new(1), new(2)])
            _ = try await store.claim(request(limit: 1))
            let before = try await row(store, 1)
            var move = transition("a", 2, [.create(new(3)), .remove(number: 2)])
            move.moves = VersionMove(
                definition: DefinitionID(process: "ingest", version: 5),
                tasks: [
                    VersionMove.Place(number: 1, element: ElementID("other")),
                    VersionMove.Place(number: 2, element: ElementID("element2")),
                    VersionMove.Place(number: 9, element: ElementID("gone")),
                ], subscriptions: [])
            let receipt = try await store.commit([move], marks: [])
            try requireAnswer(receipt.outcomes.map(\.isCommitted), [true])
            var moved = before
            moved.element = ElementID("other")
            try requireAnswer(try await store.tasks((1...3).map { task("a", $0) }).map(\.id.number), [1, 3])
            try requireAnswer(try await row(store, 1), moved)
            var done = transition(
                "a", 3, [.reschedule(number: 1, retries: 2, dueAt: at(0), error: nil, keepToken: true)])
            done.fences = [Fence(task: task("a", 1), attempt: 1, token: "t1")]
            try requireAnswer(try await store.commit([done], marks: []).outcomes.map(\.isCommitted), [true])
            let claimed = try await store.claim(request(tokens: "u"))
            try requireAnswer(claimed.map(\.element), [ElementID("other"), ElementID("element3")])
            try requireAnswer(claimed.map(\.definition.version), [5, 4])
        },
        Case("applies the changes of a transition in order, and ignores tasks that are gone") { store in
            let receipt = try await store.commit(
                [
                    transition(
                        "a", 1,
                        [
                            .create(new(1)), .suspend(number: 1, retries: 0, error: "x", keepToken: false),
                            .create(new(2)),
                            .remove(number: 2), .remove(number: 3),
                            .reschedule(number: 4, retries: 1, dueAt: at(0), error: nil, keepToken: true),
                        ])
                ], marks: [])
            try requireAnswer(receipt.outcomes.map(\.isCommitted), [true])
            try requireAnswer(try await store.tasks((1...4).map { task("a", $0) }).map(\.phase), [.suspended])
        },
    ]
}
