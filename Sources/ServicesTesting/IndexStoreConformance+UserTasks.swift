import ProcessEngine
import Services
import Values

extension IndexStoreConformance {
    private static func user(
        _ number: Int, assignee: String? = nil, users: [String] = [], groups: [String] = [], dueAt: Int64? = nil,
        followUpAt: Int64? = nil, priority: Int = 50
    ) -> OpenUserTask {
        OpenUserTask(
            number: number, activity: 0, element: ElementID("look\(number)"), name: "Look \(number)",
            assignee: assignee, candidateUsers: users, candidateGroups: groups, dueAt: dueAt.map(at),
            followUpAt: followUpAt.map(at), formKey: "form", priority: priority)
    }

    private static func created(_ instance: String, _ task: OpenUserTask, _ createdAt: Int64) -> IndexChange {
        .userTaskCreated(InstanceID(instance), task, at: at(createdAt))
    }

    private static func found(
        _ stores: Stores, _ change: (inout UserTaskQuery) -> Void = { _ in }
    ) async throws -> [String] {
        var query = UserTaskQuery()
        change(&query)
        return try await stores.index.userTasks(query).rows.map { "\($0.instance)\($0.task.number)" }
    }

    /// a: 1 of ann; 2 for clerks, due at 10. b, of another workflow: 1 for bob and editors.
    private static func fill(_ stores: Stores) async throws {
        var other = instance("b", process: "other")
        other.labels.workflow = "media.other"
        other.businessKey = "order"
        try await apply(
            stores,
            [
                .instanceStarted(instance("a")), created("a", user(1, assignee: "ann", followUpAt: 100), 1),
                created("a", user(2, groups: ["clerks", "all"], dueAt: 10, priority: 80), 2), .instanceStarted(other),
                created("b", user(1, users: ["bob"], groups: ["editors", "all"], dueAt: 20, followUpAt: 5), 2),
            ])
    }

    static let userTaskCases: [Case] = [
        Case("shows user tasks of a migrated instance at their new elements, whichever batch made them") { stores in
            func moves(_ version: Int, _ names: [(String, String)]) -> IndexChange {
                .migrated(
                    InstanceID("a"),
                    Event.Migrated(
                        definition: DefinitionID(process: "ingest", version: version), workflow: nil,
                        workflowVersion: nil,
                        renamed: names.map {
                            Event.Migrated.Renaming(from: ElementID($0.0), to: ElementID($0.1))
                        }))
            }
            try await fill(stores)
            try await apply(
                stores,
                [
                    created("a", user(3), 3), moves(3, [("look1", "look2"), ("look2", "look1"), ("look3", "seen")]),
                    created("a", user(4), 4), moves(4, [("look1", "last")]),
                    .userTaskClaimed(TaskID(instance: InstanceID("a"), number: 3), assignee: "ann"),
                ])
            let rows = try await stores.index.userTasks(UserTaskQuery()).rows
            try requireAnswer(
                rows.map { "\($0.instance)\($0.task.number) \($0.task.element)" },
                ["a4 look4", "a3 seen", "b1 look1", "a2 last", "a1 look2"])
            try requireAnswer(rows.map(\.task.assignee), [nil, "ann", nil, nil, "ann"])
        },
        Case("lists open user tasks, newest first, with what is known of their instances") { stores in
            try await fill(stores)
            try requireAnswer(try await found(stores), ["b1", "a2", "a1"])
            let row = try await stores.index.userTasks(UserTaskQuery()).rows.first
            try requireAnswer(
                row,
                IndexedUserTask(
                    instance: InstanceID("b"),
                    task: user(1, users: ["bob"], groups: ["editors", "all"], dueAt: 20, followUpAt: 5),
                    createdAt: at(2), workflow: "media.other", businessKey: "order", isSuspended: false))
            try await apply(stores, [.suspension(InstanceID("b"), true)])
            try requireAnswer(try await stores.index.userTasks(UserTaskQuery()).rows.first?.isSuspended, true)
        },
        Case("finds user tasks by every filter, and by several together") { stores in
            try await fill(stores)
            try requireAnswer(try await found(stores) { $0.instance = InstanceID("a") }, ["a2", "a1"])
            try requireAnswer(try await found(stores) { $0.workflow = "media.other" }, ["b1"])
            try requireAnswer(try await found(stores) { $0.workflow = "ingest" }, ["a2", "a1"])
            try requireAnswer(try await found(stores) { $0.businessKey = "order" }, ["b1"])
            try requireAnswer(try await found(stores) { $0.assignee = .somebody("ann") }, ["a1"])
            try requireAnswer(try await found(stores) { $0.assignee = .nobody }, ["b1", "a2"])
            try requireAnswer(try await found(stores) { $0.candidateUser = "bob" }, ["b1"])
            try requireAnswer(try await found(stores) { $0.candidateUser = "clerks" }, [])
            try requireAnswer(try await found(stores) { $0.candidateGroups = ["clerks"] }, ["a2"])
            try requireAnswer(try await found(stores) { $0.candidateGroups = ["all", "clerks"] }, ["b1", "a2"])
            try requireAnswer(try await found(stores) { $0.dueBefore = at(20) }, ["a2"])
            try requireAnswer(try await found(stores) { $0.dueAfter = at(10) }, ["b1"])
            try requireAnswer(try await found(stores) { $0.followUpBefore = at(50) }, ["b1", "a2"])
            try requireAnswer(try await found(stores) { $0.minPriority = 80 }, ["a2"])
            let several = try await found(stores) { query in
                query.assignee = .nobody
                query.candidateGroups = ["all"]
                query.workflow = "other"
            }
            try requireAnswer(several, ["b1"])
        },
        Case("follows claims and ends of user tasks, also within one batch") { stores in
            try await fill(stores)
            let (a1, a2) = (TaskID(instance: InstanceID("a"), number: 1), TaskID(instance: InstanceID("a"), number: 2))
            try await apply(
                stores, [.userTaskClaimed(a2, assignee: "bob"), .userTaskClaimed(a1, assignee: nil)])
            try requireAnswer(try await found(stores) { $0.assignee = .somebody("bob") }, ["a2"])
            try requireAnswer(try await found(stores) { $0.assignee = .nobody }, ["b1", "a1"])
            try await apply(
                stores,
                [
                    .userTaskEnded(a2), created("a", user(3), 5),
                    .userTaskClaimed(TaskID(instance: InstanceID("a"), number: 3), assignee: "eve"),
                    created("a", user(4, groups: ["clerks"]), 5),
                    .userTaskEnded(TaskID(instance: InstanceID("a"), number: 4)),
                ])
            try requireAnswer(try await found(stores), ["a3", "b1", "a1"])
            try requireAnswer(try await found(stores) { $0.candidateGroups = ["clerks"] }, [])
            try requireAnswer(try await found(stores) { $0.assignee = .somebody("eve") }, ["a3"])
        },
        Case("gives user tasks in pages, whatever happens in between") { stores in
            try await fill(stores)
            var query = UserTaskQuery()
            query.page.limit = 2
            let first = try await stores.index.userTasks(query)
            try requireAnswer(first.rows.map(\.instance.text), ["b", "a"])
            try await apply(stores, [created("b", user(2), 9), .userTaskEnded(first.rows[1].id)])
            query.page.after = first.next
            let second = try await stores.index.userTasks(query)
            try requireAnswer(second.rows.map(\.task.number), [1])
            try requireAnswer(second.next, nil)
            query.page.after = "nonsense"
            do {
                _ = try await stores.index.userTasks(query)
                throw StoreConformanceFailure(description: "a page token without meaning must be refused")
            } catch let error as StoreError {
                try requireAnswer(error.kind, .misuse)
            }
        },
    ]
}
