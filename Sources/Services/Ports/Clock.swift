package import Values

/// Time and waiting. Services wait through it and in no other way, so that a simulator can own time.
package protocol TimeSource: Sendable {
    var now: Timestamp { get }
    /// Returns when that time has come; throws `CancellationError` when the task is cancelled first.
    func sleep(until deadline: Timestamp) async throws
}

extension TimeSource {
    package func sleep(for duration: Duration) async throws {
        try await sleep(until: now.advanced(by: duration))
    }
}

/// Randomness: ids, tokens and jitter.
package protocol RandomSource: Sendable {
    /// 128 random bits, unguessable in production.
    func next() -> (UInt64, UInt64)
}
