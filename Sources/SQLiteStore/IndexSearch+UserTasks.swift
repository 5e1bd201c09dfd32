import GRDB
import ProcessEngine
import Services
import Values

extension IndexSearch {
    func userTasks(_ query: UserTaskQuery) throws -> Page<IndexedUserTask> {
        let limit = try Self.limit(of: query.page)
        var filter = Filter()
        if let instance = query.instance { filter.add("t.instance = ?", [instance.text]) }
        if let name = query.workflow { filter.add("(i.workflow = ? OR i.process = ?)", [name, name]) }
        if let key = query.businessKey { filter.add("i.business_key = ?", [key]) }
        switch query.assignee {
        case nil: break
        case .nobody: filter.add("t.assignee IS NULL", [])
        case .somebody(let name): filter.add("t.assignee = ?", [name])
        }
        if let user = query.candidateUser { filter.add(Self.candidates("user", [user])) }
        if !query.candidateGroups.isEmpty { filter.add(Self.candidates("group", query.candidateGroups)) }
        if let time = query.dueBefore { filter.add("t.due_at < ?", [time.stored]) }
        if let time = query.dueAfter { filter.add("t.due_at > ?", [time.stored]) }
        if let time = query.followUpBefore {
            filter.add("(t.follow_up_at IS NULL OR t.follow_up_at < ?)", [time.stored])
        }
        if let priority = query.minPriority { filter.add("t.priority >= ?", [priority]) }
        if let token = query.page.after {
            let last = try PageToken(tasks: token)
            filter.add("(t.created_at, t.instance, t.number) < (?, ?, ?)", [last.time, last.id, last.number])
        }
        let sql = """
            SELECT t.instance, t.number, t.created_at, t.element, t.name, t.assignee, t.candidates, t.due_at,
                t.follow_up_at, t.form_key, t.priority, coalesce(i.workflow, i.process), i.business_key, i.state
            FROM index_user_task AS t JOIN index_instance AS i ON i.id = t.instance
            WHERE \(filter.sql) ORDER BY t.created_at DESC, t.instance DESC, t.number DESC LIMIT ?
            """
        let rows = try database.all(sql, filter.arguments + [limit + 1], Self.userTask)
        return Self.page(rows, limit) {
            PageToken(time: $0.createdAt.stored, id: $0.instance.text, number: $0.task.number)
        }
    }

    private static func candidates(_ kind: String, _ names: [String]) -> Filter {
        var arguments: [(any StatementValue)?] = [kind]
        for name in names { arguments += [name] }
        let places = names.map { _ in "?" }.joined(separator: ", ")
        return Filter().adding(
            "(t.instance, t.number) IN (SELECT instance, number FROM index_candidate WHERE kind = ? AND name IN (\(places)))",
            arguments)
    }

    private static func userTask(_ row: StoredRow) throws -> IndexedUserTask {
        let candidates = try UserTaskCandidates(stored: row[6])
        return IndexedUserTask(
            instance: InstanceID(row[0]),
            task: OpenUserTask(
                number: row[1], activity: 0, element: ElementID(row[3]), name: row[4], assignee: row[5],
                candidateUsers: candidates.users, candidateGroups: candidates.groups, dueAt: row.optionalTimestamp(7),
                followUpAt: row.optionalTimestamp(8), formKey: row[9], priority: row[10]),
            createdAt: row.timestamp(2), workflow: row[11], businessKey: row[12],
            isSuspended: try row.parsed(13, InstanceState.init(rawValue:)) == .suspended)
    }
}
