/// FEEL's relations of ranges and points (Allen's algebra), and `range()`. Points are ranges of one value.
enum RangeFunctions {
    static let all: [BuiltIn] = [
        BuiltIn("range", [.init("from", .string)], .range(of: .any)) { $0.string(0).flatMap { parse($0) } },
        relation("before", "point", "point") { before($0, $1) },
        relation("after", "point", "point") { before($1, $0) },
        relation("meets", "range", "range") { meets($0, $1) },
        relation("met by", "range", "range") { meets($1, $0) },
        relation("overlaps", "range", "range") { overlaps($0, $1) },
        relation("overlaps before", "range", "range") { overlapsBefore($0, $1) },
        relation("overlaps after", "range", "range") { overlapsBefore($1, $0) },
        relation("finishes", "point", "range") { finishes($0, $1) },
        relation("finished by", "range", "point") { finishes($1, $0) },
        relation("includes", "range", "point") { includes($0, $1) },
        relation("during", "point", "range") { includes($1, $0) },
        relation("starts", "point", "range") { starts($0, $1) },
        relation("started by", "range", "point") { starts($1, $0) },
        relation("coincides", "point", "point") { coincides($0, $1) },
    ]

    /// A range with both ends.
    private struct Span {
        let start: Datum
        let startIncluded: Bool
        let end: Datum
        let endIncluded: Bool
        let isPoint: Bool

        init?(_ value: Datum) {
            if case .range(let range) = value {
                guard let start = range.start, let end = range.end else { return nil }
                self.start = start
                self.startIncluded = range.startIncluded
                self.end = end
                self.endIncluded = range.endIncluded
                isPoint = false
            } else {
                guard FEELComparison.order(value, value) != nil else { return nil }
                start = value
                end = value
                startIncluded = true
                endIncluded = true
                isPoint = true
            }
        }
    }

    private static func relation(
        _ name: String, _ first: String, _ second: String,
        _ holds: @escaping @Sendable (Span, Span) -> Bool?
    ) -> BuiltIn {
        // DMN 1.5, table 78. Where a point may stand, a range may too.
        var rows = [["range1", "range2"]]
        switch (first, second) {
        case ("point", "range"): rows.append(["point", "range"])
        case ("range", "point"): rows.append(["range", "point"])
        case ("point", "point"):
            rows.append(["point1", "point2"])
            if name != "coincides" { rows += [["point", "range"], ["range", "point"]] }
        default: break
        }
        return BuiltIn(name, .fixed(rows.map { $0.map { .init($0) } }), .boolean) { arguments in
            guard let left = Span(arguments.values[0]), let right = Span(arguments.values[1]),
                FEELComparison.order(left.start, right.start) != nil
            else { return nil }
            return (first == "range" && left.isPoint) || (second == "range" && right.isPoint)
                ? nil : holds(left, right).map { .bool($0) }
        }
    }

    // MARK: Relations

    private static func before(_ left: Span, _ right: Span) -> Bool? {
        FEELComparison.order(left.end, right.start).map {
            $0 < 0 || ($0 == 0 && !(left.endIncluded && right.startIncluded))
        }
    }

    private static func meets(_ left: Span, _ right: Span) -> Bool? {
        FEELComparison.order(left.end, right.start).map { $0 == 0 && left.endIncluded && right.startIncluded }
    }

    private static func overlaps(_ left: Span, _ right: Span) -> Bool? {
        guard let isBefore = before(left, right), let isAfter = before(right, left) else { return nil }
        return !isBefore && !isAfter
    }

    private static func overlapsBefore(_ left: Span, _ right: Span) -> Bool? {
        guard let starts = startOrder(left, right), let ends = endOrder(left, right),
            let overlap = overlaps(left, right)
        else { return nil }
        return overlap && starts < 0 && ends <= 0
    }

    private static func finishes(_ left: Span, _ right: Span) -> Bool? {
        guard let starts = startOrder(left, right), let ends = endOrder(left, right) else { return nil }
        return ends == 0 && starts >= 0
    }

    private static func starts(_ left: Span, _ right: Span) -> Bool? {
        guard let starts = startOrder(left, right), let ends = endOrder(left, right) else { return nil }
        return starts == 0 && ends <= 0
    }

    private static func includes(_ left: Span, _ right: Span) -> Bool? {
        guard let starts = startOrder(left, right), let ends = endOrder(left, right) else { return nil }
        return starts <= 0 && ends >= 0
    }

    private static func coincides(_ left: Span, _ right: Span) -> Bool? {
        guard let starts = startOrder(left, right), let ends = endOrder(left, right) else { return nil }
        return starts == 0 && ends == 0
    }

    /// Which begins first; at the same value, the one that includes it.
    private static func startOrder(_ left: Span, _ right: Span) -> Int? {
        FEELComparison.order(left.start, right.start).map {
            $0 != 0 || left.startIncluded == right.startIncluded ? $0 : left.startIncluded ? -1 : 1
        }
    }

    /// Which ends first; at the same value, the one that excludes it.
    private static func endOrder(_ left: Span, _ right: Span) -> Int? {
        FEELComparison.order(left.end, right.end).map {
            $0 != 0 || left.endIncluded == right.endIncluded ? $0 : left.endIncluded ? 1 : -1
        }
    }

    // MARK: Text

    /// A range of literals as FEEL writes it: `[1..10)`, `(..@"2026-01-31"]`.
    private static func parse(_ text: String) -> Datum? {
        text.utf8.count <= 1024 ? RangeText.parse(text) : nil
    }
}
