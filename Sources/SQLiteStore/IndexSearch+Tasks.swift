import GRDB
import ProcessEngine
import Services
import Values

extension IndexSearch {
    func tasks(_ query: TaskQuery) throws -> Page<IndexedTask> {
        let limit = try Self.limit(of: query.page)
        let owners = try Owners(of: query, in: self)
        var filter = owners.filter
        if let instance = query.instance { filter.add("index_task.instance = ?", [instance.text]) }
        let weak = query.instance != nil || owners.areFew ? "+" : ""
        if let contract = query.contract { filter.add(Self.contract(contract, isWeak: !weak.isEmpty)) }
        if let after = query.createdAfter { filter.add("\(weak)created_at > ?", [after.stored]) }
        if let before = query.createdBefore { filter.add("\(weak)created_at < ?", [before.stored]) }
        if let token = query.page.after {
            let last = try PageToken(tasks: token)
            filter.add(
                "(\(weak)created_at, index_task.instance, index_task.number) < (?, ?, ?)",
                [last.time, last.id, last.number])
        }
        let alternatives = Self.split([filter], "\(weak)index_task.state", by: query.states.map(\.rawValue))
        let select = """
            SELECT \(IndexColumns.task) FROM \(owners.join)
            LEFT JOIN task ON task.instance = index_task.instance AND task.number = index_task.number
            """
        let rows = try database.all(
            Self.union(of: alternatives, select, "created_at DESC, task_instance DESC, task_number DESC"),
            Self.arguments(of: alternatives, limit: limit), IndexColumns.task)
        return Self.page(rows, limit) {
            PageToken(time: $0.createdAt.stored, id: $0.id.instance.text, number: $0.id.number)
        }
    }

    /// What a query asks of the instances of tasks.
    private struct Owners {
        private(set) var filter = Filter()
        /// They are few: the way in, unless the query names the instance. Else tasks are the way in.
        private(set) var areFew: Bool
        private let isNamed: Bool

        init(of query: TaskQuery, in search: IndexSearch) throws {
            isNamed = query.instance != nil
            areFew = false
            if let key = query.businessKey { filter.add("index_instance.business_key = ?", [key]) }
            if let object = query.objectID { filter.add("index_instance.object_id = ?", [object]) }
            areFew = !filter.isEmpty
            for pair in query.metadata { try add(pair, in: search) }
            if let name = query.workflow { try add(workflow: name, in: search) }
        }

        private mutating func add(_ pair: Variable, in search: IndexSearch) throws {
            let same = Filter().adding("name = ? AND value = ?", [pair.name, pair.value.canonical.text])
            guard try isWay("index_metadata", same, in: search) else {
                return filter.add(IndexSearch.hasMetadata, same.arguments)
            }
            filter.add("index_instance.id IN (SELECT instance FROM index_metadata WHERE \(same.sql))", same.arguments)
            areFew = true
        }

        private mutating func add(workflow name: String, in search: IndexSearch) throws {
            let same = Filter().adding("(index_instance.workflow = ? OR index_instance.process = ?)", [name, name])
            guard try isWay("index_instance", same, in: search) else {
                return filter.add("(+index_instance.workflow = ? OR +index_instance.process = ?)", [name, name])
            }
            filter.add(same)
            areFew = true
        }

        private func isWay(_ table: String, _ same: Filter, in search: IndexSearch) throws -> Bool {
            try !isNamed && !areFew && search.isFew(table, same)
        }

        /// `CROSS JOIN` because SQLite then reads the left table first.
        var join: String {
            if filter.isEmpty { return "index_task" }
            return areFew && !isNamed
                ? "index_instance CROSS JOIN index_task ON index_task.instance = index_instance.id"
                : "index_task CROSS JOIN index_instance ON index_instance.id = index_task.instance"
        }
    }
}
