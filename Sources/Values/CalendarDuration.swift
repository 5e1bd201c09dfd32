/// An ISO 8601 duration: months, whose length depends on where they are added, and exact time. A year is 12 months, a week
/// 7 days, a day 24 hours.
package struct CalendarDuration: Sendable, Hashable {
    package var months: Int64
    private var time: StoredInt128

    package init(months: Int64 = 0, nanoseconds: Int128 = 0) {
        self.months = months
        time = StoredInt128(nanoseconds)
    }

    /// What is finer than a nanosecond is cut off.
    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(nanoseconds: Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000))
    }

    /// The part that is not months.
    package var nanoseconds: Int128 {
        get { time.value }
        set { time = StoredInt128(newValue) }
    }

    package static let zero = CalendarDuration()

    /// Saturates.
    package var negated: CalendarDuration {
        CalendarDuration(
            months: months == .min ? .max : -months, nanoseconds: nanoseconds == .min ? .max : -nanoseconds)
    }

    /// Neither part is positive, and one is negative.
    package var isNegative: Bool { months <= 0 && nanoseconds <= 0 && self != .zero }

    /// The exact length; nil if months are part of it, or if it is too long for a `Duration`.
    package var duration: Duration? {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        guard months == 0, let seconds = Int64(exactly: seconds) else { return nil }
        return Duration(secondsComponent: seconds, attosecondsComponent: Int64(rest) * 1_000_000_000)
    }

    /// Nil if it is too long.
    package func adding(_ other: CalendarDuration) -> CalendarDuration? {
        let (months, overflow) = months.addingReportingOverflow(other.months)
        let (nanoseconds, overflowed) = nanoseconds.addingReportingOverflow(other.nanoseconds)
        return overflow || overflowed ? nil : CalendarDuration(months: months, nanoseconds: nanoseconds)
    }
}
