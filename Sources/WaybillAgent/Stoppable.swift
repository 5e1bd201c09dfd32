/// Stops one piece of work from outside while it stays a structured child.
struct Stoppable: Sendable {
    private let signal: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (signal, continuation) = AsyncStream.makeStream()
    }

    func stop() {
        continuation.finish()
    }

    /// Runs the work; a stop cancels it. Returns when it has ended, either way.
    func run(_ work: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work() }
            group.addTask { for await _ in signal {} }
            await group.next()
            group.cancelAll()
        }
    }
}
