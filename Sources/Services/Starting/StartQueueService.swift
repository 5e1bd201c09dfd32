package import Delivery
package import Logging
import ProcessEngine
import Synchronization
import Values

/// Starts workflows that are asked for over the bus: a queue `start.<workflow>` for each deployed workflow contract.
///
/// A message is acknowledged after the commit of its start, and its id is the idempotency key: one that comes again starts nothing
/// more and is answered again. What is refused goes to the queue of refused starts with the reason, and whoever asked for an
/// answer hears of it. So it is with a start of what is no workflow here, if the bus passes on what no queue takes
/// (`BusNames.unknownStartsQueue`).
package struct StartQueueService: Sendable {
    private let starts: StartService
    private let registry: DefinitionRegistry
    private let bus: any MessageBus
    private let names: BusNames
    private let queueType: QueueType
    private let time: any TimeSource
    private let log: Logger
    private let isReady: @Sendable () async -> Bool

    /// Unacknowledged messages of one queue.
    private static let prefetch = 200
    private static let publishTimeout: Duration = .seconds(30)

    /// - Parameter isReady: whether the bus is known to be that of this store; until it is, nothing is taken.
    package init(
        starts: StartService, registry: DefinitionRegistry, bus: any MessageBus, names: BusNames, queueType: QueueType,
        time: any TimeSource, log: Logger, isReady: @escaping @Sendable () async -> Bool = { true }
    ) {
        self.starts = starts
        self.registry = registry
        self.bus = bus
        self.names = names
        self.queueType = queueType
        self.time = time
        self.log = log
        self.isReady = isReady
    }

    /// Serves until cancelled, workflows that are deployed later too.
    package func run() async throws {
        while await !isReady() {
            try await time.sleep(for: .milliseconds(200))
        }
        await withDiscardingTaskGroup { group in
            group.addTask { await serve(nil) }
            var served: Set<String> = []
            for await _ in await registry.policyChanges() {
                for workflow in await registry.workflows where served.insert(workflow).inserted {
                    group.addTask { await serve(workflow) }
                }
            }
        }
    }

    /// - Parameter workflow: nil: what no workflow's queue takes; each message says what it asks for.
    private func serve(_ workflow: String?) async {
        let queue = workflow.map(names.startQueue) ?? names.unknownStartsQueue
        guard await declare(workflow), let subscription = await subscribe(to: queue) else { return }
        let newest = Connection()
        // Each by itself: one that waits holds up no other. Those that come together are committed together.
        await withDiscardingTaskGroup { group in
            for await batch in subscription.deliveries {
                for delivery in batch {
                    newest.epoch.store(delivery.tag.epoch, ordering: .relaxed)
                    group.addTask {
                        let message = delivery.message
                        let asked = Asked(
                            workflow: workflow ?? names.workflow(ofStartKey: message.routingKey), queue: queue)
                        let isSettled = await settle(message, asked) {
                            delivery.tag.epoch == newest.epoch.load(ordering: .relaxed)
                        }
                        if isSettled { await subscription.ack([delivery.tag]) }
                    }
                }
            }
        }
        await subscription.cancel()
    }

    /// What a message asks for, and where it was found.
    private struct Asked {
        /// Nil: its routing key says nothing.
        var workflow: String?
        var queue: String
    }

    /// The bus's connection that the last delivery came over. What came over an earlier one comes again.
    private final class Connection: Sendable {
        let epoch = Atomic<Int>(0)
    }

    private func declare(_ workflow: String?) async -> Bool {
        var isTold = false
        while !Task.isCancelled {
            do {
                try await bus.declare(names.startTopology(workflows: workflow.map { [$0] } ?? [], queueType: queueType))
                return true
            } catch {
                if !isTold { log.error("\(workflow ?? "what is unknown") cannot be started over the bus: \(error)") }
                isTold = true
                try? await time.sleep(for: .seconds(10))
            }
        }
        return false
    }

    private func subscribe(to queue: String) async -> (any BusSubscription)? {
        while !Task.isCancelled {
            do {
                return try await bus.subscribe(Subscription(queue: queue, prefetch: Self.prefetch))
            } catch {
                log.error("the queue \(queue) cannot be consumed: \(error)")
                try? await time.sleep(for: .seconds(10))
            }
        }
        return nil
    }

    /// Starts what a message asks for, or puts it where refused ones are. False when cancelled before, or not wanted any more: the bus
    /// keeps it.
    private func settle(
        _ message: BusMessage, _ asked: Asked, while isWanted: @Sendable () -> Bool
    ) async -> Bool {
        guard let workflow = asked.workflow else {
            let detail = "the routing key \(message.routingKey) is not start.<workflow>"
            return await refuse(message, asked, "Bad request", detail, while: isWanted)
        }
        var pause: Duration = .milliseconds(100)
        while !Task.isCancelled, isWanted() {
            do {
                let start = try StartMessage(decoding: message)
                let started = try await starts.start(StartService.Request(start, workflow: workflow))
                await answer("started", started.json, to: message)
                return true
            } catch let error as EnvelopeError {
                return await refuse(message, asked, "Bad request", error.message, while: isWanted)
            } catch let rejection as Rejection {
                return await refuse(message, asked, rejection.reason.rawValue, rejection.message, while: isWanted)
            } catch let error where Self.isOfThisStart(error) {
                return await refuse(message, asked, "Not started", "\(error)", while: isWanted)
            } catch {
                log.error("starts of \(workflow) wait for the engine: \(error)")
                try? await time.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
        return false
    }

    /// Whether the same start would fail again, and for ever: the store does not take it, or its definition cannot be read.
    private static func isOfThisStart(_ error: any Error) -> Bool {
        guard let error = error as? StoreError else { return error is Diagnostics }
        return switch error.kind {
        case .misuse, .corrupt: true
        case .unavailable, .full, .inUse: false
        }
    }

    private func refuse(
        _ message: BusMessage, _ asked: Asked, _ reason: String, _ detail: String,
        while isWanted: @Sendable () -> Bool
    ) async -> Bool {
        log.warning("a start of \(asked.workflow ?? "nothing") over the bus was refused: \(detail)")
        let kept = StartMessage.refused(message, because: detail, by: asked.queue, names: names)
        while !Task.isCancelled, isWanted() {
            let outcome = await bus.publish([kept], timeout: Self.publishTimeout).first
            if outcome == .confirmed {
                let body = JSON.object([("reason", .string(reason)), ("detail", .string(detail))])
                await answer("refused", body, to: message)
                return true
            }
            try? await time.sleep(for: .seconds(1))
        }
        return false
    }

    /// Whoever asked may be gone: then nobody needs the answer.
    private func answer(_ type: String, _ body: JSON, to message: BusMessage) async {
        guard let answer = StartMessage.answer(type, body, to: message, names: names) else { return }
        let outcome = await bus.publish([answer], timeout: Self.publishTimeout).first
        if outcome != .confirmed { log.debug("the answer to a start did not reach \(answer.routingKey)") }
    }
}

extension StartService.Request {
    fileprivate init(_ message: StartMessage, workflow: String) {
        self.init(
            workflow: workflow, version: message.version, input: message.input, businessKey: message.businessKey,
            idempotencyKey: message.idempotencyKey,
            metadata: message.metadata.map { Variable(name: $0.name, value: $0.value) }, startedBy: message.startedBy,
            runAs: message.runAs, correlationID: message.correlationID, priority: message.priority)
    }
}

extension StartService.Started {
    fileprivate var json: JSON {
        .object([
            ("id", .string(receipt.instance.text)), ("workflow", .string(workflow)), ("version", .string(version)),
            ("definition", .string(definition.description)), ("new", .bool(receipt.new)),
            ("position", .string(String(receipt.position))),
        ])
    }
}
