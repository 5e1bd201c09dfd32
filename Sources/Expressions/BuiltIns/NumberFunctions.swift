import Values

/// FEEL's functions of numbers.
enum NumberFunctions {
    private static let number: [BuiltIn.Parameter] = [.init("n", .number)]
    private static let scaled: [BuiltIn.Parameter] = [.init("n", .number), .init("scale", .number)]

    static let all: [BuiltIn] = [
        BuiltIn("decimal", scaled, .number) { rounded($0, .halfEven) },
        BuiltIn("floor", .fixed([number, scaled]), .number) { rounded($0, .floor) },
        BuiltIn("ceiling", .fixed([number, scaled]), .number) { rounded($0, .ceiling) },
        BuiltIn("round up", scaled, .number) { rounded($0, .up) },
        BuiltIn("round down", scaled, .number) { rounded($0, .down) },
        BuiltIn("round half up", scaled, .number) { rounded($0, .halfUp) },
        BuiltIn("round half down", scaled, .number) { rounded($0, .halfDown) },
        BuiltIn("abs", [.init("n")], .any) { magnitude($0.values[0].unwrappedSingleton) },
        BuiltIn("modulo", [.init("dividend", .number), .init("divisor", .number)], .number) { arguments in
            guard let dividend = arguments.number(0), let divisor = arguments.number(1) else { return nil }
            return dividend.modulo(divisor).map { .number($0) }
        },
        BuiltIn("sqrt", [.init("number", .number)], .number) { number($0) { $0.squareRoot() } },
        BuiltIn("log", [.init("number", .number)], .number) { number($0) { $0.naturalLogarithm() } },
        BuiltIn("exp", [.init("number", .number)], .number) { number($0) { $0.exponential() } },
        BuiltIn("odd", [.init("number", .number)], .boolean) { isOdd($0).map { .bool($0) } },
        BuiltIn("even", [.init("number", .number)], .boolean) { isOdd($0).map { .bool(!$0) } },
    ]

    private static func number(
        _ arguments: BuiltIn.Arguments, _ function: (Decimal128) -> Decimal128?
    ) -> Datum? {
        arguments.number(0).flatMap(function).map { .number($0) }
    }

    /// Scales as IEEE 754 has exponents.
    private static func rounded(_ arguments: BuiltIn.Arguments, _ mode: Decimal128.RoundingMode) -> Datum? {
        guard let number = arguments.number(0) else { return nil }
        if arguments.count == 1 { return number.rounded(scale: 0, mode: mode).map { .number($0) } }
        guard let scale = arguments.integer(1), (-6111...6176).contains(scale) else { return nil }
        return number.rounded(scale: scale, mode: mode).map { .number($0) }
    }

    private static func magnitude(_ value: Datum) -> Datum? {
        switch value {
        case .number(let number): .number(number.magnitude)
        case .daysTimeDuration(let nanoseconds): .daysTimeDuration(nanoseconds < 0 ? -nanoseconds : nanoseconds)
        case .yearsMonthsDuration(let months): .yearsMonthsDuration(months: months < 0 ? -months : months)
        case .null, .bool, .string, .list, .context, .date, .time, .dateTime, .range, .function: nil
        }
    }

    /// Nil for what is not an integer.
    private static func isOdd(_ arguments: BuiltIn.Arguments) -> Bool? {
        guard let number = arguments.number(0), number.isInteger else { return nil }
        return number.modulo(Decimal128(2)).map { !$0.isZero }
    }
}
