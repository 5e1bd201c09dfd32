package struct CivilDate: Sendable, Hashable, Comparable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int
    package init?(year: Int, month: Int, day: Int) { self.year = year; self.month = month; self.day = day }
    package init?(daysSinceEpoch: Int) { return nil }
    package init?(iso8601 text: String) { return nil }
    package var iso8601: String { "" }
    package var daysSinceEpoch: Int { 0 }
    /// 1 is Monday, 7 Sunday.
    package var weekday: Int { 1 }
    package var dayOfYear: Int { 1 }
    package var weekOfYear: Int { 1 }
    package func adding(days: Int) -> CivilDate? { nil }
    /// The day is cut to the length of the month.
    package func adding(months: Int) -> CivilDate? { nil }
    package static func < (left: CivilDate, right: CivilDate) -> Bool { false }
}
package struct CivilTime: Sendable, Hashable, Comparable {
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let nanosecond: Int
    package init?(hour: Int, minute: Int, second: Int = 0, nanosecond: Int = 0) {
        self.hour = hour; self.minute = minute; self.second = second; self.nanosecond = nanosecond
    }
    /// Wraps around midnight.
    package init(nanosecondsSinceMidnight: Int) { hour = 0; minute = 0; second = 0; nanosecond = 0 }
    package init?(iso8601 text: String) { return nil }
    package var iso8601: String { "" }
    package var nanosecondsSinceMidnight: Int { 0 }
    package static func < (left: CivilTime, right: CivilTime) -> Bool { false }
}
package struct ZoneOffset: Sendable, Hashable {
    package let seconds: Int
    package init?(seconds: Int) { self.seconds = seconds }
    package init?(iso8601 text: String) { return nil }
    package var iso8601: String { "" }
    package static let utc = ZoneOffset(utc: ())
    private init(utc: ()) { seconds = 0 }
}
package struct CivilDateTime: Sendable, Hashable, Comparable {
    package var date: CivilDate
    package var time: CivilTime
    package init(date: CivilDate, time: CivilTime) { self.date = date; self.time = time }
    package init?(iso8601 text: String) { return nil }
    package init(_ timestamp: Timestamp, offset: ZoneOffset = .utc) {
        date = CivilDate(year: 1970, month: 1, day: 1)!; time = CivilTime(nanosecondsSinceMidnight: 0)
    }
    package var iso8601: String { "" }
    /// The instant, cut to milliseconds; nil beyond the range of timestamps.
    package func timestamp(offset: ZoneOffset) -> Timestamp? { nil }
    /// Nanoseconds since 1970-01-01T00:00 of the same clock.
    package var nanosecondsSinceEpoch: Int128 { 0 }
    package init?(nanosecondsSinceEpoch: Int128) { return nil }
    /// Months first (the day cut to the length of the month), then time.
    package func adding(_ duration: CalendarDuration) -> CivilDateTime? { nil }
    package static func < (left: CivilDateTime, right: CivilDateTime) -> Bool { false }
}
extension Timestamp {
    package init?(iso8601 text: String) { return nil }
    package var iso8601: String { "" }
    package func adding(_ duration: CalendarDuration) -> Timestamp? { nil }
}
