import Expressions
import OrderedCollections
import Values

extension Datum {
    /// The value as FEEL would write it, for messages.
    var described: String {
        switch self {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.description
        case .string(let string): "\"\(string)\""
        case .list(let items): "[" + items.prefix(50).map(\.described).joined(separator: ", ") + "]"
        case .context(let members):
            "{" + members.prefix(50).map { "\($0.key): \($0.value.described)" }.joined(separator: ", ") + "}"
        case .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration: temporalText ?? ""
        case .range: "a range"
        case .function: "a function"
        }
    }
}
