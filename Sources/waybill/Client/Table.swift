import Values

/// Text in columns, as wide as needed, to a limit: one long cell makes its own line longer, not all of them.
struct Table {
    private static let widest = 40

    private var rows: [[String]]

    init(_ titles: String...) {
        rows = [titles]
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells)
    }

    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.count > column && $0[column].count <= Self.widest ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = max(widths[column] - cell.count, 0)
                return column == row.count - 1 ? cell : cell + String(repeating: " ", count: padding)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

extension JSON {
    /// The member as text for a table: strings bare, null and missing as a dash.
    func cell(_ name: String) -> String {
        guard let member = self[name], !member.isNull else { return "-" }
        return member.stringValue ?? member.text
    }
}
