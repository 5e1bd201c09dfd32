import Delivery
import DequeModule
import ProcessEngine
import Values

/// Confirm marks that wait for a commit to ride in. One for a task: a newer attempt's replaces an older one's.
struct LazyMarks {
    private struct Entry {
        var mark: LeaseMark
        var dueAt: Timestamp
    }

    private var marks: [TaskID: LeaseMark] = [:]
    /// In the order in which they fall due; those that were forgotten or replaced stay until their time has come.
    private var order: Deque<Entry> = []

    var isEmpty: Bool { marks.isEmpty }

    /// When the first of them must be stored.
    private(set) var dueAt: Timestamp?

    mutating func add(_ mark: LeaseMark, dueAt: Timestamp) {
        marks[mark.task] = mark
        order.append(Entry(mark: mark, dueAt: dueAt))
        if self.dueAt == nil { self.dueAt = dueAt }
    }

    /// The result of that attempt came first: its mark is not needed. That of a newer attempt is.
    mutating func forget(_ task: TaskID, attempt: Int) {
        guard let mark = marks[task], mark.attempt <= attempt else { return }
        marks[task] = nil
        dropOld()
    }

    func isDue(at now: Timestamp) -> Bool {
        dueAt.map { $0 <= now } ?? false
    }

    /// Those that fall due by then, in order.
    mutating func take(dueBy time: Timestamp) -> [LeaseMark] {
        var ripe: [LeaseMark] = []
        while let first = order.first, first.dueAt <= time {
            order.removeFirst()
            guard marks[first.mark.task] == first.mark else { continue }
            marks[first.mark.task] = nil
            ripe.append(first.mark)
        }
        dropOld()
        return ripe
    }

    private mutating func dropOld() {
        while let first = order.first, marks[first.mark.task] != first.mark { order.removeFirst() }
        dueAt = order.first?.dueAt
    }
}
