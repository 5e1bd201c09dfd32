import ProcessEngine
import Services
import Values

extension ProcessStoreConformance {
    static let eventCases: [Case] = [
        Case("finds open subscriptions by kind, name, key, business key and instance") { store in
            try await open(store, "a", [subscription(1, "paid"), subscription(2, "paid", key: "\"7\"")])
            try await open(store, "b", [subscription(1, "paid", key: "\"8\"", businessKey: "order")])
            try await open(store, "c", [subscription(1, "paid", kind: .signal), subscription(2, "sent")])
            func found(_ query: SubscriptionQuery) async throws -> [String] {
                try await store.subscriptions(query).map { "\($0.instance)\($0.subscription.number)" }
            }
            try requireAnswer(try await found(SubscriptionQuery(kind: .message, name: "paid")), ["a1", "a2", "b1"])
            try requireAnswer(
                try await found(SubscriptionQuery(kind: .message, name: "paid", key: .matching("\"7\""))), ["a1", "a2"])
            try requireAnswer(
                try await found(SubscriptionQuery(kind: .message, name: "paid", key: .matching(nil))), ["a1"])
            try requireAnswer(
                try await found(SubscriptionQuery(kind: .message, name: "paid", businessKey: "order")), ["b1"])
            try requireAnswer(
                try await found(SubscriptionQuery(kind: .message, name: "paid", instance: InstanceID("a"))),
                ["a1", "a2"])
            try requireAnswer(try await found(SubscriptionQuery(kind: .signal, name: "paid")), ["c1"])
            try requireAnswer(try await found(SubscriptionQuery(kind: .message, name: "paid", limit: 2)), ["a1", "a2"])
            var close = transition("a", 2)
            close.subscriptions = [.close(number: 1), .close(number: 9)]
            _ = try await store.commit([close], marks: [])
            try requireAnswer(try await found(SubscriptionQuery(kind: .message, name: "paid")), ["a2", "b1"])
            let row = try await store.subscriptions(SubscriptionQuery(kind: .message, name: "paid")).last?.subscription
            try requireAnswer(row, subscription(1, "paid", key: "\"8\"", businessKey: "order"))
        },
        Case("moves subscriptions to another version of the process") { store in
            try await open(store, "a", [subscription(1, "paid"), subscription(2, "sent")])
            var move = transition("a", 2)
            move.moves = VersionMove(
                definition: DefinitionID(process: "p", version: 7), tasks: [],
                subscriptions: [
                    VersionMove.Place(number: 1, element: ElementID("other")),
                    VersionMove.Place(number: 2, element: ElementID("gone")),
                ])
            move.subscriptions = [.close(number: 2), .open(subscription(3, "paid"))]
            _ = try await store.commit([move], marks: [])
            var moved = subscription(1, "paid")
            moved.element = ElementID("other")
            moved.definition = DefinitionID(process: "p", version: 7)
            let rows = try await store.subscriptions(SubscriptionQuery(kind: .message, name: "paid"))
            try requireAnswer(rows.map(\.subscription), [moved, subscription(3, "paid")])
            try requireAnswer(try await store.subscriptions(SubscriptionQuery(kind: .message, name: "sent")), [])
        },
        Case("gives entries of the inbox when they are due, oldest first, until they are applied") { store in
            try await fill(store, [entry("x", dueAt: 5), entry("y"), entry("z", dueAt: 5)])
            try requireAnswer(try await bodies(store, at: 0), ["y"])
            try requireAnswer(try await bodies(store, at: 5), ["x", "y", "z"])
            let first = try await store.inbox(at: at(5), limit: 1)
            try requireAnswer(first.map(\.content), [entry("x", dueAt: 5)])
            var apply = transition("b", 1)
            apply.consumes = first.map(\.id)
            try requireAnswer(try await store.commit([apply], marks: []).outcomes.map(\.isCommitted), [true])
            try requireAnswer(try await bodies(store, at: 5), ["y", "z"])
        },
        Case("applies an entry once: whoever comes later is told, and nothing of it is stored") { store in
            try await fill(store, [entry("x"), entry("y")])
            let entries = try await store.inbox(at: at(0), limit: 10)
            var one = transition("b", 1)
            one.consumes = [entries[0].id]
            var two = transition("c", 1, [.create(new(1))])
            two.consumes = entries.map(\.id)
            two.inbox = [entry("more")]
            let receipt = try await store.commit([one, two], marks: [])
            try requireAnswer(receipt.outcomes[1], .consumed([entries[0].id]))
            try requireAnswer(try await store.commit([two], marks: []).outcomes, [.consumed([entries[0].id])])
            try requireAnswer(try await store.journal(of: InstanceID("c"), after: 0), [])
            try requireAnswer(try await bodies(store, at: 0), ["y"])
        },
        Case("lets one of many that apply an entry at once win") { store in
            try await fill(store, [entry("x")])
            let entry = try await store.inbox(at: at(0), limit: 1)
            let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        var apply = transition("racer\(number)", 1)
                        apply.consumes = entry.map(\.id)
                        return try await store.commit([apply], marks: []).outcomes[0].isCommitted
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try requireAnswer(wins, 1)
        },
        Case("keeps what waits for a subscription until there is one, or it expires") { store in
            let awaited = InboxEntry.Awaited(name: "paid", key: "\"7\"", businessKey: nil)
            try await fill(store, [entry("x", dueAt: 100, awaits: awaited)])
            try requireAnswer(try await bodies(store, at: 99), [])
            try requireAnswer(try await store.awaitedEntries(limit: 10), [])
            try await open(store, "b", [subscription(1, "paid", key: "\"8\""), subscription(2, "sent")])
            try requireAnswer(try await store.awaitedEntries(limit: 10), [])
            try await open(store, "c", [subscription(1, "paid", key: "\"7\"")])
            try requireAnswer(
                try await store.awaitedEntries(limit: 10).map(\.content), [entry("x", dueAt: 100, awaits: awaited)])
            try requireAnswer(try await bodies(store, at: 100), ["x"])
        },
        Case("matches what waits by business key if it names one") { store in
            let awaited = InboxEntry.Awaited(name: "paid", key: nil, businessKey: "order")
            try await fill(store, [entry("x", dueAt: 100, awaits: awaited)])
            try await open(store, "b", [subscription(1, "paid"), subscription(2, "paid", businessKey: "other")])
            try requireAnswer(try await store.awaitedEntries(limit: 10), [])
            try await open(store, "c", [subscription(1, "paid", businessKey: "order")])
            try requireAnswer(try await store.awaitedEntries(limit: 10).count, 1)
        },
        Case("posts once for a key") { store in
            try requireAnswer(try await store.post([entry("x")], key: "m1"), true)
            try requireAnswer(try await store.post([entry("y")], key: "m1"), false)
            try requireAnswer(try await store.post([entry("z")], key: nil), true)
            try requireAnswer(try await bodies(store, at: 0), ["x", "z"])
        },
        Case("puts others in the place of an entry, once") { store in
            _ = try await store.post([entry("x")], key: nil)
            let first = try await store.inbox(at: at(0), limit: 1)[0].id
            try requireAnswer(try await store.redirect(first, into: [entry("y"), entry("z")]), true)
            try requireAnswer(try await store.redirect(first, into: [entry("w")]), false)
            try requireAnswer(try await bodies(store, at: 0), ["y", "z"])
            let next = try await store.inbox(at: at(0), limit: 1)[0].id
            try requireAnswer(try await store.redirect(next, into: []), true)
            try requireAnswer(try await bodies(store, at: 0), ["z"])
        },
        Case("counts entries of the inbox among what falls due") { store in
            try await fill(store, [entry("x", dueAt: 7)])
            try requireAnswer(try await store.nextDue(), at(7))
        },
    ]

    private static func subscription(
        _ number: Int, _ name: String, kind: SubscriptionKind = .message, key: String? = nil, businessKey: String? = nil
    ) -> NewSubscription {
        NewSubscription(
            number: number, kind: kind, name: name, key: key, businessKey: businessKey,
            definition: DefinitionID(process: "ingest", version: 4), element: ElementID("wait"))
    }

    private static func entry(
        _ body: String, dueAt: Int64 = 0, awaits: InboxEntry.Awaited? = nil
    ) -> InboxEntry.Content {
        InboxEntry.Content(dueAt: at(dueAt), awaits: awaits, body: Array(body.utf8))
    }

    private static func open(
        _ store: any ProcessStore, _ instance: String, _ subscriptions: [NewSubscription]
    ) async throws {
        var start = transition(instance, 1)
        start.subscriptions = subscriptions.map { .open($0) }
        try requireAnswer(try await store.commit([start], marks: []).outcomes.map(\.isCommitted), [true])
    }

    private static func fill(_ store: any ProcessStore, _ entries: [InboxEntry.Content]) async throws {
        var start = transition("a", 1)
        start.inbox = entries
        try requireAnswer(try await store.commit([start], marks: []).outcomes.map(\.isCommitted), [true])
    }

    private static func bodies(_ store: any ProcessStore, at now: Int64) async throws -> [String] {
        try await store.inbox(at: at(now), limit: 10).map { String(decoding: $0.content.body, as: UTF8.self) }
    }
}
