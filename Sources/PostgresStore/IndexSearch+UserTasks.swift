import ProcessEngine
import Services
import Values

extension IndexSearch {
    func userTasks(_ query: UserTaskQuery) throws -> Page<IndexedUserTask> {
        let limit = try Self.limit(of: query.page)
        var filter = Filter()
        if let instance = query.instance { filter.add("t.instance = ?::text", [.text(instance.text)]) }
        if let name = query.workflow {
            filter.add("(i.workflow = ?::text OR i.process = ?::text)", [.text(name), .text(name)])
        }
        if let key = query.businessKey { filter.add("i.business_key", equals: key) }
        switch query.assignee {
        case nil: break
        case .nobody: filter.add("t.assignee IS NULL", [])
        case .somebody(let name): filter.add("t.assignee", equals: name)
        }
        if let user = query.candidateUser { Self.add([IndexColumns.candidate("user", user)], to: &filter) }
        if !query.candidateGroups.isEmpty {
            Self.add(query.candidateGroups.map { IndexColumns.candidate("group", $0) }, to: &filter)
        }
        if let time = query.dueBefore { filter.add("t.due_at < ?::bigint", [.int(time.stored)]) }
        if let time = query.dueAfter { filter.add("t.due_at > ?::bigint", [.int(time.stored)]) }
        if let time = query.followUpBefore {
            filter.add("(t.follow_up_at IS NULL OR t.follow_up_at < ?::bigint)", [.int(time.stored)])
        }
        if let priority = query.minPriority { filter.add("t.priority >= ?::bigint", [.int(priority)]) }
        if let token = query.page.after {
            let last = try PageToken(tasks: token)
            filter.add(
                "(t.created_at, t.instance, t.number) < (?::bigint, ?::text, ?::bigint)",
                [.int(last.time), .text(last.id), .optional(last.number)])
        }
        let sql = """
            SELECT t.instance, t.number, t.created_at, t.element, t.name, t.assignee, t.candidates, t.due_at,
                t.follow_up_at, t.form_key, t.priority, coalesce(i.workflow, i.process), i.business_key, i.state
            FROM index_user_task AS t JOIN index_instance AS i ON i.id = t.instance
            WHERE \(filter.sql) ORDER BY t.created_at DESC, t.instance DESC, t.number DESC LIMIT \(limit + 1)
            """
        let statement = Connection.Statement(sql: Self.numbered(sql), values: filter.values, keepsPlan: false)
        let rows = try connection.run([statement])[0].map(Self.userTask)
        return Self.page(rows, limit) {
            PageToken(time: $0.createdAt.stored, id: $0.instance.text, number: $0.task.number)
        }
    }

    /// Any of these candidates.
    private static func add(_ candidates: [String], to filter: inout Filter) {
        filter.add(
            """
            (t.instance, t.number) IN (
                SELECT instance, number FROM index_candidate WHERE candidate = ANY(
                    SELECT sha256(convert_to(c, 'UTF8')) FROM unnest(?::text[]) AS names(c)))
            """, [.texts(candidates)])
    }

    private static func userTask(_ row: ResultRow) throws -> IndexedUserTask {
        let candidates = try UserTaskCandidates(stored: row.text(6))
        return IndexedUserTask(
            instance: InstanceID(row.text(0)),
            task: OpenUserTask(
                number: row.number(1), activity: 0, element: ElementID(row.text(3)), name: row.optional(4, row.text),
                assignee: row.optional(5, row.text), candidateUsers: candidates.users,
                candidateGroups: candidates.groups, dueAt: row.optional(7, row.timestamp),
                followUpAt: row.optional(8, row.timestamp), formKey: row.optional(9, row.text),
                priority: row.number(10)),
            createdAt: row.timestamp(2), workflow: row.text(11), businessKey: row.optional(12, row.text),
            isSuspended: try row.parsed(13, InstanceState.init(rawValue:)) == .suspended)
    }
}
