import Values

/// Reads the text of a range whose ends are literals, or calls of conversion functions of literals, and ascend.
enum RangeText {
    static func parse(_ text: String) -> Datum? {
        let text = text.trimmingSpace
        guard let open = text.first, let close = text.last, "[(]".contains(open), "])[".contains(close) else {
            return nil
        }
        let ends = StringSearch.split(String(text.dropFirst().dropLast()), at: "..")
        guard ends.count == 2, let start = end(ends[0]), let end = end(ends[1]) else { return nil }
        if start.isNull && open == "[" || end.isNull && close == "]" { return nil }
        if let order = FEELComparison.order(start, end), order > 0 { return nil }
        return FEELRanges.make(
            start: start.isNull ? nil : start, startIncluded: open == "[", end: end.isNull ? nil : end,
            endIncluded: close == "]")
    }

    /// A literal's value; null for nothing.
    private static func end(_ text: String) -> Datum? {
        let text = text.trimmingSpace
        if text.isEmpty { return .null }
        guard var parser = try? FEELParser(text, knownNames: []), let node = try? parser.parseExpressionToEnd() else {
            return nil
        }
        return value(of: node)
    }

    private static func value(of node: Node) -> Datum? {
        if case .literal(let value) = node.kind { return value.isNull ? nil : value }
        if case .negate(let operand) = node.kind, case .literal(.number(let number)) = operand.kind {
            return .number(number.negated)
        }
        guard case .call(let callee, .positional(let nodes)) = node.kind, case .name(let name) = callee.kind,
            ["date", "time", "date and time", "duration"].contains(name), let builtIn = BuiltIn.named(name),
            nodes.count == 1, case .literal(let literal) = nodes[0].kind, let arguments = builtIn.arguments([literal])
        else { return nil }
        switch builtIn.body {
        case .pure(let convert): return convert(arguments)
        // `date and time`, which asks for the rules of zones only where it is given one.
        case .evaluating: return ConversionFunctions.dateAndTime(arguments)
        }
    }
}
