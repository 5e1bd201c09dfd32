/// What one evaluation may cost. Exceeding any of them is an error of kind `limit`, in both languages.
package struct EvaluationLimits: Sendable, Hashable {
    /// Nodes visited plus list elements and characters touched.
    package var maxSteps: Int
    /// Nested nodes, calls of defined functions included.
    package var maxDepth: Int
    package var maxListSize: Int
    package var maxStringBytes: Int
    /// The result as JSON: small values can refer to each other so that their text is huge.
    package var maxResultBytes: Int

    package init(
        maxSteps: Int = 1_000_000, maxDepth: Int = 250, maxListSize: Int = 100_000, maxStringBytes: Int = 4 << 20,
        maxResultBytes: Int = 32 << 20
    ) {
        self.maxSteps = maxSteps
        self.maxDepth = maxDepth
        self.maxListSize = maxListSize
        self.maxStringBytes = maxStringBytes
        self.maxResultBytes = maxResultBytes
    }

    package static let standard = EvaluationLimits()
}

/// What a text may cost to parse.
enum ParseLimits {
    static let maxSourceBytes = 64 << 10
    /// Nested parentheses, brackets, calls and the like: each is a recursion of the parser.
    static let maxNesting = 100
    /// The depth of the tree, to which chains of operators add without recursion.
    static let maxDepth = 200
}
