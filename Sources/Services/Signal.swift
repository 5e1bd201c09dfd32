package import Values

/// Wakes one waiting loop. Signals that come while nobody waits count as one.
package struct Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    package init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func fire() {
        continuation.yield()
    }

    /// Returns at the next signal; false when the task was cancelled.
    package func wait() async -> Bool {
        for await _ in stream { return !Task.isCancelled }
        return false
    }

    /// Returns at the next signal or at `deadline`, whichever is first; false when the task was cancelled.
    package func wait(until deadline: Timestamp, by time: any TimeSource) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await wait() }
            group.addTask { try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        return !Task.isCancelled
    }
}
