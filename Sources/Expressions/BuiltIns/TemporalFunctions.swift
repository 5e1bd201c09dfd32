import Values

/// FEEL's functions of dates.
enum TemporalFunctions {
    private static let dateParameter: [BuiltIn.Parameter] = [.init("date")]
    private static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    static let all: [BuiltIn] = [
        BuiltIn("now", .fixed([[]]), .dateTime) { (evaluator, _, _) throws(Fault) in
            .dateTime(ZonedDateTime(evaluator.scope.now))
        },
        BuiltIn("today", .fixed([[]]), .date) { (evaluator, _, _) throws(Fault) in
            .date(ZonedDateTime(evaluator.scope.now).dateTime.date)
        },
        BuiltIn("day of year", dateParameter, .number) { date($0) { .number(Decimal128($0.dayOfYear)) } },
        BuiltIn("week of year", dateParameter, .number) { date($0) { .number(Decimal128($0.weekOfYear)) } },
        BuiltIn("day of week", dateParameter, .string) { date($0) { .string(weekdays[$0.weekday - 1]) } },
        BuiltIn("month of year", dateParameter, .string) { date($0) { .string(months[$0.month - 1]) } },
    ]

    private static func date(_ arguments: BuiltIn.Arguments, _ function: (CivilDate) -> Datum) -> Datum? {
        arguments.values[0].unwrappedSingleton.civilDate.map(function)
    }
}
