import Values

/// FEEL's functions that look into lists.
enum ListFunctions {
    private static let list: [BuiltIn.Parameter] = [.init("list", .list)]

    static let all: [BuiltIn] = [
        BuiltIn("list contains", .fixed([list + [.init("element")]]), .boolean, evaluating: contains),
        BuiltIn("index of", .fixed([list + [.init("match")]]), .list(of: .number), evaluating: indexOf),
        BuiltIn("count", list, .number) { $0.list(0).map { .number(Decimal128($0.count)) } },
        BuiltIn("min", .items, .any) { extreme($0, sign: -1) },
        BuiltIn("max", .items, .any) { extreme($0, sign: 1) },
        BuiltIn("sum", .items, .number) { fold($0) { $0.adding($1) } },
        BuiltIn("product", .items, .number) { fold($0) { $0.multiplying(by: $1) } },
        BuiltIn("mean", .items, .number) { arguments in
            numbers(arguments).flatMap { mean($0) }.map { .number($0) }
        },
        BuiltIn("median", .items, .number) { numbers($0).flatMap { median($0) }.map { .number($0) } },
        BuiltIn("stddev", .items, .number) { numbers($0).flatMap { standardDeviation($0) }.map { .number($0) } },
        BuiltIn("mode", .items, .list(of: .number)) { arguments in
            if arguments.list(0)?.isEmpty == true { return .list([]) }
            return numbers(arguments).map { .list(modes($0).map { .number($0) }) }
        },
        BuiltIn("all", .items, .boolean) { logical($0, decisive: false) },
        BuiltIn("any", .items, .boolean) { logical($0, decisive: true) },
        BuiltIn("distinct values", .fixed([list]), .anyList) { (evaluator, arguments, node) throws(Fault) in
            guard let items = arguments.list(0) else { return .null }
            return .list(try distinct(items, &evaluator, node))
        },
        BuiltIn("union", .lists, .anyList) { (evaluator, arguments, node) throws(Fault) in
            guard let lists = ListChangeFunctions.lists(arguments) else { return .null }
            return .list(try distinct(lists.flatMap { $0 }, &evaluator, node))
        },
    ]

    // MARK: Searching

    private static func contains(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let items = arguments.list(0) else { return .null }
        for item in items where try evaluator.isEqual(item, arguments.values[1], at: node.offset) == true {
            return .bool(true)
        }
        return .bool(false)
    }

    private static func indexOf(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let items = arguments.list(0) else { return .null }
        var positions: [Datum] = []
        for (index, item) in items.enumerated()
        where try evaluator.isEqual(item, arguments.values[1], at: node.offset) == true {
            positions.append(.number(Decimal128(index + 1)))
        }
        return .list(positions)
    }

    private static func distinct(
        _ items: [Datum], _ evaluator: inout Evaluator, _ node: Node
    ) throws(Fault) -> [Datum] {
        var kept: [Datum] = []
        items: for item in items {
            for other in kept where try evaluator.isEqual(item, other, at: node.offset) == true { continue items }
            kept.append(item)
        }
        return kept
    }

    // MARK: Aggregates

    /// The numbers of a list that is not empty; nil if anything else is in it.
    private static func numbers(_ arguments: BuiltIn.Arguments) -> [Decimal128]? {
        guard let items = arguments.list(0), !items.isEmpty else { return nil }
        var numbers: [Decimal128] = []
        for item in items {
            guard case .number(let number) = item else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    private static func extreme(_ arguments: BuiltIn.Arguments, sign: Int) -> Datum? {
        guard let items = arguments.list(0), var best = items.first else { return nil }
        guard FEELComparison.order(best, best) != nil else { return nil }
        for item in items.dropFirst() {
            guard let order = FEELComparison.order(item, best) else { return nil }
            if order == sign { best = item }
        }
        return best
    }

    private static func fold(
        _ arguments: BuiltIn.Arguments, _ combine: (Decimal128, Decimal128) -> Decimal128?
    ) -> Datum? {
        guard let numbers = numbers(arguments) else { return nil }
        var result = numbers[0]
        for number in numbers.dropFirst() {
            guard let next = combine(result, number) else { return nil }
            result = next
        }
        return .number(result)
    }

    private static func sum(_ numbers: [Decimal128]) -> Decimal128? {
        var sum = Decimal128.zero
        for number in numbers {
            guard let next = sum.adding(number) else { return nil }
            sum = next
        }
        return sum
    }

    private static func mean(_ numbers: [Decimal128]) -> Decimal128? {
        sum(numbers)?.dividing(by: Decimal128(numbers.count))
    }

    private static func median(_ numbers: [Decimal128]) -> Decimal128? {
        let sorted = numbers.sorted()
        let middle = sorted.count / 2
        if !sorted.count.isMultiple(of: 2) { return sorted[middle] }
        return mean([sorted[middle - 1], sorted[middle]])
    }

    /// Of a sample.
    private static func standardDeviation(_ numbers: [Decimal128]) -> Decimal128? {
        guard numbers.count > 1, let mean = mean(numbers) else { return nil }
        var squares: [Decimal128] = []
        for number in numbers {
            guard let distance = number.subtracting(mean), let square = distance.multiplying(by: distance) else {
                return nil
            }
            squares.append(square)
        }
        return sum(squares)?.dividing(by: Decimal128(numbers.count - 1))?.squareRoot()
    }

    /// The most frequent numbers, ascending.
    private static func modes(_ numbers: [Decimal128]) -> [Decimal128] {
        var runs: [(number: Decimal128, count: Int)] = []
        for number in numbers.sorted() {
            if runs.last?.number == number {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((number, 1))
            }
        }
        let most = runs.map(\.count).max() ?? 0
        return runs.filter { $0.count == most }.map(\.number)
    }

    /// `all` (false decides) and `any` (true decides); null counts as unknown, anything else is a mistake.
    private static func logical(_ arguments: BuiltIn.Arguments, decisive: Bool) -> Datum? {
        guard let items = arguments.list(0) else { return nil }
        var result: Datum = .bool(!decisive)
        for item in items {
            switch item {
            case .bool(decisive): return .bool(decisive)
            case .bool: break
            case .null, .number, .string, .list, .context, .date, .time, .dateTime, .daysTimeDuration,
                .yearsMonthsDuration, .range, .function:
                result = .null
            }
        }
        return result
    }
}
