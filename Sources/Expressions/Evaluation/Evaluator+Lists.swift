import Values

/// Filters, iteration and quantified expressions.
extension Evaluator {
    /// An index if the condition does not depend on the items and is a number; else the items for which it is true.
    mutating func filter(_ base: Node, _ condition: Node, _ binding: Binding?) throws(Fault) -> Datum {
        let value = try evaluate(base, in: binding)
        let items: [Datum]
        if case .list(let list) = value { items = list } else { items = value.isNull ? [] : [value] }
        if case .literal(.number(let number)) = condition.kind { return item(number, of: items) }
        if items.isEmpty {
            if case .number = try evaluate(condition, in: Binding(item: .null, in: binding)) { return .null }
            return value.isNull ? .null : .list([])
        }
        var selected: [Datum] = []
        for (position, item) in items.enumerated() {
            let verdict = try evaluate(condition, in: Binding(item: item, in: binding))
            if position == 0, case .number(let number) = verdict { return self.item(number, of: items) }
            if verdict == .bool(true) { selected.append(item) }
        }
        return .list(selected)
    }

    /// Counted from 1, or back from −1.
    private func item(_ number: Decimal128, of items: [Datum]) -> Datum {
        guard number.isInteger, let index = number.intValue, index != 0 else { return .null }
        let position = index > 0 ? index - 1 : items.count + index
        return items.indices.contains(position) ? items[position] : .null
    }

    mutating func iteration(
        _ iterators: [Node.Iterator], _ body: Node, _ binding: Binding?, at node: Node
    ) throws(Fault) -> Datum {
        var results: [Datum] = []
        let complete = try forEach(iterators[...], binding) { evaluator, inner throws(Fault) in
            let value = try evaluator.evaluate(body, in: Binding("partial", .list(results), in: inner))
            try evaluator.append(value, to: &results, at: node.offset)
            return true
        }
        return complete == nil ? .null : .list(results)
    }

    /// Appends to the results of an iteration. The body can keep `partial`, the results so far: then they are copied here,
    /// which is charged, for the copies can add up to far more than the results.
    mutating func append(_ value: Datum, to results: inout [Datum], at offset: Int) throws(Fault) {
        let hasRoom = results.capacity > results.count
        let place = results.withUnsafeBufferPointer(\.baseAddress)
        results.append(value)
        if hasRoom, results.withUnsafeBufferPointer(\.baseAddress) != place {
            try charge(results.count, offset: offset)
        }
        try checkSize(of: .list(results), at: offset)
    }

    /// The same, for hosts.
    package mutating func append(_ value: Datum, to results: inout [Datum]) throws(ExpressionError) {
        do throws(Fault) {
            try append(value, to: &results, at: 0)
        } catch {
            throw error.located(in: source)
        }
    }

    mutating func quantified(
        _ quantifier: Node.Quantifier, _ iterators: [Node.Iterator], _ condition: Node, _ binding: Binding?
    ) throws(Fault) -> Datum {
        let decisive = quantifier == .some
        var undecided = false
        let complete = try forEach(iterators[...], binding) { evaluator, inner throws(Fault) in
            let value = try evaluator.evaluate(condition, in: inner)
            if value == .bool(decisive) { return false }
            if value != .bool(!decisive) { undecided = true }
            return true
        }
        guard let complete else { return .null }
        if !complete { return .bool(decisive) }
        return undecided ? .null : .bool(!decisive)
    }

    /// Runs `body` for every combination, the last iterator fastest, until it answers false. Answers whether it never
    /// did; nil if an iterator has nothing to iterate over.
    private mutating func forEach(
        _ iterators: ArraySlice<Node.Iterator>, _ binding: Binding?,
        _ body: (inout Evaluator, Binding?) throws(Fault) -> Bool
    ) throws(Fault) -> Bool? {
        guard let iterator = iterators.first else { return try body(&self, binding) }
        guard let items = try self.items(of: iterator, binding) else { return nil }
        for item in items {
            let inner = Binding(iterator.name, item, in: binding)
            guard let goOn = try forEach(iterators.dropFirst(), inner, body) else { return nil }
            if !goOn { return false }
        }
        return true
    }

    private mutating func items(of iterator: Node.Iterator, _ binding: Binding?) throws(Fault) -> [Datum]? {
        let source = try evaluate(iterator.source, in: binding)
        if let end = iterator.end {
            return try steps(from: source, through: try evaluate(end, in: binding), at: iterator.source.offset)
        }
        return try items(in: source, at: iterator.source.offset)
    }

    /// What iterating over a value meets; nil if nothing can be.
    package mutating func items(in source: Datum) throws(ExpressionError) -> [Datum]? {
        do throws(Fault) {
            return try items(in: source, at: 0)
        } catch {
            throw error.located(in: self.source)
        }
    }

    private mutating func items(in source: Datum, at offset: Int) throws(Fault) -> [Datum]? {
        switch source {
        case .list(let items): return items
        case .null: return nil
        case .range(let range): return try items(of: range, at: offset)
        case .bool, .number, .string, .context, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration,
            .function:
            return [source]
        }
    }

    /// The items of a closed range of integers or dates, upwards only.
    private mutating func items(of range: Datum.RangeValue, at offset: Int) throws(Fault) -> [Datum]? {
        guard let start = range.start, let end = range.end,
            let all = try steps(from: start, through: end, at: offset),
            FEELComparison.order(start, end).map({ $0 <= 0 }) == true
        else { return nil }
        var items = all[...]
        if !range.startIncluded { items = items.dropFirst() }
        if !range.endIncluded { items = items.dropLast() }
        return Array(items)
    }

    /// Integers or days, up or down.
    private mutating func steps(from start: Datum, through end: Datum, at offset: Int) throws(Fault) -> [Datum]? {
        let bounds: (first: Int, last: Int)
        let isDate: Bool
        if case .number(let low) = start, case .number(let high) = end, low.isInteger, high.isInteger,
            let first = low.intValue, let last = high.intValue
        {
            bounds = (first, last)
            isDate = false
        } else if case .date(let first) = start, case .date(let last) = end {
            bounds = (first.daysSinceEpoch, last.daysSinceEpoch)
            isDate = true
        } else {
            return nil
        }
        let (distance, overflow) = bounds.last.subtractingReportingOverflow(bounds.first)
        guard !overflow, distance.magnitude < UInt(limits.maxListSize) else {
            throw Fault(.limit, "the range has more than \(limits.maxListSize) items", at: offset)
        }
        try charge(Int(distance.magnitude), offset: offset)
        let numbers = stride(from: bounds.first, through: bounds.last, by: distance < 0 ? -1 : 1)
        if isDate { return numbers.map { CivilDate(daysSinceEpoch: $0).map { .date($0) } ?? .null } }
        return numbers.map { .number(Decimal128($0)) }
    }
}
