import Delivery
import Services
import Values

/// A queue of an `InMemoryBusServer`.
struct InMemoryBusQueue {
    struct Stored {
        /// Where it stands; kept when it comes back.
        var position: UInt64
        var message: BusMessage
        var expiresAt: Timestamp?
        /// How often it was delivered and came back.
        var returns = 0
    }

    let arguments: [BusMessage.Header]
    /// The client to which it is exclusive.
    let owner: Int?
    /// In the order of their positions.
    var ready: [Stored] = []
    /// In the order in which they take turns; the first one is next.
    var consumers: [Int] = []

    func text(_ name: String) -> String? {
        if case .string(let text) = arguments.first(where: { $0.name == name })?.value { text } else { nil }
    }

    func number(_ name: String) -> Int? {
        if case .integer(let number) = arguments.first(where: { $0.name == name })?.value {
            Int(clamping: number)
        } else {
            nil
        }
    }

    mutating func insert(_ stored: Stored) {
        let index = ready.lastIndex { $0.position < stored.position }.map { $0 + 1 } ?? 0
        ready.insert(stored, at: index)
    }
}

extension InMemoryBusState {
    /// As the real adapter's default.
    private static let maximumBodyBytes = 16 << 20

    mutating func publish(_ message: BusMessage, client id: Int) -> PublishOutcome {
        if message.body.count > Self.maximumBodyBytes {
            return .returned(code: 311, text: "the body has \(message.body.count) bytes")
        }
        if let lost = clients[id]?.publishesToLose, lost > 0 {
            clients[id]?.publishesToLose = lost - 1
            return .unknown
        }
        let outcome = take(message)
        if let lost = clients[id]?.confirmsToLose, lost > 0 {
            clients[id]?.confirmsToLose = lost - 1
            return .unknown
        }
        return outcome
    }

    private mutating func take(_ message: BusMessage) -> PublishOutcome {
        guard exchanges[message.exchange] != nil else {
            return .returned(code: 404, text: "NOT_FOUND - no exchange '\(message.exchange)'")
        }
        let targets = route(message, through: message.exchange, visited: [])
        if targets.isEmpty { return message.isNotice ? .confirmed : .returned(code: 312, text: "NO_ROUTE") }
        var outcome = PublishOutcome.confirmed
        for name in targets where !enqueue(message, in: name) { outcome = .refused }
        return outcome
    }

    /// The queues that take a message, each once, in the order of the bindings.
    private func route(_ message: BusMessage, through name: String, visited: [String]) -> [String] {
        guard let exchange = exchanges[name], !visited.contains(name) else { return [] }
        var targets: [String] = []
        for binding in exchange.bindings where !targets.contains(binding.queue) {
            let matches =
                switch exchange.kind {
                case .direct: binding.routingKey == message.routingKey
                case .fanout: true
                case .topic: Self.topic(binding.routingKey, matches: message.routingKey)
                }
            if matches { targets.append(binding.queue) }
        }
        if targets.isEmpty, let alternate = exchange.alternate {
            return route(message, through: alternate, visited: visited + [name])
        }
        return targets
    }

    /// `*` is one word, `#` any number of words.
    static func topic(_ pattern: String, matches key: String) -> Bool {
        func matches(_ pattern: ArraySlice<Substring>, _ words: ArraySlice<Substring>) -> Bool {
            guard let first = pattern.first else { return words.isEmpty }
            let rest = pattern.dropFirst()
            if first == "#" { return (words.startIndex...words.endIndex).contains { matches(rest, words[$0...]) } }
            guard let word = words.first, first == "*" || first == word else { return false }
            return matches(rest, words.dropFirst())
        }
        func words(_ text: String) -> ArraySlice<Substring> {
            text.split(separator: ".", omittingEmptySubsequences: false)[...]
        }
        return matches(words(pattern), key.isEmpty ? [] : words(key))
    }

    /// False if the queue is full and refuses.
    private mutating func enqueue(_ message: BusMessage, in name: String) -> Bool {
        guard let queue = queues[name] else { return true }
        if let limit = limits[name], queue.ready.count >= limit { return false }
        if let limit = queue.number("x-max-length"), queue.ready.count >= limit {
            if queue.text("x-overflow") == "reject-publish" { return false }
            if let oldest = queue.ready.first {
                queues[name]?.ready.removeFirst()
                // Into the same queue it would go round for ever.
                if queue.text("x-dead-letter-exchange") != message.exchange {
                    deadLetter(oldest.message, from: name, reason: "maxlen")
                }
            }
        }
        let expiresAt = message.expirationMilliseconds.map { now.advanced(by: .milliseconds($0)) }
        let stored = InMemoryBusQueue.Stored(position: newPosition(), message: message, expiresAt: expiresAt)
        queues[name]?.insert(stored)
        watch?.kept(message, in: name)
        dispatch(name)
        scheduleExpiry()
        return true
    }

    /// Puts a message that was delivered back in its place, unless it has come back too often.
    mutating func giveBack(_ stored: InMemoryBusQueue.Stored, to name: String) {
        guard let queue = queues[name] else { return }
        var stored = stored
        stored.returns += 1
        if let limit = queue.number("x-delivery-limit"), stored.returns > limit {
            return deadLetter(stored.message, from: name, reason: "delivery_limit")
        }
        queues[name]?.insert(stored)
        scheduleExpiry()
    }

    /// Gives what is ready to consumers that may take more, in turns.
    mutating func dispatch(_ name: String) {
        expire(name)
        while let queue = queues[name], let stored = queue.ready.first {
            let next = queue.consumers.first {
                guard let consumer = consumers[$0], !consumer.isStopped else { return false }
                return consumer.unacknowledged.count < consumer.prefetch
            }
            guard let next else { return }
            queues[name]?.ready.removeFirst()
            queues[name]?.consumers.removeAll { $0 == next }
            queues[name]?.consumers.append(next)
            deliver(stored, to: next)
            expire(name)
        }
    }

    // MARK: Expiration and dead letters

    /// Like a quorum queue, only from the head: what is behind a message that stays, stays too.
    private mutating func expire(_ name: String) {
        while let first = queues[name]?.ready.first, let expiresAt = first.expiresAt, expiresAt <= now {
            queues[name]?.ready.removeFirst()
            deadLetter(first.message, from: name, reason: "expired")
        }
    }

    mutating func expireAll() {
        scheduled = nil
        for name in queues.keys.sorted() { dispatch(name) }
        scheduleExpiry()
    }

    /// Asks the first of those who wait to wait until the next head expires, unless somebody waits for an earlier time.
    mutating func scheduleExpiry() {
        guard let timekeeper = timekeepers.first,
            let next = queues.values.compactMap({ $0.ready.first?.expiresAt }).min(),
            next < scheduled ?? next.advanced(by: .seconds(1))
        else { return }
        scheduled = next
        timekeeper.deadlines.yield(next)
    }

    mutating func deadLetter(_ message: BusMessage, from name: String, reason: String) {
        guard let queue = queues[name], let exchange = queue.text("x-dead-letter-exchange") else { return }
        var dead = message
        dead.headers = Self.deathHeaders(of: message, queue: name, reason: reason, at: now)
        dead.exchange = exchange
        dead.routingKey = queue.text("x-dead-letter-routing-key") ?? message.routingKey
        // Otherwise it would expire there as well.
        dead.expirationMilliseconds = nil
        for target in route(dead, through: exchange, visited: []) { _ = enqueue(dead, in: target) }
    }

    /// `x-death`: one entry for each queue and reason, the latest first, with a count.
    private static func deathHeaders(
        of message: BusMessage, queue: String, reason: String, at now: Timestamp
    ) -> [BusMessage.Header] {
        typealias Header = BusMessage.Header
        var deaths: [BusMessage.HeaderValue] = []
        if case .array(let earlier) = message.header("x-death") { deaths = earlier }
        var count: Int64 = 1
        let same = deaths.firstIndex { death in
            guard case .table(let entries) = death else { return false }
            return entries.contains(Header(name: "queue", value: .string(queue)))
                && entries.contains(Header(name: "reason", value: .string(reason)))
        }
        if let same, case .table(let entries) = deaths.remove(at: same),
            case .integer(let earlier) = entries.first(where: { $0.name == "count" })?.value
        {
            count += earlier
        }
        var entry = [
            Header(name: "count", value: .integer(count)), Header(name: "exchange", value: .string(message.exchange)),
            Header(name: "queue", value: .string(queue)), Header(name: "reason", value: .string(reason)),
            Header(name: "routing-keys", value: .array([.string(message.routingKey)])),
            Header(name: "time", value: .integer(now.millisecondsSinceEpoch / 1000)),
        ]
        if let expiration = message.expirationMilliseconds {
            entry.append(Header(name: "original-expiration", value: .string("\(expiration)")))
        }
        var headers = message.headers.filter { $0.name != "x-death" && $0.name != "x-delivery-count" }
        headers.append(Header(name: "x-death", value: .array([.table(entry)] + deaths)))
        if message.header("x-first-death-reason") == nil {
            headers.append(Header(name: "x-first-death-exchange", value: .string(message.exchange)))
            headers.append(Header(name: "x-first-death-queue", value: .string(queue)))
            headers.append(Header(name: "x-first-death-reason", value: .string(reason)))
        }
        return headers
    }
}
