import Delivery
import ProcessEngine
package import Services
import Values

/// What every index store must do, as named cases.
package enum IndexStoreConformance {
    /// An index and the process store whose live tasks it shows.
    package struct Stores: Sendable {
        package var index: any IndexStore
        package var process: any ProcessStore
        package init(index: any IndexStore, process: any ProcessStore) {
            self.index = index
            self.process = process
        }
    }
    package typealias Case = StoreConformanceCase<Stores>

    package static let cases: [Case] = changeCases + queryCases + joinCases + userTaskCases

    static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: milliseconds) }

    static func instance(_ id: String, startedAt: Int64 = 0, process: String = "ingest") -> IndexedInstance {
        IndexedInstance(
            id: InstanceID(id), definition: DefinitionID(process: process, version: 2), labels: InstanceLabels(),
            businessKey: nil, state: .running, startedAt: at(startedAt))
    }

    static func task(_ instance: String, _ number: Int, createdAt: Int64 = 0, contract: String = "media.probe@1")
        -> IndexedTask
    {
        IndexedTask(
            id: TaskID(instance: InstanceID(instance), number: number), element: ElementID("Task_\(number)"),
            contract: ContractKey(contract) ?? ContractKey(name: contract, major: 0), state: .open,
            createdAt: at(createdAt))
    }

    static func apply(_ stores: Stores, _ changes: [IndexChange]) async throws {
        let position = try await stores.index.indexPosition()
        try requireAnswer(try await stores.index.apply(changes, from: position, to: position + 1), true)
    }

    static func only(_ stores: Stores, _ id: String = "a") async throws -> IndexedInstance {
        var query = InstanceQuery()
        query.id = InstanceID(id)
        guard let found = try await stores.index.instances(query).rows.first else {
            throw StoreConformanceFailure(description: "instance \(id) is not in the index")
        }
        return found
    }

    static func onlyTask(_ stores: Stores) async throws -> IndexedTask {
        guard let found = try await stores.index.indexedTasks(TaskQuery()).rows.first else {
            throw StoreConformanceFailure(description: "the task is not in the index")
        }
        return found
    }

    private static let changeCases: [Case] = [
        Case("keeps whose work an instance took up, and finds it by that") { stores in
            var second = instance("b", startedAt: 1)
            second.labels.restartedFrom = InstanceID("a")
            try await apply(stores, [.instanceStarted(instance("a")), .instanceStarted(second)])
            try requireAnswer(try await only(stores, "b"), second)
            var query = InstanceQuery()
            query.restartedFrom = InstanceID("a")
            try requireAnswer(try await stores.index.instances(query).rows.map(\.id.text), ["b"])
            query.states = [.completed]
            try requireAnswer(try await stores.index.instances(query).rows, [])
        },
        Case("shows a suspended instance as such, whatever becomes of its incidents, and then what they say") {
            stores in
            let id = InstanceID("a")
            try await apply(stores, [.instanceStarted(instance("a")), .suspension(id, true)])
            try requireAnswer(try await only(stores).state, .suspended)
            try await apply(stores, [.incidents(id, change: 1, message: "stuck")])
            try requireAnswer(try await only(stores).state, .suspended)
            try requireAnswer(try await only(stores).message, "stuck")
            try requireAnswer(try await stores.index.instanceCounts(), [.suspended: 1])
            try requireAnswer(try await stores.index.openInstances().values.sorted(), [1])
            try await apply(stores, [.suspension(id, false)])
            try requireAnswer(try await only(stores).state, .incident)
            try await apply(stores, [.suspension(id, true), .incidents(id, change: -1, message: nil)])
            try requireAnswer(try await only(stores).state, .suspended)
            try await apply(stores, [.suspension(id, false)])
            try requireAnswer(try await only(stores).state, .running)
            let end = IndexChange.instanceEnded(id, state: .canceled, message: nil, at: at(5))
            try await apply(stores, [.suspension(id, true), end, .suspension(id, false)])
            try requireAnswer(try await only(stores).state, .canceled)
        },
        Case("is empty at first") { stores in
            try requireAnswer(try await stores.index.indexPosition(), 0)
            try requireAnswer(try await stores.index.instances(InstanceQuery()).rows, [])
            try requireAnswer(try await stores.index.indexedTasks(TaskQuery()).rows, [])
            try requireAnswer(try await stores.index.instanceCounts(), [:])
        },
        Case("counts a task that comes when it is over as created and done, once") { stores in
            var over = task("a", 1, createdAt: 1)
            over.change(to: .completed, nil, at: at(2))
            try await apply(stores, [.instanceStarted(instance("a")), .taskCreated(over), .taskCreated(task("a", 2))])
            try await apply(
                stores,
                [.taskCreated(over), .taskChanged(over.id, state: .error, message: "again", at: at(3))])
            let row = try await only(stores)
            try requireAnswer([row.tasksCreated, row.tasksDone], [2, 1])
            let rows = try await stores.index.indexedTasks(TaskQuery()).rows
            try requireAnswer(rows.map(\.endedAt), [at(2), nil])
            try requireAnswer(rows.map(\.state), [.completed, .open])
        },
        Case("applies changes only from the position where it stands") { stores in
            try requireAnswer(try await stores.index.apply([.instanceStarted(instance("a"))], from: 0, to: 7), true)
            try requireAnswer(try await stores.index.indexPosition(), 7)
            try requireAnswer(try await stores.index.apply([.instanceStarted(instance("b"))], from: 0, to: 9), false)
            try requireAnswer(try await stores.index.indexPosition(), 7)
            try requireAnswer(try await stores.index.instances(InstanceQuery()).rows.map(\.id.text), ["a"])
            try requireAnswer(try await stores.index.apply([], from: 7, to: 9), true)
            try requireAnswer(try await stores.index.indexPosition(), 9)
        },
        Case("gives back an instance as it was started") { stores in
            var full = instance("a", startedAt: 3)
            full.businessKey = "order 42"
            full.labels = InstanceLabels(
                workflow: "media.ingest", workflowVersion: "1.2", objectID: "clip", startedBy: "ada",
                metadata: [
                    Variable(name: "a", value: try JSON(validating: "{\"deep\": [1, null]}")),
                    Variable(name: "ü \"quoted\"", value: .string("text")),
                ])
            try await apply(stores, [.instanceStarted(full)])
            try requireAnswer(try await only(stores), full)
        },
        Case("ends an instance") { stores in
            try await apply(
                stores,
                [
                    .instanceStarted(instance("a")), .incidents(InstanceID("a"), change: 1, message: "stuck"),
                    .instanceEnded(InstanceID("a"), state: .canceled, message: "by ada", at: at(9)),
                ])
            let ended = try await only(stores)
            try requireAnswer(ended.state, .canceled)
            try requireAnswer(ended.message, "by ada")
            try requireAnswer(ended.endedAt, at(9))
            try requireAnswer(ended.openIncidents, 0)
        },
        Case("lets the state follow the open incidents") { stores in
            let id = InstanceID("a")
            try await apply(stores, [.instanceStarted(instance("a")), .incidents(id, change: 1, message: "first")])
            try await apply(
                stores, [.incidents(id, change: 1, message: "second"), .incidents(id, change: -1, message: nil)])
            var open = try await only(stores)
            try requireAnswer(open.state, .incident)
            try requireAnswer(open.openIncidents, 1)
            try requireAnswer(open.message, "second")
            try await apply(stores, [.incidents(id, change: -1, message: nil)])
            open = try await only(stores)
            try requireAnswer(open.state, .running)
            try requireAnswer(open.openIncidents, 0)
            try requireAnswer(open.message, nil)
        },
        Case("counts the tasks of an instance, and those that are over") { stores in
            let ids = (1...4).map { TaskID(instance: InstanceID("a"), number: $0) }
            try await apply(
                stores,
                [.instanceStarted(instance("a"))] + (1...4).map { .taskCreated(task("a", $0)) } + [
                    .taskChanged(ids[0], state: .completed, message: nil, at: at(5)),
                    .taskChanged(ids[1], state: .incident, message: "broken", at: at(6)),
                    .taskChanged(ids[2], state: .error, message: "CODEC", at: at(7)),
                ])
            let counted = try await only(stores)
            try requireAnswer(counted.tasksCreated, 4)
            try requireAnswer(counted.tasksDone, 2)
            let tasks = try await stores.index.indexedTasks(TaskQuery()).rows
            try requireAnswer(tasks.map(\.id.number), [4, 3, 2, 1])
            try requireAnswer(tasks.map(\.state), [.open, .error, .incident, .completed])
            try requireAnswer(tasks.map(\.endedAt), [nil, at(7), nil, at(5)])
            try requireAnswer(tasks.map(\.message), [nil, "CODEC", "broken", nil])
        },
        Case("shows a migrated instance in its new version, and its open tasks at their new elements") { stores in
            let migrated = Event.Migrated(
                definition: DefinitionID(process: "ingest", version: 3), workflow: "media.ingest",
                workflowVersion: "1.3",
                renamed: [
                    Event.Migrated.Renaming(from: ElementID("Task_1"), to: ElementID("Task_2")),
                    Event.Migrated.Renaming(from: ElementID("Task_2"), to: ElementID("Task_1")),
                ])
            try await apply(
                stores,
                [
                    .instanceStarted(instance("a")), .instanceStarted(instance("b")), .taskCreated(task("a", 1)),
                    .taskCreated(task("a", 2)), .taskCreated(task("b", 1)),
                ])
            try await apply(
                stores, [.taskChanged(task("a", 2).id, state: .completed, message: nil, at: at(3))])
            try await apply(stores, [.migrated(InstanceID("a"), migrated)])
            var query = InstanceQuery()
            query.definitions = [migrated.definition]
            let found = try await stores.index.instances(query).rows
            try requireAnswer(found.map(\.id), [InstanceID("a")])
            try requireAnswer(found.map(\.labels.workflow), ["media.ingest"])
            try requireAnswer(found.map(\.labels.workflowVersion), ["1.3"])
            query.workflow = "media.ingest"
            query.definitions.append(DefinitionID(process: "ingest", version: 2))
            try requireAnswer(try await stores.index.instances(query).rows.map(\.id), [InstanceID("a")])
            let tasks = try await stores.index.indexedTasks(TaskQuery()).rows
            try requireAnswer(
                tasks.map { "\($0.id) \($0.element)" }.sorted(), ["a.1 Task_2", "a.2 Task_2", "b.1 Task_1"])
            try requireAnswer(tasks.count { $0.element.text == "Task_2" && $0.state == .completed }, 1)
        },
        Case("is not changed by changes that come again") { stores in
            let id = TaskID(instance: InstanceID("a"), number: 1)
            let changes: [IndexChange] = [
                .instanceStarted(instance("a")), .taskCreated(task("a", 1)),
                .taskChanged(id, state: .incident, message: "broken", at: at(1)),
                .taskChanged(id, state: .open, message: nil, at: at(2)),
                .taskChanged(id, state: .completed, message: nil, at: at(3)),
                .instanceEnded(InstanceID("a"), state: .completed, message: nil, at: at(4)),
            ]
            try await apply(stores, changes)
            let (instance, task) = (try await only(stores), try await onlyTask(stores))
            try requireAnswer(instance.tasksDone, 1)
            try await apply(stores, changes)
            try requireAnswer(try await only(stores), instance)
            try requireAnswer(try await onlyTask(stores), task)
            try requireAnswer(try await stores.index.instanceCounts(), [.completed: 1])
        },
        Case("ignores changes of what it does not know") { stores in
            let id = TaskID(instance: InstanceID("a"), number: 1)
            try await apply(
                stores,
                [
                    .instanceEnded(InstanceID("a"), state: .completed, message: nil, at: at(1)),
                    .incidents(InstanceID("a"), change: 1, message: "m"),
                    .taskChanged(id, state: .completed, message: nil, at: at(1)),
                ])
            try requireAnswer(try await stores.index.instances(InstanceQuery()).rows, [])
        },
        Case("counts instances by state") { stores in
            try await apply(stores, ["a", "b", "c"].map { .instanceStarted(instance($0)) })
            try requireAnswer(try await stores.index.instanceCounts(), [.running: 3])
            try await apply(
                stores,
                [
                    .instanceEnded(InstanceID("a"), state: .completedWithError, message: "E", at: at(1)),
                    .incidents(InstanceID("b"), change: 1, message: "m"),
                ])
            try requireAnswer(
                try await stores.index.instanceCounts(), [.running: 1, .completedWithError: 1, .incident: 1])
            try requireAnswer(try await stores.index.openInstances().values.sorted(), [2])
        },
        Case("shows the row of the moment of a live task") { stores in
            var start = Transition(instance: InstanceID("a"), seq: 1, at: at(0), events: Array("{}".utf8))
            let created = task("a", 1)
            start.tasks = [
                .create(
                    NewTask(
                        number: 1, element: created.element, contract: created.contract, priority: 0, retries: 3,
                        availableAt: at(0), definition: DefinitionID(process: "p", version: 1), businessKey: nil,
                        inputRange: 0..<2, lease: TaskLease(owner: "o", attempt: 1, token: "t", until: at(100))))
            ]
            let beat = LeaseMark(
                task: created.id, attempt: 1, token: "t",
                change: .heartbeat(until: at(200), progress: 0.5, message: "half"))
            _ = try await stores.process.commit([start], marks: [beat])
            try await apply(stores, [.instanceStarted(instance("a")), .taskCreated(created)])
            let live = try await onlyTask(stores).live
            try requireAnswer(live?.phase, .running)
            try requireAnswer(live?.progress, 0.5)
            try requireAnswer(live.map { [$0] }, try await stores.process.tasks([created.id]))
            var end = Transition(instance: InstanceID("a"), seq: 2, at: at(0), events: [])
            end.tasks = [.remove(number: 1)]
            _ = try await stores.process.commit([end], marks: [])
            try requireAnswer(try await onlyTask(stores).live, nil)
        },
    ]
}
