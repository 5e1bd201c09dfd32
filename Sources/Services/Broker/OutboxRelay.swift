package import Delivery
package import Logging
import Values

/// Sends what transitions left in the outbox, at least once, in order; and notices of instances, once.
package struct OutboxRelay: Sendable {
    private let store: any ProcessStore
    private let bus: any MessageBus
    private let names: BusNames
    private let time: any TimeSource
    private let stored: Signal
    private let log: Logger
    /// How long it waits for a signal before it looks by itself.
    private let patience: Duration

    /// `stored` fires when there may be something in the outbox.
    package init(
        store: any ProcessStore, bus: any MessageBus, names: BusNames, time: any TimeSource, stored: Signal,
        patience: Duration = .seconds(1), log: Logger
    ) {
        self.patience = patience
        self.store = store
        self.bus = bus
        self.names = names
        self.time = time
        self.stored = stored
        self.log = log
    }

    /// Serves until cancelled.
    package func run() async throws {
        while !Task.isCancelled {
            do {
                while try await sendBatch() {}
            } catch {
                log.error("the outbox waits: \(error)")
            }
            _ = await stored.wait(until: time.now.advanced(by: patience), by: time)
        }
    }

    /// Sends the oldest messages; whether to go on.
    private func sendBatch() async throws -> Bool {
        let messages = try await store.outbox(limit: 100)
        guard !messages.isEmpty else { return false }
        let outcomes = await bus.publish(
            messages.map { message in
                BusMessage(
                    exchange: names.prefix + message.content.exchange, routingKey: message.content.routingKey,
                    messageID: "outbox:\(message.id)", type: message.content.type, body: message.content.body)
            }, timeout: .seconds(15))
        // Nobody listens (returned) is fine for what the outbox carries: cancels and notices.
        var sent: [Int64] = []
        for (message, outcome) in zip(messages, outcomes) {
            switch outcome {
            case .confirmed, .returned: sent.append(message.id)
            case .refused, .unknown, .notSent: break
            }
        }
        try await store.removeFromOutbox(sent)
        return sent.count == messages.count
    }

    /// Publishes notices on `waybill.events`, routing key `instance.<state>`; best effort.
    ///
    /// Of many, the first of each state asks whether anybody listens: where nobody does, the bus is spared the others.
    package func publish(_ notices: [InstanceNotice]) async {
        guard notices.count > Self.fewNotices else { return await send(notices) }
        var states: Set<String> = []
        var (first, others): ([InstanceNotice], [InstanceNotice]) = ([], [])
        for notice in notices {
            if states.insert(notice.state).inserted { first.append(notice) } else { others.append(notice) }
        }
        let asking = first.map { message(of: $0) }
        for (notice, outcome) in zip(first, await bus.publish(asking, timeout: .seconds(2))) {
            if case .returned = outcome { states.remove(notice.state) }
        }
        await send(others.filter { states.contains($0.state) })
    }

    private static let fewNotices = 20

    private func send(_ notices: [InstanceNotice]) async {
        guard !notices.isEmpty else { return }
        let messages = notices.map { notice in
            var message = message(of: notice)
            message.isNotice = true
            return message
        }
        _ = await bus.publish(messages, timeout: .seconds(2))
    }

    private func message(of notice: InstanceNotice) -> BusMessage {
        BusMessage(
            exchange: names.eventsExchange, routingKey: "instance.\(notice.state.lowercased())",
            correlationID: notice.instance, type: "instance",
            body: JSON.object([
                ("instance", .string(notice.instance)), ("state", .string(notice.state)),
                ("message", notice.message.map(JSON.string) ?? .null),
            ]).bytes)
    }

    /// Tells deployment services of other processes that the config store changed; lost ones are made good by their timers.
    package func publishConfigChange(_ revision: Revision) async {
        _ = await bus.publish(
            [
                BusMessage(
                    exchange: names.controlExchange, routingKey: names.configChangedKey, type: "config.changed",
                    body: JSON.object([(name: "revision", value: .number(revision.number))]).bytes)
            ], timeout: .seconds(2))
    }
}
