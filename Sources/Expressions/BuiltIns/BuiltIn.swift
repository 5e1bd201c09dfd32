import Values

/// A built-in function of FEEL: its parameters and what it does.
struct BuiltIn: Sendable {
    typealias Evaluating = @Sendable (inout Evaluator, Arguments, Node) throws(Fault) -> Datum

    enum Body: Sendable {
        /// A function of its arguments alone.
        case pure(@Sendable (Arguments) -> Datum?)
        case evaluating(Evaluating)
    }

    enum Kind: Sendable { case any, number, string, boolean, list, context, function }

    struct Parameter: Sendable {
        let name: String
        let kind: Kind
        let isOptional: Bool

        init(_ name: String, _ kind: Kind = .any) {
            self.name = name
            self.kind = kind
            self.isOptional = false
        }

        private init(optional name: String, _ kind: Kind) {
            self.name = name
            self.kind = kind
            self.isOptional = true
        }

        static func optional(_ name: String, _ kind: Kind = .any) -> Parameter { Parameter(optional: name, kind) }
    }

    enum Shape: Sendable {
        /// One of several rows of parameters.
        case fixed([[Parameter]])
        /// One list, or its items as arguments.
        case items
        /// Any number of lists.
        case lists
        /// A list, then any number of items.
        case listAndItems
    }

    let name: String
    let shape: Shape
    let result: ExpressionType
    let body: Body

    init(_ name: String, _ shape: Shape, _ result: ExpressionType, evaluating body: @escaping Evaluating) {
        self.name = name
        self.shape = shape
        self.result = result
        self.body = .evaluating(body)
    }

    init(_ name: String, _ shape: Shape, _ result: ExpressionType, _ body: @escaping @Sendable (Arguments) -> Datum?) {
        self.name = name
        self.shape = shape
        self.result = result
        self.body = .pure(body)
    }

    /// A function with one row of parameters.
    init(
        _ name: String, _ parameters: [Parameter], _ result: ExpressionType,
        _ body: @escaping @Sendable (Arguments) -> Datum?
    ) {
        self.init(name, .fixed([parameters]), result, body)
    }

    static let all: [BuiltIn] = standard + CamundaFunctions.all

    private static let standard: [BuiltIn] =
        ConversionFunctions.all + NumberFunctions.all + StringFunctions.all + ListFunctions.all
        + ListChangeFunctions.all + ContextFunctions.all + TemporalFunctions.all + RangeFunctions.all

    static func named(_ name: String) -> BuiltIn? { index[name] }

    private static let index: [String: BuiltIn] = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }

    /// One that DMN has: its name is a value as well.
    static func standard(named name: String) -> BuiltIn? { standardNames.contains(name) ? named(name) : nil }

    private static let standardNames = Set(standard.map(\.name))
}

extension BuiltIn {
    /// Arguments that fit a function's parameters, in their order; what was left out is null.
    struct Arguments: Sendable {
        let values: [Datum]
        /// How many were given, null or not.
        let count: Int

        func number(_ index: Int) -> Decimal128? {
            if case .number(let number) = values[index] { return number }
            return nil
        }

        func integer(_ index: Int) -> Int? {
            number(index).flatMap { $0.truncatedInteger }.flatMap { Int(exactly: $0) }
        }

        func string(_ index: Int) -> String? {
            if case .string(let string) = values[index] { return string }
            return nil
        }

        func list(_ index: Int) -> [Datum]? {
            if case .list(let list) = values[index] { return list }
            return nil
        }

        /// What a call costs before it begins.
        var weight: Int {
            values.reduce(0) { sum, value in
                if case .list(let items) = value { return sum + items.count }
                if case .string(let string) = value { return sum + string.utf8.count / 32 }
                return sum
            }
        }
    }

    func arguments(_ values: [Datum]) -> Arguments? {
        switch shape {
        case .fixed(let rows):
            for row in rows {
                if let arguments = BuiltIn.fit(values, row) { return arguments }
            }
            return nil
        case .items:
            if values.isEmpty { return nil }
            if values.count == 1, case .list = values[0] { return Arguments(values: values, count: 1) }
            if values == [.null] { return Arguments(values: values, count: 1) }
            return Arguments(values: [.list(values)], count: values.count)
        case .lists:
            return values.isEmpty
                ? nil : Arguments(values: values.map { BuiltIn.convert($0, .list) ?? .null }, count: values.count)
        case .listAndItems:
            guard let first = values.first, let list = BuiltIn.convert(first, .list) else { return nil }
            return Arguments(values: [list] + values.dropFirst(), count: values.count)
        }
    }

    func arguments(named values: [(name: String, value: Datum)]) -> Arguments? {
        switch shape {
        case .fixed(let rows):
            // `before(range, point)` and `before(point, range)` have the same names: there the order counts.
            let names = values.map(\.name)
            let sorted = rows.filter { $0.map(\.name) == names } + rows.filter { $0.map(\.name) != names }
            for row in sorted where values.allSatisfy({ value in row.contains { $0.name == value.name } }) {
                let given = row.filter { parameter in values.contains { $0.name == parameter.name } }
                guard
                    row.allSatisfy({ parameter in parameter.isOptional || given.contains { $0.name == parameter.name } }
                    )
                else { continue }
                let ordered = row.map { parameter in values.first { $0.name == parameter.name }?.value ?? .null }
                if let fitted = BuiltIn.fit(ordered, row) {
                    return Arguments(values: fitted.values, count: values.count)
                }
            }
            return nil
        case .items, .lists, .listAndItems:
            guard values.count == 1, values[0].name == "list" else { return nil }
            return arguments([values[0].value])
        }
    }

    private static func fit(_ values: [Datum], _ parameters: [Parameter]) -> Arguments? {
        guard values.count <= parameters.count else { return nil }
        var fitted: [Datum] = []
        for (index, parameter) in parameters.enumerated() {
            guard index < values.count else {
                guard parameter.isOptional else { return nil }
                fitted.append(.null)
                continue
            }
            guard let value = convert(values[index], parameter.kind) else { return nil }
            fitted.append(value)
        }
        return Arguments(values: fitted, count: values.count)
    }

    /// The value as a parameter's kind: a list of one is its item, and anything is a list of one. Null fits everything.
    private static func convert(_ value: Datum, _ kind: Kind) -> Datum? {
        switch (kind, value) {
        case (.any, _), (_, .null), (.number, .number), (.string, .string), (.boolean, .bool), (.list, .list),
            (.context, .context), (.function, .function):
            value
        case (.list, _): .list([value])
        case (_, .list(let items)) where items.count == 1 && !items[0].isNull: convertItem(items[0], kind)
        default: nil
        }
    }

    private static func convertItem(_ value: Datum, _ kind: Kind) -> Datum? {
        if case .list = value { return nil }
        return convert(value, kind)
    }
}
