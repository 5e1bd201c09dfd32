import Expressions
import OrderedCollections
import Values

/// Boxed expressions.
extension DecisionSession {
    func evaluate(
        _ boxed: Boxed, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        let value: Datum
        if case .literal(let expression) = boxed.kind {
            do throws(ExpressionError) {
                value = try evaluator.evaluate(expression, in: binding)
            } catch {
                failed(at: boxed.position)
                throw error
            }
        } else {
            value = try evaluator.nested { evaluator throws(ExpressionError) in
                try content(of: boxed, binding, &evaluator)
            }
        }
        return try coerce(value, to: boxed.type, at: boxed.position, &evaluator)
    }

    private func content(
        of boxed: Boxed, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        switch boxed.kind {
        case .literal(let expression): return try evaluator.evaluate(expression, in: binding)
        case .invalid(let problem):
            report(problem)
            return .null
        case .context(let entries, let result): return try context(entries, result, binding, &evaluator)
        case .invocation(let callee, let arguments):
            return try invocation(callee, arguments, binding, &evaluator, at: boxed.position)
        case .function(let number): return function(number, closure: binding)
        case .list(let items): return .list(try values(of: items, binding, &evaluator))
        case .relation(let columns, let rows):
            var contexts: [Datum] = []
            for row in rows {
                let cells = try values(of: row, binding, &evaluator)
                guard cells.count == columns.count else {
                    contexts.append(.null)
                    continue
                }
                contexts.append(.context(OrderedDictionary(zip(columns, cells)) { first, _ in first }))
            }
            return .list(contexts)
        case .iteration(let variable, let source, let body):
            return try iteration(variable, source, body, binding, &evaluator)
        case .quantified(let every, let variable, let source, let condition):
            return try quantified(every, variable, source, condition, binding, &evaluator)
        case .filter(let source, let condition): return try filter(source, condition, binding, &evaluator)
        case .conditional(let condition, let then, let otherwise):
            let holds = try evaluate(condition, binding, &evaluator) == .bool(true)
            return try evaluate(holds ? then : otherwise, binding, &evaluator)
        case .table(let table): return try evaluate(table, binding, &evaluator)
        }
    }

    private func values(
        of items: [Boxed], _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> [Datum] {
        var values: [Datum] = []
        values.reserveCapacity(items.count)
        for item in items { values.append(try evaluate(item, binding, &evaluator)) }
        return values
    }

    /// Later entries see earlier ones; an expression without a name is the result of all.
    private func context(
        _ entries: [Boxed.Entry], _ result: Boxed?, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        var members: OrderedDictionary<String, Datum> = [:]
        var inner = binding
        for entry in entries {
            let value = try coerce(
                try evaluate(entry.value, inner, &evaluator), to: entry.type, at: entry.value.position, &evaluator)
            members[entry.name] = value
            inner = Binding(entry.name, value, in: inner)
        }
        if let result { return try evaluate(result, inner, &evaluator) }
        return .context(members)
    }

    private func invocation(
        _ callee: Boxed, _ arguments: [Boxed.Argument], _ binding: Binding?, _ evaluator: inout Evaluator,
        at position: SourcePosition
    ) throws(ExpressionError) -> Datum {
        guard case .function(let function) = try evaluate(callee, binding, &evaluator) else {
            report("not-a-function", "what is invoked is no function", at: position)
            return .null
        }
        var values: [(name: String, value: Datum)] = []
        for argument in arguments {
            values.append((argument.name, try evaluate(argument.value, binding, &evaluator)))
        }
        if values.isEmpty { return try evaluator.apply(function, to: []) }
        return try evaluator.apply(function, toNamed: values)
    }

    // MARK: Iteration

    private func iteration(
        _ variable: String, _ source: Boxed, _ body: Boxed, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        guard let items = try evaluator.items(in: try evaluate(source, binding, &evaluator)) else { return .null }
        var results: [Datum] = []
        for item in items {
            let inner = Binding(variable, item, in: Binding("partial", .list(results), in: binding))
            try evaluator.append(try evaluate(body, inner, &evaluator), to: &results)
        }
        return .list(results)
    }

    /// Null if nothing decides and the condition is null for an item, and as soon as it is no condition at all.
    private func quantified(
        _ every: Bool, _ variable: String, _ source: Boxed, _ condition: Boxed, _ binding: Binding?,
        _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        guard let items = try evaluator.items(in: try evaluate(source, binding, &evaluator)) else { return .null }
        var isDecided = true
        for item in items {
            let value = try evaluate(condition, Binding(variable, item, in: binding), &evaluator)
            switch value {
            case .bool(!every): return value
            case .bool: break
            case .null: isDecided = false
            case .number, .string, .list, .context, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration,
                .range, .function:
                return .null
            }
        }
        return isDecided ? .bool(every) : .null
    }

    /// As the filter of FEEL: conditions on items and their members, or a position. Null as soon as it is neither.
    private func filter(
        _ source: Boxed, _ condition: Boxed, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        let value = try evaluate(source, binding, &evaluator)
        if value.isNull { return .null }
        let items: [Datum]
        if case .list(let list) = value { items = list } else { items = [value] }
        var selected: [Datum] = []
        for (position, item) in items.enumerated() {
            let verdict = try evaluate(condition, Binding(item: item, in: binding), &evaluator)
            if position == 0, case .number(let number) = verdict {
                guard let index = number.intValue, index != 0 else { return .null }
                let place = index > 0 ? index - 1 : items.count + index
                return items.indices.contains(place) ? items[place] : .null
            }
            switch verdict {
            case .bool(true): selected.append(item)
            case .bool, .null: break
            case .number, .string, .list, .context, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration,
                .range, .function:
                return .null
            }
        }
        return .list(selected)
    }
}
