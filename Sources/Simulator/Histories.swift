import OrderedCollections
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values

/// What the journal says of every instance, read as it grows.
final class Histories: Sendable {
    struct History: Sendable {
        var instance = ProcessInstance()
        var lastSeq = 0
        var tasks = 0
        /// Attempts that were counted against a task.
        var failures = 0
        /// How often each task ended.
        var ends: [Int: Int] = [:]
        var key: String?
        var order: String?
        var faults: [String] = []
    }

    fileprivate struct State {
        var position: Int64 = 0
        var histories: OrderedDictionary<InstanceID, History> = [:]
        var open: [InstanceID] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.histories.count } }
    var tasks: Int { state.withLock { $0.histories.values.reduce(0) { $0 + $1.tasks } } }
    var all: OrderedDictionary<InstanceID, History> { state.withLock(\.histories) }

    var openInstances: [(InstanceID, ProcessInstance)] {
        state.withLock { state in
            state.open.compactMap { id in state.histories[id].map { (id, $0.instance) } }
        }
    }

    func instance(_ number: Int) -> InstanceID? {
        state.withLock { state in
            state.histories.isEmpty ? nil : state.histories.keys[number % state.histories.count]
        }
    }

    func read(_ database: Database) async throws {
        let rows = try await database.inner.journal(after: state.withLock(\.position), limit: .max)
        for row in rows {
            let events = try EventCoding.decode(row.events)
            state.withLock { $0.take(row, events) }
        }
    }
}

extension Histories.State {
    mutating func take(_ row: JournalRow, _ events: [Event]) {
        position = row.position
        var history = histories[row.instance] ?? Histories.History()
        if histories[row.instance] == nil { open.append(row.instance) }
        if row.seq != history.lastSeq + 1 { history.faults.append("row \(row.seq) follows row \(history.lastSeq)") }
        if history.instance.isEnded { history.faults.append("it goes on after its end") }
        history.lastSeq = row.seq
        for event in events { history.take(event) }
        if history.instance.isEnded { open.removeAll { $0 == row.instance } }
        histories[row.instance] = history
    }
}

extension Histories.History {
    fileprivate mutating func take(_ event: Event) {
        if case .taskCreated = event { tasks += 1 }
        if case .taskFailed = event { failures += 1 }
        if let task = event.endedTask {
            ends[task, default: 0] += 1
            if instance.task(task) == nil { faults.append("task \(task) ends when it is not open") }
        }
        if case .variablesSet(_, let variables) = event {
            for variable in variables {
                if variable.name == "key", key == nil { key = variable.value.stringValue }
                if variable.name == "order", order == nil { order = variable.value.stringValue }
            }
        }
        instance.apply(event)
    }
}

extension Event {
    fileprivate var endedTask: Int? {
        if case .taskCompleted(let task) = self { return task }
        if case .taskErrorThrown(let task, _, _) = self { return task }
        if case .taskCanceled(let task) = self { return task }
        return nil
    }
}
