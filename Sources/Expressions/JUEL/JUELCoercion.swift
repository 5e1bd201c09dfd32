import OrderedCollections
import Values

/// JUEL's conversions (EL 2.2, 1.18), on our kinds of values.
enum JUELCoercion {
    /// Null and the empty string are 0.
    static func number(_ value: Datum, at offset: Int) throws(Fault) -> Decimal128 {
        switch value {
        case .null: return .zero
        case .number(let number): return number
        case .string(let string):
            if string.isEmpty { return .zero }
            if let number = Decimal128(string) { return number }
            throw Fault(.type, "the string \"\(string.prefix(40))\" is not a number", at: offset)
        case .bool, .list, .context, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration, .range,
            .function:
            throw Fault(.type, "\(value.kindName) cannot be used as a number", at: offset)
        }
    }

    /// Null and the empty string are false; other strings are true only if they say so.
    static func boolean(_ value: Datum, at offset: Int) throws(Fault) -> Bool {
        switch value {
        case .null: return false
        case .bool(let bool): return bool
        case .string(let string): return string.lowercased() == "true"
        case .number, .list, .context, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration, .range,
            .function:
            throw Fault(.type, "\(value.kindName) cannot be used as a boolean", at: offset)
        }
    }

    /// Null is the empty string; lists and contexts have no text here.
    static func string(_ value: Datum) -> String? {
        switch value {
        case .null: ""
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.description
        case .string(let string): string
        case .list, .context, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration, .range, .function: nil
        }
    }

    static func isEmpty(_ value: Datum) -> Bool {
        switch value {
        case .null: true
        case .string(let string): string.isEmpty
        case .list(let items): items.isEmpty
        case .context(let members): members.isEmpty
        case .bool, .number, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration, .range, .function: false
        }
    }
}

/// JUEL's operators (EL 2.2, 1.7 to 1.9), except `&&` and `||`, which do not evaluate both sides.
enum JUELOperators {
    static func apply(
        _ binary: BinaryOperator, _ left: Datum, _ right: Datum, at offset: Int
    ) throws(Fault) -> Datum {
        switch binary {
        case .equal: return .bool(try isEqual(left, right, at: offset))
        case .notEqual: return .bool(try !isEqual(left, right, at: offset))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return .bool(try compares(binary, left, right, at: offset))
        case .add, .subtract, .multiply, .divide, .remainder, .power:
            let leftNumber = try JUELCoercion.number(left, at: offset)
            let rightNumber = try JUELCoercion.number(right, at: offset)
            guard let result = FEELArithmetic.numbers(binary, leftNumber, rightNumber) else {
                let isDivision = (binary == .divide || binary == .remainder) && rightNumber.isZero
                throw Fault(.type, isDivision ? "division by zero" : "the result is out of range", at: offset)
            }
            return .number(result)
        case .and, .or:
            return .bool(false)
        }
    }

    /// Numbers if either is one, then booleans, then strings.
    private static func isEqual(_ left: Datum, _ right: Datum, at offset: Int) throws(Fault) -> Bool {
        switch (left, right) {
        case (.null, .null): return true
        case (.null, _), (_, .null): return false
        case (.number, _), (_, .number):
            return try JUELCoercion.number(left, at: offset) == JUELCoercion.number(right, at: offset)
        case (.bool, _), (_, .bool):
            return try JUELCoercion.boolean(left, at: offset) == JUELCoercion.boolean(right, at: offset)
        case (.string, _), (_, .string):
            return JUELCoercion.string(left) == JUELCoercion.string(right)
        default: return left == right
        }
    }

    /// Nothing is less or greater than null; null is at most null.
    private static func compares(
        _ binary: BinaryOperator, _ left: Datum, _ right: Datum, at offset: Int
    ) throws(Fault) -> Bool {
        if left.isNull || right.isNull {
            return left.isNull && right.isNull && (binary == .lessOrEqual || binary == .greaterOrEqual)
        }
        if case .string(let left) = left, case .string(let right) = right {
            return FEELComparison.holds(binary, order: FEELComparison.scalarOrder(left, right))
        }
        guard Datum.isNumberOrString(left), Datum.isNumberOrString(right) else {
            throw Fault(.type, "\(left.kindName) and \(right.kindName) cannot be compared", at: offset)
        }
        let leftNumber = try JUELCoercion.number(left, at: offset)
        let rightNumber = try JUELCoercion.number(right, at: offset)
        return FEELComparison.holds(binary, order: order(leftNumber, rightNumber))
    }
}

extension Datum {
    fileprivate static func isNumberOrString(_ value: Datum) -> Bool {
        switch value {
        case .number, .string: true
        case .null, .bool, .list, .context, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration, .range,
            .function:
            false
        }
    }
}
