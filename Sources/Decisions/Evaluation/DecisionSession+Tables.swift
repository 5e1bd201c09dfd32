import Expressions
import OrderedCollections
import Values

/// Decision tables.
extension DecisionSession {
    /// A rule that matched, with the values of its outputs.
    private struct Hit {
        let number: Int
        let outputs: [Datum]
    }

    func evaluate(
        _ table: DecisionTable, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        var inputs: [Datum] = []
        for input in table.inputs {
            var value = try evaluate(input.expression, binding, &evaluator)
            if let type = input.outside {
                value = try coerce(
                    evaluator.resolved(fromText(value, as: type, nesting: 0)), to: type, at: input.expression.position,
                    &evaluator)
            }
            if let allowed = input.allowed, !value.isNull,
                try !holds(allowed, of: value, binding, &evaluator, at: table.position)
            {
                report("input-value", "the value of \(input.label) is not among the allowed ones", at: table.position)
                return .null
            }
            inputs.append(value)
        }
        var hits: [Hit] = []
        for (index, rule) in table.rules.enumerated() {
            guard try matches(rule, inputs, table, binding, &evaluator) else { continue }
            hits.append(Hit(number: index, outputs: try outputs(of: rule, table, binding, &evaluator)))
            if table.hitPolicy == .first { break }
        }
        let value = try decide(table, hits, binding, &evaluator)
        try record(try step(table, inputs, hits, value, &evaluator))
        return value
    }

    private func matches(
        _ rule: DecisionTable.Rule, _ inputs: [Datum], _ table: DecisionTable, _ binding: Binding?,
        _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Bool {
        for (index, test) in rule.tests.enumerated() {
            guard let test else { continue }
            var outer = binding
            if let variable = table.inputs[index].variable { outer = Binding(variable, inputs[index], in: outer) }
            // What Camunda calls the value in tests of other languages than FEEL.
            if test.language == .juel { outer = Binding("cellInput", inputs[index], in: outer) }
            guard try holds(test, of: inputs[index], outer, &evaluator, at: table.position) else { return false }
        }
        try evaluator.spend(1)
        return true
    }

    private func holds(
        _ tests: Expression, of value: Datum, _ binding: Binding?, _ evaluator: inout Evaluator,
        at position: SourcePosition
    ) throws(ExpressionError) -> Bool {
        do throws(ExpressionError) {
            return try evaluator.evaluate(tests, in: Binding("?", value, in: binding)) == .bool(true)
        } catch {
            failed(at: position)
            throw error
        }
    }

    private func outputs(
        of rule: DecisionTable.Rule, _ table: DecisionTable, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> [Datum] {
        var values: [Datum] = []
        for (output, entry) in zip(table.outputs, rule.outputs) {
            values.append(
                try coerce(
                    try evaluate(entry, binding, &evaluator), to: output.type, at: entry.position, &evaluator))
        }
        return values
    }

    // MARK: Hit policies

    private func decide(
        _ table: DecisionTable, _ hits: [Hit], _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        if hits.isEmpty { return try standard(table, binding, &evaluator) }
        for (index, output) in table.outputs.enumerated() {
            guard let allowed = output.allowed else { continue }
            for hit in hits where !hit.outputs[index].isNull {
                if try holds(allowed, of: hit.outputs[index], binding, &evaluator, at: table.position) { continue }
                report(
                    "output-value",
                    "rule \(hit.number + 1) gives \(output.name.isEmpty ? "a value" : output.name) that is not among "
                        + "the allowed ones", at: table.position)
                return .null
            }
        }
        switch table.hitPolicy {
        case .unique:
            guard hits.count == 1 else {
                let rules = hits.prefix(20).map { String($0.number + 1) }.joined(separator: ", ")
                report("hit-policy", "rules \(rules) match, where only one may", at: table.position)
                return .null
            }
            return result(hits[0], table)
        case .first: return result(hits[0], table)
        case .any:
            for hit in hits.dropFirst() {
                for (left, right) in zip(hit.outputs, hits[0].outputs)
                where try evaluator.isEqual(left, right) != true {
                    report(
                        "hit-policy",
                        "rules \(hits[0].number + 1) and \(hit.number + 1) match with different outputs",
                        at: table.position)
                    return .null
                }
            }
            return result(hits[0], table)
        case .priority:
            return result(try byPriority(hits, table, binding, &evaluator)[0], table)
        case .outputOrder:
            return .list(try byPriority(hits, table, binding, &evaluator).map { result($0, table) })
        case .ruleOrder: return .list(hits.map { result($0, table) })
        case .collect: return aggregate(hits, table)
        }
    }

    private func result(_ hit: Hit, _ table: DecisionTable) -> Datum {
        if table.outputs.count == 1 { return hit.outputs[0] }
        var members: OrderedDictionary<String, Datum> = [:]
        for (output, value) in zip(table.outputs, hit.outputs) { members[output.name] = value }
        return .context(members)
    }

    /// The default outputs; of a table that collects, nothing.
    private func standard(
        _ table: DecisionTable, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum {
        guard table.outputs.contains(where: { $0.standard != nil }) else {
            guard table.hitPolicy == .collect else { return .null }
            switch table.aggregation {
            case nil: return .list([])
            case .count: return .number(.zero)
            case .sum, .min, .max: return .null
            }
        }
        var values: [Datum] = []
        for output in table.outputs {
            guard let entry = output.standard else {
                values.append(.null)
                continue
            }
            values.append(
                try coerce(
                    try evaluate(entry, binding, &evaluator), to: output.type, at: entry.position, &evaluator))
        }
        return result(Hit(number: -1, outputs: values), table)
    }

    /// By the place of each output among its allowed values; rules of equal outputs stay in their order.
    private func byPriority(
        _ hits: [Hit], _ table: DecisionTable, _ binding: Binding?, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> [Hit] {
        var ranked: [(ranks: [Int], hit: Hit)] = []
        for hit in hits {
            var ranks: [Int] = []
            for (output, value) in zip(table.outputs, hit.outputs) {
                var rank = 0
                while rank < output.order.count,
                    try !holds(output.order[rank], of: value, binding, &evaluator, at: table.position)
                { rank += 1 }
                ranks.append(rank)
            }
            ranked.append((ranks, hit))
        }
        return ranked.enumerated().sorted {
            $0.element.ranks == $1.element.ranks
                ? $0.offset < $1.offset : $0.element.ranks.lexicographicallyPrecedes($1.element.ranks)
        }.map(\.element.hit)
    }

    // MARK: Aggregation

    private func aggregate(_ hits: [Hit], _ table: DecisionTable) -> Datum {
        guard let aggregation = table.aggregation else { return .list(hits.map { result($0, table) }) }
        if aggregation == .count { return .number(Decimal128(hits.count)) }
        var values: [Datum] = []
        for index in table.outputs.indices {
            values.append(fold(hits.map { $0.outputs[index] }, aggregation) ?? .null)
        }
        if values.contains(where: \.isNull) {
            report("aggregation", "the outputs cannot be aggregated by \(aggregation.rawValue)", at: table.position)
        }
        return result(Hit(number: -1, outputs: values), table)
    }

    private func fold(_ values: [Datum], _ aggregation: DecisionTable.Aggregation) -> Datum? {
        guard var result = values.first else { return nil }
        for value in values.dropFirst() {
            if aggregation == .sum {
                guard case .number(let left) = result, case .number(let right) = value,
                    let sum = left.adding(right)
                else { return nil }
                result = .number(sum)
            } else {
                guard let order = FEELComparison.order(value, result) else { return nil }
                if order == (aggregation == .min ? -1 : 1) { result = value }
            }
        }
        if aggregation == .sum {
            guard case .number = result else { return nil }
        } else if FEELComparison.order(result, result) == nil {
            return nil
        }
        return result
    }

    // MARK: Trace

    private func step(
        _ table: DecisionTable, _ inputs: [Datum], _ hits: [Hit], _ value: Datum, _ evaluator: inout Evaluator
    ) throws(ExpressionError) -> DecisionTrace {
        var shown: [DecisionTrace.Input] = []
        for (input, value) in zip(table.inputs, inputs) {
            shown.append(.init(label: input.label, value: try evaluator.json(of: value)))
        }
        var matched: [DecisionTrace.MatchedRule] = []
        for hit in hits {
            var outputs: [JSON] = []
            for output in hit.outputs { outputs.append(try evaluator.json(of: output)) }
            let rule = table.rules[hit.number]
            matched.append(
                .init(number: hit.number + 1, id: rule.id, outputs: outputs, annotations: rule.annotations))
        }
        return DecisionTrace(
            kind: .table, id: table.id, name: current.map { model.elements[$0].name } ?? "",
            value: try evaluator.json(of: value), inputs: shown, matched: matched)
    }
}
