/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored (POSIX time).
///
/// The engine never reads a clock: timestamps arrive as arguments.
package struct Timestamp: Sendable, Hashable, Comparable {
    package var millisecondsSinceEpoch: Int64

    package init(millisecondsSinceEpoch: Int64) {
        self.millisecondsSinceEpoch = millisecondsSinceEpoch
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
    }

    /// The timestamp `duration` later; saturates at the ends of the range.
    package func advanced(by duration: Duration) -> Timestamp {
        let (sum, overflow) = millisecondsSinceEpoch.addingReportingOverflow(duration.milliseconds)
        return Timestamp(millisecondsSinceEpoch: overflow ? (duration.milliseconds < 0 ? .min : .max) : sum)
    }

    /// The time from `earlier` to this timestamp; negative if `earlier` is later.
    package func duration(since earlier: Timestamp) -> Duration {
        .milliseconds(millisecondsSinceEpoch.subtractingReportingOverflow(earlier.millisecondsSinceEpoch).partialValue)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; saturates.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}
