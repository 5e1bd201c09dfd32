/// A day of the Gregorian calendar, as people write it, in no particular time zone. Years are -999,999,999 to 999,999,999.
package struct CivilDate: Sendable, Hashable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int

    static let years = -999_999_999...999_999_999

    /// Nil if there is no such day.
    package init?(year: Int, month: Int, day: Int) {
        guard Self.years.contains(year), (1...12).contains(month), day >= 1,
            day <= CivilCalendar.days(inMonth: month, of: year)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Nil beyond the range of years.
    package init?(daysSinceEpoch: Int) {
        // A little more than the range of years; keeps the arithmetic from overflowing.
        guard daysSinceEpoch.magnitude < 366_000_000_000 else { return nil }
        let (year, month, day) = CivilCalendar.date(daysSinceEpoch: daysSinceEpoch)
        self.init(year: year, month: month, day: day)
    }

    /// Reads `2026-01-31`, `-0044-03-15`, `12026-01-31`.
    package init?(iso8601 text: String) {
        guard let date = ISO8601Reader.whole(text, { $0.date() }) else { return nil }
        self = date
    }

    package var iso8601: String {
        let sign = year < 0 ? "-" : ""
        return "\(sign)\(Int(year.magnitude).padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))"
    }

    /// Days since 1970-01-01.
    package var daysSinceEpoch: Int {
        CivilCalendar.daysSinceEpoch(year: year, month: month, day: day)
    }

    /// 1 is Monday, 7 Sunday.
    package var weekday: Int {
        // 1970-01-01 was a Thursday.
        let fromThursday = daysSinceEpoch % 7
        return (fromThursday + 10) % 7 + 1
    }

    /// 1 to 366.
    package var dayOfYear: Int {
        daysSinceEpoch - CivilCalendar.daysSinceEpoch(year: year, month: 1, day: 1) + 1
    }

    /// ISO 8601's week: the first one of a year has its first Thursday. Early January may be in the last year's 52 or 53,
    /// late December in the next year's 1.
    package var weekOfYear: Int {
        let thursday = daysSinceEpoch + 4 - weekday
        let year = CivilCalendar.date(daysSinceEpoch: thursday).year
        return (thursday - CivilCalendar.daysSinceEpoch(year: year, month: 1, day: 1)) / 7 + 1
    }

    package var daysInMonth: Int { CivilCalendar.days(inMonth: month, of: year) }
    package var isInLeapYear: Bool { CivilCalendar.isLeapYear(year) }

    /// Nil beyond the range of years.
    package func adding(days: Int) -> CivilDate? {
        let (sum, overflow) = daysSinceEpoch.addingReportingOverflow(days)
        return overflow ? nil : CivilDate(daysSinceEpoch: sum)
    }

    /// The day is cut to the length of the month: a month after January 31 is the end of February. Nil beyond the range of
    /// years.
    package func adding(months: Int) -> CivilDate? {
        let (sum, overflow) = (year * 12 + month - 1).addingReportingOverflow(months)
        guard !overflow else { return nil }
        let newYear = CivilCalendar.floorDivide(sum, 12)
        let newMonth = sum - newYear * 12 + 1
        return CivilDate(
            year: newYear, month: newMonth, day: min(day, CivilCalendar.days(inMonth: newMonth, of: newYear)))
    }
}

extension CivilDate: Comparable {
    package static func < (left: CivilDate, right: CivilDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}
