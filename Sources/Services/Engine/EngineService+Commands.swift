package import ProcessEngine
import Values

/// What operators and starters ask of the engine.
extension EngineService {
    package struct StartReceipt: Sendable, Hashable {
        package var instance: InstanceID
        /// Where the index must have come to, to show this start; 0 when nothing was written.
        package var position: Int64
        /// False when the idempotency key named an instance that existed.
        package var new: Bool
    }

    /// How an instance was started.
    package struct FirstStart: Sendable {
        /// Where it stands in the journal, with `new` = false.
        package var receipt: StartReceipt
        package var start: Event.InstanceStarted
        package var input: [Variable]
    }

    /// The start that was made with a key; nil if there is none.
    package func firstStart(withKey key: String) async throws -> FirstStart? {
        guard let id = try await store.instance(startedWith: key),
            let row = try await store.journal(of: id, after: 0).first
        else { return nil }
        let events = try EventCoding.decode(row.events)
        guard case .instanceStarted(let start)? = events.first else { return nil }
        var input: [Variable] = []
        if events.count > 1, case .variablesSet(_, let variables) = events[1] { input = variables }
        return FirstStart(
            receipt: StartReceipt(instance: id, position: row.position, new: false), start: start, input: input)
    }

    /// Starts an instance. With a `key` that was used before it answers the instance made then, and position 0.
    package func start(_ start: Command.Start, key: String?) async throws -> StartReceipt {
        let id = InstanceID(UUIDv7.text(at: time.now, random: random.next()))
        let outcome = try await submit([.command(id, .start(start), fence: nil, startKey: key)])[0]
        switch outcome {
        case .committed(let position):
            counters.started.add(1)
            return StartReceipt(instance: id, position: position, new: true)
        case .existing(let instance): return StartReceipt(instance: instance, position: 0, new: false)
        case .rejected(let rejection): throw rejection
        case .stale: throw Rejection(.conflict, "the start was overtaken; try again")
        case .failed(let error), .unreadable(let error): throw error
        }
    }

    /// Ends an instance now. Returns the position of the change.
    package func cancel(_ instance: InstanceID, reason: String) async throws -> Int64 {
        try await command(.cancel(reason: reason), of: instance)
    }

    /// Tries again what an incident stopped; all open incidents without a number. Returns the position of the change.
    package func retry(_ instance: InstanceID, incident: Int?, retries: Int?) async throws -> Int64 {
        if let incident { return try await command(.resolveIncident(number: incident, retries: retries), of: instance) }
        guard let state = try await self.instance(instance) else {
            throw Rejection(.gone, "there is no instance \(instance)")
        }
        guard !state.openIncidents.isEmpty else {
            throw Rejection(.conflict, "instance \(instance) has no open incident to retry")
        }
        var position: Int64 = 0
        for open in state.openIncidents {
            do {
                position = try await command(.resolveIncident(number: open.number, retries: retries), of: instance)
            } catch let rejection as Rejection where rejection.reason == .gone {
                // What went on after one of the others took it away.
                continue
            }
        }
        return position
    }

    /// Sets variables of the root scope: a repair. Returns the position of the change.
    package func setVariables(_ variables: [Variable], of instance: InstanceID) async throws -> Int64 {
        try await command(.setVariables(variables), of: instance)
    }

    /// The state of an instance, ended or not; nil if it never started.
    package func instance(_ id: InstanceID) async throws -> ProcessInstance? {
        if let cached = cache[id], !configuration.sharedStore { return cached.instance }
        return try await fold(id)?.instance
    }

    /// What a command would be rejected with now; nil: it would be carried out. Nothing is stored.
    func rehearse(_ command: Command, of instance: InstanceID) async throws -> Rejection? {
        let known = configuration.sharedStore ? nil : cache[instance]
        var current = known
        if current == nil { current = try await fold(instance) }
        guard let current else { return Rejection(.gone, "there is no instance \(instance)") }
        let surroundings = await surroundings()
        do {
            _ = try Engine.decide(command, for: current.instance, of: current.definition, in: surroundings)
            return nil
        } catch {
            return error
        }
    }

    /// Carries out a command of an operator, a person or a caller; durable on return. Returns the position of the change, 0 if
    /// nothing changed. Throws `Rejection` or `StoreError`.
    package func command(_ command: Command, of instance: InstanceID) async throws -> Int64 {
        switch try await submit([.command(instance, command, fence: nil, startKey: nil)])[0] {
        case .committed(let position): return position
        case .rejected(let rejection): throw rejection
        case .stale, .existing: throw Rejection(.conflict, "the instance changed at the same moment; try again")
        case .failed(let error), .unreadable(let error): throw error
        }
    }
}
