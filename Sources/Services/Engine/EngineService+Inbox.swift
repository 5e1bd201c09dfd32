import Delivery
import Logging
import ProcessEngine
import Values

/// What came of an entry of the inbox.
private enum Plan {
    /// This command applies it.
    case command(InstanceID, Command, startKey: String?)
    /// These take its place.
    case redirect([InboxEntry.Content])
    /// It is looked at again later.
    case later
}

/// Applies what instances cause in each other: calls, messages, signals, and timers that start processes.
///
/// An entry goes away in the transition that applies it, so that it is applied once, whichever process gets to it first. The order
/// of one process is kept as far as entries concern one instance.
extension EngineService {
    private static let inboxLimit = 500
    /// How long an entry waits that cannot be applied as things are.
    private static let postponement = Duration.seconds(60)

    func inboxLoop() async {
        while !Task.isCancelled {
            var pause = configuration.longestSleep
            do {
                try await scheduleStartTimers()
                if try await applyInbox() { continue }
            } catch {
                log.error("the inbox waits: \(error)")
                pause = .seconds(1)
            }
            _ = await inboxSignal.wait(until: time.now.advanced(by: pause), by: time)
        }
    }

    /// Puts the timer start events of what is deployed into the inbox, each once: whoever does it first.
    private func scheduleStartTimers() async throws {
        for found in try await registry.timerStarts() {
            let start = found.start
            let key = "timer \(start.definition) \(start.element)"
            guard !scheduledTimers.contains(key) else { continue }
            if let due = found.timer.firstDue(of: start.element, at: time.now, zones: configuration.zones) {
                let entry = Effect.startTimer(start.definition, at: start.element, fired: 0).entry(at: due)
                _ = try await store.post([entry], key: key)
            } else {
                log.error("the timer \(start.element) that starts \(start.definition) is never due")
            }
            scheduledTimers.insert(key)
        }
    }

    /// Applies what is due; whether to look again at once.
    private func applyInbox() async throws -> Bool {
        let now = time.now
        var entries = try await store.inbox(at: now, limit: Self.inboxLimit)
        let due = Set(entries.map(\.id))
        entries += try await store.awaitedEntries(limit: Self.inboxLimit).filter { !due.contains($0.id) }
        guard !entries.isEmpty else { return false }
        var work: [Work] = []
        var applied: [(entry: InboxEntry, effect: Effect)] = []
        var progressed = false
        for entry in entries {
            guard let json = try? JSON(validating: entry.content.body, limits: EventCoding.limits),
                let effect = Effect(json)
            else {
                log.error("entry \(entry.id) of the inbox cannot be read; it is tried again in \(Self.postponement)")
                progressed = try await postpone(entry) || progressed
                continue
            }
            if entry.content.awaits != nil, entry.content.dueAt <= now {
                log.notice("nobody waited for \(effect.summary) in its time")
                progressed = try await store.redirect(entry.id, into: []) || progressed
                continue
            }
            switch try await plan(effect, of: entry, among: applied.map(\.effect), at: now) {
            case .command(let instance, let command, let key):
                work.append(.command(instance, command, fence: nil, startKey: key, entry: entry.id))
                applied.append((entry, effect))
            case .redirect(let contents):
                progressed = try await store.redirect(entry.id, into: contents) || progressed
            case .later: continue
            }
        }
        let outcomes = try await submit(work)
        for (item, outcome) in zip(applied, outcomes) {
            progressed = try await settle(item.entry, item.effect, outcome) || progressed
        }
        // What was not settled is tried again with a pause, or it would be a loop.
        return progressed
    }

    private func plan(
        _ effect: Effect, of entry: InboxEntry, among earlier: [Effect], at now: Timestamp
    ) async throws -> Plan {
        switch effect {
        case .call(let call): return try await start(call, at: now)
        case .cancelCall(let parent):
            return try await child(of: parent, among: earlier, .cancel(reason: "its call was canceled"))
        case .answerCall(let parent): return try await child(of: parent, among: earlier, .answerEscalation)
        case .endCall(let parent, let outcome):
            return .command(parent.instance, .endCall(call: parent.call, outcome), startKey: nil)
        case .signal(let name, let variables, let sender):
            return try await broadcast(name, variables, sender, at: now)
        case .deliverSignal(let instance, let name, let variables):
            return .command(instance, .signal(name: name, variables: variables), startKey: nil)
        case .start(let start, let businessKey, let variables):
            let command = await registry.command(for: start, variables: variables, businessKey: businessKey)
            return .command(newInstance(), .start(command), startKey: nil)
        case .message(let message): return try await deliver(message, entry, at: now)
        case .startTimer(let definition, let element, let fired):
            return try await startTimer(definition, element, fired, entry, at: now)
        }
    }

    /// The called instance has the call as its start key: it is made once, and found by it.
    private func start(_ call: Effect.Call, at now: Timestamp) async throws -> Plan {
        guard let definition = try await registry.called(call.target, by: call.caller) else {
            let outcome = CallOutcome.failed(
                message: "the process \(call.target.process) that it calls is not deployed, or closed for new instances"
            )
            return .redirect([Effect.endCall(call.parent, outcome).entry(at: now)])
        }
        var labels = InstanceLabels()
        labels.workflow = definition.workflow
        labels.workflowVersion = definition.workflowVersion
        labels.objectID = await registry.objectID(of: call.variables, for: definition) ?? call.objectID
        labels.correlationID = call.correlationID
        labels.runAs = call.runAs
        return .command(
            newInstance(),
            .start(
                Command.Start(
                    definition: definition.id, variables: call.variables, businessKey: call.businessKey,
                    labels: labels, parent: call.parent, caughtErrors: call.catches, priority: call.priority,
                    uniqueKey: await registry.uniqueKey(of: definition, businessKey: call.businessKey))),
            startKey: call.parent.startKey)
    }

    private func child(of parent: ParentCall, among earlier: [Effect], _ command: Command) async throws -> Plan {
        if let child = try await store.instance(startedWith: parent.startKey) {
            return .command(child, command, startKey: nil)
        }
        // Not made yet, or never will be: its request came before this one, and stays until it is settled.
        let isRequested = earlier.contains { if case .call(let call) = $0 { call.parent == parent } else { false } }
        return isRequested ? .later : .redirect([])
    }

    private func broadcast(
        _ name: String, _ variables: [Variable], _ sender: InstanceID?, at now: Timestamp
    ) async throws -> Plan {
        let rows = try await store.subscriptions(SubscriptionQuery(kind: .signal, name: name, limit: .max))
        var contents: [InboxEntry.Content] = []
        var last: InstanceID?
        for row in rows where row.instance != sender && row.instance != last {
            last = row.instance
            contents.append(Effect.deliverSignal(row.instance, name: name, variables: variables).entry(at: now))
        }
        for start in try await registry.starts(withSignal: name) {
            // An instance that waits at its start for this signal takes it, and no other begins with it.
            let isAwaited = rows.contains {
                $0.subscription.definition == start.definition && $0.subscription.element == start.element
            }
            guard !start.isParallel || !isAwaited else { continue }
            contents.append(Effect.start(start, businessKey: nil, variables: variables).entry(at: now))
        }
        return .redirect(contents)
    }

    private func deliver(_ message: Effect.Message, _ entry: InboxEntry, at now: Timestamp) async throws -> Plan {
        if message.all {
            let copies = try await copies(of: message, at: now)
            if !copies.isEmpty { return .redirect(copies) }
        }
        if let target = try await receiver(of: message) {
            switch target {
            case .subscription(let row):
                return .command(
                    row.instance,
                    .correlate(subscription: row.subscription.number, variables: message.variables), startKey: nil)
            case .start(let start):
                return .redirect([
                    Effect.start(start, businessKey: message.businessKey, variables: message.variables).entry(at: now)
                ])
            }
        }
        guard entry.content.awaits == nil else { return .later }
        guard message.timeToLive > 0 else {
            log.notice("nobody waits for the message \(message.name)")
            return .redirect([])
        }
        return .redirect([
            InboxEntry.Content(
                dueAt: now.advanced(by: .milliseconds(message.timeToLive)),
                awaits: InboxEntry.Awaited(name: message.name, key: message.key, businessKey: message.businessKey),
                body: Effect.message(message).json.bytes)
        ])
    }

    /// A message of its own for every instance that waits: they take the place of the one in one go, so that each is given one.
    private func copies(of message: Effect.Message, at now: Timestamp) async throws -> [InboxEntry.Content] {
        let rows = try await store.subscriptions(
            SubscriptionQuery(
                kind: .message, name: message.name, key: .matching(message.key), businessKey: message.businessKey,
                instance: message.instance, limit: .max))
        var seen: Set<InstanceID> = []
        return rows.filter { seen.insert($0.instance).inserted }.map { row in
            var copy = message
            copy.instance = row.instance
            copy.all = false
            // Who does not wait any more when it comes has gone on without it.
            copy.timeToLive = 0
            return Effect.message(copy).entry(at: now)
        }
    }

    /// Starts an instance, and is due again when the timer fires next. Only the newest version of an open process has timers.
    private func startTimer(
        _ definition: DefinitionID, _ element: ElementID, _ fired: Int, _ entry: InboxEntry, at now: Timestamp
    ) async throws -> Plan {
        guard
            let found = try await registry.timerStarts().first(where: {
                $0.start.definition == definition && $0.start.element == element
            })
        else {
            let isSuperseded = await registry.deployed.contains {
                $0.id.process == definition.process && $0.id.version > definition.version
            }
            // Closed for now: it is looked at again.
            return .redirect(
                isSuperseded
                    ? []
                    : [
                        Effect.startTimer(definition, at: element, fired: fired).entry(
                            at: now.advanced(by: .seconds(60)))
                    ])
        }
        var contents = [Effect.start(found.start, businessKey: nil, variables: []).entry(at: now)]
        if let next = found.timer.nextDue(
            after: entry.content.dueAt, firings: fired + 1, now: now, zones: configuration.zones)
        {
            contents.append(Effect.startTimer(definition, at: element, fired: fired + 1).entry(at: next))
        }
        return .redirect(contents)
    }

    /// What came of a command; whether the entry is gone.
    private func settle(_ entry: InboxEntry, _ effect: Effect, _ outcome: WorkOutcome) async throws -> Bool {
        switch outcome {
        // Nothing was written: nobody was interested.
        case .committed(position: 0), .existing: return try await store.redirect(entry.id, into: [])
        case .committed: return true
        // Another process has applied it.
        case .stale: return true
        case .rejected(let rejection):
            return try await reject(entry, effect, rejection.message, isGone: rejection.reason == .gone)
        case .unreadable(let error): return try await reject(entry, effect, "\(error)", isGone: false)
        case .failed: return false
        }
    }

    /// Makes room for what came later: entries are read in their order, and only so many at a time.
    private func postpone(_ entry: InboxEntry) async throws -> Bool {
        var content = entry.content
        content.dueAt = time.now.advanced(by: Self.postponement)
        content.awaits = nil
        return try await store.redirect(entry.id, into: [content])
    }

    private func reject(
        _ entry: InboxEntry, _ effect: Effect, _ reason: String, isGone: Bool
    ) async throws -> Bool {
        switch effect {
        case .call(let call):
            let failed = Effect.endCall(call.parent, .failed(message: reason)).entry(at: time.now)
            return try await store.redirect(entry.id, into: [failed])
        case .message(let message):
            // Who waited does no more: it is looked for somebody else.
            if isGone { return false }
            log.error("the message \(message.name) was refused, and is tried again in \(Self.postponement): \(reason)")
            return try await postpone(entry)
        case .start(let start, _, _):
            log.error("\(start.definition) could not be started at \(start.element): \(reason)")
            return try await store.redirect(entry.id, into: [])
        case .cancelCall, .answerCall, .endCall, .signal, .deliverSignal, .startTimer:
            log.debug("\(effect.summary) found nobody: \(reason)")
            return try await store.redirect(entry.id, into: [])
        }
    }

    func newInstance() -> InstanceID { InstanceID(UUIDv7.text(at: time.now, random: random.next())) }
}

// MARK: - Who a message is for

extension EngineService {
    enum Receiver {
        case subscription(SubscriptionRow)
        case start(DefinitionRegistry.TriggeredStart)
    }

    /// The first that waits for a message, else the process that starts with it; nil: nobody.
    func receiver(of message: Effect.Message) async throws -> Receiver? {
        let rows = try await store.subscriptions(
            SubscriptionQuery(
                kind: .message, name: message.name, key: .matching(message.key), businessKey: message.businessKey,
                instance: message.instance, limit: 1))
        if let row = rows.first { return .subscription(row) }
        guard message.instance == nil, let start = try await registry.starts(withMessage: message.name).first else {
            return nil
        }
        return .start(start)
    }
}

extension ParentCall {
    /// Of the called instance.
    var startKey: String { "call \(instance) \(call)" }
}

extension Effect {
    /// For the log.
    fileprivate var summary: String {
        switch self {
        case .call(let call): "the call of \(call.target.process) by \(call.parent.instance)"
        case .cancelCall(let parent): "the cancel of a call by \(parent.instance)"
        case .answerCall(let parent): "an answer of \(parent.instance)"
        case .endCall(let parent, _): "the end of a call by \(parent.instance)"
        case .signal(let name, _, _), .deliverSignal(_, let name, _): "the signal \(name)"
        case .start(let start, _, _): "the start of \(start.definition) at \(start.element)"
        case .message(let message): "the message \(message.name)"
        case .startTimer(let definition, let element, _): "the timer \(element) of \(definition)"
        }
    }
}
