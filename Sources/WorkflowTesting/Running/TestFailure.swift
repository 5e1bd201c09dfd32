package import Values

/// One way in which a test did not come out as its file says.
package struct TestFailure: Sendable, Hashable {
    /// In the test file.
    package let position: SourcePosition
    /// Which part of the test: `path`, `variables.orderId`, `step`.
    package let what: String
    package let expected: String
    package let found: String
}
