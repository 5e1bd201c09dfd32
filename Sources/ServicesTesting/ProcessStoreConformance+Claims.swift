import Delivery
import ProcessEngine
import Services
import Values

extension ProcessStoreConformance {
    static let claimCases: [Case] = [
        Case("gives a claimed task all that an agent needs") { store in
            try await start(store, [new(3, other, priority: 2)])
            let claimed = try await store.claim(
                request([ClaimRequest.Credit(contract: other, count: 1)], at: 7, until: 99))
            try requireAnswer(
                claimed,
                [
                    LeasedTask(
                        id: task("a", 3), element: ElementID("element3"), contract: other, priority: 2, retries: 3,
                        definition: DefinitionID(process: "ingest", version: 4), businessKey: "key",
                        lease: TaskLease(owner: "broker", attempt: 1, token: "t1", until: at(99)),
                        input: try JSON(validating: "[3]"))
                ])
            let claimedRow = try await row(store, 3)
            try requireAnswer(claimedRow.phase, .dispatched)
            try requireAnswer(claimedRow.token, "t1")
            try requireAnswer(claimedRow.leaseUntil, at(99))
        },
        Case("gives with a claimed task the correlation id and the user of its instance") { store in
            var task = new(1)
            task.correlationID = "order-42"
            task.runAs = "ann"
            try await start(store, [task, new(2)])
            let claimed = try await store.claim(request()).sorted { $0.id < $1.id }
            try requireAnswer(claimed.map(\.correlationID), ["order-42", nil])
            try requireAnswer(claimed.map(\.runAs), ["ann", nil])
        },
        Case("reads each input of a large journal row") { store in
            var large = Transition(instance: InstanceID("a"), seq: 1, at: at(0), events: [])
            for number in 1...2_000 {
                let input = Array("{\"part\":\(number)}".utf8)
                var task = new(1)
                task.number = number
                task.inputRange = large.events.count..<large.events.count + input.count
                large.events += input
                large.tasks.append(.create(task))
            }
            _ = try await store.commit([large], marks: [])
            let claimed = try await store.claim(
                request([ClaimRequest.Credit(contract: probe, count: 2_000)], limit: 2_000))
            try requireAnswer(claimed.map(\.input.text), (1...2_000).map { "{\"part\":\($0)}" })
        },
        Case("gives the input of a task to the attempt that holds it, and to nobody else") { store in
            guard let inputs = store as? any TaskInputStore else {
                throw StoreConformanceFailure(description: "the store gives no inputs")
            }
            try await start(store, [new(1), new(2)])
            try requireAnswer(try await inputs.input(of: task("a", 1), heldBy: ""), nil)
            _ = try await store.claim(request(limit: 1, tokens: "old"))
            try requireAnswer(try await inputs.input(of: task("a", 1), heldBy: "old1"), try JSON(validating: "[1]"))
            _ = try await store.claim(request(at: 30_000))
            try requireAnswer(try await inputs.input(of: task("a", 1), heldBy: "old1"), nil)
            let tokens = try await [row(store, 1).token, row(store, 2).token]
            try requireAnswer(tokens.compactMap { $0 }.sorted(), ["t1", "t2"])
            for (number, token) in zip(1...2, tokens) {
                let input = try await inputs.input(of: task("a", number), heldBy: token ?? "")
                try requireAnswer(input, try JSON(validating: "[\(number)]"))
            }
            try requireAnswer(try await inputs.input(of: task("a", 1), heldBy: tokens[1] ?? ""), nil)
            try requireAnswer(try await inputs.input(of: task("a", 3), heldBy: "t1"), nil)
        },
        Case("claims by priority, then due time, then age") { store in
            try await start(
                store,
                [
                    new(1, dueAt: 3), new(2, dueAt: 1), new(3, priority: 5, dueAt: 9), new(4, dueAt: 1),
                    new(5, priority: -1, dueAt: 0), new(6, priority: 5, dueAt: 2), new(7, priority: 9, dueAt: 11),
                ])
            try requireAnswer(numbers(try await store.claim(request(at: 10))), [6, 3, 2, 4, 1, 5])
        },
        Case("claims the best of several contracts together") { store in
            try await start(
                store, [new(1, other), new(2, probe, priority: 1), new(3, other, priority: 2), new(4, probe)])
            let credits = [
                ClaimRequest.Credit(contract: probe, count: 5), ClaimRequest.Credit(contract: other, count: 5),
            ]
            try requireAnswer(numbers(try await store.claim(request(credits, limit: 3))), [3, 2, 1])
            try requireAnswer(numbers(try await store.claim(request(credits, limit: 3, tokens: "u"))), [4])
        },
        Case("claims no more than credit, limit and tokens allow, and nothing without them") { store in
            try await start(store, (1...9).map { new($0) })
            func claim(_ count: Int, limit: Int) async throws -> [Int] {
                numbers(
                    try await store.claim(request([ClaimRequest.Credit(contract: probe, count: count)], limit: limit)))
            }
            try requireAnswer(try await claim(2, limit: 10), [1, 2])
            try requireAnswer(try await claim(10, limit: 1), [3])
            try requireAnswer(try await claim(0, limit: 10), [])
            try requireAnswer(try await claim(10, limit: 0), [])
            try requireAnswer(numbers(try await store.claim(request([]))), [])
            try requireAnswer(
                numbers(try await store.claim(request([ClaimRequest.Credit(contract: other, count: 9)]))), [])
            var short = request()
            short.tokens = ["x", "y"]
            try requireAnswer(try await store.claim(short).map(\.lease.token), ["x", "y"])
        },
        Case("never claims a task before it is due, or twice") { store in
            try await start(store, [new(1, dueAt: 10)])
            try requireAnswer(numbers(try await store.claim(request(at: 9))), [])
            try requireAnswer(numbers(try await store.claim(request(at: 10))), [1])
            try requireAnswer(numbers(try await store.claim(request(at: 10))), [])
        },
        Case("gives each task to one of many that claim at once") { store in
            try await start(store, (1...40).map { new($0) })
            let claimed = try await withThrowingTaskGroup(of: [Int].self) { group in
                for worker in 0..<8 {
                    group.addTask { numbers(try await store.claim(request(limit: 10, tokens: "w\(worker).\(0)."))) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try requireAnswer(claimed.sorted(), Array(1...40))
        },
        Case("keeps the attempts of a limited contract within its concurrency") { store in
            try await start(store, (1...6).map { new($0) })
            func claim(at now: Int64, _ tokens: String) async throws -> [Int] {
                let credit = ClaimRequest.Credit(contract: probe, count: 10, concurrency: 3)
                return numbers(try await store.claim(request([credit], at: now, until: 100, tokens: tokens)))
            }
            try requireAnswer(try await claim(at: 0, "t"), [1, 2, 3])
            try requireAnswer(try await claim(at: 1, "u"), [])
            _ = try await store.commit([], marks: [mark(1, .started(at: at(2), until: at(500)))])
            try requireAnswer(try await claim(at: 3, "v"), [])
            _ = try await store.commit([transition("a", 2, [.remove(number: 1)])], marks: [])
            try requireAnswer(try await claim(at: 4, "w"), [4])
            // At 100 the leases of 2, 3 and 4 expire: they are candidates, and do not count.
            try requireAnswer(try await claim(at: 100, "x"), [2, 3, 4])
        },
        Case("claims again what was handed out and never came to an agent") { store in
            try await start(store, [new(1), new(2), new(3, priority: 1, dueAt: 200)])
            _ = try await store.claim(request(at: 0, until: 100))
            _ = try await store.commit([], marks: [mark(2, .queued(until: at(300)), token: "t2")])
            try requireAnswer(numbers(try await store.claim(request(at: 99))), [])
            let first = try await store.claim(request(at: 100, until: 900, tokens: "u"))
            try requireAnswer(numbers(first), [1])
            try requireAnswer(first[0].lease.attempt, 2)
            try requireAnswer(first[0].retries, 3)
            // Expired and waiting tasks come in one order.
            try requireAnswer(numbers(try await store.claim(request(at: 300, tokens: "v"))), [3, 2])
        },
        Case("never claims a running attempt, however long it is overdue") { store in
            try await start(store, [new(1)])
            _ = try await store.claim(request())
            _ = try await store.commit([], marks: [mark(1, .started(at: at(1), until: at(10)))])
            try requireAnswer(numbers(try await store.claim(request(at: 1_000_000))), [])
        },
    ]
}
