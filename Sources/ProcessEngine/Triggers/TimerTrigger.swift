package import Expressions
package import Values

/// `bpmn:timerEventDefinition`: when a timer is due.
///
/// All may be expressions. A `timeDate` may be a duration from now on, as in Camunda 7. A `timeCycle` is `R3/PT10S`,
/// `R/2026-01-01T00:00:00Z/P1D`, `R3/PT1H/2026-01-01T00:00:00Z`, or a cron schedule (`0 0 9 * * MON-FRI`).
package struct TimerTrigger: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case duration(Expression)
        case date(Expression)
        /// Of a constant text, read and checked.
        case cycle(Recurrence)
        case computedCycle(Expression)
    }

    package enum Recurrence: Sendable, Hashable {
        case interval(Cycle)
        case schedule(CronSchedule)
    }

    package struct Cycle: Sendable, Hashable {
        /// Nil: without end.
        package let repetitions: Int?
        package let start: Timestamp?
        package let interval: CalendarDuration
        /// When the last may be: those before it are counted back from there.
        package let end: Timestamp?
    }

    package let kind: Kind
    /// Whose clocks a schedule goes by, and a date without an offset; nil: UTC.
    package let zone: String?

    func firstDue(for variables: VisibleVariables, element: ElementID) throws(IncidentCause) -> Timestamp {
        switch kind {
        case .duration(let expression):
            let text = try Self.text(of: expression, for: variables, element: element)
            guard let duration = CalendarDuration(iso8601: text), let due = variables.now.adding(duration) else {
                throw IncidentCause(
                    .expressionFailed, "the timer \(element) needs a duration such as PT10S, not \"\(text)\"")
            }
            return max(due, variables.now)
        case .date(let expression):
            let text = try Self.text(of: expression, for: variables, element: element)
            if let duration = CalendarDuration(iso8601: text), let due = variables.now.adding(duration) {
                return max(due, variables.now)
            }
            guard let date = Self.date(text, in: knownZone(variables), by: variables.zones) else {
                throw IncidentCause(
                    .expressionFailed,
                    "the timer \(element) needs a date-time such as 2026-01-31T12:00:00Z, not \"\(text)\"")
            }
            return date
        case .cycle(let recurrence):
            if let due = recurrence.firstDue(at: variables.now, in: clock(variables)) { return due }
            throw IncidentCause(.expressionFailed, "the schedule of the timer \(element) has no time to come")
        case .computedCycle(let expression):
            let text = try Self.text(of: expression, for: variables, element: element)
            if let due = Recurrence(text)?.firstDue(at: variables.now, in: clock(variables)) { return due }
            throw IncidentCause(
                .expressionFailed, "the timer \(element) needs a cycle such as R3/PT10S, not \"\(text)\"")
        }
    }

    /// When a cycle fires again after it fired `firings` times; nil if it does not. What was missed is not made good.
    func nextDue(after due: Timestamp, firings: Int, for variables: VisibleVariables) -> Timestamp? {
        switch kind {
        case .duration, .date: return nil
        case .cycle(let recurrence):
            return recurrence.nextDue(after: due, firings: firings, now: variables.now, in: clock(variables))
        case .computedCycle(let expression):
            guard let value = try? expression.evaluate(in: variables) else { return nil }
            return Recurrence(value.stringValue ?? "")?.nextDue(
                after: due, firings: firings, now: variables.now, in: clock(variables))
        }
    }

    private func clock(_ variables: VisibleVariables) -> Recurrence.Clock? {
        knownZone(variables).map { (zone: $0, rules: variables.zones) }
    }

    /// Of a zone that this machine has no rules for, UTC stands in: a timer that fires some hours off helps more than none. (What
    /// looks the rules up says so in its log.)
    private func knownZone(_ variables: VisibleVariables) -> String? {
        zone.flatMap { variables.zones.offset(of: $0, at: variables.now) == nil ? nil : $0 }
    }

    private static func text(
        of expression: Expression, for variables: VisibleVariables, element: ElementID
    ) throws(IncidentCause) -> String {
        do {
            let value = try expression.evaluate(in: variables)
            return value.stringValue ?? value.text
        } catch {
            throw IncidentCause(.expressionFailed, "the timer \(element) failed: \(error)")
        }
    }

    /// A date-time, in FEEL's form too; without an offset, of UTC.
    static func date(_ text: String, in zones: any ZoneRules) -> Timestamp? { date(text, in: nil, by: zones) }

    /// A date-time, in FEEL's form too; without an offset, of the zone, else of UTC.
    private static func date(_ text: String, in zone: String?, by zones: any ZoneRules) -> Timestamp? {
        if let zone, Timestamp(iso8601: text) == nil, !text.contains("@") {
            let dateTime = text.contains("T") ? text : text + "T00:00:00"
            return ZonedDateTime.timestamp("\(dateTime)@\(zone)", zones: zones)
        }
        return date(text) ?? ZonedDateTime.timestamp(text, zones: zones)
    }

    /// A date-time; without an offset, of UTC.
    static func date(_ text: String) -> Timestamp? {
        Timestamp(iso8601: text) ?? Timestamp(iso8601: text + "Z") ?? Timestamp(iso8601: text + "T00:00:00Z")
    }
}

extension TimerTrigger {
    init?(
        reading definition: SourceNode, element: ElementID, reader: inout DefinitionReader
    ) {
        let choices = definition.children.filter {
            $0.namespace == BPMN.namespace && ["timeDuration", "timeDate", "timeCycle"].contains($0.name)
        }
        guard let choice = choices.first, choices.count == 1 else {
            reader.report(
                "invalid-timer", definition, element: element,
                "a timer needs exactly one of timeDuration, timeDate and timeCycle",
                "for example <bpmn:timeDuration>PT10S</bpmn:timeDuration>")
            return nil
        }
        let text = choice.text.trimmed
        zone = reader.timeZone(of: definition, element: element)
        if choice.name == "timeCycle" {
            guard let expression = reader.valueExpression(text, node: choice, element: element) else { return nil }
            guard let constant = expression.constantValue else {
                kind = .computedCycle(expression)
                return
            }
            guard let recurrence = Recurrence(constant.stringValue ?? "") else {
                reader.report(
                    "invalid-timer", choice, element: element, "\"\(text)\" is no cycle",
                    "write it like R3/PT10S, R/PT1H or 0 0 9 * * MON-FRI")
                return nil
            }
            kind = .cycle(recurrence)
            return
        }
        guard let expression = reader.valueExpression(text, node: choice, element: element) else { return nil }
        if let constant = expression.constantValue {
            let literal = constant.stringValue ?? ""
            let isDate = choice.name == "timeDate"
            let isDuration = CalendarDuration(iso8601: literal) != nil
            guard isDuration || (isDate && Self.date(literal) != nil) else {
                reader.report(
                    "invalid-timer", choice, element: element,
                    "\"\(text)\" is not a \(isDate ? "date-time" : "duration")",
                    isDate ? "write it like 2026-01-31T12:00:00Z" : "write it like PT10S or P1DT2H")
                return nil
            }
            if isDate && !isDuration && zone == nil && Timestamp(iso8601: literal) == nil {
                reader.warn(
                    "date-without-offset", choice, element: element, "\"\(text)\" has no offset and is taken as UTC",
                    "write it like 2026-01-31T12:00:00Z, or set waybill:timeZone")
            }
        }
        kind = choice.name == "timeDate" ? .date(expression) : .duration(expression)
    }
}

extension TimerTrigger.Recurrence {
    /// Nil for a text that is neither a cycle nor a schedule.
    package init?(_ text: String) {
        if let cycle = TimerTrigger.Cycle(text) {
            self = .interval(cycle)
        } else if let schedule = CronSchedule(text) {
            self = .schedule(schedule)
        } else {
            return nil
        }
    }

    /// The clocks that a schedule goes by, if not those of UTC.
    typealias Clock = (zone: String, rules: any ZoneRules)

    /// Nil for a schedule that is over.
    func firstDue(at now: Timestamp, in clock: Clock?) -> Timestamp? {
        switch self {
        case .interval(let cycle) where cycle.end != nil: cycle.firstBeforeEnd(after: now)
        case .interval(let cycle): cycle.start ?? now.adding(cycle.interval) ?? now
        case .schedule(let schedule): Self.next(schedule, after: now, in: clock)
        }
    }

    private static func next(_ schedule: CronSchedule, after time: Timestamp, in clock: Clock?) -> Timestamp? {
        guard let clock else { return schedule.next(after: time) }
        return schedule.next(after: time, in: clock.zone, by: clock.rules)
    }

    func nextDue(after due: Timestamp, firings: Int, now: Timestamp, in clock: Clock?) -> Timestamp? {
        switch self {
        case .schedule(let schedule): return Self.next(schedule, after: max(due, now), in: clock)
        case .interval(let cycle):
            if let repetitions = cycle.repetitions, firings >= repetitions { return nil }
            guard let planned = due.adding(cycle.interval),
                let next = planned < now ? now.adding(cycle.interval) : planned
            else { return nil }
            if let end = cycle.end, next > end { return nil }
            return next
        }
    }
}

extension TimerTrigger.Cycle {
    /// The earliest of the times before the end, as many as there are repetitions, that is still to come.
    fileprivate func firstBeforeEnd(after now: Timestamp) -> Timestamp? {
        guard let end, end > now else { return nil }
        let most: Int64 = Int64(repetitions ?? .max)
        var steps: Int64 = 0
        if interval.months == 0 {
            let distance = Int128(end.millisecondsSinceEpoch - now.millisecondsSinceEpoch) * 1_000_000 - 1
            steps = Int64(min(Int128(most), distance / interval.nanoseconds))
        } else {
            // Months: not many fit between two dates.
            while steps < most, let earlier = end.adding(scaled(-(steps + 1))), earlier > now { steps += 1 }
        }
        return end.adding(scaled(-steps)) ?? end
    }

    private func scaled(_ count: Int64) -> CalendarDuration {
        CalendarDuration(
            months: interval.months.multipliedReportingOverflow(by: count).partialValue,
            nanoseconds: interval.nanoseconds.multipliedReportingOverflow(by: Int128(count)).partialValue)
    }

    /// `R[n]/[start/]interval` or `R[n]/interval/end`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts[0].first == "R" else { return nil }
        let hasEnd = parts.count == 3 && parts[1].first == "P"
        guard let interval = CalendarDuration(iso8601: String(parts[hasEnd ? 1 : parts.count - 1])),
            !interval.isNegative, interval != CalendarDuration()
        else { return nil }
        let count = parts[0].dropFirst()
        if count.isEmpty {
            repetitions = nil
        } else {
            guard let number = Int(count), number > 0 else { return nil }
            repetitions = number
        }
        if parts.count == 3 {
            guard let date = TimerTrigger.date(String(parts[hasEnd ? 2 : 1])) else { return nil }
            start = hasEnd ? nil : date
            end = hasEnd ? date : nil
        } else {
            start = nil
            end = nil
        }
        self.interval = interval
    }
}
