import Delivery
import ProcessEngine
import Services
import Values

extension ProcessStoreConformance {
    private static func timers(_ instance: String, _ seq: Int, _ changes: [TimerChange]) -> Transition {
        var transition = transition(instance, seq)
        transition.timers = changes
        return transition
    }

    private static func message(_ key: String) -> OutboxMessage.Content {
        OutboxMessage.Content(
            exchange: "events", routingKey: key, type: "state", body: Array("{\"k\":\"\(key)\"}".utf8) + [0, 255])
    }

    static let waitingCases: [Case] = [
        Case("gives due timers, earliest first, until they are removed") { store in
            _ = try await store.commit(
                [
                    timers("a", 1, [.schedule(number: 1, dueAt: at(30)), .schedule(number: 2, dueAt: at(10))]),
                    timers("b", 1, [.schedule(number: 1, dueAt: at(20)), .schedule(number: 2, dueAt: at(10))]),
                ], marks: [])
            try requireAnswer(try await store.dueTimers(at: at(9), limit: 10), [])
            let due = try await store.dueTimers(at: at(29), limit: 10)
            try requireAnswer(due.map { "\($0.instance).\($0.number)" }, ["a.2", "b.2", "b.1"])
            try requireAnswer(due.map(\.dueAt), [at(10), at(10), at(20)])
            try requireAnswer(try await store.dueTimers(at: at(29), limit: 1).count, 1)
            _ = try await store.commit([timers("a", 2, [.remove(number: 2), .remove(number: 9)])], marks: [])
            try requireAnswer(
                try await store.dueTimers(at: at(30), limit: 10).map { "\($0.instance).\($0.number)" },
                ["b.2", "b.1", "a.1"])
        },
        Case("moves a timer that is scheduled again") { store in
            _ = try await store.commit([timers("a", 1, [.schedule(number: 1, dueAt: at(30))])], marks: [])
            _ = try await store.commit([timers("a", 2, [.schedule(number: 1, dueAt: at(40))])], marks: [])
            try requireAnswer(try await store.dueTimers(at: at(30), limit: 10), [])
            try requireAnswer(
                try await store.dueTimers(at: at(40), limit: 10),
                [DueTimer(instance: InstanceID("a"), number: 1, dueAt: at(40))])
        },
        Case("says when the next timer, task or lease falls due") { store in
            try requireAnswer(try await store.nextDue(), nil)
            _ = try await store.commit([timers("b", 1, [.schedule(number: 1, dueAt: at(1_000))])], marks: [])
            try requireAnswer(try await store.nextDue(), at(1_000))
            try await start(store, [new(1, dueAt: 500), new(2, dueAt: 900)])
            try requireAnswer(try await store.nextDue(), at(500))
            _ = try await store.claim(request(at: 500, until: 600))
            try requireAnswer(try await store.nextDue(), at(600))
            _ = try await store.commit([], marks: [mark(1, .queued(until: at(700)))])
            try requireAnswer(try await store.nextDue(), at(700))
            _ = try await store.commit([], marks: [mark(1, .started(at: at(550), until: at(800)))])
            try requireAnswer(try await store.nextDue(), at(800))
            _ = try await store.commit([transition("a", 2, [.remove(number: 1)])], marks: [])
            try requireAnswer(try await store.nextDue(), at(900))
            _ = try await store.commit([transition("a", 3, [.remove(number: 2)])], marks: [])
            try requireAnswer(try await store.nextDue(), at(1_000))
        },
        Case("finds something to do at the very time that it called the next") { store in
            try await start(store, [new(1, dueAt: 10)])
            try requireAnswer(numbers(try await store.claim(request(at: 10, until: 20))), [1])
            try requireAnswer(try await store.nextDue(), at(20))
            try requireAnswer(numbers(try await store.claim(request(at: 20, until: 30))), [1])
            _ = try await store.commit([], marks: [mark(1, .started(at: at(21), until: at(30)), attempt: 2)])
            try requireAnswer(try await store.nextDue(), at(30))
            try requireAnswer(try await store.overdueTasks(at: at(30), limit: 1).count, 1)
        },
        Case("counts what is due and what is out of each contract") { store in
            try requireAnswer(try await store.backlog(at: at(0)), [])
            try await start(
                store,
                [new(1), new(2), new(3), new(4, dueAt: 50), new(5, other, dueAt: 50), new(6, other), new(7, other)])
            _ = try await store.commit(
                [transition("a", 2, [.suspend(number: 6, retries: 0, error: "x", keepToken: false)])], marks: [])
            _ = try await store.claim(request(limit: 2))
            _ = try await store.commit([], marks: [mark(2, .started(at: at(1), until: at(99)), token: "t2")])
            try requireAnswer(
                try await store.backlog(at: at(10)),
                [ContractBacklog(contract: probe, due: 1, out: 2), ContractBacklog(contract: other, due: 1, out: 0)])
            try requireAnswer(
                try await store.backlog(at: at(50)),
                [ContractBacklog(contract: probe, due: 2, out: 2), ContractBacklog(contract: other, due: 2, out: 0)])
            // A lost dispatch is due again; a lost run is out until the reaper has counted it.
            try requireAnswer(
                try await store.backlog(at: at(30_000)),
                [ContractBacklog(contract: probe, due: 3, out: 1), ContractBacklog(contract: other, due: 2, out: 0)])
        },
        Case("keeps messages in commit order until they are sent") { store in
            try requireAnswer(try await store.outbox(limit: 10), [])
            var first = transition("b", 1)
            first.outbox = [message("1"), message("2")]
            var second = transition("a", 1)
            second.outbox = [message("3")]
            _ = try await store.commit([first, second], marks: [])
            let waiting = try await store.outbox(limit: 10)
            try requireAnswer(waiting.map(\.content), [message("1"), message("2"), message("3")])
            try requireAnswer(try await store.outbox(limit: 1), [waiting[0]])
            try await store.removeFromOutbox([waiting[0].id, waiting[2].id])
            try requireAnswer(try await store.outbox(limit: 10), [waiting[1]])
            try await store.removeFromOutbox([waiting[1].id, waiting[0].id])
            var third = transition("a", 2)
            third.outbox = [message("4")]
            _ = try await store.commit([third], marks: [])
            let last = try await store.outbox(limit: 10)
            try requireAnswer(last.map(\.content), [message("4")])
            try requireOfStore(last[0].id > waiting[2].id, "an id is never used again")
        },
    ]
}
