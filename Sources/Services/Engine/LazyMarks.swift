import Delivery
import OrderedCollections
import ProcessEngine
import Values

/// Confirm marks that wait for a commit to ride in. One for a task: a newer attempt's replaces an older one's.
struct LazyMarks {
    private var marks: OrderedDictionary<TaskID, LeaseMark> = [:]
    private(set) var dueAt: Timestamp?

    var isEmpty: Bool { marks.isEmpty }

    mutating func add(_ mark: LeaseMark, dueAt: Timestamp) {
        marks[mark.task] = mark
        if self.dueAt == nil { self.dueAt = dueAt }
    }

    /// The result of that attempt came first: its mark is not needed. That of a newer attempt is.
    mutating func forget(_ task: TaskID, attempt: Int) {
        if let mark = marks[task], mark.attempt <= attempt { marks.removeValue(forKey: task) }
    }

    func isDue(at now: Timestamp) -> Bool {
        guard let dueAt, !marks.isEmpty else { return false }
        return dueAt <= now
    }

    mutating func takeAll() -> [LeaseMark] {
        defer {
            marks = [:]
            dueAt = nil
        }
        return Array(marks.values)
    }
}
