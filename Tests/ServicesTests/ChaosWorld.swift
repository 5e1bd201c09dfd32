import Contracts
import Delivery
import OrderedCollections
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Testing
import Values

/// One or two engines with a broker each, on one store and one bus.
final class ChaosWorld: Sendable {
    private struct Part: Sendable {
        let engine: EngineService
        let bus: InMemoryBus
    }

    private let seed: UInt64
    private let shop: Workshop
    private let server: InMemoryBusServer
    private let random: SeededRandom
    private let parts: [Part]
    private let agents: [ChaosAgent]
    private let brokers = Mutex<[Task<Void, any Error>]>([])
    /// All that ever ran.
    private let allBrokers = Mutex<[BrokerService]>([])
    private let started = Mutex<(keys: [String: Set<InstanceID>], attempts: Int)>(([:], 0))

    private var simulation: Simulation { shop.simulation }

    init(_ simulation: Simulation, seed: UInt64) async throws {
        self.seed = seed
        random = SeededRandom(seed: seed)
        shop = Workshop(simulation, seed: seed &+ 1_000_000)
        server = InMemoryBusServer(clock: simulation.clock)
        let contracts = [
            try Model.contract(
                "a", "errors: [{code: KNOWN}, {code: UNKNOWN}]\nheartbeat: PT5S\nretry: {maxAttempts: 3, backoff: PT1S}"
            ),
            try Model.contract(
                "b", "errors: [{code: KNOWN}, {code: UNKNOWN}]\ntimeout: PT20S\nretry: {maxAttempts: 2, backoff: PT2S}"),
            try Model.contract(
                "c", "errors: [{code: KNOWN}]\nheartbeat: PT5S\nconcurrency: 2\nretry: {maxAttempts: 4, backoff: PT1S}"),
        ]
        try await shop.deploy(Self.model(random.below(4)), contracts)
        var parts: [Part] = []
        for _ in 0...random.below(2) {
            let engine = shop.engine { configuration in
                configuration.sharedStore = true
                configuration.longestSleep = .seconds(5)
            }
            parts.append(Part(engine: engine, bus: InMemoryBus(server)))
        }
        self.parts = parts
        var agents: [ChaosAgent] = []
        for contract in ["a", "b", "c"] {
            for _ in 0...random.below(2) {
                agents.append(ChaosAgent(contract, on: server, clock: simulation.clock, random: random))
            }
        }
        self.agents = agents
    }

    private static func model(_ number: Int) -> [UInt8] {
        let timer = "<timerEventDefinition><timeDuration>PT15S</timeDuration></timerEventDefinition>"
        switch number {
        case 0: return Model.sequence("a", "b", "c")
        case 1: return Model.parallel("a", "b", "c", "a", "c")
        case 2:
            // start -> a -> b -> end, with c after 15 s beside a, and end on KNOWN
            return Model.bpmn(
                "<startEvent id=\"start\"/>" + Model.task("t1", "a") + Model.task("t2", "b") + Model.task("t3", "c")
                    + "<boundaryEvent id=\"late\" attachedToRef=\"t1\" cancelActivity=\"false\">\(timer)</boundaryEvent>"
                    + "<boundaryEvent id=\"known\" attachedToRef=\"t2\"><errorEventDefinition errorRef=\"e\"/></boundaryEvent>"
                    + "<endEvent id=\"end\"/>" + Model.chain("start", "t1", "t2", "end")
                    + Model.chain("late", "t3", "end") + Model.chain("known", "end"),
                declarations: "<error id=\"e\" errorCode=\"KNOWN\"/>")
        default:
            // start -> a -> end, taken away after 15 s by wait 15 s -> c -> end
            return Model.bpmn(
                "<startEvent id=\"start\"/>" + Model.task("t1", "a") + Model.task("t2", "c")
                    + "<boundaryEvent id=\"late\" attachedToRef=\"t1\">\(timer)</boundaryEvent>"
                    + "<intermediateCatchEvent id=\"wait\">\(timer)</intermediateCatchEvent>" + "<endEvent id=\"end\"/>"
                    + Model.chain("start", "t1", "end") + Model.chain("late", "wait", "t2", "end"))
        }
    }

    var services: [@Sendable () async throws -> Void] {
        var services: [@Sendable () async throws -> Void] = [{ try await self.keepBrokers() }]
        for part in parts {
            services.append({ try await part.engine.run() })
            services.append({ try await part.bus.run() })
        }
        for agent in agents { services.append({ try await agent.run() }) }
        return services
    }

    /// A broker for each engine; when the world ends they end too.
    private func keepBrokers() async throws {
        for index in parts.indices { startBroker(index) }
        while !Task.isCancelled { try? await simulation.clock.sleep(for: .seconds(100_000)) }
        for broker in brokers.withLock({ $0 }) {
            broker.cancel()
            _ = await broker.result
        }
    }

    private func startBroker(_ index: Int) {
        var configuration = BrokerConfiguration()
        configuration.delivery.queueLease = .seconds(30)
        configuration.dispatchLease = .seconds(10)
        configuration.pollWait = .seconds(10)
        configuration.inspection = .seconds(5)
        configuration.pullers = 1 + random.below(4)
        configuration.pollLimit = 1 + random.below(10)
        let broker = BrokerService(
            engine: parts[index].engine, bus: parts[index].bus, time: simulation.clock, random: shop.random,
            configuration: configuration, log: .silent)
        allBrokers.withLock { $0.append(broker) }
        let task = simulation.start { try await broker.run() }
        brokers.withLock { brokers in
            if index < brokers.count { brokers[index] = task } else { brokers.append(task) }
        }
    }

    // MARK: What happens

    func disturb() async throws {
        let part = parts[random.below(parts.count)]
        switch random.below(18) {
        case 0...4: for _ in 0...random.below(3) { await start(part.engine) }
        case 5: part.bus.disconnect()
        case 6: part.bus.loseConfirms(of: 1 + random.below(3))
        case 7: part.bus.losePublishes(1 + random.below(3))
        case 8: shop.store.fail(.before)
        case 9: shop.store.fail(.after)
        case 10: server.setAlarm(random.chance(50) ? "memory" : nil)
        case 11: await restartBroker(random.below(parts.count))
        case 12:
            let all = try await journal.filter { $0.seq == 1 }.map(\.instance)
            guard !all.isEmpty else { break }
            _ = try? await part.engine.cancel(all[random.below(all.count)], reason: "chaos")
        case 13: server.deleteQueue(BusNames().taskQueue(of: .v1(["a", "b", "c"][random.below(3)])))
        case 14: shop.store.beforeNextCommit { part.bus.disconnect() }
        case 15: agents[random.below(agents.count)].vanish()
        default: for part in parts { part.bus.reconnect() }
        }
        await simulation.pass(.milliseconds(random.below(3) == 0 ? 0 : random.below(8000)))
    }

    private func start(_ engine: EngineService) async {
        let key = random.chance(30) ? "key-\(random.below(5))" : nil
        started.withLock { $0.attempts += 1 }
        guard let receipt = try? await engine.begin(key: key), let key else { return }
        started.withLock { _ = $0.keys[key, default: []].insert(receipt.instance) }
    }

    private func restartBroker(_ index: Int) async {
        let old = brokers.withLock { $0[index] }
        old.cancel()
        _ = await old.result
        startBroker(index)
    }

    /// All is well again: agents only work, and an operator retries what is stuck.
    func comeToRest() async throws {
        for agent in agents { agent.comeToReason() }
        server.setAlarm(nil)
        shop.store.beforeNextCommit {}
        for part in parts { part.bus.reconnect() }
        for _ in 0..<5 {
            for _ in 0..<60 where try await shop.store.nextDue() != nil { await simulation.pass(.seconds(10)) }
            let stuck = try await histories().filter { !Self.state($0.value).openIncidents.isEmpty }.keys
            if stuck.isEmpty { break }
            for instance in stuck { _ = try? await parts[0].engine.retry(instance, incident: nil, retries: nil) }
        }
        // Agents of the bad days may still have something to say.
        await simulation.pass(.seconds(70))
    }

    /// All that was committed, in order.
    var journal: [JournalRow] {
        get async throws { try await shop.store.inner.journal(after: 0, limit: .max) }
    }

    /// All that happened, by instance, in the order of their starts.
    private func histories() async throws -> OrderedDictionary<InstanceID, [Event]> {
        var histories: OrderedDictionary<InstanceID, [Event]> = [:]
        for row in try await journal { histories[row.instance, default: []] += try EventCoding.decode(row.events) }
        return histories
    }

    /// How often something went wrong, by its name.
    var trouble: OrderedDictionary<String, Int> {
        get async throws {
            var trouble: OrderedDictionary<String, Int> = [:]
            for broker in allBrokers.withLock({ $0 }) {
                let counters = await broker.counters
                for (name, count) in [
                    ("redelivered", counters.redelivered), ("published again", counters.republished),
                    ("returned", counters.returned), ("stale", counters.stale),
                    ("gone", counters.gone), ("unreadable", counters.malformed), ("expired", counters.expired),
                    ("dead-lettered", counters.deadLettered),
                ] { trouble[name, default: 0] += count }
            }
            for part in parts {
                trouble["leases lost", default: 0] += part.engine.counters.leasesLost.count
                trouble["conflicts", default: 0] += part.engine.counters.conflicts.count
            }
            return trouble
        }
    }

    private static func state(_ events: [Event]) -> ProcessInstance {
        var state = ProcessInstance()
        state.apply(events)
        return state
    }

    // MARK: What must be true

    func check() async throws {
        let note = "seed \(seed)"
        for (instance, events) in try await histories() {
            let state = Self.state(events)
            #expect(state.isEnded || !state.openIncidents.isEmpty, "\(note): \(instance) hangs")
            var ends: [Int: Int] = [:]
            for event in events {
                switch event {
                case .taskCompleted(let task), .taskErrorThrown(let task, _, _), .taskCanceled(let task):
                    ends[task, default: 0] += 1
                default: break
                }
            }
            #expect(ends.values.allSatisfy { $0 == 1 }, "\(note): a task of \(instance) ended twice")
            for task in state.openTasks {
                let row = try await shop.row(TaskID(instance: instance, number: task.number))
                #expect(row?.phase == .suspended, "\(note): task \(instance).\(task.number) is lost")
            }
        }
        #expect(try await shop.store.inner.nextDue() == nil, "\(note): something is left over")
        for instances in started.withLock({ $0.keys }).values {
            #expect(instances.count == 1, "\(note): one key made several instances")
        }
        for queue in [BusNames().resultsQueue(partition: 0), BusNames().deadQueue, BusNames().unroutableQueue] {
            #expect(server.ready(in: queue).isEmpty, "\(note): messages are left in \(queue)")
        }
    }
}
