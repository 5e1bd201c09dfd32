/// What operators, properties and methods make of types.
enum OperatorTypes {
    /// Nil if the operator is null for all values of the types.
    static func arithmetic(
        _ binary: BinaryOperator, _ left: ExpressionType, _ right: ExpressionType
    ) -> ExpressionType? {
        if left == .null || right == .null { return .null }
        if !left.isCertain || !right.isCertain { return .any }
        if left == .number, right == .number { return .number }
        switch binary {
        case .add: return sum(left, right) ?? sum(right, left)
        case .subtract: return difference(left, right)
        case .multiply:
            if left.isDuration, right == .number { return left }
            return left == .number && right.isDuration ? right : nil
        case .divide:
            if left.isDuration, right == .number { return left }
            return left.isDuration && left == right ? .number : nil
        case .remainder, .power, .and, .or, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return nil
        }
    }

    private static func sum(_ left: ExpressionType, _ right: ExpressionType) -> ExpressionType? {
        if left == .string, right == .string { return .string }
        guard right.isDuration else { return nil }
        if left == right || left == .date || left == .dateTime { return left }
        return left == .time && right == .daysTimeDuration ? left : nil
    }

    private static func difference(_ left: ExpressionType, _ right: ExpressionType) -> ExpressionType? {
        if right.isDuration { return sum(left, right) }
        let areDates = [left, right].allSatisfy { $0 == .date || $0 == .dateTime }
        return areDates || (left == .time && right == .time) ? .daysTimeDuration : nil
    }

    static func negated(_ type: ExpressionType) -> ExpressionType {
        type == .number || type.isDuration ? type : .any
    }

    static func property(_ name: String, of type: ExpressionType) -> ExpressionType {
        switch name {
        case "year", "month", "day", "weekday", "hour", "minute", "second", "years", "months", "days", "hours",
            "minutes", "seconds":
            return type.isTemporal ? .number : .any
        case "time offset": return type.isTemporal ? .daysTimeDuration : .any
        case "timezone": return type.isTemporal ? .string : .any
        case "start included", "end included":
            if case .range = type { return .boolean }
            return .any
        case "start", "end":
            if case .range(let end) = type { return end }
            return .any
        default: return .any
        }
    }

    /// The results of JUEL's methods that do not depend on the receiver.
    static func method(_ name: String) -> ExpressionType {
        switch name {
        case "length", "size", "indexOf", "lastIndexOf", "intValue", "longValue", "doubleValue", "compareTo": .number
        case "contains", "startsWith", "endsWith", "isEmpty", "equals", "equalsIgnoreCase", "containsKey",
            "containsValue", "hasVariable", "booleanValue", "matches":
            .boolean
        case "toUpperCase", "toLowerCase", "trim", "substring", "charAt", "replace", "concat", "toString": .string
        default: .any
        }
    }
}

extension ExpressionType {
    init(of value: Datum) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .number: self = .number
        case .string: self = .string
        case .list(let items): self = .list(of: items.reduce(.null) { $0.joined(with: ExpressionType(of: $1)) })
        case .context(let members):
            self = .context(
                members: members.map { Member(name: $0.key, type: ExpressionType(of: $0.value)) }, open: false)
        case .date: self = .date
        case .time: self = .time
        case .dateTime: self = .dateTime
        case .daysTimeDuration: self = .daysTimeDuration
        case .yearsMonthsDuration: self = .yearsMonthsDuration
        case .range(let range):
            let start = range.start.map { ExpressionType(of: $0) } ?? .null
            self = .range(of: start.joined(with: range.end.map { ExpressionType(of: $0) } ?? .null))
        case .function: self = .anyFunction
        }
    }

    /// Whether the type says which kind of value it is.
    var isCertain: Bool {
        if case .named = self { return false }
        return self != .any && self != .null
    }

    var isDuration: Bool { self == .daysTimeDuration || self == .yearsMonthsDuration }

    var isTemporal: Bool { self == .date || self == .time || self == .dateTime || isDuration }

    /// What iterating over a value, or filtering it, meets.
    var itemType: ExpressionType {
        switch self {
        case .list(let item), .range(let item): item
        case .named, .any: .any
        case .null, .boolean, .number, .string, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration,
            .context, .function:
            self
        }
    }
}

extension BuiltIn {
    /// Whether the number, or the names, of the arguments fit.
    func takes(_ arguments: Node.Arguments) -> Bool {
        switch (arguments, shape) {
        case (.positional(let nodes), .fixed(let rows)):
            rows.contains { row in
                nodes.count <= row.count && row.dropFirst(nodes.count).allSatisfy(\.isOptional)
            }
        case (.named(let entries), .fixed(let rows)):
            rows.contains { row in
                entries.allSatisfy { entry in row.contains { $0.name == entry.name } }
                    && row.allSatisfy { parameter in
                        parameter.isOptional || entries.contains { $0.name == parameter.name }
                    }
            }
        case (.positional(let nodes), _): !nodes.isEmpty
        case (.named(let entries), _): entries.map(\.name) == ["list"]
        }
    }
}
