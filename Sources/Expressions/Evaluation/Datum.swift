import OrderedCollections
import Values

/// A value while an expression is evaluated: JSON's kinds, and those that only FEEL has.
///
/// `==` and hashing are structural, for trees; the languages' own equality is in their operators.
enum Datum: Sendable, Hashable {
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
    struct RangeValue: Sendable, Hashable {
        let start: Datum?
        let startIncluded: Bool
        let end: Datum?
        let endIncluded: Bool
    }
}

/// A function as a value; equal only to itself.
final class FunctionValue: Sendable, Hashable {
    enum Body: Sendable {
        case builtIn(BuiltIn)
        case defined(parameters: [Node.FormalParameter], body: Node, closure: Binding?)
    }

    let body: Body

    init(_ body: Body) {
        self.body = body
    }

    static func == (left: FunctionValue, right: FunctionValue) -> Bool { left === right }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}

extension Datum {
    /// The name of the value's kind in messages.
    var kindName: String {
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

    var isNull: Bool { self == .null }

    /// The value itself, or the one item of a list of one.
    var unwrappedSingleton: Datum {
        if case .list(let items) = self, items.count == 1 { return items[0] }
        return self
    }

    init(_ value: Value) {
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
    var temporalText: String? {
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
