/// A day and a time of day, in no particular time zone: with a `ZoneOffset` it is a `Timestamp`.
package struct CivilDateTime: Sendable, Hashable {
    package var date: CivilDate
    package var time: CivilTime

    package init(date: CivilDate, time: CivilTime) {
        self.date = date
        self.time = time
    }

    /// Reads `2026-01-31T12:30:05.25`; there must be no offset.
    package init?(iso8601 text: String) {
        guard let dateTime = ISO8601Reader.whole(text, { $0.dateTime() }) else { return nil }
        self = dateTime
    }

    package var iso8601: String { "\(date.iso8601)T\(time.iso8601)" }

    /// What a clock with this offset shows at `timestamp`.
    package init(_ timestamp: Timestamp, offset: ZoneOffset = .utc) {
        // Timestamps end before the year 292,300,000, where civil dates have 700 million more to go.
        let nanoseconds = (Int128(timestamp.millisecondsSinceEpoch) + Int128(offset.seconds) * 1000) * 1_000_000
        guard let dateTime = CivilDateTime(nanosecondsSinceEpoch: nanoseconds) else {
            preconditionFailure("every timestamp has a date")
        }
        self = dateTime
    }

    /// Nil beyond the range of years.
    package init?(nanosecondsSinceEpoch nanoseconds: Int128) {
        let days = CivilCalendar.floorDivide(nanoseconds, Int128(CivilTime.nanosecondsPerDay))
        guard let day = Int(exactly: days), let date = CivilDate(daysSinceEpoch: day) else { return nil }
        self.date = date
        time = CivilTime(nanosecondsSinceMidnight: Int(nanoseconds - days * Int128(CivilTime.nanosecondsPerDay)))
    }

    /// Nanoseconds since 1970-01-01T00:00 of the same clock.
    package var nanosecondsSinceEpoch: Int128 {
        Int128(date.daysSinceEpoch) * Int128(CivilTime.nanosecondsPerDay) + Int128(time.nanosecondsSinceMidnight)
    }

    /// The instant, cut to milliseconds; nil beyond the range of timestamps.
    package func timestamp(offset: ZoneOffset) -> Timestamp? {
        let milliseconds = CivilCalendar.floorDivide(nanosecondsSinceEpoch, 1_000_000) - Int128(offset.seconds) * 1000
        return Int64(exactly: milliseconds).map(Timestamp.init(millisecondsSinceEpoch:))
    }

    /// Months first, the day cut to the length of the month, then time. Nil beyond the range of years.
    package func adding(_ duration: CalendarDuration) -> CivilDateTime? {
        guard let date = date.adding(months: Int(duration.months)) else { return nil }
        let start = CivilDateTime(date: date, time: time).nanosecondsSinceEpoch
        let (sum, overflow) = start.addingReportingOverflow(duration.nanoseconds)
        return overflow ? nil : CivilDateTime(nanosecondsSinceEpoch: sum)
    }
}

extension CivilDateTime: Comparable {
    package static func < (left: CivilDateTime, right: CivilDateTime) -> Bool {
        (left.date, left.time) < (right.date, right.time)
    }
}
