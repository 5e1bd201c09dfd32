/// The types of both languages, as the type checker infers them and `instance of` tests them.
package indirect enum ExpressionType: Sendable, Hashable {
    /// Anything, null included: what is not known.
    case any
    /// Only null.
    case null
    case boolean, number, string
    case date, time, dateTime, daysTimeDuration, yearsMonthsDuration
    case list(of: ExpressionType)
    /// Members in a stable order. `open`: there may be others.
    case context(members: [Member], open: Bool)
    case range(of: ExpressionType)
    case function(parameters: [ExpressionType], result: ExpressionType)
    /// A type by a name that is defined elsewhere (DMN item definitions).
    case named(String)

    package struct Member: Sendable, Hashable {
        package var name: String
        package var type: ExpressionType

        package init(name: String, type: ExpressionType) {
            self.name = name
            self.type = type
        }
    }

    package static let anyList = ExpressionType.list(of: .any)
    package static let anyContext = ExpressionType.context(members: [], open: true)
    package static let anyFunction = ExpressionType.function(parameters: [], result: .any)

    /// The types that are one word or one phrase in FEEL.
    package static let simple: [(name: String, type: ExpressionType)] = [
        ("Any", .any), ("Null", .null), ("boolean", .boolean), ("number", .number), ("string", .string),
        ("date", .date), ("time", .time), ("date and time", .dateTime), ("days and time duration", .daysTimeDuration),
        ("years and months duration", .yearsMonthsDuration), ("day time duration", .daysTimeDuration),
        ("year month duration", .yearsMonthsDuration), ("dateTime", .dateTime),
        ("dayTimeDuration", .daysTimeDuration), ("yearMonthDuration", .yearsMonthsDuration),
    ]
}

extension ExpressionType {
    /// Whether every value of this type is a value of `other`. Null conforms to everything, as in FEEL; `named` only to
    /// itself and `any`.
    package func conforms(to other: ExpressionType) -> Bool {
        switch (self, other) {
        case (_, .any), (.null, _): true
        case (.list(let own), .list(let others)): own.conforms(to: others)
        case (.range(let own), .range(let others)): own.conforms(to: others)
        case (.context(let own, let open), .context(let others, _)):
            others.allSatisfy { other in
                own.first { $0.name == other.name }.map { $0.type.conforms(to: other.type) }
                    ?? (open && other.type == .any)
            }
        case (.function(let ownParameters, let own), .function(let parameters, let result)):
            ownParameters.count == parameters.count && own.conforms(to: result)
                && zip(ownParameters, parameters).allSatisfy { $1.conforms(to: $0) }
        default: self == other
        }
    }

    /// The narrowest type here that holds the values of both.
    package func joined(with other: ExpressionType) -> ExpressionType {
        if self == other || other == .null { return self }
        if self == .null { return other }
        if case .list(let left) = self, case .list(let right) = other { return .list(of: left.joined(with: right)) }
        if case .context(let left, let leftOpen) = self, case .context(let right, let rightOpen) = other {
            let common = left.compactMap { member in
                right.first { $0.name == member.name }
                    .map { Member(name: member.name, type: member.type.joined(with: $0.type)) }
            }
            let same = common.count == left.count && common.count == right.count
            return .context(members: common, open: leftOpen || rightOpen || !same)
        }
        return .any
    }

    /// Whether no value but null belongs to both.
    func excludes(_ other: ExpressionType) -> Bool {
        switch (self, other) {
        case (.any, _), (_, .any), (.null, _), (_, .null), (.named, _), (_, .named): false
        case (.list, .list), (.context, .context), (.range, .range), (.function, .function): false
        default: self != other
        }
    }
}

extension ExpressionType: CustomStringConvertible {
    package var description: String {
        switch self {
        case .any: "Any"
        case .null: "Null"
        case .boolean: "boolean"
        case .number: "number"
        case .string: "string"
        case .date: "date"
        case .time: "time"
        case .dateTime: "date and time"
        case .daysTimeDuration: "days and time duration"
        case .yearsMonthsDuration: "years and months duration"
        case .list(let item): "list<\(item)>"
        case .context(let members, _): "context<\(members.map { "\($0.name): \($0.type)" }.joined(separator: ", "))>"
        case .range(let end): "range<\(end)>"
        case .function(let parameters, let result):
            "function<\(parameters.map(\.description).joined(separator: ", "))> -> \(result)"
        case .named(let name): name
        }
    }
}
