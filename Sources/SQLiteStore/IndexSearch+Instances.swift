import GRDB
import ProcessEngine
import Services
import Values

extension IndexSearch {
    func instances(_ query: InstanceQuery) throws -> Page<IndexedInstance> {
        let limit = try Self.limit(of: query.page)
        var filter = Filter()
        if let id = query.id { filter.add("index_instance.id = ?", [id.text]) }
        if let key = query.businessKey { filter.add("business_key = ?", [key]) }
        if let object = query.objectID { filter.add("object_id = ?", [object]) }
        if let origin = query.restartedFrom { filter.add("restarted_from = ?", [origin.text]) }
        var isNarrow = !filter.isEmpty
        if let contract = query.contract {
            let isWay =
                try !isNarrow && query.metadata.isEmpty && isFew("index_task", Self.contract(contract, isWeak: false))
            filter.add(users(of: contract, isWay: isWay))
            isNarrow = isNarrow || isWay
        }
        let way = Way(isNarrow: isNarrow, isByMetadata: !query.metadata.isEmpty)
        for (place, pair) in query.metadata.enumerated() {
            let isWay = way == .metadata && place == 0
            filter.add(
                isWay ? "index_metadata.name = ? AND index_metadata.value = ?" : Self.hasMetadata,
                [pair.name, pair.value.canonical.text])
        }
        if let after = query.startedAfter { filter.add("\(way.startedAt) > ?", [after.stored]) }
        if let before = query.startedBefore { filter.add("\(way.startedAt) < ?", [before.stored]) }
        if let token = query.page.after {
            let last = try PageToken(instances: token)
            filter.add("(\(way.startedAt), \(way.id)) < (?, ?)", [last.time, last.id])
        }
        if !query.definitions.isEmpty {
            // Next to its process it leaves most rows; that is the way in.
            let places = query.definitions.map { _ in "?" }.joined(separator: ", ")
            filter.add("+definition IN (\(places))", query.definitions.map(\.description))
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

    /// That the row of `index_instance` has a name and value among its metadata.
    static let hasMetadata = """
        EXISTS (SELECT 1 FROM index_metadata AS other WHERE other.name = ? AND other.value = ? \
        AND other.started_at = index_instance.started_at AND other.instance = index_instance.id)
        """

    /// Instances with a task of a contract.
    private func users(of contract: String, isWay: Bool) -> Filter {
        let tasks = Self.contract(contract, isWeak: !isWay)
        return Filter().adding(
            isWay
                ? "index_instance.id IN (SELECT index_task.instance FROM index_task WHERE \(tasks.sql))"
                : "EXISTS (SELECT 1 FROM index_task WHERE index_task.instance = index_instance.id AND \(tasks.sql))",
            tasks.arguments)
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
}
