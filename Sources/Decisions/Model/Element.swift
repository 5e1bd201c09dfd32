import Expressions
import Values

/// A decision, input, business knowledge model or decision service of a model.
struct Element: Sendable {
    enum Kind: Sendable {
        case input
        /// Without logic its value is null, unless it is given.
        case decision(Boxed?)
        /// Numbers of functions.
        case knowledge(function: Int)
        case service(DecisionService)
    }

    let kind: Kind
    let id: String
    /// As the file writes it.
    let name: String
    let namespace: String
    /// What expressions call its value.
    let variable: String
    let type: ExpressionType
    let requirements: [Requirement]
    let position: SourcePosition
    let file: String
    /// What does not fit a type is converted as Camunda 7 does it.
    let followsCamunda: Bool

    var isDecision: Bool {
        if case .decision = kind { return true }
        return false
    }
}

struct DecisionService: Sendable {
    /// Numbers of elements.
    let outputs: [Int]
    /// Parameters, in the order of arguments: inputs, then decisions.
    let inputs: [Int]
    let function: Int
}

/// An element that another one reads.
struct Requirement: Sendable {
    let element: Int
    /// What the requiring element's file calls the file of the other; nil within a file, empty if it is imported
    /// without a name.
    let importName: String?
}

/// A type that the model defines.
struct ItemType: Sendable {
    let type: ExpressionType
    /// Unary tests of every value.
    let allowed: Expression?
}
