import Foundation
import RabbitMQBus
import Synchronization

/// The ruler: what the bus gives to a program that does nothing else.
///
/// Two legs as tasks and results go them: engine → task queue → worker → result queue → engine. Both persistent and
/// confirmed; the worker acknowledges a task only after its result is confirmed. Never more than `window` are on their way. They
/// go through the default exchange, since nothing is cheaper to the bus.
struct RawRoundTrips: Sendable {
    var address: RabbitMQAddress
    var queueType: String
    /// Precedes the names of the two queues.
    var prefix: String
    var taskBytes: Int
    var resultBytes: Int
    var window: Int
    var count: Int

    /// As many as the bus may send ahead.
    private static let prefetch: UInt16 = 1000

    private final class Shared: Sendable {
        let isStopped = Atomic(false)
        let workerIsReady = DispatchSemaphore(value: 0)
    }

    private var taskQueue: String { prefix + "raw.tasks" }
    private var resultQueue: String { prefix + "raw.results" }

    /// Round trips a second. The queues are there only while it runs.
    func run() async throws -> Double {
        try BusCheck.declare([taskQueue, resultQueue], type: queueType, at: address)
        let shared = Shared()
        let (worked, driven) = await withTaskCancellationHandler {
            async let worked = onThread(shared) { try work(shared) }
            async let driven = onThread(shared) { try drive(shared) }
            return (await worked, await driven)
        } onCancel: {
            shared.isStopped.store(true, ordering: .relaxed)
        }
        try BusCheck.delete(queues: [taskQueue, resultQueue], exchanges: [], at: address)
        // Of two sides that failed, one was only told to stop by the other.
        if case .failure(let error) = worked, !(error is CancellationError) { throw error }
        let rate = try driven.get()
        try worked.get()
        return rate
    }

    /// Runs one side on a thread of its own; when it fails, the other one stops too.
    private func onThread<Answer: Sendable>(
        _ shared: Shared, _ body: @escaping @Sendable () throws -> Answer
    ) async -> Result<Answer, any Error> {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                let result = Result { try body() }
                if case .failure = result { shared.isStopped.store(true, ordering: .relaxed) }
                shared.workerIsReady.signal()
                continuation.resume(returning: result)
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    // MARK: - The engine's side

    private func drive(_ shared: Shared) throws -> Double {
        let publisher = try AMQPConnection(address)
        try publisher.selectConfirms()
        let consumer = try AMQPConnection(address)
        try consumer.consume(resultQueue, prefetch: Self.prefetch)
        shared.workerIsReady.wait()
        let message = publishFrames(to: taskQueue, bytes: taskBytes, frameLimit: publisher.frameLimit)
        var confirms = ConfirmTally(capacity: count)
        var arrivals = Arrivals()
        var sent = 0
        let began = ContinuousClock.now
        while arrivals.count < count || confirms.count < count {
            let room = min(window - (sent - arrivals.count), count - sent)
            // Many frames in one write; the last ones go whatever they are.
            if room >= max(window / 8, 1) || (room > 0 && room == count - sent) {
                for _ in 0..<room { publisher.out.append(message) }
                try publisher.flush()
                sent += room
            }
            var sockets = [publisher, consumer].map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            poll(&sockets, 2, 1000)
            if shared.isStopped.load(ordering: .relaxed) { throw CancellationError() }
            if sockets[0].revents != 0 {
                try publisher.receive(wait: false)
                while let frame = try publisher.next() { try confirms.take(frame) }
            }
            if sockets[1].revents != 0 {
                try consumer.receive(wait: false)
                let before = arrivals.count
                while let frame = try consumer.next() { _ = try arrivals.take(frame) }
                if arrivals.count > before {
                    consumer.out.acknowledge(channel: AMQPConnection.channel, tag: arrivals.tag, multiple: true)
                    try consumer.flush()
                }
            }
        }
        return Double(count) / (ContinuousClock.now - began).seconds
    }

    // MARK: - The worker's side

    private func work(_ shared: Shared) throws {
        let connection = try AMQPConnection(address)
        try connection.selectConfirms()
        try connection.consume(taskQueue, prefetch: Self.prefetch)
        shared.workerIsReady.signal()
        let message = publishFrames(to: resultQueue, bytes: resultBytes, frameLimit: connection.frameLimit)
        var confirms = ConfirmTally(capacity: count)
        var arrivals = Arrivals()
        // The delivery that each result answers.
        var tags: [UInt64] = []
        tags.reserveCapacity(count)
        var acknowledged = 0
        while acknowledged < count {
            try connection.receive(wait: true)
            if shared.isStopped.load(ordering: .relaxed) { throw CancellationError() }
            while let frame = try connection.next() {
                try confirms.take(frame)
                if try arrivals.take(frame) {
                    tags.append(arrivals.tag)
                    connection.out.append(message)
                }
            }
            if confirms.prefix > acknowledged {
                acknowledged = confirms.prefix
                connection.out.acknowledge(
                    channel: AMQPConnection.channel, tag: tags[acknowledged - 1], multiple: true)
            }
            try connection.flush()
        }
    }

    private func publishFrames(to queue: String, bytes: Int, frameLimit: Int) -> [UInt8] {
        var frames = AMQPBuffer()
        frames.publish(
            channel: AMQPConnection.channel, exchange: "", routingKey: queue, body: Workload.text(bytes: bytes),
            frameLimit: frameLimit)
        return frames.bytes
    }
}

/// Deliveries as they come in: method, header, body.
private struct Arrivals {
    private(set) var count = 0
    /// Of the delivery that came last. One that is still coming is not to be acknowledged: it would be again when it is there.
    private(set) var tag: UInt64 = 0
    private var comingTag: UInt64 = 0
    private var missing = 0

    /// True if the frame is the last one of a delivery.
    mutating func take(_ frame: AMQPFrame) throws(AMQPTrouble) -> Bool {
        switch frame.kind {
        case .method:
            guard frame.method == .basicDeliver else { return false }
            var arguments = frame.arguments
            _ = arguments.shortString()
            comingTag = arguments.integer(UInt64.self) ?? comingTag
            return false
        case .header:
            guard frame.deliveryMode == AMQPProperties.persistent else {
                throw AMQPTrouble("a message arrived that is not persistent")
            }
            missing = frame.bodySize ?? 0
            return false
        case .body:
            missing -= frame.payload.count
            guard missing <= 0 else { return false }
            count += 1
            tag = comingTag
            return true
        case .heartbeat: return false
        }
    }
}

extension ConfirmTally {
    /// Takes a frame if it is a confirm.
    fileprivate mutating func take(_ frame: AMQPFrame) throws(AMQPTrouble) {
        switch frame.method {
        case .basicAck:
            var arguments = frame.arguments
            guard let tag = arguments.integer(UInt64.self), let flags = arguments.integer(UInt8.self) else { return }
            confirm(tag, multiple: flags & 1 == 1)
        case .basicNack: throw AMQPTrouble("the bus refused a message")
        default: return
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
