import Expressions
import Values

/// How Camunda 7 makes a value one of the type that a table or variable declares, where DMN says null.
enum CamundaTypes {
    /// Nil where that engine fails as well.
    static func convert(_ value: Datum, to type: ExpressionType) -> Datum? {
        switch type {
        case .string: return text(of: value).map { .string($0) }
        case .number:
            guard case .string(let text) = value else { return nil }
            return Decimal128(text.withoutSpace).map { .number($0) }
        case .boolean:
            guard case .string(let text) = value else { return nil }
            switch text.lowercased() {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: return nil
            }
        case .date, .dateTime:
            // What is called a date there has a time.
            if case .dateTime = value { return value }
            if case .date = value { return value }
            guard case .string(let text) = value, let moment = TemporalText.parse(text) else { return nil }
            switch moment {
            case .date, .dateTime: return moment
            case .null, .bool, .number, .string, .list, .context, .time, .daysTimeDuration, .yearsMonthsDuration,
                .range,
                .function:
                return nil
            }
        case .any, .null, .time, .daysTimeDuration, .yearsMonthsDuration, .list, .context, .range, .function, .named:
            return nil
        }
    }

    private static func text(of value: Datum) -> String? {
        switch value {
        case .string(let text): text
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.description
        case .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration: value.temporalText
        case .null, .list, .context, .range, .function: nil
        }
    }
}
