import Values

/// FEEL's functions that make lists of lists.
enum ListChangeFunctions {
    private static let list: [BuiltIn.Parameter] = [.init("list", .list)]

    static let all: [BuiltIn] = [
        BuiltIn("sublist", list + [.init("start position", .number), .optional("length", .number)], .anyList, sublist),
        BuiltIn("append", .listAndItems, .anyList) { arguments in
            arguments.list(0).map { .list($0 + arguments.values.dropFirst()) }
        },
        BuiltIn("concatenate", .lists, .anyList) { arguments in
            lists(arguments).map { .list($0.flatMap { $0 }) }
        },
        BuiltIn("insert before", list + [.init("position", .number), .init("newItem")], .anyList) { arguments in
            guard var items = arguments.list(0), let index = index(arguments.integer(1), in: items) else { return nil }
            items.insert(arguments.values[2], at: index)
            return .list(items)
        },
        BuiltIn("remove", list + [.init("position", .number)], .anyList) { arguments in
            guard var items = arguments.list(0), let index = index(arguments.integer(1), in: items) else { return nil }
            items.remove(at: index)
            return .list(items)
        },
        BuiltIn("reverse", list, .anyList) { $0.list(0).map { .list($0.reversed()) } },
        BuiltIn("flatten", .fixed([list]), .anyList) { (evaluator, arguments, node) throws(Fault) in
            guard let items = arguments.list(0) else { return .null }
            var flat: [Datum] = []
            try flatten(items, into: &flat, &evaluator, node)
            return .list(flat)
        },
        BuiltIn(
            "sort", .fixed([list + [.init("precedes", .function)], list]), .anyList, evaluating: sort),
        BuiltIn(
            "list replace",
            .fixed([
                list + [.init("position", .number), .init("newItem")],
                list + [.init("match", .function), .init("newItem")],
            ]), .anyList, evaluating: replace),
    ]

    /// Every argument as a list; nil if one is null.
    static func lists(_ arguments: BuiltIn.Arguments) -> [[Datum]]? {
        var lists: [[Datum]] = []
        for position in arguments.values.indices {
            guard let list = arguments.list(position) else { return nil }
            lists.append(list)
        }
        return lists
    }

    /// The index of a position counted from 1, or back from −1.
    private static func index(_ position: Int?, in items: [Datum]) -> Int? {
        guard let position, position != 0 else { return nil }
        let index = position > 0 ? position - 1 : items.count + position
        return items.indices.contains(index) ? index : nil
    }

    private static func sublist(_ arguments: BuiltIn.Arguments) -> Datum? {
        guard let items = arguments.list(0), let first = index(arguments.integer(1), in: items) else { return nil }
        if arguments.count < 3 { return .list(Array(items[first...])) }
        guard let length = arguments.integer(2), length >= 0, length <= items.count - first else { return nil }
        return .list(Array(items[first..<first + length]))
    }

    private static func flatten(
        _ items: [Datum], into flat: inout [Datum], _ evaluator: inout Evaluator, _ node: Node
    ) throws(Fault) {
        try evaluator.charge(items.count, at: node)
        for item in items {
            if case .list(let inner) = item {
                try flatten(inner, into: &flat, &evaluator, node)
            } else {
                flat.append(item)
                try evaluator.checkSize(of: .list(flat), at: node.offset)
            }
        }
    }

    // MARK: With functions

    /// Stable. Without a function: by the values' own order.
    private static func sort(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard let items = arguments.list(0) else { return .null }
        var precedes: FunctionValue?
        if arguments.values.count == 2 {
            guard case .function(let function) = arguments.values[1], function.takes(2) else { return .null }
            precedes = function
        }
        return try merged(items[...], precedes, &evaluator, node).map { .list($0) } ?? .null
    }

    /// Nil if two items have no order.
    private static func merged(
        _ items: ArraySlice<Datum>, _ precedes: FunctionValue?, _ evaluator: inout Evaluator, _ node: Node
    ) throws(Fault) -> [Datum]? {
        if items.count < 2 { return Array(items) }
        let middle = items.startIndex + items.count / 2
        guard let left = try merged(items[..<middle], precedes, &evaluator, node),
            let right = try merged(items[middle...], precedes, &evaluator, node)
        else { return nil }
        var result: [Datum] = []
        var leftRest = left[...]
        var rightRest = right[...]
        while let first = leftRest.first, let second = rightRest.first {
            try evaluator.charge(1, at: node)
            let secondFirst: Bool
            if let precedes {
                secondFirst = try evaluator.apply(precedes, to: [second, first], at: node) == .bool(true)
            } else {
                guard let order = FEELComparison.order(second, first) else { return nil }
                secondFirst = order < 0
            }
            result.append(secondFirst ? rightRest.removeFirst() : leftRest.removeFirst())
        }
        return result + leftRest + rightRest
    }

    private static func replace(
        _ evaluator: inout Evaluator, _ arguments: BuiltIn.Arguments, _ node: Node
    ) throws(Fault) -> Datum {
        guard var items = arguments.list(0) else { return .null }
        if case .function(let match) = arguments.values[1] {
            for index in items.indices {
                switch try evaluator.apply(match, to: [items[index], arguments.values[2]], at: node) {
                case .bool(true): items[index] = arguments.values[2]
                case .bool(false): break
                case .null, .number, .string, .list, .context, .date, .time, .dateTime, .daysTimeDuration,
                    .yearsMonthsDuration, .range, .function:
                    return .null
                }
            }
        } else {
            guard let index = index(arguments.integer(1), in: items) else { return .null }
            items[index] = arguments.values[2]
        }
        return .list(items)
    }
}
