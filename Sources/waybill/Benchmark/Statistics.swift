/// What several rounds of one measurement came to.
package struct Spread: Sendable, Hashable {
    /// In the order of the rounds.
    package let values: [Double]

    package init(_ values: [Double]) {
        self.values = values
    }

    package var minimum: Double { values.min() ?? 0 }
    package var maximum: Double { values.max() ?? 0 }

    /// The middle value, or the mean of the two middle ones; 0 without rounds.
    package var median: Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}

/// Times of one kind, of which percentiles are asked.
package struct Latencies: Sendable, Hashable {
    private let sorted: [Double]

    package init(milliseconds: [Double]) {
        sorted = milliseconds.sorted()
    }

    package var count: Int { sorted.count }

    /// The smallest time that `share` (0…1) of all are not above (nearest rank); nil without times.
    package func percentile(_ share: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}
