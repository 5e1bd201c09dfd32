import Values

/// What a dot reads from values that are not contexts (FEEL, tables 64 and 65).
enum Properties {
    static func value(of name: String, in base: Datum) -> Datum? {
        switch base {
        case .date(let date): dateProperty(date, name)
        case .time(let time): timeProperty(time.time, time.zone, time.zone.fixedOffset, name)
        case .dateTime(let dateTime):
            dateProperty(dateTime.dateTime.date, name)
                ?? timeProperty(dateTime.dateTime.time, dateTime.zone, dateTime.offset, name)
        case .daysTimeDuration(let nanoseconds): daysTime(nanoseconds, name)
        case .yearsMonthsDuration(let months):
            name == "years" ? number(months / 12) : name == "months" ? number(months % 12) : nil
        case .range(let range): self.range(range, name)
        case .null, .bool, .number, .string, .list, .context, .function: nil
        }
    }

    private static func dateProperty(_ date: CivilDate, _ name: String) -> Datum? {
        switch name {
        case "year": number(date.year)
        case "month": number(date.month)
        case "day": number(date.day)
        case "weekday": number(date.weekday)
        default: nil
        }
    }

    private static func timeProperty(
        _ time: CivilTime, _ zone: Zone, _ offset: ZoneOffset?, _ name: String
    ) -> Datum? {
        switch name {
        case "hour": return number(time.hour)
        case "minute": return number(time.minute)
        case "second": return number(time.second)
        case "time offset":
            return offset.map { .daysTimeDuration(Int128($0.seconds) * DurationText.nanosecondsPerSecond) }
        case "timezone":
            if case .region(let region) = zone { return .string(region) }
            return nil
        default: return nil
        }
    }

    private static func daysTime(_ nanoseconds: Int128, _ name: String) -> Datum? {
        let parts = DurationParts(nanoseconds: nanoseconds)
        switch name {
        case "days": return .number(Decimal128(parts.days))
        case "hours": return .number(Decimal128(parts.hours))
        case "minutes": return .number(Decimal128(parts.minutes))
        case "seconds": return .number(Decimal128(parts.seconds))
        default: return nil
        }
    }

    private static func range(_ range: Datum.RangeValue, _ name: String) -> Datum? {
        switch name {
        case "start": range.start
        case "end": range.end
        case "start included": .bool(range.startIncluded)
        case "end included": .bool(range.endIncluded)
        default: nil
        }
    }

    private static func number(_ int: Int) -> Datum { .number(Decimal128(int)) }
}
