import OrderedCollections
import Values

/// The methods JUEL may call: a fixed list of pure ones, under the names Java and Camunda give them. Nothing reaches
/// the host language.
extension Evaluator {
    mutating func method(
        _ receiver: Node, _ name: String, _ arguments: [Node], _ binding: Binding?, at node: Node
    ) throws(Fault) -> Datum {
        var values: [Datum] = []
        for argument in arguments { values.append(try evaluate(argument, in: binding)) }
        if let object = receiver.hostObject,
            let value = try host(object, name, values, at: node)
        {
            return value
        }
        let base = try evaluate(receiver, in: binding)
        var result: Datum?
        switch base {
        case .string(let string): result = try stringMethod(name, string, values, at: node)
        case .list(let items): result = try listMethod(name, items, values, at: node)
        case .context(let members): result = try contextMethod(name, members.keys.elements, base, values, at: node)
        case .dateTime(let moment): result = try dateTimeMethod(name, moment, values, at: node)
        case .null: throw Fault(.type, "cannot call `\(name)` on null", at: node.offset)
        case .bool, .number, .date, .time, .daysTimeDuration, .yearsMonthsDuration, .range, .function:
            result = nil
        }
        if result == nil { result = try commonMethod(name, base, values, at: node) }
        if let result {
            try checkSize(of: result, at: node.offset)
            return result
        }
        throw Fault(
            .name, "\(base.kindName) has no method `\(name)` with \(values.count) arguments", at: node.offset)
    }

    private mutating func stringMethod(
        _ name: String, _ string: String, _ arguments: [Datum], at node: Node
    ) throws(Fault) -> Datum? {
        try charge(string.utf8.count, at: node)
        switch (name, arguments.count) {
        case ("length", 0): return .number(Decimal128(string.utf16.count))
        case ("isEmpty", 0): return .bool(string.isEmpty)
        case ("toUpperCase", 0): return .string(string.uppercased())
        case ("toLowerCase", 0): return .string(string.lowercased())
        case ("trim", 0): return .string(string.trimmingSpace)
        case ("substring", 1...2), ("charAt", 1): return try substring(name, string, arguments, at: node)
        case ("replace", 2): return try replace(string, arguments, at: node)
        case ("contains", 1), ("startsWith", 1), ("endsWith", 1), ("equals", 1), ("equalsIgnoreCase", 1), ("concat", 1),
            ("indexOf", 1), ("lastIndexOf", 1), ("split", 1), ("matches", 1), ("compareTo", 1):
            guard case .string(let other) = arguments[0] else {
                if name == "equals" { return .bool(false) }
                throw Fault(.type, "`\(name)` needs a string, not \(arguments[0].kindName)", at: node.offset)
            }
            try charge(other.utf8.count, at: node)
            switch name {
            case "split": return .list(try JavaStrings.split(string, at: other, node).map { .string($0) })
            case "matches": return .bool(try JavaStrings.matches(string, other, node))
            case "compareTo": return .number(Decimal128(JavaStrings.order(string, other)))
            default: break
            }
            return StringSearch.method(name, string, other)
        default: return nil
        }
    }

    private func substring(
        _ name: String, _ string: String, _ arguments: [Datum], at node: Node
    ) throws(Fault) -> Datum {
        let units = Array(string.utf16)
        let start = try JUELCoercion.number(arguments[0], at: node.offset).intValue
        var end = start.flatMap { name == "charAt" ? ($0 < Int.max ? $0 + 1 : nil) : units.count }
        if arguments.count == 2 { end = try JUELCoercion.number(arguments[1], at: node.offset).intValue }
        guard let start, let end, start >= 0, start <= end, end <= units.count else {
            throw Fault(.type, "`\(name)` reaches beyond the string", at: node.offset)
        }
        return .string(String(decoding: units[start..<end], as: UTF16.self))
    }

    private mutating func replace(_ string: String, _ arguments: [Datum], at node: Node) throws(Fault) -> Datum {
        guard case .string(let target) = arguments[0], case .string(let replacement) = arguments[1] else {
            throw Fault(.type, "`replace` needs two strings", at: node.offset)
        }
        let pieces = StringSearch.split(string, at: target)
        let size = string.utf8.count + pieces.count * replacement.utf8.count
        guard size <= limits.maxStringBytes else {
            throw Fault(.limit, "a string has more than \(limits.maxStringBytes) bytes", at: node.offset)
        }
        return .string(pieces.joined(separator: replacement))
    }

    private mutating func listMethod(
        _ name: String, _ items: [Datum], _ arguments: [Datum], at node: Node
    ) throws(Fault) -> Datum? {
        try charge(items.count, at: node)
        switch (name, arguments.count) {
        case ("size", 0): return .number(Decimal128(items.count))
        case ("isEmpty", 0): return .bool(items.isEmpty)
        case ("contains", 1): return .bool(try position(of: arguments[0], in: items, at: node) != nil)
        case ("indexOf", 1): return .number(Decimal128(try position(of: arguments[0], in: items, at: node) ?? -1))
        case ("subList", 2):
            guard let start = try JUELCoercion.number(arguments[0], at: node.offset).intValue,
                let end = try JUELCoercion.number(arguments[1], at: node.offset).intValue,
                start >= 0, start <= end, end <= items.count
            else { throw Fault(.type, "`subList` reaches beyond the list", at: node.offset) }
            return .list(Array(items[start..<end]))
        case ("get", 1):
            guard case .number(let number) = arguments[0], let index = number.intValue, items.indices.contains(index)
            else {
                throw Fault(.type, "`get` needs an index below \(items.count)", at: node.offset)
            }
            return items[index]
        default: return nil
        }
    }

    private mutating func position(of value: Datum, in items: [Datum], at node: Node) throws(Fault) -> Int? {
        for (index, item) in items.enumerated() where try isEqual(item, value, at: node.offset) == true { return index }
        return nil
    }

    private mutating func contextMethod(
        _ name: String, _ keys: [String], _ context: Datum, _ arguments: [Datum], at node: Node
    ) throws(Fault) -> Datum? {
        guard case .context(let members) = context else { return nil }
        switch (name, arguments.count) {
        case ("size", 0): return .number(Decimal128(members.count))
        case ("isEmpty", 0): return .bool(members.isEmpty)
        case ("keySet", 0): return .list(keys.map { .string($0) })
        case ("values", 0): return .list(Array(members.values))
        case ("get", 1), ("containsKey", 1), ("has", 1):
            let member = JUELCoercion.string(arguments[0]).flatMap { members[$0] }
            return name == "get" ? member ?? .null : .bool(member != nil)
        case ("containsValue", 1):
            return .bool(try position(of: arguments[0], in: Array(members.values), at: node) != nil)
        default: return nil
        }
    }

    private mutating func commonMethod(
        _ name: String, _ base: Datum, _ arguments: [Datum], at node: Node
    ) throws(Fault) -> Datum? {
        switch (name, arguments.count) {
        case ("toString", 0): return .string(try text(of: base, at: node.offset) ?? "")
        case ("equals", 1): return .bool(try isEqual(base, arguments[0], at: node.offset) == true)
        case ("compareTo", 1):
            guard let order = FEELComparison.order(base, arguments[0]) else {
                throw Fault(
                    .type, "`compareTo` cannot compare \(base.kindName) with \(arguments[0].kindName)", at: node.offset)
            }
            return .number(Decimal128(order))
        case ("intValue", 0), ("longValue", 0):
            guard case .number(let number) = base else { return nil }
            return .number(number.isNegative ? number.ceiling : number.floor)
        case ("doubleValue", 0), ("booleanValue", 0):
            switch (base, name) {
            case (.number, "doubleValue"), (.bool, "booleanValue"): return base
            default: return nil
            }
        default: return nil
        }
    }

    /// `a[b]`: a member by name or an item counted from 0; null where there is none.
    mutating func juelIndex(_ base: Node, _ index: Node, _ binding: Binding?) throws(Fault) -> Datum {
        let value = try evaluate(base, in: binding)
        let key = try evaluate(index, in: binding)
        if value.isNull || key.isNull { return .null }
        switch value {
        case .context(let members):
            return JUELCoercion.string(key).flatMap { members[$0] } ?? .null
        case .list(let items):
            let number = try JUELCoercion.number(key, at: index.offset)
            guard let position = number.intValue, items.indices.contains(position) else { return .null }
            return items[position]
        case .null, .bool, .number, .string, .date, .time, .dateTime, .daysTimeDuration, .yearsMonthsDuration, .range,
            .function:
            throw Fault(.type, "\(value.kindName) has no members", at: index.offset)
        }
    }
}
