import Delivery
import Glibc
import Logging

/// What one link does with its connection. All calls come on the link's own thread.
protocol LinkRole: AnyObject {
    associatedtype Command: Sendable
    /// Takes a command; what needs the connection is done in `flush`.
    func receive(_ command: Command)
    /// A connection is there, prepared.
    func connected(at now: ContinuousClock.Instant)
    /// A frame of the connection.
    func receive(_ frame: AMQPFrame, from connection: AMQPConnection) throws(AMQPFailure)
    /// The bus has an alarm and takes no publishes, or (nil) has no alarm any more.
    func blocked(reason: String?)
    /// Sends what waits, after every turn of commands and frames.
    func flush(_ connection: AMQPConnection, at now: ContinuousClock.Instant) throws(AMQPFailure)
    /// The connection is gone, and with it everything that was on its way.
    func disconnected()
    /// Whether `flush` left something that goes out as soon as the socket takes more.
    var wantsToWrite: Bool { get }
    /// Ends what is overdue; answers when to be called again at the latest.
    func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant?
    /// There will be no connection any more: ends everything, also later commands.
    func stop()
}

extension LinkRole {
    var wantsToWrite: Bool { false }
}

enum LinkInput<Command: Sendable>: Sendable {
    case role(Command)
    case opened(ConnectionHandover, attempt: Int)
    case failed(String, attempt: Int)
    case start
    /// Closes the connection for good, then calls back.
    case stop(@Sendable () -> Void)
    /// Ends the thread.
    case end
}

/// Carries a fresh connection from the thread that made it to the thread that will use it: never used by both.
struct ConnectionHandover: @unchecked Sendable {
    let connection: AMQPConnection
}

/// A connection that is kept up, on a thread of its own: connects again when it is lost, with pauses that grow, and
/// hands frames and commands to its role.
///
/// off → connecting (start); connecting → up, pausing; up → pausing (lost); pausing → connecting; any → off (stop).
final class AMQPLink<Role: LinkRole> {
    private enum Phase {
        case off
        case pausing(until: ContinuousClock.Instant)
        case connecting
        case up(AMQPConnection, since: ContinuousClock.Instant)
    }

    private let role: Role
    private let mailbox: Mailbox<LinkInput<Role.Command>>
    private let environment: LinkEnvironment
    private var phase = Phase.off
    private var attempt = 0
    /// Failures in a row, for the pause.
    private var failures = 0
    private var hasToldFailure = false
    private var hasEnded = false
    private var hasStopped = false

    init(role: Role, mailbox: Mailbox<LinkInput<Role.Command>>, environment: LinkEnvironment) {
        self.role = role
        self.mailbox = mailbox
        self.environment = environment
    }

    /// The thread's body.
    func run() {
        while !hasEnded {
            for input in mailbox.take() { receive(input) }
            let hasMore = serve()
            let now = ContinuousClock.now
            if case .pausing(let until) = phase, until <= now { connect() }
            let deadline = role.expire(at: now)
            if !hasMore, !hasEnded { wait(until: deadline, from: now) }
        }
        drop(reason: "the bus is no longer used")
    }

    private func receive(_ input: LinkInput<Role.Command>) {
        switch input {
        case .role(let command): role.receive(command)
        case .start:
            if case .off = phase, !hasStopped { connect() }
        case .opened(let handover, let attempt):
            guard case .connecting = phase, attempt == self.attempt else { return }
            opened(handover.connection)
        case .failed(let reason, let attempt):
            guard case .connecting = phase, attempt == self.attempt else { return }
            // Once for each time that it is lost.
            let level: Logger.Level = hasToldFailure ? .debug : .warning
            hasToldFailure = true
            environment.log.log(
                level: level, "cannot reach the bus", metadata: ["link": "\(environment.kind)", "reason": "\(reason)"])
            failures += 1
            pause(reason: reason)
        case .stop(let done):
            stop()
            done()
        case .end: hasEnded = true
        }
    }

    // MARK: Connecting

    /// On a thread of its own, so that deadlines are kept meanwhile.
    private func connect() {
        phase = .connecting
        attempt += 1
        let attempt = attempt
        let mailbox = mailbox
        let environment = environment
        let started = startThread {
            do {
                mailbox.post(
                    .opened(ConnectionHandover(connection: try environment.open(attempt: attempt)), attempt: attempt))
            } catch {
                mailbox.post(.failed("\(error)", attempt: attempt))
            }
        }
        if !started { mailbox.post(.failed("the system has no thread left", attempt: attempt)) }
    }

    private func opened(_ connection: AMQPConnection) {
        let now = ContinuousClock.now
        environment.writeGuard.watch(connection.descriptor)
        phase = .up(connection, since: now)
        hasToldFailure = false
        environment.log.info("connected to the bus", metadata: ["link": "\(environment.kind)"])
        role.connected(at: now)
        environment.states.report(.connected, of: environment.kind)
    }

    private func pause(reason: String) {
        phase = .pausing(until: .now.advanced(by: environment.pause(afterFailures: failures)))
        environment.states.report(.disconnected(reason: reason), of: environment.kind)
    }

    /// Gives the connection up, if there is one.
    private func drop(reason: String) {
        guard case .up(_, let since) = phase else { return }
        // Before the descriptor is closed and its number given to something else.
        environment.writeGuard.forget()
        failures = since.duration(to: .now) > .seconds(5) ? 0 : failures + 1
        phase = .off
        role.disconnected()
        pause(reason: reason)
    }

    private func stop() {
        if case .up(let connection, _) = phase {
            environment.writeGuard.enter()
            connection.close()
            environment.writeGuard.leave()
        }
        drop(reason: "stopped")
        phase = .off
        hasStopped = true
        role.stop()
        environment.states.report(.disconnected(reason: "stopped"), of: environment.kind)
    }

    // MARK: Serving

    /// Frames and what is to be sent; true if more frames may wait inside the library, where `poll` does not see them.
    private func serve() -> Bool {
        guard case .up(let connection, _) = phase else { return false }
        environment.writeGuard.enter()
        defer { environment.writeGuard.leave() }
        let framesPerTurn = 512
        var count = 0
        do {
            while count < framesPerTurn, let frame = try connection.nextFrame() {
                count += 1
                try receive(frame, from: connection)
            }
            try role.flush(connection, at: .now)
            connection.releaseBuffers()
        } catch {
            let reason = environment.writeGuard.stallText ?? "\(error)"
            environment.log.warning("lost the bus", metadata: ["link": "\(environment.kind)", "reason": "\(reason)"])
            drop(reason: reason)
            return false
        }
        return count == framesPerTurn
    }

    private func receive(_ frame: AMQPFrame, from connection: AMQPConnection) throws(AMQPFailure) {
        switch frame {
        case .method(.connectionClose(let code, let text), _):
            try connection.answerConnectionClose()
            throw .connectionClosed(code: code, text: text)
        case .method(.blocked(let reason), _):
            environment.log.warning("the bus has an alarm: publishing waits", metadata: ["reason": "\(reason)"])
            role.blocked(reason: reason)
            environment.states.report(.blocked(reason: reason), of: environment.kind)
        case .method(.unblocked, _):
            environment.log.info("the bus has no alarm any more")
            role.blocked(reason: nil)
            environment.states.report(.connected, of: environment.kind)
        case .method, .header, .body, .nothing:
            try role.receive(frame, from: connection)
        }
    }

    private func wait(until deadline: ContinuousClock.Instant?, from now: ContinuousClock.Instant) {
        // Heartbeats are served only when somebody asks the library for frames: at least twice in an interval.
        var longest = Duration.seconds(5)
        var socket: Int32 = -1
        var events = Int16(POLLIN)
        switch phase {
        case .off, .connecting: break
        case .pausing(let until): longest = min(longest, now.duration(to: until))
        case .up(let connection, _):
            socket = connection.descriptor
            if role.wantsToWrite { events |= Int16(POLLOUT) }
            if connection.heartbeatSeconds > 0 {
                longest = min(longest, .milliseconds(500) * connection.heartbeatSeconds)
            }
        }
        if let deadline { longest = min(longest, now.duration(to: deadline)) }
        let (seconds, attoseconds) = max(.zero, longest).components
        // Rounded up: waking a little early would mean turning without anything due.
        let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        var descriptors = [
            pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: events, revents: 0),
        ]
        _ = poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: milliseconds))
    }
}
