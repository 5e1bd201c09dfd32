import OrderedCollections
import Values

/// FEEL's order of values: of the same kind, or none.
package enum FEELComparison {
    /// −1, 0 or 1; nil if the values have no order.
    package static func order(_ left: Datum, _ right: Datum) -> Int? {
        switch (left, right) {
        case (.number(let left), .number(let right)): Expressions.order(left, right)
        case (.string(let left), .string(let right)): scalarOrder(left, right)
        case (.date(let left), .date(let right)): Expressions.order(left, right)
        case (.time(let left), .time(let right)): left.compared(to: right)
        case (.dateTime(let left), .dateTime(let right)): left.compared(to: right)
        case (.date(let left), .dateTime(let right)): ZonedDateTime(midnightOf: left).compared(to: right)
        case (.dateTime(let left), .date(let right)): left.compared(to: ZonedDateTime(midnightOf: right))
        case (.daysTimeDuration(let left), .daysTimeDuration(let right)): Expressions.order(left, right)
        case (.yearsMonthsDuration(let left), .yearsMonthsDuration(let right)): Expressions.order(left, right)
        default: nil
        }
    }

    /// By code points: UTF-8 keeps their order.
    static func scalarOrder(_ left: String, _ right: String) -> Int {
        if left.utf8.elementsEqual(right.utf8) { return 0 }
        return left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }

    /// `<`, `<=`, `>`, `>=` of an order.
    static func holds(_ comparison: BinaryOperator, order: Int) -> Bool {
        switch comparison {
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        case .equal: order == 0
        case .notEqual: order != 0
        case .or, .and, .add, .subtract, .multiply, .divide, .remainder, .power: false
        }
    }
}

extension Evaluator {
    mutating func feel(
        _ binary: BinaryOperator, _ left: Datum, _ right: Datum, at node: Node
    ) throws(Fault) -> Datum {
        switch binary {
        case .equal:
            return try isEqual(left, right, at: node.offset).map { .bool($0) } ?? .null
        case .notEqual:
            return try isEqual(left, right, at: node.offset).map { .bool(!$0) } ?? .null
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return FEELComparison.order(left, right).map { .bool(FEELComparison.holds(binary, order: $0)) } ?? .null
        case .add, .subtract, .multiply, .divide, .remainder, .power:
            return resolved(FEELArithmetic.apply(binary, left, right))
        case .and, .or:
            return .null
        }
    }

    /// FEEL's `=`: null equals only null; values of different kinds are not comparable. Charged by size, since values
    /// can share parts and be far larger than what they occupy.
    mutating func isEqual(_ left: Datum, _ right: Datum, at offset: Int) throws(Fault) -> Bool? {
        try charge(1, offset: offset)
        switch (left, right) {
        case (.null, .null): return true
        case (.null, _), (_, .null): return false
        case (.bool(let left), .bool(let right)): return left == right
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.list(let left), .list(let right)):
            guard left.count == right.count else { return false }
            for (leftItem, rightItem) in zip(left, right) {
                if try isEqual(leftItem, rightItem, at: offset) != true { return false }
            }
            return true
        case (.context(let left), .context(let right)):
            guard left.count == right.count else { return false }
            for (name, value) in left {
                guard let other = right[name], try isEqual(value, other, at: offset) == true else { return false }
            }
            return true
        case (.range(let left), .range(let right)):
            return try isEqual(left, right, at: offset)
        case (.time(let left), .time(let right)):
            return left.compared(to: right).map { $0 == 0 } ?? false
        case (.dateTime(let left), .dateTime(let right)):
            return left.compared(to: right).map { $0 == 0 } ?? false
        case (.date, .dateTime), (.dateTime, .date): return nil
        case (.function(let left), .function(let right)): return left === right
        default: return FEELComparison.order(left, right).map { $0 == 0 }
        }
    }

    private mutating func isEqual(
        _ left: Datum.RangeValue, _ right: Datum.RangeValue, at offset: Int
    ) throws(Fault) -> Bool {
        guard left.startIncluded == right.startIncluded, left.endIncluded == right.endIncluded else { return false }
        guard try isEqual(left.start ?? .null, right.start ?? .null, at: offset) == true else { return false }
        return try isEqual(left.end ?? .null, right.end ?? .null, at: offset) == true
    }

    mutating func between(
        _ value: Node, _ low: Node, _ high: Node, _ binding: Binding?, at node: Node
    ) throws(Fault) -> Datum {
        let tested = try evaluate(value, in: binding)
        let lowValue = try evaluate(low, in: binding)
        let highValue = try evaluate(high, in: binding)
        guard let fromLow = FEELComparison.order(tested, lowValue), let toHigh = FEELComparison.order(tested, highValue)
        else { return .null }
        return .bool(fromLow >= 0 && toHigh <= 0)
    }

    // MARK: Tests

    /// `value in tests`: true if one holds, null if none does and one is undecided.
    mutating func membership(_ value: Node, _ tests: [Node], _ binding: Binding?) throws(Fault) -> Datum {
        let tested = try evaluate(value, in: binding)
        return try anyTest(tests, of: tested, Binding("?", tested, in: binding))
    }

    mutating func unaryTests(_ tests: [Node], negated: Bool, _ binding: Binding?) throws(Fault) -> Datum {
        if tests.isEmpty { return .bool(true) }
        let tested = Binding.lookup("?", in: binding) ?? scope.lookup("?").map { Datum($0.decoded()) } ?? .null
        let verdict = try anyTest(tests, of: tested, Binding("?", tested, in: binding))
        guard negated, case .bool(let holds) = verdict else { return verdict }
        return .bool(!holds)
    }

    private mutating func anyTest(_ tests: [Node], of tested: Datum, _ binding: Binding?) throws(Fault) -> Datum {
        var undecided = false
        for test in tests {
            let verdict: Bool?
            if case .test = test.kind {
                verdict = try evaluate(test, in: binding) == .bool(true)
            } else {
                let value = try evaluate(test, in: binding)
                if case .range = test.kind, value.isNull {
                    verdict = nil
                } else if test.reads("?"), case .bool(let holds) = value {
                    verdict = holds
                } else {
                    verdict = try isMember(tested, of: value, at: test)
                }
            }
            if verdict == true { return .bool(true) }
            if verdict == nil { undecided = true }
        }
        return undecided ? .null : .bool(false)
    }

    mutating func test(
        _ comparison: BinaryOperator, _ operand: Node, _ binding: Binding?, at node: Node
    ) throws(Fault) -> Datum {
        let tested = Binding.lookup("?", in: binding) ?? .null
        return try feel(comparison, tested, try evaluate(operand, in: binding), at: node)
    }

    /// A range holds what lies in it, a list what one of its items holds or equals, anything else what equals it.
    mutating func isMember(_ tested: Datum, of value: Datum, at node: Node) throws(Fault) -> Bool? {
        switch value {
        case .range(let range):
            if case .range = tested { return try isEqual(tested, value, at: node.offset) }
            return FEELRanges.contains(range, tested)
        case .list(let items):
            if try isEqual(tested, value, at: node.offset) == true { return true }
            for item in items {
                if case .range(let range) = item {
                    if FEELRanges.contains(range, tested) == true { return true }
                    if case .range = tested, try isEqual(tested, item, at: node.offset) == true { return true }
                } else if try isEqual(tested, item, at: node.offset) == true {
                    return true
                }
            }
            return false
        case .null, .bool, .number, .string, .context, .date, .time, .dateTime, .daysTimeDuration,
            .yearsMonthsDuration, .function:
            return try isEqual(tested, value, at: node.offset)
        }
    }
}

extension Node {
    /// Whether the name occurs in the tree.
    fileprivate func reads(_ name: String) -> Bool {
        if case .name(name) = kind { return true }
        return kind.children.contains { $0.reads(name) }
    }
}
