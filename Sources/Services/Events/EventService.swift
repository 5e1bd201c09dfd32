package import ProcessEngine
package import Values

/// Messages and signals from outside: over REST, the Camunda 7 dialect, and the command line.
package struct EventService: Sendable {
    private let engine: EngineService
    private let store: any EventStore
    private let registry: DefinitionRegistry
    private let time: any TimeSource

    package init(
        engine: EngineService, store: any EventStore, registry: DefinitionRegistry, time: any TimeSource
    ) {
        self.engine = engine
        self.store = store
        self.registry = registry
        self.time = time
    }

    package struct Message: Sendable, Hashable {
        package var name: String
        /// What a subscription's correlation key must equal; subscriptions without a key take any.
        package var key: JSON?
        /// Only instances with this business key; a process that it starts gets it.
        package var businessKey: String?
        /// Only this instance; nothing is started then.
        package var instance: InstanceID?
        package var variables: [Variable]
        /// The caller's: the same message is taken once.
        package var id: String?
        /// How long it waits for somebody who is not there yet.
        package var timeToLive: Duration
        /// For every instance that waits for it when it is delivered, once each; not for one of them.
        package var all = false

        package init(
            name: String, key: JSON? = nil, businessKey: String? = nil, instance: InstanceID? = nil,
            variables: [Variable] = [], id: String? = nil, timeToLive: Duration = .seconds(3600)
        ) {
            self.name = name
            self.key = key
            self.businessKey = businessKey
            self.instance = instance
            self.variables = variables
            self.id = id
            self.timeToLive = timeToLive
        }
    }

    /// Takes a message: durable on return, given to one who waits soon after, or kept for its time to live. False if a message of
    /// this id was taken before.
    package func publish(_ message: Message) async throws -> Bool {
        try Self.check(message.name)
        try Self.check(message.variables)
        guard message.key?.byteCount ?? 0 <= MessageLimits.keyBytes else {
            throw Rejection(.invalid, "a correlation key has at most \(MessageLimits.keyBytes) bytes")
        }
        let effect = Effect.message(
            Effect.Message(
                name: message.name, key: message.key?.canonical.text, businessKey: message.businessKey,
                instance: message.instance, variables: message.variables,
                timeToLive: max(message.timeToLive.milliseconds, 0), all: message.all))
        let isNew = try await store.post([effect.entry(at: time.now)], key: message.id.map { "message \($0)" })
        engine.inboxSignal.fire()
        return isNew
    }

    /// Takes a signal: durable on return, given to all who wait now, and to all processes that start with it, soon after.
    package func signal(_ name: String, variables: [Variable], id: String? = nil) async throws -> Bool {
        try Self.check(name)
        try Self.check(variables)
        let effect = Effect.signal(name: name, variables: variables, sender: nil)
        let isNew = try await store.post([effect.entry(at: time.now)], key: id.map { "signal \($0)" })
        engine.inboxSignal.fire()
        return isNew
    }

    /// Starts every process whose conditional start event holds for these variables; of one process, if it is named. Answers the
    /// instances that began.
    package func evaluateConditions(
        _ variables: [Variable], process: String? = nil, businessKey: String? = nil
    ) async throws -> [CorrelationResult] {
        var results: [CorrelationResult] = []
        for start in try await registry.starts(withCondition: variables, at: time.now)
        where process == nil || start.definition.process == process {
            let receipt = try await engine.start(
                await registry.command(for: start, variables: variables, businessKey: businessKey), key: nil)
            results.append(
                CorrelationResult(
                    instance: receipt.instance, definition: start.definition, businessKey: businessKey, started: true))
        }
        return results
    }

    private static func check(_ name: String) throws(Rejection) {
        guard !name.isEmpty else { throw Rejection(.invalid, "a message or signal needs a name") }
        guard name.utf8.count <= MessageLimits.nameBytes else {
            throw Rejection(.invalid, "the name of a message or signal has at most \(MessageLimits.nameBytes) bytes")
        }
    }

    /// Those who wait for it would refuse it.
    private static func check(_ variables: [Variable]) throws(Rejection) {
        guard !variables.contains(where: \.name.isEmpty) else { throw Rejection(.invalid, "a variable has no name") }
    }
}

extension EventService: MessageCorrelation {
    package func correlate(_ message: CorrelatedMessage) async throws -> [CorrelationResult] {
        // One that was taken by somebody else in between is looked for again.
        for _ in 0..<10 {
            let rows = try await waiting(for: message)
            guard message.all || rows.count <= 1 else {
                throw Rejection(.conflict, "\(rows.count) executions wait for it; name a business key or an instance")
            }
            if rows.isEmpty { return [try await start(with: message)] }
            var results: [CorrelationResult] = []
            for row in rows {
                do {
                    _ = try await engine.command(
                        .correlate(subscription: row.subscription.number, variables: message.variables),
                        of: row.instance)
                } catch let rejection as Rejection where rejection.reason == .gone {
                    continue
                }
                results.append(
                    CorrelationResult(
                        instance: row.instance, definition: row.subscription.definition,
                        businessKey: row.subscription.businessKey, started: false))
            }
            if !results.isEmpty { return results }
        }
        throw Rejection(.conflict, "those who wait for it change too fast; try again")
    }

    /// Who waits, and has the variables that the message names; at most one subscription of an instance.
    private func waiting(for message: CorrelatedMessage) async throws -> [SubscriptionRow] {
        let rows = try await store.subscriptions(
            SubscriptionQuery(
                kind: .message, name: message.name, businessKey: message.businessKey, instance: message.instance,
                limit: .max))
        var found: [SubscriptionRow] = []
        for row in rows where found.last?.instance != row.instance {
            if !message.correlationKeys.isEmpty {
                guard let state = try await engine.instance(row.instance) else { continue }
                let fits = message.correlationKeys.allSatisfy { key in
                    state.rootVariable(key.name)?.decoded() == key.value.decoded()
                }
                guard fits else { continue }
            }
            found.append(row)
        }
        return found
    }

    private func start(with message: CorrelatedMessage) async throws -> CorrelationResult {
        guard message.instance == nil, let start = try await registry.starts(withMessage: message.name).first else {
            throw Rejection(.gone, "No process definition or execution matches the parameters")
        }
        let receipt = try await engine.start(
            await registry.command(for: start, variables: message.variables, businessKey: message.businessKey), key: nil
        )
        return CorrelationResult(
            instance: receipt.instance, definition: start.definition, businessKey: message.businessKey, started: true)
    }
}
