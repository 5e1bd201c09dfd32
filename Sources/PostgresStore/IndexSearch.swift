import ProcessEngine
import Services
import Values

/// Pages of the index, by keyset.
///
/// A filter with alternatives becomes one `SELECT` for each of them, each with the order and limit of the page, merged:
/// each is then read from its own index, from the front, and only as far as the page needs, however many rows there are.
/// Which of several filters is the way in, the planner decides, with the values and the numbers of rows it knows.
struct IndexSearch {
    let connection: Connection

    /// Terms joined by AND, with their values. A question mark in a term stands for the next value.
    struct Filter {
        private var terms: [String] = []
        private(set) var values: [PostgresValue] = []

        var sql: String { terms.isEmpty ? "true" : terms.joined(separator: " AND ") }

        mutating func add(_ term: String, _ values: [PostgresValue]) {
            terms.append(term)
            self.values += values
        }

        /// Equality with a text that its index holds only the beginning of.
        mutating func add(_ column: String, equals text: String) {
            add("left(\(column), 200) = left(?::text, 200) AND \(column) = ?::text", [.text(text), .text(text)])
        }

        func adding(_ term: String, _ values: [PostgresValue]) -> Filter {
            var copy = self
            copy.add(term, values)
            return copy
        }
    }

    // MARK: Instances

    func instances(_ query: InstanceQuery) throws -> Page<IndexedInstance> {
        let limit = try Self.limit(of: query.page)
        var filter = Filter()
        if let id = query.id { filter.add("index_instance.id = ?", [.text(id.text)]) }
        if let key = query.businessKey { filter.add("business_key", equals: key) }
        if let object = query.objectID { filter.add("object_id", equals: object) }
        if let origin = query.restartedFrom { filter.add("restarted_from = ?::text", [.text(origin.text)]) }
        if let contract = query.contract {
            let tasks = Self.contract(contract)
            filter.add(
                "EXISTS (SELECT FROM index_task WHERE index_task.instance = index_instance.id AND \(tasks.sql))",
                tasks.values)
        }
        Self.add(query.metadata, to: &filter)
        if let after = query.startedAfter { filter.add("started_at > ?", [.int(after.stored)]) }
        if let before = query.startedBefore { filter.add("started_at < ?", [.int(before.stored)]) }
        if let token = query.page.after {
            let last = try PageToken(instances: token)
            filter.add("(started_at, id) < (?::bigint, ?::text)", [.int(last.time), .text(last.id)])
        }
        if !query.definitions.isEmpty {
            filter.add("definition = ANY(?::text[])", [.texts(query.definitions.map(\.description))])
        }
        var alternatives = [filter]
        if let name = query.workflow {
            var byWorkflow = filter
            byWorkflow.add("workflow", equals: name)
            var byProcess = filter
            byProcess.add("process", equals: name)
            alternatives = [byWorkflow, byProcess.adding("workflow IS DISTINCT FROM ?::text", [.text(name)])]
        }
        alternatives = Self.split(alternatives, "state", by: query.states.map(\.rawValue))
        let rows = try all(
            alternatives, "SELECT \(IndexColumns.instance) FROM index_instance", "started_at DESC, id DESC", limit,
            IndexColumns.instance)
        return Self.page(rows, limit) { PageToken(time: $0.startedAt.stored, id: $0.id.text, number: nil) }
    }

    // MARK: Tasks

    func tasks(_ query: TaskQuery) throws -> Page<IndexedTask> {
        let limit = try Self.limit(of: query.page)
        var filter = Filter()
        if let instance = query.instance { filter.add("index_task.instance = ?", [.text(instance.text)]) }
        if let contract = query.contract {
            let tasks = Self.contract(contract)
            filter.add(tasks.sql, tasks.values)
        }
        if let key = query.businessKey { filter.add("index_instance.business_key", equals: key) }
        if let object = query.objectID { filter.add("index_instance.object_id", equals: object) }
        Self.add(query.metadata, to: &filter)
        if let name = query.workflow {
            filter.add("(workflow = ?::text OR process = ?::text)", [.text(name), .text(name)])
        }
        if let after = query.createdAfter { filter.add("created_at > ?", [.int(after.stored)]) }
        if let before = query.createdBefore { filter.add("created_at < ?", [.int(before.stored)]) }
        if let token = query.page.after {
            let last = try PageToken(tasks: token)
            filter.add(
                "(created_at, index_task.instance, index_task.number) < (?::bigint, ?::text, ?::bigint)",
                [.int(last.time), .text(last.id), .optional(last.number)])
        }
        let asksInstance =
            query.businessKey != nil || query.objectID != nil || !query.metadata.isEmpty || query.workflow != nil
        let select = """
            SELECT \(IndexColumns.taskWithLiveRow) FROM index_task
            \(asksInstance ? "JOIN index_instance ON index_instance.id = index_task.instance" : "")
            LEFT JOIN task ON task.instance = index_task.instance AND task.number = index_task.number
            """
        let rows = try all(
            Self.split([filter], "index_task.state", by: query.states.map(\.rawValue)), select,
            "created_at DESC, index_task.instance DESC, index_task.number DESC", limit, IndexColumns.taskWithLiveRow)
        return Self.page(rows, limit) {
            PageToken(time: $0.createdAt.stored, id: $0.id.instance.text, number: $0.id.number)
        }
    }

    // MARK: Parts

    private static func add(_ metadata: [Variable], to filter: inout Filter) {
        for pair in metadata {
            filter.add(
                """
                EXISTS (SELECT FROM index_metadata WHERE pair = sha256(convert_to(?::text, 'UTF8'))
                    AND index_metadata.started_at = index_instance.started_at
                    AND index_metadata.instance = index_instance.id)
                """, [.text(IndexColumns.pairText(pair))])
        }
    }

    /// Tasks of a contract, by name or by `name@major`.
    private static func contract(_ text: String) -> Filter {
        guard let key = ContractKey(text) else { return Filter().adding("index_task.contract = ?", [.text(text)]) }
        return Filter().adding("index_task.contract = ? AND index_task.major = ?", [.text(key.name), .int(key.major)])
    }

    static func limit(of page: PageRequest) throws -> Int {
        guard (1...1000).contains(page.limit) else {
            throw StoreError(.misuse, "a page has 1 to 1000 rows, not \(page.limit)")
        }
        return page.limit
    }

    /// One alternative for each value; all of them if there are no values.
    private static func split(_ filters: [Filter], _ column: String, by values: [String]) -> [Filter] {
        guard !values.isEmpty else { return filters }
        return filters.flatMap { filter in Set(values).sorted().map { filter.adding("\(column) = ?", [.text($0)]) } }
    }

    /// The first rows of all alternatives together: one more than the page has, to know whether there is a next one.
    /// Every column of the order is among the first ones that `select` names.
    private func all<Found>(
        _ alternatives: [Filter], _ select: String, _ order: String, _ limit: Int, _ read: (ResultRow) throws -> Found
    ) throws -> [Found] {
        let arms = alternatives.map { "(\(select) WHERE \($0.sql) ORDER BY \(order) LIMIT \(limit + 1))" }
        var sql = arms[0]
        if arms.count > 1 {
            // Columns of a union have no table; ours are named once each before the live row.
            let names = order.split(separator: ".").count > 1 ? "7 DESC, 1 DESC, 2 DESC" : "10 DESC, 1 DESC"
            sql = arms.joined(separator: " UNION ALL ") + " ORDER BY \(names) LIMIT \(limit + 1)"
        }
        let statement = Connection.Statement(
            sql: Self.numbered(sql), values: alternatives.flatMap(\.values), keepsPlan: false)
        return try connection.run([statement])[0].map(read)
    }

    /// Question marks become `$1`, `$2`, …
    static func numbered(_ sql: String) -> String {
        var parts = sql.split(separator: "?", omittingEmptySubsequences: false)
        var text = String(parts.removeFirst())
        for (number, part) in parts.enumerated() { text += "$\(number + 1)\(part)" }
        return text
    }

    static func page<Found>(_ rows: [Found], _ limit: Int, _ token: (Found) -> PageToken) -> Page<Found> {
        let shown = Array(rows.prefix(limit))
        return Page(rows: shown, next: rows.count > limit ? shown.last.map { token($0).text } : nil)
    }
}
