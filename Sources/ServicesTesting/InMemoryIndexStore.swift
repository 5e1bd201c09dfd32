package import ProcessEngine
package import Services
import Synchronization
import Values

/// The reference for every index store.
package final class InMemoryIndexStore: IndexStore {
    let state = Mutex(IndexContents())
    let live: any ProcessStore

    /// `live` has the rows of the moment.
    package init(live: any ProcessStore) {
        self.live = live
    }

    package func indexPosition() async throws -> Int64 {
        state.withLock { $0.position }
    }

    package func apply(_ changes: [IndexChange], from: Int64, to: Int64) async throws -> Bool {
        state.withLock { state in
            guard state.position == from else { return false }
            for change in changes { state.apply(change) }
            state.position = to
            return true
        }
    }

    package func instances(_ query: InstanceQuery) async throws -> Page<IndexedInstance> {
        let found = state.withLock { state in
            let users = query.contract.map { contract in
                Set(state.tasks.values.filter { Self.isOf(contract, $0) }.map(\.id.instance))
            }
            return state.instances.values.filter { Self.matches($0, query) && users?.contains($0.id) ?? true }
        }
        return try Self.page(found, query.page) { Key(time: $0.startedAt, instance: $0.id) }
    }

    private static func matches(_ instance: IndexedInstance, _ query: InstanceQuery) -> Bool {
        query.id.map { $0 == instance.id } ?? true
            && (query.states.isEmpty || query.states.contains(instance.state))
            && query.workflow.map { isOf($0, instance) } ?? true
            && (query.definitions.isEmpty || query.definitions.contains(instance.definition))
            && query.businessKey.map { $0 == instance.businessKey } ?? true
            && query.objectID.map { $0 == instance.labels.objectID } ?? true
            && query.startedAfter.map { instance.startedAt > $0 } ?? true
            && query.startedBefore.map { instance.startedAt < $0 } ?? true
            && query.restartedFrom.map { $0 == instance.labels.restartedFrom } ?? true
            && has(query.metadata, instance)
    }

    private static func isOf(_ workflow: String, _ instance: IndexedInstance) -> Bool {
        workflow == instance.labels.workflow || workflow == instance.definition.process
    }

    private static func isOf(_ contract: String, _ task: IndexedTask) -> Bool {
        contract == task.contract.name || contract == task.contract.description
    }

    private static func has(_ metadata: [Variable], _ instance: IndexedInstance) -> Bool {
        let all = Set(instance.labels.metadata.map { Variable(name: $0.name, value: $0.value.canonical) })
        return metadata.allSatisfy { all.contains(Variable(name: $0.name, value: $0.value.canonical)) }
    }

    package func indexedTasks(_ query: TaskQuery) async throws -> Page<IndexedTask> {
        let found = state.withLock { state in
            state.tasks.values.filter { Self.matches($0, of: state.instances[$0.id.instance], query) }
        }
        var page = try Self.page(found, query.page) {
            Key(time: $0.createdAt, instance: $0.id.instance, number: $0.id.number)
        }
        let rows = try await live.tasks(page.rows.map(\.id))
        for place in page.rows.indices { page.rows[place].live = rows.first { $0.id == page.rows[place].id } }
        return page
    }

    /// A task whose instance is not known has none of what an instance has.
    private static func matches(_ task: IndexedTask, of instance: IndexedInstance?, _ query: TaskQuery) -> Bool {
        query.instance.map { $0 == task.id.instance } ?? true
            && (query.states.isEmpty || query.states.contains(task.state))
            && query.contract.map { isOf($0, task) } ?? true
            && query.createdAfter.map { task.createdAt > $0 } ?? true
            && query.createdBefore.map { task.createdAt < $0 } ?? true
            && query.workflow.map { workflow in instance.map { isOf(workflow, $0) } ?? false } ?? true
            && query.businessKey.map { $0 == instance?.businessKey } ?? true
            && query.objectID.map { $0 == instance?.labels.objectID } ?? true
            && (query.metadata.isEmpty || instance.map { has(query.metadata, $0) } ?? false)
    }

    package func userTasks(_ query: UserTaskQuery) async throws -> Page<IndexedUserTask> {
        let found = state.withLock { state in
            state.userTasks.compactMap { id, open -> IndexedUserTask? in
                guard let instance = state.instances[id.instance], Self.matches(open.task, of: instance, query) else {
                    return nil
                }
                return IndexedUserTask(
                    instance: id.instance, task: open.task, createdAt: open.createdAt,
                    workflow: instance.labels.workflow ?? instance.definition.process,
                    businessKey: instance.businessKey, isSuspended: instance.state == .suspended)
            }
        }
        return try Self.page(found, query.page) {
            Key(time: $0.createdAt, instance: $0.instance, number: $0.task.number)
        }
    }

    private static func matches(_ task: OpenUserTask, of instance: IndexedInstance, _ query: UserTaskQuery) -> Bool {
        switch query.assignee {
        case nil: break
        case .nobody?: if task.assignee != nil { return false }
        case .somebody(let name)?: if task.assignee != name { return false }
        }
        if let wanted = query.instance, wanted != instance.id { return false }
        if let workflow = query.workflow, !isOf(workflow, instance) { return false }
        if let key = query.businessKey, key != instance.businessKey { return false }
        if let user = query.candidateUser, !task.candidateUsers.contains(user) { return false }
        if !query.candidateGroups.isEmpty, Set(query.candidateGroups).isDisjoint(with: task.candidateGroups) {
            return false
        }
        if let limit = query.dueBefore { guard let due = task.dueAt, due < limit else { return false } }
        if let limit = query.dueAfter { guard let due = task.dueAt, due > limit else { return false } }
        if let limit = query.followUpBefore, let date = task.followUpAt, date >= limit { return false }
        if let priority = query.minPriority, task.priority < priority { return false }
        return true
    }

    package func instanceCounts() async throws -> [InstanceState: Int] {
        state.withLock { state in state.instances.values.reduce(into: [:]) { $0[$1.state, default: 0] += 1 } }
    }

    package func openInstances() async throws -> [DefinitionID: Int] {
        state.withLock { state in
            state.instances.values.filter { $0.endedAt == nil }.reduce(into: [:]) { $0[$1.definition, default: 0] += 1 }
        }
    }

    /// The order of pages, and what a token says.
    private struct Key: Comparable {
        var time: Timestamp
        var instance: InstanceID
        /// 0 for an instance.
        var number = 0

        static func < (left: Key, right: Key) -> Bool {
            (left.time, left.instance, left.number) < (right.time, right.instance, right.number)
        }

        var token: String { "\(time.millisecondsSinceEpoch) \(number) \(instance)" }

        init(time: Timestamp, instance: InstanceID, number: Int = 0) {
            self.time = time
            self.instance = instance
            self.number = number
        }

        init?(token: String) {
            let parts = token.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, let time = Int64(parts[0]), let number = Int(parts[1]) else { return nil }
            self.init(
                time: Timestamp(millisecondsSinceEpoch: time), instance: InstanceID(String(parts[2])), number: number)
        }
    }

    private static func page<Row>(
        _ rows: [Row], _ request: PageRequest, _ key: (Row) -> Key
    ) throws(StoreError) -> Page<Row> {
        guard (1...1000).contains(request.limit) else {
            throw StoreError(.misuse, "a page has 1 to 1000 rows, not \(request.limit)")
        }
        var sorted = rows.sorted { key($0) > key($1) }
        if let token = request.after {
            guard let last = Key(token: token) else {
                throw StoreError(
                    .misuse, "\(token.debugDescription) is not a page token: give the one of the page before")
            }
            sorted.removeAll { key($0) >= last }
        }
        let shown = Array(sorted.prefix(request.limit))
        return Page(rows: shown, next: sorted.count > shown.count ? shown.last.map { key($0).token } : nil)
    }
}

extension InMemoryIndexStore {
    /// What differs from another index, in a sentence; nil if both show the same.
    package func difference(from other: InMemoryIndexStore) -> String? {
        let (mine, theirs) = (state.withLock { $0 }, other.state.withLock { $0 })
        for id in Set(mine.instances.keys).union(theirs.instances.keys).sorted()
        where mine.instances[id] != theirs.instances[id] {
            let states = [mine, theirs].map {
                $0.instances[id].map { "\($0.state), \($0.tasksDone) tasks done" } ?? "nothing"
            }
            return "instance \(id) is \(states[0]) instead of \(states[1])"
        }
        for id in Set(mine.tasks.keys).union(theirs.tasks.keys).sorted() where mine.tasks[id] != theirs.tasks[id] {
            let states = [mine, theirs].map { $0.tasks[id]?.state.rawValue ?? "nothing" }
            return "task \(id) is \(states[0]) instead of \(states[1])"
        }
        return mine.userTasks.keys == theirs.userTasks.keys ? nil : "the open user tasks differ"
    }
}
