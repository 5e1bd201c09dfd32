import Foundation
import Services
import Synchronization

/// One connection on a queue of its own: what is given to it is done in order, and no shared thread waits for the server.
///
/// A connection that is lost is opened again by the next call; work that may be repeated is repeated then.
///
/// `@unchecked Sendable`: `connection`, `lastFailure` and `retryAt` are touched on `queue` only.
final class Lane: @unchecked Sendable {
    private let connector: Connector
    private let use: Connector.Use
    private let queue: DispatchQueue
    private let waiting = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)

    private var connection: Connection?
    private var lastFailure: (any Error)?
    private var retryAt = ContinuousClock.now

    init(_ name: String, _ use: Connector.Use, _ connector: Connector) {
        self.connector = connector
        self.use = use
        queue = DispatchQueue(label: "waybill.postgres.\(name)")
    }

    /// How much work waits or is done here.
    var load: Int { waiting.load(ordering: .relaxed) }

    /// Runs `body` on the queue, in its own time: cancelling the caller does not leave a commit half known.
    func run<Answer: Sendable>(_ body: @escaping @Sendable (Lane) throws -> Answer) async throws(StoreError) -> Answer {
        waiting.add(1, ordering: .relaxed)
        defer { waiting.subtract(1, ordering: .relaxed) }
        let result: Result<Answer, StoreError> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result.ofStore { try body(self) }) }
        }
        return try result.get()
    }

    /// Runs `body` on the queue some time; nobody waits for it, or hears of its failure.
    func enqueue(_ body: @escaping @Sendable (Lane) throws -> Void) {
        queue.async { try? body(self) }
    }

    /// Runs work that may be done twice: on a lost connection, or when others were in the way, it is done again.
    func repeatable<Answer: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Answer
    ) async throws(StoreError) -> Answer {
        try await run { lane in
            var attempt = 0
            while true {
                attempt += 1
                do {
                    return try lane.attempt(body)
                } catch let failure as PostgresFailure where failure.isTransient && attempt < 10 {
                    continue
                } catch let failure as PostgresFailure where failure.isLost && attempt < 3 {
                    continue
                }
            }
        }
    }

    /// Runs work that is done whole or not at all in one transaction.
    func transaction<Answer: Sendable>(
        _ body: @escaping @Sendable (Connection) throws -> Answer
    ) async throws(StoreError) -> Answer {
        try await repeatable { connection in try connection.transaction { try body(connection) } }
    }

    /// Ends the connection. Later calls throw `.misuse`.
    func close() async {
        isClosed.store(true, ordering: .releasing)
        await withCheckedContinuation { continuation in
            queue.async {
                self.connection = nil
                continuation.resume()
            }
        }
    }

    // MARK: On the queue

    /// Runs `body` on the connection, once. A connection that is lost, or left inside a transaction, is closed.
    func attempt<Answer>(_ body: (Connection) throws -> Answer) throws -> Answer {
        let connection = try connected()
        do {
            let answer = try body(connection)
            if !connection.isIdle { self.connection = nil }
            return answer
        } catch {
            connection.rollBack()
            if !connection.isIdle || (error as? PostgresFailure)?.isLost ?? false { self.connection = nil }
            throw error
        }
    }

    /// The connection, opened if there is none. Waits for a server that restarts or fails over, but one caller's patience
    /// is enough: those behind it are told at once, until it is time for the next attempt.
    private func connected() throws -> Connection {
        if isClosed.load(ordering: .acquiring) { throw StoreError(.misuse, "the store is closed") }
        if let connection { return connection }
        if let lastFailure, ContinuousClock.now < retryAt { throw lastFailure }
        let deadline = ContinuousClock.now.advanced(by: lastFailure == nil ? connector.configuration.patience : .zero)
        var pause = 0.02
        while true {
            do {
                let opened = try connector.connect(for: use)
                connection = opened
                lastFailure = nil
                return opened
            } catch {
                let failure = error as? PostgresFailure
                let isHopeless = failure == nil || failure?.isRefusal ?? false
                if isHopeless || ContinuousClock.now >= deadline || isClosed.load(ordering: .acquiring) {
                    lastFailure = error
                    retryAt = ContinuousClock.now.advanced(by: .milliseconds(500))
                    // The connection was never there: nothing was sent, nothing is unknown, and no repetition helps now.
                    throw StoreError(of: error)
                }
                // Jitter, so that many clients do not come back at the same instant.
                Thread.sleep(forTimeInterval: pause * Double.random(in: 0.5...1))
                pause = min(pause * 2, 1)
            }
        }
    }
}

extension StoreError {
    init(of error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as PostgresFailure: self.init(error)
        default: self.init(.unavailable, "\(error)")
        }
    }
}

extension Result where Failure == StoreError {
    /// Runs `body`; whatever it throws becomes a `StoreError`.
    static func ofStore(_ body: () throws -> Success) -> Result<Success, StoreError> {
        do {
            return .success(try body())
        } catch {
            return .failure(StoreError(of: error))
        }
    }
}
