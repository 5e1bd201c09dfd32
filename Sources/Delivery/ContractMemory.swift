import ProcessEngine

/// Which contract a task is of, for tasks fetched lately: agents need not say it. Two generations, so that it cannot grow.
struct ContractMemory: Sendable {
    private var young: [TaskID: ContractKey] = [:]
    private var old: [TaskID: ContractKey] = [:]
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
    }

    subscript(task: TaskID) -> ContractKey? { young[task] ?? old[task] }

    mutating func remember(_ task: TaskID, _ contract: ContractKey) {
        if young.count >= capacity {
            old = young
            young = [:]
        }
        young[task] = contract
    }

    mutating func forget(_ task: TaskID) {
        young[task] = nil
        old[task] = nil
    }
}
