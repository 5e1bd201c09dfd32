import GRDB
import ProcessEngine
import Services
import Values

/// Pages of the index, by keyset.
///
/// A filter with alternatives becomes one `SELECT` for each of them, merged in page order: each is then read from its
/// own index, from the front, and only as far as the page needs, however many rows there are.
struct IndexSearch {
    let database: Database

    /// Terms joined by AND, with their arguments.
    private struct Filter {
        var terms: [String] = []
        var arguments: StatementArguments = []

        mutating func add(_ term: String, _ values: StatementArguments) {
            terms.append(term)
            arguments += values
        }

        func adding(_ term: String, _ values: StatementArguments) -> Filter {
            var copy = self
            copy.add(term, values)
            return copy
        }

        var sql: String { terms.isEmpty ? "1" : terms.joined(separator: " AND ") }
    }

    func instances(_ query: InstanceQuery) throws -> Page<IndexedInstance> {
        let limit = try Self.limit(of: query.page)
        var filter = Filter()
        if let id = query.id { filter.add("index_instance.id = ?", [id.text]) }
        if let key = query.businessKey { filter.add("business_key = ?", [key]) }
        if let object = query.objectID { filter.add("object_id = ?", [object]) }
        let way = Way(isNarrow: !filter.terms.isEmpty, isByMetadata: !query.metadata.isEmpty)
        for (place, pair) in query.metadata.enumerated() {
            let isWay = way == .metadata && place == 0
            filter.add(
                isWay
                    ? "index_metadata.name = ? AND index_metadata.value = ?"
                    : "EXISTS (SELECT 1 FROM index_metadata AS other WHERE other.name = ? AND other.value = ? "
                        + "AND other.started_at = index_instance.started_at AND other.instance = index_instance.id)",
                [pair.name, pair.value.canonical.text])
        }
        if let after = query.startedAfter { filter.add("\(way.startedAt) > ?", [after.stored]) }
        if let before = query.startedBefore { filter.add("\(way.startedAt) < ?", [before.stored]) }
        if let token = query.page.after {
            let last = try PageToken(instances: token)
            filter.add("(\(way.startedAt), \(way.id)) < (?, ?)", [last.time, last.id])
        }
        var alternatives = [filter]
        if let name = query.workflow {
            alternatives = alternatives.flatMap { filter in
                [
                    filter.adding("\(way.weak)workflow = ?", [name]),
                    filter.adding("\(way.weak)process = ?", [name]).adding("workflow IS NOT ?", [name]),
                ]
            }
        }
        alternatives = Self.split(alternatives, "\(way.weak)state", by: query.states.map(\.rawValue))
        let rows = try database.all(
            Self.union(of: alternatives, way.select, "sort_time DESC, sort_id DESC"),
            Self.arguments(of: alternatives, limit: limit), IndexColumns.instance)
        return Self.page(rows, limit) { PageToken(time: $0.startedAt.stored, id: $0.id.text, number: nil) }
    }

    /// How the rows of a query are come by. The planner knows no numbers of rows, so the choice is made here: a plus
    /// sign keeps a term that leaves many rows from being the way in.
    private enum Way {
        /// By start time, state, workflow or process.
        case order
        /// By the first pair of metadata, whose table is in page order.
        case metadata
        /// By something that few instances share.
        case narrow

        init(isNarrow: Bool, isByMetadata: Bool) {
            self = isNarrow ? .narrow : isByMetadata ? .metadata : .order
        }

        var weak: String { self == .order ? "" : "+" }
        var id: String { self == .metadata ? "index_metadata.instance" : "index_instance.id" }

        var startedAt: String {
            switch self {
            case .order: "index_instance.started_at"
            case .metadata: "index_metadata.started_at"
            case .narrow: "+index_instance.started_at"
            }
        }

        var select: String {
            switch self {
            case .order, .narrow:
                "SELECT \(IndexColumns.instance), index_instance.started_at AS sort_time, index_instance.id AS sort_id "
                    + "FROM index_instance"
            case .metadata:
                "SELECT \(IndexColumns.instance), index_metadata.started_at AS sort_time, "
                    + "index_metadata.instance AS sort_id FROM index_metadata "
                    + "CROSS JOIN index_instance ON index_instance.id = index_metadata.instance"
            }
        }
    }

    func tasks(_ query: TaskQuery) throws -> Page<IndexedTask> {
        let limit = try Self.limit(of: query.page)
        var filter = Filter()
        if let instance = query.instance { filter.add("index_task.instance = ?", [instance.text]) }
        let weak = filter.terms.isEmpty ? "" : "+"
        if let contract = query.contract {
            if let key = ContractKey(contract) {
                filter.add("\(weak)index_task.contract = ? AND major = ?", [key.name, key.major])
            } else {
                filter.add("\(weak)index_task.contract = ?", [contract])
            }
        }
        if let after = query.createdAfter { filter.add("\(weak)created_at > ?", [after.stored]) }
        if let before = query.createdBefore { filter.add("\(weak)created_at < ?", [before.stored]) }
        if let token = query.page.after {
            let last = try PageToken(tasks: token)
            filter.add(
                "(created_at, index_task.instance, index_task.number) < (?, ?, ?)", [last.time, last.id, last.number])
        }
        let alternatives = Self.split([filter], "\(weak)state", by: query.states.map(\.rawValue))
        let select = """
            SELECT \(IndexColumns.task) FROM index_task
            LEFT JOIN task ON task.instance = index_task.instance AND task.number = index_task.number
            """
        let rows = try database.all(
            Self.union(of: alternatives, select, "created_at DESC, task_instance DESC, task_number DESC"),
            Self.arguments(of: alternatives, limit: limit), IndexColumns.task)
        return Self.page(rows, limit) {
            PageToken(time: $0.createdAt.stored, id: $0.id.instance.text, number: $0.id.number)
        }
    }

    private static func limit(of page: PageRequest) throws -> Int {
        guard (1...1000).contains(page.limit) else {
            throw StoreError(.misuse, "a page has 1 to 1000 rows, not \(page.limit)")
        }
        return page.limit
    }

    /// One alternative for each value; all of them if there are no values.
    private static func split(_ filters: [Filter], _ column: String, by values: [String]) -> [Filter] {
        guard !values.isEmpty else { return filters }
        return filters.flatMap { filter in Set(values).sorted().map { filter.adding("\(column) = ?", [$0]) } }
    }

    private static func union(of alternatives: [Filter], _ select: String, _ order: String) -> String {
        alternatives.map { "\(select) WHERE \($0.sql)" }.joined(separator: " UNION ALL ") + " ORDER BY \(order) LIMIT ?"
    }

    /// One row more than the page, to know whether there is a next one.
    private static func arguments(of alternatives: [Filter], limit: Int) -> StatementArguments {
        var arguments: StatementArguments = []
        for alternative in alternatives { arguments += alternative.arguments }
        arguments += [limit + 1]
        return arguments
    }

    private static func page<Found>(_ rows: [Found], _ limit: Int, _ token: (Found) -> PageToken) -> Page<Found> {
        let shown = Array(rows.prefix(limit))
        return Page(rows: shown, next: rows.count > limit ? shown.last.map { token($0).text } : nil)
    }
}
