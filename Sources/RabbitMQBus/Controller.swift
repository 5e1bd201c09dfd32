import Delivery
import DequeModule
import Logging
import Services

/// The control link: declares and passive declares, one after the other, each waiting for its answer. An error closes
/// the channel; nothing but these is on it.
final class Controller: LinkRole {
    struct Command: Sendable {
        enum Request: Sendable {
            case declare(Topology, @Sendable (Result<Void, BusError>) -> Void)
            case inspect(queue: String, @Sendable (Result<QueueStatus?, BusError>) -> Void)
        }
        var request: Request
        var deadline: ContinuousClock.Instant

        func fail(_ error: BusError) {
            switch request {
            case .declare(_, let done): done(.failure(error))
            case .inspect(_, let done): done(.failure(error))
            }
        }
    }

    private static let channel: UInt16 = 1
    private let topology: TopologyMemory
    private let writeGuard: WriteGuard
    private var waiting: Deque<Command> = []
    private var isChannelOpen = false
    private var hasStopped = false

    init(topology: TopologyMemory, writeGuard: WriteGuard) {
        self.topology = topology
        self.writeGuard = writeGuard
    }

    func receive(_ command: Command) {
        if hasStopped { return command.fail(.unavailable("the bus has been stopped")) }
        waiting.append(command)
    }

    func connected(at now: ContinuousClock.Instant) {
        isChannelOpen = false
    }

    func disconnected() {
        isChannelOpen = false
    }

    func blocked(reason: String?) {
        // Alarms stop publishing only.
    }

    func receive(_ frame: AMQPFrame, from connection: AMQPConnection) throws(AMQPFailure) {
        // Answers are taken by the calls that wait for them; what remains is the bus closing the channel by itself.
        if case .method(.channelClose, let channel) = frame {
            try connection.answerChannelClose(channel)
            isChannelOpen = false
        }
    }

    func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        while let overdue = waiting.firstIndex(where: { $0.deadline <= now }) {
            waiting.remove(at: overdue).fail(.unavailable("the bus is not connected"))
        }
        return waiting.map(\.deadline).min()
    }

    func stop() {
        hasStopped = true
        for command in waiting { command.fail(.unavailable("the bus has been stopped")) }
        waiting = []
    }

    func flush(_ connection: AMQPConnection, at now: ContinuousClock.Instant) throws(AMQPFailure) {
        while let command = waiting.popFirst() {
            do {
                if !isChannelOpen {
                    try connection.openChannel(Self.channel)
                    isChannelOpen = true
                }
                try perform(command, over: connection)
            } catch {
                command.fail(.unavailable("the bus went away: \(error)"))
                throw error
            }
            connection.releaseBuffers()
        }
    }

    private func perform(_ command: Command, over connection: AMQPConnection) throws(AMQPFailure) {
        writeGuard.enter()
        switch command.request {
        case .inspect(let queue, let done):
            do {
                let (messages, consumers) = try connection.inspect(queue: queue, channel: Self.channel)
                done(.success(QueueStatus(messages: messages, consumers: consumers)))
            } catch .channelClosed(let code, let text) {
                isChannelOpen = false
                done(code == 404 ? .success(nil) : .failure(.refused(code: code, "cannot look at \(queue): \(text)")))
            }
        case .declare(let added, let done):
            var refusal: BusError?
            try connection.declare(added, channel: Self.channel, between: writeGuard.enter) { what, code, text in
                isChannelOpen = false
                refusal = .refused(code: code, "cannot declare \(what): \(text)\(Self.advice(for: code))")
                return false
            }
            if let refusal { return done(.failure(refusal)) }
            topology.remember(added)
            done(.success(()))
        }
    }

    private static func advice(for code: Int) -> String {
        switch code {
        case 406:
            "; it exists with other properties: drain and delete it, or change what is mutable by a policy"
        case 403: "; give the bus user the permission to configure it"
        case 404: "; declare what it refers to first"
        default: ""
        }
    }
}
