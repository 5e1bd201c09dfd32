import Foundation
import Glibc
import Services
import Synchronization

/// Tells other processes of commits, and hears of theirs, by NOTIFY.
///
/// Never inside the transaction of a commit: a transaction that notifies takes a lock of the whole server until its commit
/// is on disk, so that no two of them share an fsync. A notification alone writes nothing and takes microseconds.
///
/// `@unchecked Sendable`: the thread's own state is touched by that thread only.
final class Hinting: @unchecked Sendable {
    private static let channel = "waybill_commit"

    let received = Broadcast()
    private let connector: Connector
    /// Schema and process: who shares the database, and who hears itself.
    private let prefix: String
    private let payload: String
    private let isPending = Atomic<Bool>(false)

    private struct State {
        var isClosed = false
        var onEnd: CheckedContinuation<Void, Never>?
        var isRunning = false
    }
    private let state = Mutex(State())

    init(_ connector: Connector) {
        self.connector = connector
        prefix = connector.configuration.schema + " "
        payload = prefix + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Tells the others, on a lane's own time. Hints that have not left yet are one.
    func send(on lane: Lane) {
        guard connector.configuration.hints, isPending.exchange(true, ordering: .acquiringAndReleasing) == false else {
            return
        }
        lane.enqueue { lane in
            self.isPending.store(false, ordering: .releasing)
            _ = try lane.attempt { connection in
                try connection.run("SELECT pg_notify($1::text, $2::text)", [.text(Self.channel), .text(self.payload)])
            }
        }
    }

    func start() {
        state.withLock { $0.isRunning = true }
        let thread = Thread { self.listen() }
        thread.name = "waybill.postgres.hints"
        thread.start()
    }

    func close() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                state.isClosed = true
                if state.isRunning { state.onEnd = continuation }
                return !state.isRunning
            }
            if isOver { continuation.resume() }
        }
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func listen() {
        var pause = 0.1
        while !isClosed {
            do {
                let connection = try connector.connect(for: .listening)
                try connection.run([Connection.Statement(sql: "LISTEN \(Self.channel)", keepsPlan: false)])
                pause = 0.1
                // Whatever was said in between was not heard.
                received.fire()
                while !isClosed { try hear(connection) }
            } catch {
                let end = ContinuousClock.now.advanced(by: .seconds(pause * Double.random(in: 0.5...1)))
                while !isClosed, ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.05) }
                pause = min(pause * 2, 10)
            }
        }
        let waiter = state.withLock { state in
            state.isRunning = false
            return state.onEnd
        }
        waiter?.resume()
    }

    private func hear(_ connection: Connection) throws {
        var descriptor = pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0)
        // Wakes now and then to see whether it is over.
        guard poll(&descriptor, 1, 250) > 0 else { return }
        let heard = try connection.notifications()
        guard heard.contains(where: { $0.hasPrefix(prefix) && $0 != payload }) else { return }
        received.fire()
        // Hints of a busy neighbour come in hundreds a second, and each costs whoever listens a few questions.
        Thread.sleep(forTimeInterval: 0.01)
    }
}
