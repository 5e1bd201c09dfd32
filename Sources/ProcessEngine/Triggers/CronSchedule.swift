package import Expressions
package import Values

/// Times by the clock and the calendar, in UTC or in a zone: `second minute hour day-of-month month day-of-week [year]`, in what is common
/// to Quartz (Camunda 7) and Spring (Zeebe), and the latter's macros (`@daily`).
///
/// Days of the week as numbers differ: Quartz counts from Sunday = 1, Spring from Monday = 1 with Sunday 0 or 7. Quartz wants
/// a `?` in one of the two fields of days; where one is in the day of the month, its numbers are meant.
package struct CronSchedule: Sendable, Hashable {
    private let seconds: Set<Int>
    private let minutes: Set<Int>
    private let hours: Set<Int>
    private let months: Set<Int>
    private let years: Set<Int>?
    private let daysOfMonth: [DayRule]
    private let daysOfWeek: [DayRule]

    private enum DayRule: Sendable, Hashable {
        case any
        case day(Int)
        /// Of the month, or so many days before.
        case last(before: Int)
        /// The day from Monday to Friday nearest to it, in the same month; nil: the last.
        case nearestWorkday(Int?)
        /// ISO: Monday is 1.
        case weekday(Int)
        case lastWeekday(Int)
        case nthWeekday(Int, Int)
    }

    /// Nil for what is no such text.
    package init?(_ text: String) {
        let expanded = Self.macros[text] ?? text
        let fields = expanded.split(separator: " ").map { $0.uppercased() }
        guard (6...7).contains(fields.count),
            let seconds = Self.numbers(fields[0], within: 0...59),
            let minutes = Self.numbers(fields[1], within: 0...59),
            let hours = Self.numbers(fields[2], within: 0...23),
            let months = Self.numbers(fields[4], within: 1...12, names: Self.monthNames),
            let daysOfMonth = Self.daysOfMonth(fields[3]),
            let daysOfWeek = Self.daysOfWeek(fields[5], isQuartz: fields[3] == "?")
        else { return nil }
        if fields.count == 7, fields[6] != "*" {
            guard let years = Self.numbers(fields[6], within: 1970...2199) else { return nil }
            self.years = years
        } else {
            years = nil
        }
        self.seconds = seconds
        self.minutes = minutes
        self.hours = hours
        self.months = months
        self.daysOfMonth = daysOfMonth
        self.daysOfWeek = daysOfWeek
    }

    private static let macros = [
        "@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
        "@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
    ]
    private static let monthNames = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]
    private static let dayNames = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
    /// Leap days can be eight years apart, and fall on a certain weekday only once in forty.
    private static let longestSearch = 41 * 366

    /// The first time after `time`; nil if there is none in forty years.
    package func next(after time: Timestamp) -> Timestamp? {
        let start = CivilDateTime(time.advanced(by: .seconds(1)))
        let first = start.date.daysSinceEpoch
        for number in first..<(first + Self.longestSearch) {
            guard let date = CivilDate(daysSinceEpoch: number), includes(date) else { continue }
            let from = number == first ? (start.time.hour, start.time.minute, start.time.second) : (0, 0, 0)
            if let time = self.time(from: from) { return CivilDateTime(date: date, time: time).timestamp(offset: .utc) }
        }
        return nil
    }

    /// The first time after `time` by the clocks of a zone; nil also for a zone that is not known. When clocks are set forward, a time
    /// that is skipped comes as much later; when they are set back, a time that is shown twice comes once, but hours go on.
    package func next(after time: Timestamp, in zone: String, by rules: any ZoneRules) -> Timestamp? {
        guard let offset = rules.offset(of: zone, at: time) else { return nil }
        var shown = time.advanced(by: .seconds(offset.seconds))
        if hours.count == 24, let next = next(after: shown)?.advanced(by: .seconds(-offset.seconds)),
            next <= time.advanced(by: .seconds(3600))
        {
            return next
        }
        while let next = next(after: shown) {
            let dateTime = CivilDateTime(next)
            guard let offset = rules.offset(of: zone, showing: dateTime),
                let due = dateTime.timestamp(offset: offset)
            else { return nil }
            if due > time { return due }
            shown = next
        }
        return nil
    }

    private func includes(_ date: CivilDate) -> Bool {
        months.contains(date.month) && years?.contains(date.year) != false
            && daysOfMonth.contains { Self.includes(date, $0) } && daysOfWeek.contains { Self.includes(date, $0) }
    }

    /// The first time of day that is not before another.
    private func time(from start: (hour: Int, minute: Int, second: Int)) -> CivilTime? {
        for hour in hours.sorted() where hour >= start.hour {
            for minute in minutes.sorted() where hour > start.hour || minute >= start.minute {
                let isLater = hour > start.hour || minute > start.minute
                if let second = seconds.filter({ isLater || $0 >= start.second }).min() {
                    return CivilTime(hour: hour, minute: minute, second: second)
                }
            }
        }
        return nil
    }

    private static func includes(_ date: CivilDate, _ rule: DayRule) -> Bool {
        let length = days(inMonthOf: date)
        switch rule {
        case .any: return true
        case .day(let day): return date.day == day
        case .last(let before): return date.day == max(length - before, 1)
        case .nearestWorkday(let wanted):
            return date.day == workday(nearest: min(wanted ?? length, length), of: date, length)
        case .weekday(let weekday): return date.weekday == weekday
        case .lastWeekday(let weekday): return date.weekday == weekday && date.day + 7 > length
        case .nthWeekday(let weekday, let number): return date.weekday == weekday && (date.day - 1) / 7 + 1 == number
        }
    }

    private static func days(inMonthOf date: CivilDate) -> Int {
        (28...31).last { CivilDate(year: date.year, month: date.month, day: $0) != nil } ?? 28
    }

    private static func workday(nearest day: Int, of date: CivilDate, _ length: Int) -> Int {
        switch CivilDate(year: date.year, month: date.month, day: day)?.weekday {
        case 6: day > 1 ? day - 1 : day + 2
        case 7: day < length ? day + 1 : day - 2
        default: day
        }
    }

    // MARK: Reading

    private static func number(_ text: Substring, _ names: [String], from first: Int) -> Int? {
        if let index = names.firstIndex(of: String(text)) { return index + first }
        return text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    /// `*`, `5`, `1-5`, `*/10`, `2-20/3`, `5/15`, and lists of them.
    private static func numbers(_ text: String, within all: ClosedRange<Int>, names: [String] = []) -> Set<Int>? {
        var found: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let range = range(part, within: all, names: names) else { return nil }
            found.formUnion(range)
        }
        return found
    }

    private static func range(_ text: Substring, within all: ClosedRange<Int>, names: [String]) -> [Int]? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count) else { return nil }
        let step = parts.count == 2 ? number(parts[1], [], from: 0) : 1
        guard let step, step > 0 else { return nil }
        if parts[0] == "*" || parts[0] == "?" {
            return Array(stride(from: all.lowerBound, through: all.upperBound, by: step))
        }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let low = number(ends[0], names, from: all.lowerBound), all.contains(low)
        else { return nil }
        guard ends.count == 2 else {
            return Array(stride(from: low, through: parts.count == 2 ? all.upperBound : low, by: step))
        }
        guard let high = number(ends[1], names, from: all.lowerBound), all.contains(high) else { return nil }
        if low <= high { return Array(stride(from: low, through: high, by: step)) }
        // Around the end: `FRI-MON`.
        let count = all.count
        return stride(from: 0, through: high - low + count, by: step).map {
            (low - all.lowerBound + $0) % count + all.lowerBound
        }
    }

    private static func daysOfMonth(_ text: String) -> [DayRule]? {
        if text == "*" || text == "?" { return [.any] }
        var rules: [DayRule] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if part == "L" {
                rules.append(.last(before: 0))
            } else if part == "LW" || part == "WL" {
                rules.append(.nearestWorkday(nil))
            } else if part.hasPrefix("L-"), let before = number(part.dropFirst(2), [], from: 0), before < 31 {
                rules.append(.last(before: before))
            } else if part.hasSuffix("W"), let day = number(part.dropLast(), [], from: 0), (1...31).contains(day) {
                rules.append(.nearestWorkday(day))
            } else {
                guard let days = range(part, within: 1...31, names: []) else { return nil }
                rules += days.map { .day($0) }
            }
        }
        return rules
    }

    private static func daysOfWeek(_ text: String, isQuartz: Bool) -> [DayRule]? {
        if text == "*" || text == "?" { return [.any] }
        // From Monday = 1 to Sunday = 7.
        func weekday(_ number: Int) -> Int { isQuartz ? (number + 5) % 7 + 1 : (number + 6) % 7 + 1 }
        func named(_ text: Substring) -> Int? {
            if let index = dayNames.firstIndex(of: String(text)) { return index + 1 }
            guard let number = number(text, [], from: 0), (isQuartz ? 1...7 : 0...7).contains(number) else {
                return nil
            }
            return weekday(number)
        }
        var rules: [DayRule] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if part == "L" {
                rules.append(.weekday(6))
            } else if part.hasSuffix("L"), let day = named(part.dropLast()) {
                rules.append(.lastWeekday(day))
            } else if let hash = part.firstIndex(of: "#") {
                guard let day = named(part[..<hash]), let nth = number(part[part.index(after: hash)...], [], from: 0),
                    (1...5).contains(nth)
                else { return nil }
                rules.append(.nthWeekday(day, nth))
            } else if part.contains(where: \.isLetter) {
                guard let days = range(part, within: 1...7, names: dayNames) else { return nil }
                rules += days.map { .weekday($0) }
            } else {
                guard let days = range(part, within: isQuartz ? 1...7 : 0...7, names: []) else { return nil }
                rules += days.map { .weekday(weekday($0)) }
            }
        }
        return rules
    }
}
