import ProcessEngine

/// The fences of one transition.
///
/// The store checks fences against what it had before the transition. So one transition holds several commands of an attempt only
/// if the one fence is true of all of them: after a failed attempt, and for another attempt of the same task, it is not.
struct TransitionFences {
    private(set) var all: [Fence] = []
    /// Tasks that the reaper failed.
    private(set) var lost: Set<Int> = []
    private var held: [TaskID: Fence] = [:]
    private var closed: Set<TaskID> = []

    /// Whether a command with that fence can be part of the transition. Once one cannot, none of its task can: their order stays.
    mutating func admits(_ fence: Fence) -> Bool {
        if !closed.contains(fence.task), held[fence.task].map({ $0 == fence }) ?? true { return true }
        closed.insert(fence.task)
        return false
    }

    /// A command with that fence led to these events.
    mutating func take(_ fence: Fence, for step: [Event]) {
        if held.updateValue(fence, forKey: fence.task) == nil { all.append(fence) }
        for case .taskFailed(let failure) in step where failure.task == fence.task.number {
            closed.insert(fence.task)
            if fence.expiredAt != nil { lost.insert(failure.task) }
        }
    }
}
