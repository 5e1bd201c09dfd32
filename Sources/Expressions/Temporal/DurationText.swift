import Values

/// Reads and writes FEEL's two kinds of durations; ISO 8601 durations that mix the kinds are neither.
enum DurationText {
    static let nanosecondsPerSecond: Int128 = 1_000_000_000
    static let nanosecondsPerDay: Int128 = 86_400 * nanosecondsPerSecond

    /// A duration within the range that arithmetic on it cannot leave by surprise: 3 × 10¹⁶ years.
    static func daysTimeDuration(_ nanoseconds: Int128) -> Datum? {
        nanoseconds.magnitude <= 1_000_000_000_000_000_000 * 1_000_000_000_000_000
            ? .daysTimeDuration(nanoseconds) : nil
    }

    static func yearsMonthsDuration(months: Int) -> Datum? {
        months.magnitude <= 1_000_000_000_000_000 ? .yearsMonthsDuration(months: months) : nil
    }

    /// As XML Schema writes durations: one sign, in front, and a fraction of seconds only. A point behind the seconds needs no digits
    /// behind it.
    static func parse(_ text: String) -> Datum? {
        guard !text.dropFirst().contains("-"), !text.contains("+"), !text.contains(","),
            text.split(separator: ".", maxSplits: 1).dropFirst().allSatisfy({ $0.hasSuffix("S") })
        else { return nil }
        let text = text.hasSuffix(".S") ? text.dropLast(2) + "S" : text
        guard let duration = CalendarDuration(iso8601: text), !text.contains("W") else { return nil }
        let datePart = text.prefix { $0 != "T" }
        let hasMonths = datePart.contains("Y") || datePart.contains("M")
        let hasTime = text.contains("D") || text.contains("T")
        if hasMonths == hasTime { return nil }
        if hasMonths { return yearsMonthsDuration(months: Int(duration.months)) }
        return daysTimeDuration(duration.nanoseconds)
    }

    static func yearsMonths(_ months: Int) -> String {
        let (years, rest) = months.magnitude.quotientAndRemainder(dividingBy: 12)
        let sign = months < 0 ? "-P" : "P"
        if months == 0 { return "P0M" }
        return sign + (years > 0 ? "\(years)Y" : "") + (rest > 0 ? "\(rest)M" : "")
    }

    static func daysTime(_ nanoseconds: Int128) -> String {
        if nanoseconds == 0 { return "PT0S" }
        let magnitude = nanoseconds.magnitude
        let (totalSeconds, fraction) = magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        let (days, secondsOfDay) = totalSeconds.quotientAndRemainder(dividingBy: 86_400)
        let (hours, secondsOfHour) = secondsOfDay.quotientAndRemainder(dividingBy: 3600)
        let (minutes, seconds) = secondsOfHour.quotientAndRemainder(dividingBy: 60)
        var text = nanoseconds < 0 ? "-P" : "P"
        if days > 0 { text += "\(days)D" }
        if secondsOfDay > 0 || fraction > 0 {
            text += "T"
            if hours > 0 { text += "\(hours)H" }
            if minutes > 0 { text += "\(minutes)M" }
            if seconds > 0 || fraction > 0 { text += "\(seconds)\(decimals(of: fraction))S" }
        }
        return text
    }

    /// `.5` of 500,000,000 nanoseconds.
    private static func decimals(of nanoseconds: UInt128) -> String {
        if nanoseconds == 0 { return "" }
        let digits = String(nanoseconds)
        var text = "." + String(repeating: "0", count: 9 - digits.count) + digits
        while text.last == "0" { text.removeLast() }
        return text
    }
}

/// Whole parts of a days and time duration; each has the duration's sign.
struct DurationParts {
    let days: Int128
    let hours: Int128
    let minutes: Int128
    let seconds: Int128

    init(nanoseconds: Int128) {
        let total = nanoseconds / DurationText.nanosecondsPerSecond
        days = total / 86_400
        hours = total % 86_400 / 3600
        minutes = total % 3600 / 60
        seconds = total % 60
    }
}
