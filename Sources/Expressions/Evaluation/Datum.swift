package import OrderedCollections
package import Values

/// A value while an expression is evaluated: JSON's kinds, and those that only FEEL has.
///
/// `==` and hashing are structural, for trees; the languages' own equality is in their operators.
package enum Datum: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Decimal128)
    case string(String)
    case list([Datum])
    case context(OrderedDictionary<String, Datum>)
    // Indirect where the payload is large, so that the common values stay small.
    indirect case date(CivilDate)
    indirect case time(ZonedTime)
    indirect case dateTime(ZonedDateTime)
    /// Nanoseconds.
    indirect case daysTimeDuration(Int128)
    case yearsMonthsDuration(months: Int)
    indirect case range(RangeValue)
    case function(FunctionValue)

    /// A missing end is open.
    package struct RangeValue: Sendable, Hashable {
        package let start: Datum?
        package let startIncluded: Bool
        package let end: Datum?
        package let endIncluded: Bool
    }
}

extension Datum {
    /// The name of the value's kind in messages.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .list: "a list"
        case .context: "a context"
        case .date: "a date"
        case .time: "a time"
        case .dateTime: "a date and time"
        case .daysTimeDuration: "a days and time duration"
        case .yearsMonthsDuration: "a years and months duration"
        case .range: "a range"
        case .function: "a function"
        }
    }

    package var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// The value itself, or the one item of a list of one.
    package var unwrappedSingleton: Datum {
        if case .list(let items) = self, items.count == 1 { return items[0] }
        return self
    }

    package init(_ value: Value) {
        switch value {
        case .null: self = .null
        case .bool(let bool): self = .bool(bool)
        case .number(let number): self = .number(number)
        case .string(let string): self = .string(string)
        case .list(let items): self = .list(items.map { Datum($0) })
        case .object(let members): self = .context(members.mapValues { Datum($0) })
        }
    }

    /// The text of a temporal value: its ISO 8601 form, as JSON carries it.
    package var temporalText: String? {
        switch self {
        case .date(let date): date.iso8601
        case .time(let time): time.text
        case .dateTime(let dateTime): dateTime.text
        case .daysTimeDuration(let nanoseconds): DurationText.daysTime(nanoseconds)
        case .yearsMonthsDuration(let months): DurationText.yearsMonths(months)
        case .null, .bool, .number, .string, .list, .context, .range, .function: nil
        }
    }
}
