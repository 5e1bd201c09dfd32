/// A function as a value; equal only to itself.
package final class FunctionValue: Sendable, Hashable {
    enum Body: Sendable {
        case builtIn(BuiltIn)
        /// `source`: the text that positions in the body count in.
        case defined(parameters: [Node.FormalParameter], body: Node, closure: Binding?, source: String)
        case host(HostFunction)
    }

    let body: Body

    init(_ body: Body) {
        self.body = body
    }

    package convenience init(_ function: HostFunction) {
        self.init(.host(function))
    }

    /// Whether it may be called with so many arguments; of a built-in function that shows when it is.
    func takes(_ count: Int) -> Bool {
        switch body {
        case .builtIn: true
        case .defined(let parameters, _, _, _): parameters.count == count
        case .host(let function): function.parameters.count == count
        }
    }

    package static func == (left: FunctionValue, right: FunctionValue) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}

/// A function that the host of an evaluation defines, such as a business knowledge model of DMN.
package struct HostFunction: Sendable {
    package struct Parameter: Sendable {
        package let name: String
        package let type: ExpressionType

        package init(name: String, type: ExpressionType) {
            self.name = name
            self.type = type
        }
    }

    package let name: String
    package let parameters: [Parameter]
    package let result: ExpressionType
    /// Which function it is, to the host.
    package let number: Int
    /// What its body sees.
    package let closure: Binding?

    package init(
        name: String, parameters: [Parameter], result: ExpressionType = .any, number: Int, closure: Binding? = nil
    ) {
        self.name = name
        self.parameters = parameters
        self.result = result
        self.number = number
        self.closure = closure
    }
}

/// What surrounds an evaluation that is part of something larger: functions and types that are not FEEL's own.
package protocol EvaluationHost: AnyObject {
    /// The arguments are as many as the parameters; of which types is not known yet.
    func call(
        _ function: HostFunction, with arguments: [Datum], in evaluator: inout Evaluator
    ) throws(ExpressionError) -> Datum

    /// Whether a value that is not null is of the type; nil if there is no such type. `converting`: with the values that
    /// the type allows.
    func isInstance(
        _ value: Datum, ofType name: String, converting: Bool, in evaluator: inout Evaluator
    ) throws(ExpressionError) -> Bool?
}
