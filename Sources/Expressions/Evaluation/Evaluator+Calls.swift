import OrderedCollections
import Values

/// Calls of functions, and what they do with their arguments.
extension Evaluator {
    /// A bound function first, then a built-in one; null if there is none or the arguments do not fit.
    mutating func call(
        _ callee: Node, _ arguments: Node.Arguments, _ binding: Binding?, at node: Node
    ) throws(Fault) -> Datum {
        if case .name(let name) = callee.kind, let builtIn = BuiltIn.named(name),
            Binding.lookup(name, in: binding) == nil
        {
            return try call(.builtIn(builtIn), arguments, binding, at: node)
        }
        guard case .function(let function) = try evaluate(callee, in: binding) else { return .null }
        return try call(function.body, arguments, binding, at: node)
    }

    private mutating func call(
        _ function: FunctionValue.Body, _ arguments: Node.Arguments, _ binding: Binding?, at node: Node
    ) throws(Fault) -> Datum {
        switch arguments {
        case .positional(let nodes):
            var values: [Datum] = []
            values.reserveCapacity(nodes.count)
            for argument in nodes { values.append(try evaluate(argument, in: binding)) }
            return try apply(function, to: values, at: node)
        case .named(let entries):
            var values: [(name: String, value: Datum)] = []
            for entry in entries { values.append((entry.name, try evaluate(entry.value, in: binding))) }
            return try apply(function, toNamed: values, at: node)
        }
    }

    mutating func apply(_ function: FunctionValue, to values: [Datum], at node: Node) throws(Fault) -> Datum {
        try apply(function.body, to: values, at: node)
    }

    private mutating func apply(
        _ function: FunctionValue.Body, to values: [Datum], at node: Node
    ) throws(Fault) -> Datum {
        switch function {
        case .builtIn(let builtIn):
            guard let arguments = builtIn.arguments(values) else { return .null }
            return try run(builtIn, arguments, at: node)
        case .defined(let parameters, let body, let closure, let source):
            guard parameters.count == values.count else { return .null }
            return try run(parameters, values, body, closure, source, at: node)
        case .host(let hosted):
            return try run(hosted, values, at: node)
        }
    }

    /// Calls a function value from outside of an expression.
    package mutating func apply(_ function: FunctionValue, to values: [Datum]) throws(ExpressionError) -> Datum {
        do throws(Fault) {
            return try apply(function, to: values, at: Node(.literal(.null), at: 0))
        } catch {
            throw error.located(in: source)
        }
    }

    /// The same with named arguments; null if the names do not fit.
    package mutating func apply(
        _ function: FunctionValue, toNamed values: [(name: String, value: Datum)]
    ) throws(ExpressionError) -> Datum {
        do throws(Fault) {
            return try apply(function.body, toNamed: values, at: Node(.literal(.null), at: 0))
        } catch {
            throw error.located(in: source)
        }
    }

    private mutating func apply(
        _ function: FunctionValue.Body, toNamed values: [(name: String, value: Datum)], at node: Node
    ) throws(Fault) -> Datum {
        switch function {
        case .builtIn(let builtIn):
            guard let arguments = builtIn.arguments(named: values) else { return .null }
            return try run(builtIn, arguments, at: node)
        case .defined(let parameters, let body, let closure, let source):
            guard let ordered = Evaluator.ordered(values, as: parameters.map(\.name)) else { return .null }
            return try run(parameters, ordered, body, closure, source, at: node)
        case .host(let hosted):
            guard let ordered = Evaluator.ordered(values, as: hosted.parameters.map(\.name)) else { return .null }
            return try run(hosted, ordered, at: node)
        }
    }

    /// The values in the order of `names`; nil unless each has one.
    private static func ordered(_ values: [(name: String, value: Datum)], as names: [String]) -> [Datum]? {
        guard names.count == values.count else { return nil }
        var ordered: [Datum] = []
        for name in names {
            guard let value = values.first(where: { $0.name == name })?.value else { return nil }
            ordered.append(value)
        }
        return ordered
    }

    private mutating func run(_ function: HostFunction, _ values: [Datum], at node: Node) throws(Fault) -> Datum {
        guard let host, function.parameters.count == values.count else { return .null }
        do throws(ExpressionError) {
            return try nested { evaluator throws(ExpressionError) in
                try host.call(function, with: values, in: &evaluator)
            }
        } catch {
            throw Fault(error)
        }
    }

    private mutating func run(_ builtIn: BuiltIn, _ arguments: BuiltIn.Arguments, at node: Node) throws(Fault) -> Datum
    {
        try charge(arguments.weight, at: node)
        let result: Datum
        switch builtIn.body {
        case .pure(let body): result = body(arguments) ?? .null
        case .evaluating(let body): result = try body(&self, arguments, node)
        }
        try checkSize(of: result, at: node.offset)
        return resolved(result)
    }

    private mutating func run(
        _ parameters: [Node.FormalParameter], _ values: [Datum], _ body: Node, _ closure: Binding?, _ text: String,
        at node: Node
    ) throws(Fault) -> Datum {
        var inner = closure
        for (parameter, value) in zip(parameters, values) {
            guard let converted = try convert(value, to: parameter.type, at: node) else { return .null }
            inner = Binding(parameter.name, converted, in: inner)
        }
        let caller = source
        source = text
        defer { source = caller }
        do throws(Fault) {
            return try evaluate(body, in: inner)
        } catch {
            throw text == caller ? error : Fault(error.located(in: text))
        }
    }

    /// A date and time in a region with the region's offset; null if there is no such region.
    package func resolved(_ value: Datum) -> Datum {
        switch value {
        case .dateTime(let dateTime):
            guard case .region(let name) = dateTime.zone else { return value }
            return scope.zones.isZone(name) ? .dateTime(dateTime.resolved(by: scope.zones)) : .null
        case .time(let time):
            guard case .region(let name) = time.zone else { return value }
            return scope.zones.isZone(name) ? value : .null
        case .null, .bool, .number, .string, .list, .context, .date, .daysTimeDuration, .yearsMonthsDuration, .range,
            .function:
            return value
        }
    }

    /// Whether a value that is not null is of the type; nil if that is not known.
    package mutating func isInstance(
        _ value: Datum, of type: ExpressionType, converting: Bool
    ) throws(ExpressionError) -> Bool? {
        do throws(Fault) {
            return try isInstance(value, of: type, converting: converting, at: Node(.literal(.null), at: 0))
        } catch {
            throw error.located(in: source)
        }
    }

    /// As `convert(_:to:at:)`.
    package mutating func convert(_ value: Datum, to type: ExpressionType) throws(ExpressionError) -> Datum? {
        do throws(Fault) {
            return try convert(value, to: type, at: Node(.literal(.null), at: 0))
        } catch {
            throw error.located(in: source)
        }
    }

    /// The value if it has the type, or fits it by DMN's implicit conversions; nil if it does not.
    mutating func convert(_ value: Datum, to type: ExpressionType, at node: Node) throws(Fault) -> Datum? {
        if value.isNull { return value }
        if try isInstance(value, of: type, converting: true, at: node) != false { return value }
        let item = value.unwrappedSingleton
        if try isInstance(item, of: type, converting: true, at: node) == true { return item }
        if case .list(let element) = type,
            try isInstance(value, of: element, converting: true, at: node) == true
        {
            return .list([value])
        }
        if type == .dateTime, case .date(let date) = value { return .dateTime(ZonedDateTime(midnightOf: date)) }
        return nil
    }

    /// `instance of`: null is an instance of nothing but `Null`. Nil if that is not known here.
    ///
    /// `converting`: whether a place of the type takes the value, which is another question. Allowed values count then,
    /// and of a function only the number of its parameters and their types: what it returns is seen when it does.
    mutating func isInstance(
        _ value: Datum, of type: ExpressionType, converting: Bool = false, at node: Node
    ) throws(Fault) -> Bool? {
        try charge(1, at: node)
        switch (value, type) {
        case (.null, _): return type == .null
        case (_, .named(let name)):
            guard let host else { return nil }
            do throws(ExpressionError) {
                return try host.isInstance(value, ofType: name, converting: converting, in: &self)
            } catch {
                throw Fault(error)
            }
        case (_, .any): return true
        case (.bool, .boolean), (.number, .number), (.string, .string), (.date, .date), (.time, .time),
            (.dateTime, .dateTime), (.daysTimeDuration, .daysTimeDuration),
            (.yearsMonthsDuration, .yearsMonthsDuration):
            return true
        case (.list(let items), .list(let element)):
            return try allInstances(items.map { ($0, element) }, converting, at: node)
        case (.context(let members), .context(let types, _)):
            guard types.allSatisfy({ members[$0.name] != nil }) else { return false }
            return try allInstances(
                types.map { (members[$0.name] ?? .null, $0.type) }, converting, at: node)
        case (.range(let range), .range(let element)):
            return try allInstances(
                [range.start, range.end].compactMap { $0 }.map { ($0, element) }, converting, at: node)
        case (.function(let function), .function(let parameters, let result)):
            return function.isInstance(
                parameters: parameters, result: converting ? .any : result, converting: converting)
        default: return false
        }
    }

    /// Whether all are, null counting as any type; nil if none fails and one is not known.
    private mutating func allInstances(
        _ pairs: [(value: Datum, type: ExpressionType)], _ converting: Bool, at node: Node
    ) throws(Fault) -> Bool? {
        var isKnown = true
        for pair in pairs where !pair.value.isNull {
            switch try isInstance(pair.value, of: pair.type, converting: converting, at: node) {
            case false?: return false
            case true?: break
            case nil: isKnown = false
            }
        }
        return isKnown ? true : nil
    }
}

extension FunctionValue {
    /// Parameters by their declared types; of results, only `Any` is certain.
    fileprivate func isInstance(parameters: [ExpressionType], result: ExpressionType, converting: Bool) -> Bool {
        if parameters.isEmpty, result == .any, !converting { return true }
        switch body {
        case .builtIn: return converting
        case .defined(let own, _, _, _):
            guard own.count == parameters.count, result == .any else { return false }
            return zip(own, parameters).allSatisfy { $1.conforms(to: $0.type) }
        case .host(let function):
            guard function.parameters.count == parameters.count, converting || function.result.conforms(to: result)
            else {
                return false
            }
            return zip(function.parameters, parameters).allSatisfy { $1.conforms(to: $0.type) }
        }
    }
}
