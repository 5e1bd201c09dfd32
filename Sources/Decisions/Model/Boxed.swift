import Expressions
import Values

/// A boxed expression of DMN, ready to be evaluated.
struct Boxed: Sendable {
    let kind: Kind
    /// The value is converted to it; null if it does not fit.
    let type: ExpressionType
    let position: SourcePosition

    indirect enum Kind: Sendable {
        case literal(Expression)
        /// Could not be read. Null, where a model is evaluated all the same.
        case invalid(Diagnostic)
        case context([Entry], result: Boxed?)
        case invocation(Boxed, [Argument])
        /// Number of a function of the model.
        case function(Int)
        case list([Boxed])
        case relation(columns: [String], rows: [[Boxed]])
        case iteration(variable: String, Boxed, body: Boxed)
        case quantified(every: Bool, variable: String, Boxed, condition: Boxed)
        case filter(Boxed, condition: Boxed)
        case conditional(Boxed, then: Boxed, otherwise: Boxed)
        case table(DecisionTable)
    }

    struct Entry: Sendable {
        let name: String
        let type: ExpressionType
        let value: Boxed
    }

    struct Argument: Sendable {
        let name: String
        let value: Boxed
    }
}

/// A decision table: inputs, rules, outputs, and what to do with the rules that match.
struct DecisionTable: Sendable {
    enum HitPolicy: String, Sendable {
        case unique = "UNIQUE"
        case first = "FIRST"
        case priority = "PRIORITY"
        case any = "ANY"
        case collect = "COLLECT"
        case ruleOrder = "RULE ORDER"
        case outputOrder = "OUTPUT ORDER"
    }

    enum Aggregation: String, Sendable {
        case sum = "SUM"
        case count = "COUNT"
        case min = "MIN"
        case max = "MAX"
    }

    struct Input: Sendable {
        let expression: Boxed
        let label: String
        /// Unary tests that every value passes.
        let allowed: Expression?
        /// The name that Camunda gives the value in the tests.
        let variable: String?
        /// The declared type, where the expression is a variable that nothing in the model declares: it comes from JSON, which has
        /// texts for dates and the like.
        let outside: ExpressionType?
    }

    struct Output: Sendable {
        /// Empty where there is only one.
        let name: String
        /// As the file writes it.
        let label: String
        let type: ExpressionType
        let allowed: Expression?
        /// The allowed values one by one, the most important first.
        let order: [Expression]
        let standard: Boxed?
    }

    struct Rule: Sendable {
        let id: String
        /// Nil: any value.
        let tests: [Expression?]
        let outputs: [Boxed]
        let annotations: [String]
    }

    let id: String
    let hitPolicy: HitPolicy
    let aggregation: Aggregation?
    let inputs: [Input]
    let outputs: [Output]
    let rules: [Rule]
    let position: SourcePosition
}

/// A function that the model defines: a boxed one, a business knowledge model or a decision service.
struct ModelFunction: Sendable {
    enum Body: Sendable {
        case boxed(Boxed)
        /// Number of the element.
        case knowledge(Int, Boxed)
        case service(Int)
    }

    let name: String
    let parameters: [HostFunction.Parameter]
    let body: Body
    let result: ExpressionType
}
