import Values

/// FEEL's arithmetic on numbers, strings and temporal values; null where the operands do not fit.
enum FEELArithmetic {
    static func negate(_ value: Datum) -> Datum {
        switch value {
        case .number(let number): .number(number.negated)
        case .daysTimeDuration(let nanoseconds): .daysTimeDuration(-nanoseconds)
        case .yearsMonthsDuration(let months): .yearsMonthsDuration(months: -months)
        case .null, .bool, .string, .list, .context, .date, .time, .dateTime, .range, .function: .null
        }
    }

    static func apply(_ binary: BinaryOperator, _ left: Datum, _ right: Datum) -> Datum {
        if case .number(let left) = left, case .number(let right) = right {
            return numbers(binary, left, right).map { .number($0) } ?? .null
        }
        switch binary {
        case .add: return add(left, right) ?? .null
        case .subtract: return subtract(left, right) ?? .null
        case .multiply: return multiply(left, right) ?? multiply(right, left) ?? .null
        case .divide: return divide(left, right) ?? .null
        case .remainder, .power, .or, .and, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return .null
        }
    }

    static func numbers(_ binary: BinaryOperator, _ left: Decimal128, _ right: Decimal128) -> Decimal128? {
        switch binary {
        case .add: left.adding(right)
        case .subtract: left.subtracting(right)
        case .multiply: left.multiplying(by: right)
        case .divide: left.dividing(by: right)
        case .remainder: left.remainder(dividingBy: right)
        case .power: left.power(right)
        case .or, .and, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: nil
        }
    }

    private static func add(_ left: Datum, _ right: Datum) -> Datum? {
        switch (left, right) {
        case (.string(let left), .string(let right)): .string(left + right)
        case (.daysTimeDuration(let left), .daysTimeDuration(let right)): daysTime(left.addingReportingOverflow(right))
        case (.yearsMonthsDuration(let left), .yearsMonthsDuration(let right)):
            yearsMonths(left.addingReportingOverflow(right))
        case (_, .daysTimeDuration(let nanoseconds)): moved(left, nanoseconds: nanoseconds)
        case (.daysTimeDuration(let nanoseconds), _): moved(right, nanoseconds: nanoseconds)
        case (_, .yearsMonthsDuration(let months)): moved(left, months: months)
        case (.yearsMonthsDuration(let months), _): moved(right, months: months)
        default: nil
        }
    }

    private static func subtract(_ left: Datum, _ right: Datum) -> Datum? {
        switch (left, right) {
        case (.daysTimeDuration, .daysTimeDuration), (.yearsMonthsDuration, .yearsMonthsDuration):
            add(left, negate(right))
        case (_, .daysTimeDuration(let nanoseconds)): moved(left, nanoseconds: -nanoseconds)
        case (_, .yearsMonthsDuration(let months)): moved(left, months: -months)
        case (.time(let left), .time(let right)): difference(left, right)
        default:
            instants(left, right).flatMap { left, right in left.nanoseconds(since: right) }.map {
                .daysTimeDuration($0)
            }
        }
    }

    /// Both as date-times; a date is its midnight, in the other's terms if both are dates.
    private static func instants(_ left: Datum, _ right: Datum) -> (ZonedDateTime, ZonedDateTime)? {
        switch (left, right) {
        case (.date(let left), .date(let right)): (ZonedDateTime(midnightOf: left), ZonedDateTime(midnightOf: right))
        case (.date(let left), .dateTime(let right)): (ZonedDateTime(midnightOf: left), right)
        case (.dateTime(let left), .date(let right)): (left, ZonedDateTime(midnightOf: right))
        case (.dateTime(let left), .dateTime(let right)): (left, right)
        default: nil
        }
    }

    private static func difference(_ left: ZonedTime, _ right: ZonedTime) -> Datum? {
        var nanoseconds = Int128(left.time.nanosecondsSinceMidnight - right.time.nanosecondsSinceMidnight)
        if left.zone != right.zone {
            guard let leftOffset = left.zone.fixedOffset, let rightOffset = right.zone.fixedOffset else { return nil }
            nanoseconds -= Int128(leftOffset.seconds - rightOffset.seconds) * DurationText.nanosecondsPerSecond
        }
        return .daysTimeDuration(nanoseconds)
    }

    // MARK: Moving points in time

    private static func moved(_ value: Datum, nanoseconds: Int128) -> Datum? {
        switch value {
        case .date(let date):
            let days = nanoseconds.flooredQuotient(by: DurationText.nanosecondsPerDay)
            return Int(exactly: days).flatMap { date.adding(days: $0) }.map { .date($0) }
        case .time(let time):
            let moved = Int128(time.time.nanosecondsSinceMidnight) + nanoseconds % DurationText.nanosecondsPerDay
            let day = DurationText.nanosecondsPerDay
            return .time(ZonedTime(CivilTime(nanosecondsSinceMidnight: Int(((moved % day) + day) % day)), time.zone))
        case .dateTime(let dateTime):
            let (sum, overflow) = dateTime.dateTime.nanosecondsSinceEpoch.addingReportingOverflow(nanoseconds)
            guard !overflow, let moved = CivilDateTime(nanosecondsSinceEpoch: sum) else { return nil }
            var result = dateTime
            result.dateTime = moved
            return .dateTime(result)
        case .null, .bool, .number, .string, .list, .context, .daysTimeDuration, .yearsMonthsDuration, .range,
            .function:
            return nil
        }
    }

    private static func moved(_ value: Datum, months: Int) -> Datum? {
        switch value {
        case .date(let date):
            return date.adding(months: months).map { .date($0) }
        case .dateTime(let dateTime):
            guard let date = dateTime.dateTime.date.adding(months: months) else { return nil }
            return .dateTime(ZonedDateTime(CivilDateTime(date: date, time: dateTime.dateTime.time), dateTime.zone))
        case .null, .bool, .number, .string, .list, .context, .time, .daysTimeDuration, .yearsMonthsDuration, .range,
            .function:
            return nil
        }
    }

    // MARK: Scaling durations

    private static func multiply(_ duration: Datum, _ factor: Datum) -> Datum? {
        guard case .number(let factor) = factor else { return nil }
        return scaled(duration) { $0.multiplying(by: factor) }
    }

    private static func divide(_ left: Datum, _ right: Datum) -> Datum? {
        switch (left, right) {
        case (.daysTimeDuration(let left), .daysTimeDuration(let right)):
            Decimal128(left).dividing(by: Decimal128(right)).map { .number($0) }
        case (.yearsMonthsDuration(let left), .yearsMonthsDuration(let right)):
            Decimal128(left).dividing(by: Decimal128(right)).map { .number($0) }
        case (_, .number(let divisor)): scaled(left) { $0.dividing(by: divisor) }
        default: nil
        }
    }

    /// Fractions of a nanosecond or of a month are cut off.
    private static func scaled(_ duration: Datum, by scale: (Decimal128) -> Decimal128?) -> Datum? {
        switch duration {
        case .daysTimeDuration(let nanoseconds):
            scale(Decimal128(nanoseconds))?.truncatedInteger.flatMap { DurationText.daysTimeDuration($0) }
        case .yearsMonthsDuration(let months):
            scale(Decimal128(months))?.truncatedInteger.flatMap { Int(exactly: $0) }
                .flatMap { DurationText.yearsMonthsDuration(months: $0) }
        case .null, .bool, .number, .string, .list, .context, .date, .time, .dateTime, .range, .function: nil
        }
    }

    private static func daysTime(_ sum: (partialValue: Int128, overflow: Bool)) -> Datum? {
        sum.overflow ? nil : DurationText.daysTimeDuration(sum.partialValue)
    }

    private static func yearsMonths(_ sum: (partialValue: Int, overflow: Bool)) -> Datum? {
        sum.overflow ? nil : DurationText.yearsMonthsDuration(months: sum.partialValue)
    }
}

extension Decimal128 {
    /// Exact up to 34 digits, which every duration here has.
    init(_ integer: Int128) {
        self = Decimal128(String(integer)) ?? (integer < 0 ? Decimal128(Int.min) : Decimal128(Int.max))
    }

    /// The integer part, if it fits.
    var truncatedInteger: Int128? {
        Int128((isNegative ? ceiling : floor).description)
    }
}

extension Int128 {
    func flooredQuotient(by divisor: Int128) -> Int128 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
