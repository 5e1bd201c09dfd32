/// FEEL's ranges.
enum FEELRanges {
    /// A range whose ends fit each other, else null. A missing end is open; null is no end.
    static func make(start: Datum?, startIncluded: Bool, end: Datum?, endIncluded: Bool) -> Datum {
        for point in [start, end].compactMap({ $0 }) where FEELComparison.order(point, point) == nil { return .null }
        if let start, let end, FEELComparison.order(start, end) == nil { return .null }
        if start == nil, end == nil { return .null }
        return .range(
            .init(
                start: start, startIncluded: startIncluded && start != nil, end: end,
                endIncluded: endIncluded && end != nil))
    }

    /// Nil if the value cannot be compared with the ends.
    static func contains(_ range: Datum.RangeValue, _ value: Datum) -> Bool? {
        if let start = range.start {
            guard let order = FEELComparison.order(value, start) else { return nil }
            if order < 0 || (order == 0 && !range.startIncluded) { return false }
        }
        if let end = range.end {
            guard let order = FEELComparison.order(value, end) else { return nil }
            if order > 0 || (order == 0 && !range.endIncluded) { return false }
        }
        return true
    }
}
