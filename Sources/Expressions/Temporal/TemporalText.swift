import Values

/// Reads the text of any temporal value, as `@"…"` has it.
package enum TemporalText {
    package static func parse(_ text: String) -> Datum? {
        guard let first = text.unicodeScalars.first else { return nil }
        if first == "P" || text.hasPrefix("-P") { return DurationText.parse(text) }
        if text.contains("T") { return ZonedDateTime(text).map { .dateTime($0) } }
        if let date = CivilDate(iso8601: text) { return .date(date) }
        return ZonedTime(text).map { .time($0) }
    }
}
