/// What the text of a FEEL expression may name besides single words: names that are variables, that may follow a dot,
/// and that are types.
package struct ExpressionNames: Sendable {
    package var variables: [String]
    package var members: [String]
    /// What a type is called in the text, and the name that its host knows it by.
    package var types: [String: String]
    /// Other names of the tested value, `?`.
    package var tested: [String]

    package init(
        variables: [String] = [], members: [String] = [], types: [String: String] = [:], tested: [String] = []
    ) {
        self.variables = variables
        self.members = members
        self.types = types
        self.tested = tested
    }

    /// Whether DMN has a function of that name.
    package static func isBuiltIn(_ name: String) -> Bool { BuiltIn.standard(named: name) != nil }

    /// Whether the name is words alone, none of them a keyword: knowing it changes the meaning of nothing that could be read
    /// without.
    package static func isWords(_ name: String) -> Bool {
        let words = name.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
        return words.allSatisfy { word in
            word.first?.startsFEELName == true && word.allSatisfy(\.continuesFEELName)
                && !FEELParser.keywords.contains(String(word))
        }
    }
}
