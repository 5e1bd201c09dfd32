/// One promise of a port, and how to see that a store keeps it.
package struct StoreConformanceCase<Store: Sendable>: Sendable, CustomStringConvertible {
    /// A sentence.
    package let name: String
    private let check: @Sendable (Store) async throws -> Void

    init(_ name: String, _ check: @escaping @Sendable (Store) async throws -> Void) {
        self.name = name
        self.check = check
    }

    /// Throws `StoreConformanceFailure` if the store, which must be fresh, does not keep the promise.
    package func run(on store: Store) async throws {
        try await check(store)
    }

    package var description: String { name }
}

/// What a store answered instead of what the port promises.
package struct StoreConformanceFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Requires a truth.
func requireOfStore(
    _ condition: Bool, _ message: @autoclosure () -> String, file: String = #fileID, line: Int = #line
) throws {
    guard condition else { throw StoreConformanceFailure(description: "\(file):\(line): \(message())") }
}

/// Requires that a store answered what was expected.
func requireAnswer<Answer: Equatable>(
    _ answer: Answer, _ expected: Answer, file: String = #fileID, line: Int = #line
) throws {
    try requireOfStore(answer == expected, "answered \(answer) instead of \(expected)", file: file, line: line)
}
