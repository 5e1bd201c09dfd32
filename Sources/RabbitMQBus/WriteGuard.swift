import Glibc
import Synchronization

/// Ends a connection whose thread is stuck in a write.
///
/// `amqp_basic_publish` waits without limit for a bus that does not read (rabbitmq-c issue 519). Only shutting the
/// socket down from another thread ends that call; the lock keeps the descriptor from being closed and reused
/// meanwhile.
final class WriteGuard: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        /// Since when the thread is inside the library; nil outside.
        var since: ContinuousClock.Instant?
        var stall: String?
    }
    private let state = Mutex(State())

    /// A new connection is used from now on.
    func watch(_ descriptor: Int32) {
        state.withLock { $0 = State(descriptor: descriptor) }
    }

    /// The connection is about to be closed.
    func forget() {
        state.withLock { $0 = State() }
    }

    /// The thread begins, or still is, to work in the library.
    func enter() {
        state.withLock { $0.since = .now }
    }

    func leave() {
        state.withLock { $0.since = nil }
    }

    /// Why the guard ended the connection; nil if it did not.
    var stallText: String? { state.withLock { $0.stall } }

    /// Ends the connection if its thread has been in the library for longer.
    func endIfStalled(longerThan limit: Duration) {
        state.withLock { state in
            guard let since = state.since, state.stall == nil, since.duration(to: .now) > limit else { return }
            state.stall = "the bus took no data for \(limit)"
            if state.descriptor >= 0 { _ = shutdown(state.descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Ends the connection as a network failure would.
    func endNow() {
        state.withLock { state in
            if state.descriptor >= 0 { _ = shutdown(state.descriptor, Int32(SHUT_RDWR)) }
        }
    }
}

/// Looks at the guards each second, on a thread of its own. False if there is no thread for it.
func startWatchdog(over guards: [WriteGuard], limit: Duration, until end: Mailbox<Void>) -> Bool {
    startThread {
        while end.take().isEmpty {
            var descriptor = pollfd(fd: end.descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&descriptor, 1, 1000)
            for each in guards { each.endIfStalled(longerThan: limit) }
        }
    }
}
