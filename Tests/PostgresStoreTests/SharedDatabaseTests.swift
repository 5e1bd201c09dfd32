import Delivery
import PostgresStore
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

/// Several stores on one schema, as several processes have them.
extension PostgresStoreTests {
    @Suite struct SharedDatabaseTests {
        @Test func `of two that decide for one instance at once, one wins each time`() async throws {
            try await TestDatabase.withStores(2) { (stores) async throws in
                for seq in 1...40 {
                    let outcomes = try await withThrowingTaskGroup(of: CommitReceipt.Outcome.self) { group in
                        for store in stores {
                            group.addTask {
                                try await store.commit([Work.transition("a", seq)], marks: []).outcomes[0]
                            }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(outcomes.count(where: Work.isCommitted) == 1 && outcomes.contains(.conflict))
                }
                #expect(try await stores[0].journal(of: InstanceID("a"), after: 0).map(\.seq) == Array(1...40))
            }
        }

        @Test func `one start key given to two makes one instance`() async throws {
            try await TestDatabase.withStores(2) { (stores) async throws in
                for number in 1...30 {
                    let outcomes = try await withThrowingTaskGroup(of: CommitReceipt.Outcome.self) { group in
                        for (place, store) in stores.enumerated() {
                            group.addTask {
                                var start = Work.transition("\(number)-\(place)")
                                start.startKey = "order \(number)"
                                return try await store.commit([start], marks: []).outcomes[0]
                            }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    let winner = try #require(try await stores[0].instance(startedWith: "order \(number)"))
                    #expect(outcomes.count(where: Work.isCommitted) == 1 && outcomes.contains(.keyTaken(winner)))
                }
            }
        }

        @Test(arguments: [nil, 30]) func `no task is claimed by two`(concurrency: Int?) async throws {
            try await TestDatabase.withStores(3) { (stores) async throws in
                for instance in 1...10 {
                    let tasks = (1...20).map { TaskChange.create(Work.task($0)) }
                    _ = try await stores[0].commit([Work.transition("i\(instance)", 1, tasks)], marks: [])
                }
                let claimed = try await withThrowingTaskGroup(of: [TaskID].self) { group in
                    for store in stores + stores {
                        group.addTask {
                            var mine: [TaskID] = []
                            while true {
                                let leased = try await store.claim(Work.claim(7, concurrency: concurrency))
                                if leased.isEmpty { return mine }
                                mine += leased.map(\.id)
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(Set(claimed).count == claimed.count)
                if let concurrency {
                    #expect(claimed.count == concurrency)
                } else {
                    #expect(claimed.count == 200)
                }
            }
        }

        /// The lease of an attempt has expired: its late result and the next claim come at once. The fence is checked and the
        /// task removed under the lock that the claim needs.
        @Test func `a late result and the next claim never both get the task`() async throws {
            try await TestDatabase.withStores(2) { (stores) async throws in
                var results = 0
                for number in 1...60 {
                    let name = "i\(number)"
                    _ = try await stores[0].commit([Work.transition(name, 1, [.create(Work.task(1))])], marks: [])
                    let leased = try await stores[0].claim(Work.claim(1))[0]
                    var late = Work.transition(name, 2, [.remove(number: 1)])
                    late.fences = [Fence(task: leased.id, attempt: 1, token: leased.lease.token)]
                    let result = late
                    async let committed = stores[0].commit([result], marks: []).outcomes[0]
                    async let claimed = stores[1].claim(Work.claim(1, at: 5000))
                    let (outcome, next) = (try await committed, try await claimed)
                    #expect(Work.isCommitted(outcome) == next.isEmpty)
                    results += Work.isCommitted(outcome) ? 1 : 0
                    guard let next = next.first else { continue }
                    #expect(outcome == .fenceLost([leased.id]) && next.lease.attempt == 2)
                    late.fences = [Fence(task: next.id, attempt: 2, token: next.lease.token)]
                    _ = try await stores[0].commit([late], marks: [])
                }
                #expect(try await stores[0].nextDue() == nil, "\(results) results were first")
            }
        }

        /// Batches overlap in instances, fenced tasks and start keys, in any order: nobody may wait in a circle.
        @Test func `commits that overlap in any order never deadlock`() async throws {
            try await TestDatabase.withStores(4) { (stores) async throws in
                let instances = (0..<12).map { "i\($0)" }
                _ = try await stores[0].commit(
                    instances.map { Work.transition($0, 1, (1...3).map { .create(Work.task($0)) }) }, marks: [])
                let leased = try await stores[0].claim(Work.claim(36))
                #expect(leased.count == 36)
                let before = try await Self.deadlocks(stores[0])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (place, store) in stores.enumerated() {
                        group.addTask { try await Self.commitAtRandom(store, UInt64(place + 1), instances, leased) }
                        group.addTask { for _ in 0..<40 { _ = try await store.claim(Work.claim(5, at: 5000)) } }
                    }
                    try await group.waitForAll()
                }
                #expect(try await Self.deadlocks(stores[0]) == before)
                for instance in instances {
                    let seqs = try await stores[0].journal(of: InstanceID(instance), after: 0).map(\.seq)
                    #expect(seqs == Array(1...seqs.count))
                }
            }
        }

        private static func commitAtRandom(
            _ store: PostgresStore, _ seed: UInt64, _ instances: [String], _ leased: [LeasedTask]
        ) async throws {
            let random = SeededRandom(seed: seed)
            for round in 0..<40 {
                var batch: [Transition] = []
                for _ in 0..<6 {
                    let instance = instances[random.below(instances.count)]
                    let seq = try await store.journal(of: InstanceID(instance), after: 0).count + 1
                    var transition = Work.transition(instance, seq)
                    let fenced = leased[random.below(leased.count)]
                    transition.fences = [Fence(task: fenced.id, attempt: 1, token: fenced.lease.token)]
                    transition.timers = [.schedule(number: random.below(3), dueAt: Work.at(9))]
                    if random.chance(50) { transition.startKey = "key \(round) \(random.below(3))" }
                    batch.append(transition)
                }
                let marks = (0..<4).map { _ in
                    let task = leased[random.below(leased.count)]
                    return LeaseMark(
                        task: task.id, attempt: 1, token: task.lease.token,
                        change: .heartbeat(until: Work.at(9000), progress: nil, message: nil))
                }
                _ = try await store.commit(batch, marks: marks)
            }
        }

        private static func deadlocks(_ store: PostgresStore) async throws -> [[String]] {
            try await store.query("SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()")
        }

        /// Commits end in another order than they began, since a trigger holds each for a while: a reader that follows the
        /// journal sees every row once, in the order of positions.
        @Test(.timeLimit(.minutes(1))) func `a reader misses no row, in whatever order commits end`() async throws {
            try await TestDatabase.withStores(4) { (stores) async throws in
                try await stores[0].execute(
                    """
                    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
                        'BEGIN PERFORM pg_sleep(random() * 0.01); RETURN NULL; END';
                    CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION hold();
                    """)
                let total = 4 * 30 * 2
                async let read = Self.follow(stores[1], until: total)
                let answered = try await withThrowingTaskGroup(of: [Int64].self) { group in
                    for (place, store) in stores.enumerated() {
                        group.addTask { try await Self.commitMany(store, "\(place)") }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(try await read == answered.sorted())
            }
        }

        /// Thirty commits of two rows, and the positions that were answered.
        private static func commitMany(_ store: PostgresStore, _ name: String) async throws -> [Int64] {
            var positions: [Int64] = []
            for number in 0..<30 {
                let batch = ["b", "a"].map { Work.transition("\(name) \(number) \($0)") }
                for outcome in try await store.commit(batch, marks: []).outcomes {
                    if case .committed(let position) = outcome { positions.append(position) }
                }
            }
            return positions
        }

        /// Positions as a projector sees them.
        private static func follow(_ store: PostgresStore, until count: Int) async throws -> [Int64] {
            var positions: [Int64] = []
            while positions.count < count {
                try Task.checkCancellation()
                positions += try await store.journal(after: positions.last ?? 0, limit: 7).map(\.position)
            }
            return positions
        }

        @Test func `a commit that is open holds the reader back, and is named`() async throws {
            try await TestDatabase.withStores(2) { (stores) async throws in
                try await stores[0].execute(
                    """
                    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
                        'BEGIN PERFORM pg_advisory_xact_lock(47112); RETURN NULL; END';
                    CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON journal DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW WHEN (new.instance = 'held') EXECUTE FUNCTION hold();
                    """)
                try await TestDatabase.withStore { gate in
                    try await gate.execute("SELECT pg_advisory_lock(47112)")
                    async let held = stores[1].commit([Work.transition("held")], marks: [])
                    let waiting = "SELECT count(*)::text FROM pg_locks WHERE objid = 47112 AND NOT granted"
                    while try await gate.query(waiting) != [["1"]] { await Task.yield() }
                    _ = try await stores[0].commit([Work.transition("later")], marks: [])
                    #expect(try await stores[0].journal(after: 0, limit: 9).isEmpty)
                    #expect(try await stores[0].projectorHolder(olderThan: 0)?.contains("waybill") == true)
                    // Ends the session that has the lock.
                    await gate.close()
                    #expect(try await held.outcomes.map(Work.isCommitted) == [true])
                }
                let rows = try await SettledStore(store: stores[0]).journal(after: 0, limit: 9)
                #expect(rows.map(\.instance.text) == ["held", "later"])
            }
        }

        @Test func `others are told of a commit, and its author is not`() async throws {
            try await TestDatabase.withStores(2) {
                $0.hints = true
            } _: { (stores) async throws in
                let signal = stores[1].hints.listen()
                _ = try await stores[0].commit([Work.transition("a")], marks: [])
                #expect(await signal.wait())
                #expect(try await stores[1].journal(of: InstanceID("a"), after: 0).count == 1)
            }
        }
    }
}
