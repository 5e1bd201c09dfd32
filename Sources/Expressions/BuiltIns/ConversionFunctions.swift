import Values

/// FEEL's conversions, and the few functions of any value.
enum ConversionFunctions {
    static let all: [BuiltIn] = [
        BuiltIn("not", [.init("negand")], .boolean) { arguments in
            if case .bool(let bool) = arguments.values[0].unwrappedSingleton { return .bool(!bool) }
            return nil
        },
        BuiltIn(
            "is", .fixed([[.init("value1"), .init("value2")], [.init("value1")], [.init("value2")]]), .boolean,
            evaluating: isSame),
        BuiltIn("string", .fixed([[.init("from")]]), .string) { (evaluator, arguments, node) throws(Fault) in
            try evaluator.text(of: arguments.values[0].unwrappedString, at: node.offset).map { .string($0) } ?? .null
        },
        BuiltIn(
            "number",
            .fixed([
                [.init("from", .string)],
                [
                    .init("from", .string), .init("grouping separator", .string), .init("decimal separator", .string),
                ],
            ]), .number, number),
        BuiltIn("duration", [.init("from", .string)], .any) { $0.string(0).flatMap { DurationText.parse($0) } },
        BuiltIn(
            "years and months duration", [.init("from"), .init("to")], .yearsMonthsDuration, yearsAndMonthsDuration),
        BuiltIn("date", .fixed([[.init("from")], dateParts]), .date, date),
        BuiltIn("time", .fixed([[.init("from")], timeParts]), .time, time),
        BuiltIn(
            "date and time",
            .fixed([[.init("from")], [.init("date"), .init("time")], [.init("date"), .init("timezone")]]), .dateTime
        ) { (evaluator, arguments, _) throws(Fault) in
            if arguments.values.count == 2, case .string(let zone) = arguments.values[1].unwrappedSingleton,
                case .dateTime(let moment) = arguments.values[0].unwrappedSingleton
            {
                return CamundaFunctions.dateTime(moment, in: zone, evaluator.scope.zones) ?? .null
            }
            return dateAndTime(arguments) ?? .null
        },
    ]

    private static let dateParts: [BuiltIn.Parameter] = [
        .init("year", .number), .init("month", .number), .init("day", .number),
    ]
    private static let timeParts: [BuiltIn.Parameter] = [
        .init("hour", .number), .init("minute", .number), .init("second", .number), .optional("offset"),
    ]

    /// The same kind and the same value in every part: zones count, unlike in `=`.
    private static func isSame(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard arguments.values.count == 2 else { return .bool(arguments.values[0].isNull) }
        switch (arguments.values[0], arguments.values[1]) {
        case (.list, .list), (.context, .context):
            return .bool(try evaluator.isEqual(arguments.values[0], arguments.values[1], at: node.offset) == true)
        case (let left, let right): return .bool(left == right)
        }
    }

    /// Separators must differ and be a space, comma or period.
    private static func number(_ arguments: BuiltIn.Arguments) -> Datum? {
        guard let text = arguments.string(0) else { return nil }
        var plain = text
        if arguments.count > 1 {
            let grouping = arguments.string(1)
            let decimal = arguments.string(2)
            guard grouping.map({ [" ", ",", "."].contains($0) }) ?? true,
                decimal.map({ [",", "."].contains($0) }) ?? true,
                grouping == nil || grouping != (decimal ?? ".")
            else { return nil }
            if let grouping { plain = StringSearch.split(plain, at: grouping).joined() }
            if let decimal, decimal == "," {
                if plain.contains(".") { return nil }
                plain = StringSearch.split(plain, at: decimal).joined(separator: ".")
            }
        }
        guard plain.utf8.allSatisfy({ !(0x80...).contains($0) && $0 != UInt8(ascii: " ") }) else { return nil }
        return Decimal128(plain).map { .number($0) }
    }

    // MARK: Dates and times

    private static func date(_ arguments: BuiltIn.Arguments) -> Datum? {
        if arguments.values.count == 3 {
            guard let year = arguments.integer(0), let month = arguments.integer(1), let day = arguments.integer(2),
                (-999_999_999...999_999_999).contains(year)
            else { return nil }
            return CivilDate(year: year, month: month, day: day).map { .date($0) }
        }
        switch arguments.values[0].unwrappedSingleton {
        case .string(let text): return CivilDate(iso8601: text).map { .date($0) }
        case .date(let date): return .date(date)
        case .dateTime(let dateTime): return .date(dateTime.dateTime.date)
        case .null, .bool, .number, .list, .context, .time, .daysTimeDuration, .yearsMonthsDuration, .range, .function:
            return nil
        }
    }

    private static func time(_ arguments: BuiltIn.Arguments) -> Datum? {
        if arguments.values.count == 4 { return timeOfParts(arguments) }
        switch arguments.values[0].unwrappedSingleton {
        case .string(let text): return ZonedTime(text).map { .time($0) }
        case .time(let time): return .time(time)
        case .dateTime(let dateTime): return .time(ZonedTime(dateTime.dateTime.time, dateTime.zone))
        case .date: return .time(ZonedTime(CivilTime(nanosecondsSinceMidnight: 0), .offset(.utc)))
        case .null, .bool, .number, .list, .context, .daysTimeDuration, .yearsMonthsDuration, .range, .function:
            return nil
        }
    }

    private static func timeOfParts(_ arguments: BuiltIn.Arguments) -> Datum? {
        guard let hour = arguments.integer(0), let minute = arguments.integer(1), let second = arguments.number(2),
            let nanoseconds = second.multiplying(by: Decimal128(1_000_000_000))?.truncatedInteger,
            (0..<60_000_000_000).contains(nanoseconds)
        else { return nil }
        var zone = Zone.local
        switch arguments.values[3].unwrappedSingleton {
        case .null: break
        case .daysTimeDuration(let offset):
            guard
                let offset = Int(exactly: offset / DurationText.nanosecondsPerSecond).flatMap({
                    ZoneOffset(seconds: $0)
                })
            else { return nil }
            zone = .offset(offset)
        case .bool, .number, .string, .list, .context, .date, .time, .dateTime, .yearsMonthsDuration, .range, .function:
            return nil
        }
        let (whole, fraction) = Int(nanoseconds).quotientAndRemainder(dividingBy: 1_000_000_000)
        return CivilTime(hour: hour, minute: minute, second: whole, nanosecond: fraction).map {
            .time(ZonedTime($0, zone))
        }
    }

    static func dateAndTime(_ arguments: BuiltIn.Arguments) -> Datum? {
        let first = arguments.values[0].unwrappedSingleton
        if arguments.values.count == 2 {
            guard let date = first.civilDate, case .time(let time) = arguments.values[1].unwrappedSingleton else {
                return nil
            }
            return .dateTime(ZonedDateTime(CivilDateTime(date: date, time: time.time), time.zone))
        }
        switch first {
        case .string(let text):
            if let date = CivilDate(iso8601: text) {
                return .dateTime(
                    ZonedDateTime(CivilDateTime(date: date, time: CivilTime(nanosecondsSinceMidnight: 0))))
            }
            return text.contains("T") ? ZonedDateTime(text).map { .dateTime($0) } : nil
        case .dateTime: return first
        case .date(let date): return .dateTime(ZonedDateTime(midnightOf: date))
        case .null, .bool, .number, .list, .context, .time, .daysTimeDuration, .yearsMonthsDuration, .range, .function:
            return nil
        }
    }

    /// Whole months from one to the other; the later day and time must be reached.
    private static func yearsAndMonthsDuration(_ arguments: BuiltIn.Arguments) -> Datum? {
        guard let from = arguments.values[0].unwrappedSingleton.civilDate,
            let to = arguments.values[1].unwrappedSingleton.civilDate
        else { return nil }
        var months = (to.year - from.year) * 12 + to.month - from.month
        if months > 0, to.day < from.day { months -= 1 }
        if months < 0, to.day > from.day { months += 1 }
        return .yearsMonthsDuration(months: months)
    }
}

extension Datum {
    /// A list of one string is that string; other lists stay.
    fileprivate var unwrappedString: Datum {
        if case .string = unwrappedSingleton { return unwrappedSingleton }
        return self
    }

    /// The date of a date or date-time.
    var civilDate: CivilDate? {
        switch self {
        case .date(let date): date
        case .dateTime(let dateTime): dateTime.dateTime.date
        case .null, .bool, .number, .string, .list, .context, .time, .daysTimeDuration, .yearsMonthsDuration, .range,
            .function:
            nil
        }
    }
}
