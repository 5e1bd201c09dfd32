import HeapModule
import ProcessEngine
import Values

/// The attempts that an agent has, with what is asked of them for each message: how many run, which of them wait for a slot, and
/// when the next one wants to be looked at. None of it costs more the more attempts there are.
struct AttemptTable: Sendable {
    private struct Entry {
        var attempt: AgentAttempt
        /// Grows in the order of arrival.
        let order: Int

        /// Changes the attempt in place, and says what became of it.
        mutating func change<Answer>(
            _ configuration: AgentSession.Configuration, _ body: (inout AgentAttempt) -> Answer
        ) -> (answer: Answer, Change) {
            let (wasHeld, wasRunning) = (attempt.isHeld, attempt.isRunning)
            let answer = body(&attempt)
            let change = Change(
                order: order, wake: attempt.nextWake(configuration), leftLine: wasHeld && !attempt.isHeld,
                running: (attempt.isRunning ? 1 : 0) - (wasRunning ? 1 : 0))
            return (answer, change)
        }
    }

    private struct Change {
        let order: Int
        let wake: Timestamp?
        let leftLine: Bool
        /// How many more run.
        let running: Int
    }

    private struct Wake: Comparable {
        let time: Timestamp
        let order: Int

        static func < (left: Wake, right: Wake) -> Bool { (left.time, left.order) < (right.time, right.order) }
    }

    private let configuration: AgentSession.Configuration
    private var entries: [AttemptID: Entry] = [:]
    private var arrivals = 0
    private(set) var runningCount = 0
    /// Those that are held, in the order of arrival.
    private(set) var held: [AttemptID] = []
    /// How many attempts of a task are here.
    private var countOfTask: [TaskID: Int] = [:]
    /// When each attempt, by its order, has something to do next.
    private var wakeTimes: [Int: Timestamp] = [:]
    /// The same, and some that hold no more; the first one always holds.
    private var wakes = Heap<Wake>()

    init(configuration: AgentSession.Configuration) {
        self.configuration = configuration
    }

    var isEmpty: Bool { entries.isEmpty }
    var heldCount: Int { held.count }
    var count: Int { entries.count }

    /// When the first of them has something to do.
    var nextWake: Timestamp? { wakes.min?.time }

    /// In the order of arrival.
    var ids: [AttemptID] { entries.sorted { $0.value.order < $1.value.order }.map(\.key) }

    /// Those of one task, in the order of arrival.
    func ids(of task: TaskID) -> [AttemptID] {
        countOfTask[task] == nil ? [] : ids.filter { $0.task == task }
    }

    /// The other attempts of its task, in the order of arrival.
    func siblings(of id: AttemptID) -> [AttemptID] {
        guard let count = countOfTask[id.task], count > 1 || entries[id] == nil else { return [] }
        return ids.filter { $0.task == id.task && $0 != id }
    }

    subscript(id: AttemptID) -> AgentAttempt? { entries[id]?.attempt }

    mutating func insert(_ attempt: AgentAttempt) {
        let id = attempt.task.id
        remove(id)
        arrivals += 1
        entries[id] = Entry(attempt: attempt, order: arrivals)
        countOfTask[id.task, default: 0] += 1
        if attempt.isHeld { held.append(id) }
        if attempt.isRunning { runningCount += 1 }
        note(attempt.nextWake(configuration), of: arrivals)
    }

    /// Changes an attempt that is here, in place; nil if it is not.
    @discardableResult
    mutating func change<Answer>(_ id: AttemptID, _ body: (inout AgentAttempt) -> Answer) -> Answer? {
        guard let index = entries.index(forKey: id) else { return nil }
        let (answer, change) = entries.values[index].change(configuration, body)
        if change.leftLine { held.removeAll { $0 == id } }
        runningCount += change.running
        note(change.wake, of: change.order)
        return answer
    }

    @discardableResult
    mutating func remove(_ id: AttemptID) -> AgentAttempt? {
        guard let gone = entries.removeValue(forKey: id) else { return nil }
        if gone.attempt.isHeld { held.removeAll { $0 == id } }
        if gone.attempt.isRunning { runningCount -= 1 }
        if let others = countOfTask[id.task], others > 1 {
            countOfTask[id.task] = others - 1
        } else {
            countOfTask[id.task] = nil
        }
        note(nil, of: gone.order)
        return gone.attempt
    }

    private mutating func note(_ time: Timestamp?, of order: Int) {
        guard wakeTimes[order] != time else { return }
        wakeTimes[order] = time
        if let time { wakes.insert(Wake(time: time, order: order)) }
        // Most attempts are over long before their wake: they must not gather until then.
        if wakes.count > 4 * wakeTimes.count + 64 { wakes = Heap(wakeTimes.map { Wake(time: $1, order: $0) }) }
        while let first = wakes.min, wakeTimes[first.order] != first.time { wakes.removeMin() }
    }
}
