import Delivery
import ProcessEngine
import Services
import Values

extension ProcessStoreConformance {
    static let pauseCases: [Case] = [
        Case("claims no task of a suspended instance, and all of them when it goes on") { store in
            try await start(store, [new(1), new(2, dueAt: 5)])
            try requireAnswer(
                try await store.commit([pausing("a", 2, true), transition("b", 1, [.create(new(1))])], marks: [])
                    .outcomes.map(\.isCommitted), [true, true])
            let claimed = try await store.claim(request(at: 10))
            try requireAnswer(claimed.map(\.id), [task("b", 1)])
            try requireAnswer(try await row(store, 1).isPaused, true)
            try requireAnswer(try await row(store, 1).phase, .waiting)
            try requireAnswer(try await store.backlog(at: at(10)).map(\.due), [0])
            _ = try await store.commit([pausing("a", 3, false)], marks: [])
            try requireAnswer(try await store.backlog(at: at(10)).map(\.due), [2])
            try requireAnswer(numbers(try await store.claim(request(at: 10, tokens: "u"))), [1, 2])
        },
        Case("takes results and marks of the attempts of a suspended instance, and reaps none") { store in
            try await start(store, [new(1), new(2)])
            _ = try await store.claim(request(at: 0, until: 100))
            let run = mark(1, .started(at: at(1), until: at(50)))
            let receipt = try await store.commit([pausing("a", 2, true)], marks: [run])
            try requireAnswer(receipt.markOutcomes, [true])
            try requireAnswer(try await store.overdueTasks(at: at(200), limit: 10), [])
            try requireAnswer(try await store.claim(request(at: 200, tokens: "u")), [])
            try requireAnswer(try await store.nextDue(), nil)
            try requireAnswer(try await store.backlog(at: at(200)), [])
            try requireAnswer(try await store.backlog(at: at(20)).map(\.out), [2])
            var result = transition("a", 3, [.remove(number: 2)])
            result.fences = [Fence(task: task("a", 2), attempt: 1, token: "t2")]
            try requireAnswer(try await store.commit([result], marks: []).outcomes.map(\.isCommitted), [true])
            _ = try await store.commit([pausing("a", 4, false)], marks: [])
            try requireAnswer(try await store.overdueTasks(at: at(200), limit: 10).map(\.id), [task("a", 1)])
        },
        Case("keeps a task paused that is made, retried or given back meanwhile") { store in
            try await start(store, [new(1), new(2)])
            _ = try await store.claim(request())
            var made = new(3)
            made.isPaused = true
            let retried = TaskChange.reschedule(number: 1, retries: 3, dueAt: at(0), error: nil, keepToken: false)
            _ = try await store.commit([pausing("a", 2, true)], marks: [])
            _ = try await store.commit(
                [transition("a", 3, [.create(made), retried])], marks: [mark(2, .released(dueAt: at(0)), token: "t2")])
            try requireAnswer(try await store.tasks((1...3).map { task("a", $0) }).map(\.isPaused), [true, true, true])
            try requireAnswer(numbers(try await store.claim(request(at: 1_000, tokens: "u"))), [])
            // Made in the transition that lets it go on, too.
            var last = new(4)
            last.isPaused = true
            var resumed = pausing("a", 4, false)
            resumed.tasks = [.create(last)]
            _ = try await store.commit([resumed], marks: [])
            try requireAnswer(Set(numbers(try await store.claim(request(at: 1_000, tokens: "v")))), [1, 2, 3, 4])
        },
    ]

    private static func pausing(_ instance: String, _ seq: Int, _ pauses: Bool) -> Transition {
        var transition = transition(instance, seq)
        transition.pauses = pauses
        return transition
    }
}
