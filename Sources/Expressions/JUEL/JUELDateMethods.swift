import Values

/// What Camunda's `dateTime()` can do: the pure part of Joda-Time's `DateTime` that due dates are written with.
extension Evaluator {
    func dateTimeMethod(
        _ name: String, _ moment: ZonedDateTime, _ arguments: [Datum], at node: Node
    ) throws(Fault) -> Datum? {
        switch (name, arguments.count) {
        case ("toDate", 0), ("toDateTime", 0): return .dateTime(moment)
        case ("withTimeAtStartOfDay", 0):
            return .dateTime(ZonedDateTime(CivilDateTime(date: moment.dateTime.date, time: .midnight), moment.zone))
        case ("getYear", 0): return .number(Decimal128(moment.dateTime.date.year))
        case ("getMonthOfYear", 0): return .number(Decimal128(moment.dateTime.date.month))
        case ("getDayOfMonth", 0): return .number(Decimal128(moment.dateTime.date.day))
        case ("getDayOfWeek", 0): return .number(Decimal128(moment.dateTime.date.weekday))
        case ("getHourOfDay", 0):
            return .number(Decimal128(moment.dateTime.time.nanosecondsSinceMidnight / 3_600_000_000_000))
        case ("isBefore", 1), ("isAfter", 1):
            guard case .dateTime(let other) = arguments[0], let order = moment.compared(to: other) else { return nil }
            return .bool(name == "isBefore" ? order < 0 : order > 0)
        case (_, 1): return try moved(moment, by: name, arguments[0], at: node)
        default: return nil
        }
    }

    /// `plusDays(3)`, `minusMonths(1)`.
    private func moved(
        _ moment: ZonedDateTime, by name: String, _ argument: Datum, at node: Node
    ) throws(Fault) -> Datum? {
        let isBack = name.hasPrefix("minus")
        guard isBack || name.hasPrefix("plus"), let step = Self.steps[String(name.dropFirst(isBack ? 5 : 4))] else {
            return nil
        }
        guard let amount = try JUELCoercion.number(argument, at: node.offset).intValue, abs(amount) <= 1_000_000_000_000
        else { throw Fault(.type, "`\(name)` takes a whole number", at: node.offset) }
        let count = isBack ? -amount : amount
        let duration: Datum =
            step.isMonths
            ? .yearsMonthsDuration(months: count * step.size)
            : .daysTimeDuration(Int128(count) * Int128(step.size) * 1_000_000)
        let result = FEELArithmetic.apply(.add, .dateTime(moment), duration)
        guard !result.isNull else { throw Fault(.type, "`\(name)` leads beyond all dates", at: node.offset) }
        return result
    }

    /// In milliseconds, or months.
    private static let steps: [String: (size: Int, isMonths: Bool)] = [
        "Millis": (1, false), "Seconds": (1000, false), "Minutes": (60_000, false), "Hours": (3_600_000, false),
        "Days": (86_400_000, false), "Weeks": (604_800_000, false), "Months": (1, true), "Years": (12, true),
    ]
}
