package import ProcessEngine
package import Services
import Synchronization
package import Values

/// `RetentionStore`, for an index over a process store in memory.
extension InMemoryIndexStore: RetentionStore {
    package func ended(_ definition: DefinitionID, by time: Timestamp, limit: Int) async throws -> [InstanceID] {
        state.withLock { state in
            let found = state.instances.values.compactMap { instance -> (end: Timestamp, id: InstanceID)? in
                guard let end = instance.endedAt, end <= time, instance.definition == definition else { return nil }
                return (end, instance.id)
            }
            return found.sorted { ($0.end, $0.id) < ($1.end, $1.id) }.prefix(max(limit, 0)).map(\.id)
        }
    }

    package func remove(_ instances: [InstanceID], rows limit: Int) async throws -> Removal {
        guard let journal = live as? InMemoryProcessStore else {
            throw StoreError(.misuse, "only an index over a store in memory can remove from it")
        }
        let over = state.withLock { index in instances.filter { index.instances[$0]?.endedAt != nil } }
        let inJournal = journal.state.withLock { process in over.map { process.rows[$0]?.count ?? 0 } }
        let inIndex = state.withLock { index in over.map { id in index.tasks.keys.count { $0.instance == id } } }
        let counts = zip(inJournal, inIndex).map { $0 + $1 }
        let plan = RemovalPlan(zip(over, counts).map { (instance: $0, rows: $1) }, limit: limit)
        journal.state.withLock { process in
            for id in plan.whole { process.remove(id, rows: .max) }
            if let part = plan.part { process.remove(part.instance, rows: part.rows) }
        }
        state.withLock { index in
            for id in plan.whole { index.remove(id) }
            guard let part = plan.part, let place = over.firstIndex(of: part.instance) else { return }
            index.removeTasks(of: part.instance, rows: max(part.rows - inJournal[place], 0))
        }
        return Removal(instances: plan.whole.count, rows: plan.rows)
    }
}

extension IndexContents {
    fileprivate mutating func remove(_ id: InstanceID) {
        instances[id] = nil
        tasks = tasks.filter { $0.key.instance != id }
        userTasks = userTasks.filter { $0.key.instance != id }
    }

    fileprivate mutating func removeTasks(of id: InstanceID, rows: Int) {
        for task in tasks.keys.filter({ $0.instance == id }).sorted().prefix(rows) { tasks[task] = nil }
    }
}
