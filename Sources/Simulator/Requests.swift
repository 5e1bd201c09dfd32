import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values

/// What clients ask of a world. Whoever hears nothing, or of a failure, asks again with the same key; some ask again anyway.
final class Requests: Sendable {
    private struct State {
        var open = 0
        /// What was promised: the instances that were named as started with a key.
        var started: [String: Set<InstanceID>] = [:]
        var orders: Set<String> = []
    }

    private let world: WorldParts
    private let servers: [ServerHost]
    private let random: SeededRandom
    private let state = Mutex(State())

    init(world: WorldParts, servers: [ServerHost]) {
        self.world = world
        self.servers = servers
        random = world.newRandom()
    }

    var isDone: Bool { state.withLock { $0.open == 0 } }
    var started: [(key: String, instances: [InstanceID])] {
        state.withLock { state in
            state.started.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
        }
    }
    var orders: [String] { state.withLock { $0.orders.sorted() } }

    func start(_ process: String, key: Int) async {
        let key = "\(process)-\(key)"
        await insist { server in
            let start = Command.Start(
                definition: DefinitionID(process: process, version: 1),
                variables: [
                    Variable(name: "n", value: .number(self.random.below(12))),
                    Variable(name: "key", value: .string(key)),
                ])
            let receipt = try await server.engine.start(start, key: key)
            self.world.story.note("client", "\(key) is \(receipt.instance.short)")
            self.state.withLock { _ = $0.started[key, default: []].insert(receipt.instance) }
        }
    }

    func order(_ id: Int) async {
        let id = "order-\(id)"
        await insist { server in
            _ = try await server.events.publish(
                EventService.Message(
                    name: "order", variables: [Variable(name: "order", value: .string(id))], id: id))
            self.state.withLock { _ = $0.orders.insert(id) }
        }
    }

    func signal(_ id: Int) async {
        await insist { server in _ = try await server.events.signal("stop", variables: [], id: "signal-\(id)") }
    }

    func cancel(_ number: Int, of histories: Histories) async {
        guard let instance = histories.instance(number) else { return }
        await insist { server in _ = try await server.engine.cancel(instance, reason: "not wanted") }
    }

    private func insist(_ request: @escaping @Sendable (Server) async throws -> Void) async {
        state.withLock { $0.open += 1 }
        var successes = random.chance(20) ? 2 : 1
        while successes > 0 {
            if let server = servers[random.below(servers.count)].server {
                do {
                    try await request(server)
                    successes -= 1
                    continue
                } catch is Rejection {
                    break
                } catch {
                    world.story.note("client", "asks again: \(error)")
                }
            }
            try? await world.scheduler.clock.sleep(for: .milliseconds(200 + random.below(800)))
        }
        state.withLock { $0.open -= 1 }
    }
}

/// Whoever does what no agent does.
final class Clerk: Sendable {
    private let world: WorldParts
    private let servers: [ServerHost]
    private let random: SeededRandom
    /// How often an instance was looked at.
    private let looks = Mutex<[InstanceID: Int]>([:])

    init(world: WorldParts, servers: [ServerHost]) {
        self.world = world
        self.servers = servers
        random = world.newRandom()
    }

    /// From this look on an instance that has tasks gets no messages and signals until they are done: an event that interrupts nothing
    /// makes another one each time, faster than few agents do them, and such a world would go on for ever.
    private static let patience = 100

    func work(on histories: Histories, retrying: Bool) async {
        for (id, instance) in histories.openInstances {
            let look = looks.withLock { looks in
                looks[id, default: 0] += 1
                return looks[id, default: 0]
            }
            let waits = look <= Self.patience || instance.openTasks.isEmpty
            for command in commands(for: instance, signaling: waits, retrying: retrying) {
                let host = servers[random.below(servers.count)]
                guard let server = host.server, !host.process.isStopped else { continue }
                // Two people do the same now and then; one of them is told that it is done.
                _ = try? await server.engine.command(command, of: id)
            }
        }
    }

    private func commands(for instance: ProcessInstance, signaling: Bool, retrying: Bool) -> [Command] {
        var commands = instance.openUserTasks.map { task in
            Command.completeUserTask(
                number: task.number, variables: [Variable(name: "n", value: .number(random.below(12)))])
        }
        for subscription in signaling ? instance.openSubscriptions : [] {
            switch subscription.kind {
            case .message, .call: commands.append(.correlate(subscription: subscription.number, variables: []))
            case .signal(let name): commands.append(.signal(name: name, variables: []))
            case .condition: commands.append(.setVariables([Variable(name: "n", value: .number(random.below(12)))]))
            case .answer: break
            }
        }
        if retrying {
            commands += instance.openIncidents.map { .resolveIncident(number: $0.number, retries: nil) }
        }
        return commands
    }
}
