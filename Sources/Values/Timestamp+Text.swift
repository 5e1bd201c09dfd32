extension Timestamp {
    /// Reads `2026-01-31T12:00:00.000Z`, `2026-01-31T13:00+01:00`: an offset or `Z` is required; what is finer than a
    /// millisecond is cut off.
    package init?(iso8601 text: String) {
        let timestamp = ISO8601Reader.whole(text) { reader in
            let dateTime = reader.dateTime()
            let offset = reader.zoneOffset()
            return offset.flatMap { dateTime?.timestamp(offset: $0) }
        }
        guard let timestamp else { return nil }
        self = timestamp
    }

    /// In UTC with milliseconds: `2026-01-31T12:00:00.000Z`.
    package var iso8601: String {
        let (date, time) = (CivilDateTime(self).date, CivilDateTime(self).time)
        let clock = "\(time.hour.padded(to: 2)):\(time.minute.padded(to: 2)):\(time.second.padded(to: 2))"
        return "\(date.iso8601)T\(clock).\((time.nanosecond / 1_000_000).padded(to: 3))Z"
    }

    /// By the calendar of UTC: months first, the day cut to the length of the month, then time. Nil beyond the range.
    package func adding(_ duration: CalendarDuration) -> Timestamp? {
        CivilDateTime(self).adding(duration)?.timestamp(offset: .utc)
    }
}
