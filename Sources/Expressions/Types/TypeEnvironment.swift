/// What is known of the variables an expression can read.
package struct TypeEnvironment: Sendable {
    package struct Variable: Sendable, Hashable {
        package var name: String
        package var type: ExpressionType

        package init(name: String, type: ExpressionType) {
            self.name = name
            self.type = type
        }
    }

    package var variables: [Variable]
    /// Whether there are no other variables: reading one is then a problem.
    package var isComplete: Bool

    package init(_ variables: [Variable] = [], isComplete: Bool = false) {
        self.variables = variables
        self.isComplete = isComplete
    }
}

/// Something an expression does that cannot be meant.
package struct TypeProblem: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case unknownVariable, unknownFunction, unknownMember, argumentCount, mismatch
    }

    package var kind: Kind
    package var message: String
    /// Both count from 1.
    package var line: Int
    package var column: Int

    package init(kind: Kind, message: String, line: Int, column: Int) {
        self.kind = kind
        self.message = message
        self.line = line
        self.column = column
    }
}
