/// An ISO 8601 duration: months, whose length depends on where they are added, and exact time.
package struct CalendarDuration: Sendable, Hashable {
    package var months: Int64
    /// Days count as 24 hours.
    package var nanoseconds: Int128
    package init(months: Int64 = 0, nanoseconds: Int128 = 0) { self.months = months; self.nanoseconds = nanoseconds }
    package init(_ duration: Duration) { self.init() }
    package init?(iso8601 text: String) { return nil }
    package var iso8601: String { "" }
    package var negated: CalendarDuration { self }
    package var isNegative: Bool { false }
    /// Nil if months are part of it.
    package var duration: Duration? { nil }
}
