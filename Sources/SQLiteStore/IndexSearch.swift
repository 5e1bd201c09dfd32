import GRDB
import ProcessEngine
import Services

/// Pages of the index, by keyset.
///
/// A filter with alternatives becomes one `SELECT` for each of them, merged in page order: each is then read from its
/// own index, from the front, and only as far as the page needs, however many rows there are.
///
/// A filter on what stands in the other table has two ways. What leaves few rows is the way in, and they are sorted;
/// what many rows share is asked of one row after the other, in page order, and the page is soon full. Which it is, is
/// counted, up to a limit. (Slow is only what many old rows share and no new one: a time helps.)
struct IndexSearch {
    let database: Database

    /// So many rows, at most, are few: they are sorted in milliseconds.
    static let few = 1000

    /// Terms joined by AND, with their arguments.
    struct Filter {
        private var terms: [String] = []
        private(set) var arguments: [(any StatementValue)?] = []

        var isEmpty: Bool { terms.isEmpty }
        var sql: String { isEmpty ? "1" : terms.joined(separator: " AND ") }

        mutating func add(_ term: String, _ values: [(any StatementValue)?]) {
            terms.append(term)
            arguments += values
        }

        mutating func add(_ other: Filter) {
            terms += other.terms
            arguments += other.arguments
        }

        func adding(_ term: String, _ values: [(any StatementValue)?]) -> Filter {
            var copy = self
            copy.add(term, values)
            return copy
        }
    }

    /// Whether at most `few` rows of a table pass. The filter must be one that an index answers.
    func isFew(_ table: String, _ filter: Filter) throws -> Bool {
        let count = try database.first(
            "SELECT count(*) FROM (SELECT 1 FROM \(table) WHERE \(filter.sql) LIMIT \(Self.few + 1))", filter.arguments
        ) { $0[0] as Int }
        return count ?? 0 <= Self.few
    }

    /// Tasks of a contract, by name or by `name@major`. A weak filter is never the way in.
    static func contract(_ text: String, isWeak: Bool) -> Filter {
        let column = isWeak ? "+index_task.contract" : "index_task.contract"
        guard let key = ContractKey(text) else { return Filter().adding("\(column) = ?", [text]) }
        return Filter().adding("\(column) = ?", [key.name]).adding("+index_task.major = ?", [key.major])
    }

    static func limit(of page: PageRequest) throws -> Int {
        guard (1...1000).contains(page.limit) else {
            throw StoreError(.misuse, "a page has 1 to 1000 rows, not \(page.limit)")
        }
        return page.limit
    }

    /// One alternative for each value; all of them if there are no values.
    static func split(_ filters: [Filter], _ column: String, by values: [String]) -> [Filter] {
        guard !values.isEmpty else { return filters }
        return filters.flatMap { filter in Set(values).sorted().map { filter.adding("\(column) = ?", [$0]) } }
    }

    static func union(of alternatives: [Filter], _ select: String, _ order: String) -> String {
        alternatives.map { "\(select) WHERE \($0.sql)" }.joined(separator: " UNION ALL ") + " ORDER BY \(order) LIMIT ?"
    }

    /// One row more than the page, to know whether there is a next one.
    static func arguments(of alternatives: [Filter], limit: Int) -> [(any StatementValue)?] {
        var arguments: [(any StatementValue)?] = []
        for alternative in alternatives { arguments += alternative.arguments }
        arguments += [limit + 1]
        return arguments
    }

    static func page<Found>(_ rows: [Found], _ limit: Int, _ token: (Found) -> PageToken) -> Page<Found> {
        let shown = Array(rows.prefix(limit))
        return Page(rows: shown, next: rows.count > limit ? shown.last.map { token($0).text } : nil)
    }
}
