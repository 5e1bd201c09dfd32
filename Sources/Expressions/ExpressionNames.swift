/// What the text of a FEEL expression may name besides single words: names that are variables, that may follow a dot,
/// and that are types.
package struct ExpressionNames: Sendable {
    package var variables: [String]
    package var members: [String]
    /// What a type is called in the text, and the name that its host knows it by.
    package var types: [String: String]

    package init(variables: [String] = [], members: [String] = [], types: [String: String] = [:]) {
        self.variables = variables
        self.members = members
        self.types = types
    }
}
