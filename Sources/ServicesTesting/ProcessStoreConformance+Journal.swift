import Delivery
import ProcessEngine
import Services
import Values

extension ProcessStoreConformance {
    static let journalCases: [Case] = [
        Case("gives a unique key to one instance at a time, until its end") { store in
            func start(_ id: String, frees: Bool = false) -> Transition {
                var start = transition(id, 1)
                start.uniqueKey = "=p k"
                if frees { start.freesKey = "=p k" }
                return start
            }
            let receipt = try await store.commit([start("a"), start("b")], marks: [])
            try requireAnswer(receipt.outcomes.map(\.isCommitted), [true, false])
            try requireAnswer(receipt.outcomes[1], .uniqueKeyTaken(InstanceID("a")))
            try requireAnswer(
                try await store.commit([start("b")], marks: []).outcomes, [.uniqueKeyTaken(InstanceID("a"))])
            try requireAnswer(try await store.journal(of: InstanceID("b"), after: 0), [])
            var end = transition("a", 2)
            end.freesKey = "=p k"
            try requireAnswer(try await store.commit([end], marks: []).outcomes.map(\.isCommitted), [true])
            // Started and ended at once: it is free again.
            try requireAnswer(
                try await store.commit([start("b", frees: true)], marks: []).outcomes.map(\.isCommitted), [true])
            try requireAnswer(try await store.commit([start("c")], marks: []).outcomes.map(\.isCommitted), [true])
            try requireAnswer(
                try await store.commit([start("d")], marks: []).outcomes, [.uniqueKeyTaken(InstanceID("c"))])
        },
        Case("takes keys with any character") { store in
            let odd = "=p \u{0}\u{FFFD}\"'\\\u{1F600}\u{0}"
            func start(_ id: String) -> Transition {
                var start = transition(id, 1)
                start.uniqueKey = odd
                start.startKey = "p \(odd) \(id)"
                return start
            }
            try requireAnswer(try await store.commit([start("a")], marks: []).outcomes.map(\.isCommitted), [true])
            try requireAnswer(
                try await store.commit([start("a")], marks: []).outcomes, [.keyTaken(InstanceID("a"))])
            try requireAnswer(
                try await store.commit([start("b")], marks: []).outcomes, [.uniqueKeyTaken(InstanceID("a"))])
            var end = transition("a", 2)
            end.freesKey = odd
            try requireAnswer(try await store.commit([end], marks: []).outcomes.map(\.isCommitted), [true])
            try requireAnswer(try await store.commit([start("c")], marks: []).outcomes.map(\.isCommitted), [true])
        },
        Case("lets one of many starts with a unique key win") { store in
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<16 {
                    group.addTask {
                        var start = transition("i\(number)", 1)
                        start.uniqueKey = "=p k"
                        return try await store.commit([start], marks: []).outcomes.allSatisfy(\.isCommitted)
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            try requireAnswer(outcomes, 1)
        },
        Case("gives back the journal of an instance as it was committed, after a seq") { store in
            _ = try await store.commit([transition("a", 1), transition("b", 1), transition("a", 2)], marks: [])
            let rows = try await store.journal(of: InstanceID("a"), after: 0)
            try requireAnswer(rows.map(\.seq), [1, 2])
            try requireAnswer(rows.map(\.at), [at(0), at(0)])
            try requireAnswer(rows.map(\.events), [events, events])
            try requireAnswer(try await store.journal(of: InstanceID("a"), after: 1), [rows[1]])
            try requireAnswer(try await store.journal(of: InstanceID("a"), after: 2), [])
            try requireAnswer(try await store.journal(of: InstanceID("c"), after: 0), [])
        },
        Case("keeps any bytes as events, and none") { store in
            let all = (0...255).map { UInt8($0) }
            let empty = Transition(instance: InstanceID("a"), seq: 1, at: at(0), events: [])
            let full = Transition(instance: InstanceID("a"), seq: 2, at: at(-2_000_000), events: all)
            _ = try await store.commit([empty, full], marks: [])
            let rows = try await store.journal(of: InstanceID("a"), after: 0)
            try requireAnswer(rows.map(\.events), [[], all])
            try requireAnswer(rows.last?.at, at(-2_000_000))
        },
        Case("answers a conflict for a seq that is not the next, and stores the others") { store in
            let receipt = try await store.commit(
                [transition("a", 2), transition("b", 1), transition("b", 1), transition("b", 3), transition("a", 1)],
                marks: [])
            try requireAnswer(receipt.outcomes.map(\.isCommitted), [false, true, false, false, true])
            try requireAnswer(receipt.outcomes[0], .conflict)
            try requireAnswer(receipt.outcomes[2], .conflict)
            try requireAnswer(try await store.journal(of: InstanceID("b"), after: 0).count, 1)
        },
        Case("stores nothing of a transition in conflict") { store in
            try await start(store, [])
            var late = transition("a", 1, [.create(new(1))])
            late.timers = [.schedule(number: 1, dueAt: at(0))]
            late.outbox = [OutboxMessage.Content(exchange: "e", routingKey: "r", type: "t", body: [])]
            late.startKey = "key"
            try requireAnswer(try await store.commit([late], marks: []).outcomes, [.conflict])
            try requireAnswer(try await store.tasks([task("a", 1)]), [])
            try requireAnswer(try await store.dueTimers(at: at(0), limit: 10), [])
            try requireAnswer(try await store.outbox(limit: 10), [])
            try requireAnswer(try await store.instance(startedWith: "key"), nil)
        },
        Case("lets one of many that commit the same seq at once win") { store in
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await store.commit([transition("a", 1)], marks: []).outcomes[0].isCommitted }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try requireAnswer(wins, 1)
            try requireAnswer(try await store.journal(of: InstanceID("a"), after: 0).count, 1)
        },
        Case("pages the journal of all instances by position, in commit order") { store in
            let receipt = try await store.commit(["c", "a", "b"].map { transition($0, 1) }, marks: [])
            _ = try await store.commit([transition("a", 2)], marks: [])
            let first = try await store.journal(after: 0, limit: 3)
            try requireAnswer(first.map(\.instance.text), ["c", "a", "b"])
            try requireAnswer(receipt.outcomes, first.map { .committed(position: $0.position) })
            try requireOfStore(
                first[0].position > 0 && first[1].position > first[0].position, "positions grow from above 0")
            let rest = try await store.journal(after: first[2].position, limit: 3)
            try requireAnswer(rest.map(\.seq), [2])
            try requireAnswer(try await store.journal(after: rest[0].position, limit: 3), [])
            try requireAnswer(try await store.journal(after: 0, limit: 0), [])
        },
        Case("lets a start key name one instance for ever") { store in
            var first = transition("a", 1)
            first.startKey = "order 42"
            var second = transition("b", 1, [.create(new(1))])
            second.startKey = "order 42"
            let receipt = try await store.commit([first, second], marks: [])
            try requireAnswer(receipt.outcomes[1], .keyTaken(InstanceID("a")))
            try requireAnswer(try await store.commit([second], marks: []).outcomes, [.keyTaken(InstanceID("a"))])
            try requireAnswer(try await store.journal(of: InstanceID("b"), after: 0), [])
            try requireAnswer(try await store.tasks([task("b", 1)]), [])
            try requireAnswer(try await store.instance(startedWith: "order 42"), InstanceID("a"))
            try requireAnswer(try await store.instance(startedWith: "order 43"), nil)
        },
        Case("says of a start that comes twice which instance it made") { store in
            var start = transition("a", 1)
            start.startKey = "order 42"
            _ = try await store.commit([start], marks: [])
            try requireAnswer(try await store.commit([start], marks: []).outcomes, [.keyTaken(InstanceID("a"))])
        },
        Case("commits nothing when there is nothing to commit") { store in
            let receipt = try await store.commit([], marks: [])
            try requireAnswer(receipt.outcomes, [])
            try requireAnswer(receipt.markOutcomes, [])
        },
        Case("throws misuse for an input outside of the events, and keeps nothing of the batch") { store in
            var broken = new(1)
            broken.inputRange = 40..<events.count + 1
            do {
                _ = try await store.commit([transition("b", 1), transition("a", 1, [.create(broken)])], marks: [])
            } catch let error as StoreError {
                try requireAnswer(error.kind, .misuse)
                try requireAnswer(try await store.journal(after: 0, limit: 10), [])
                return
            }
            throw StoreConformanceFailure(description: "an input outside of the events was stored")
        },
    ]
}
