import Delivery
package import OrderedCollections
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values

/// What became of a world.
package struct Outcome: Sendable {
    package var schedule: Schedule
    package var violations: [Violation]
    /// How often something happened, by its name.
    package var counts: OrderedDictionary<String, Int>
    package var instances: Int
    package var tasks: Int
    package var jobs: Int
    /// From the first moment to the end of everything.
    package var time: Duration
    /// The same whenever the schedule is run.
    package var fingerprint: UInt64

    package var isSound: Bool { violations.isEmpty }
}

/// Runs a schedule: a world of servers and agents over a store and a bus, what is asked of it and what goes wrong in it; then all is
/// made well again, and looked at.
package final class World: Sendable {
    let parts: WorldParts
    let servers: [ServerHost]
    let agents: [AgentHost]
    let client: SimulatedProcess
    let requests: Requests
    let histories = Histories()
    private let driver: SimulatedProcess
    private let clerk: Clerk
    /// Things that go on beside the driver, which it waits for.
    private let errands = Mutex<[Task<Void, Never>]>([])

    var schedule: Schedule { parts.schedule }
    var clock: TestClock { parts.scheduler.clock }

    /// A world of fewer tasks shows little.
    private static let leastTasks = 10

    private init(_ parts: WorldParts) {
        self.parts = parts
        driver = SimulatedProcess("world", number: 0, on: parts.scheduler)
        client = SimulatedProcess("client", number: 1, on: parts.scheduler)
        let servers = (0..<parts.schedule.servers).map { ServerHost($0, world: parts) }
        self.servers = servers
        agents = parts.schedule.agents.enumerated().map { AgentHost($0.offset, $0.element, world: parts) }
        requests = Requests(world: parts, servers: servers)
        clerk = Clerk(world: parts, servers: servers)
    }

    package static func run(
        _ schedule: Schedule, without: Protection? = nil, tell: (@Sendable (String) -> Void)? = nil
    ) -> Outcome {
        let parts = WorldParts(schedule, without: without, tell: tell)
        let world = World(parts)
        let begin = parts.scheduler.clock.now
        do {
            try parts.scheduler.run(world.driver) { try await world.live() }
        } catch {
            parts.observer.violated(.world, "\(error)")
        }
        return Outcome(
            schedule: schedule, violations: parts.observer.violations, counts: parts.observer.counts,
            instances: world.histories.count, tasks: world.histories.tasks, jobs: parts.scheduler.jobs,
            time: parts.scheduler.clock.now.duration(since: begin), fingerprint: parts.scheduler.fingerprint)
    }

    private func live() async throws {
        _ = try await parts.database.deployments.deploy(
            Deployment(
                processes: Workload.processes(schedule), contracts: try Workload.contracts(schedule.profile)),
            at: clock.now)
        let timekeeper = InMemoryBus(parts.bus)
        let keeping = errand { try? await timekeeper.run() }
        for host in servers { try await host.start() }
        for host in agents { host.start() }
        let watches = agents.map { host in errand { await host.watch() } }
        let begin = clock.now
        for moment in schedule.moments {
            while clock.now < begin.advanced(by: .milliseconds(moment.at)) {
                let next = min(begin.advanced(by: .milliseconds(moment.at)), clock.now.advanced(by: .seconds(3)))
                try await clock.sleep(until: next)
                try await work(retrying: false)
            }
            parts.story.note("world", "\(moment.happening)")
            happen(moment.happening)
        }
        heal()
        try await comeToRest()
        for errand in errands.withLock({ $0 }) { await errand.value }
        for host in servers { await host.terminate() }
        for watch in watches + [keeping] {
            watch.cancel()
            await watch.value
        }
        for host in agents { host.kill() }
        for server in servers.flatMap(\.everyone) { await server.end() }
        for agent in agents.flatMap(\.everyone) { await agent.end() }
        try await checkAtEnd()
    }

    private func errand(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: driver) { await body() }
    }

    /// Something that ends after this time, or when the world is healed.
    func after(_ milliseconds: Int, _ body: @escaping @Sendable () async -> Void) {
        let task = errand {
            try? await self.clock.sleep(for: .milliseconds(milliseconds))
            await body()
        }
        errands.withLock { $0.append(task) }
    }

    func send(_ request: @escaping @Sendable () async -> Void) {
        let task = Task(executorPreference: client) { await request() }
        errands.withLock { $0.append(task) }
    }

    // MARK: Towards the end

    /// What began comes to its end; nothing begins any more.
    private func heal() {
        parts.story.note("world", "heals")
        for host in agents { host.comeToReason() }
    }

    /// What people do: user tasks, messages, and, when all is well, incidents.
    private func work(retrying: Bool) async throws {
        try await histories.read(parts.database)
        await clerk.work(on: histories, retrying: retrying)
    }

    /// Waits until everything has come to its end. Whoever waits for nothing but a lease that lasts for hours is lost.
    private func comeToRest() async throws {
        let patience = Workload.patience(schedule.profile)
        var lastSeen = (rows: -1, messages: -1)
        var since = clock.now
        var round = 0
        while true {
            try await clock.sleep(for: .seconds(1))
            round += 1
            try await work(retrying: round % 4 == 0)
            let seen = (rows: parts.database.rowCount, messages: unsettledMessages)
            if seen != lastSeen {
                lastSeen = seen
                since = clock.now
            }
            if try await isAtRest() {
                if histories.tasks >= Self.leastTasks { return }
                // Much came to an early end.
                send { [round] in await self.requests.start(Workload.drawn, key: 100 + round) }
            }
            guard clock.now.duration(since: since) < patience else {
                for text in try await hanging() { parts.observer.violated(.progress, text) }
                return
            }
        }
    }

    var unsettledMessages: Int {
        parts.bus.queueNames.reduce(parts.bus.unacknowledgedCount) { $0 + parts.bus.ready(in: $1).count }
    }

    private func isAtRest() async throws -> Bool {
        guard requests.isDone, histories.openInstances.isEmpty, unsettledMessages == 0 else { return false }
        guard try await isIndexed, await inFlight == 0 else { return false }
        guard try await isInboxEmpty else { return false }
        return try await parts.database.inner.outbox(limit: 1).isEmpty
    }

    /// But for messages that wait for somebody who never comes.
    private var isInboxEmpty: Bool {
        get async throws {
            let far = clock.now.advanced(by: .seconds(1_000_000_000))
            return try await parts.database.inner.inbox(at: far, limit: .max).allSatisfy { $0.content.awaits != nil }
        }
    }

    private var isIndexed: Bool {
        get async throws { try await parts.database.index.indexPosition() >= parts.database.lastPosition }
    }

    /// Publishes whose end some broker waits for.
    private var inFlight: Int {
        get async {
            var count = 0
            for host in servers { count += await host.server?.inFlight ?? 0 }
            return count
        }
    }

    private func hanging() async throws -> [String] {
        var found = histories.openInstances.map { id, instance in "\(id.short) hangs: \(Self.openThings(of: instance))"
        }
        if !requests.isDone { found.append("a request was never answered") }
        if unsettledMessages > 0 { found.append("\(unsettledMessages) messages are left on the bus") }
        if try await !isInboxEmpty { found.append("the inbox is never empty") }
        if try await !isIndexed { found.append("the index does not come to the end of the journal") }
        let inFlight = await inFlight
        if inFlight > 0 { found.append("\(inFlight) publishes never end") }
        if try await !parts.database.inner.outbox(limit: 1).isEmpty { found.append("the outbox is never empty") }
        return found
    }

    private static func openThings(of instance: ProcessInstance) -> String {
        let things =
            instance.openTasks.map { "task \($0.number) of \($0.contract)" }
            + instance.openUserTasks.map { "user task \($0.number)" } + instance.openTimers.map { "timer \($0.number)" }
            + instance.openSubscriptions.map { "subscription \($0.number)" }
            + instance.openCalls.map { "call \($0.call)" }
            + instance.openIncidents.map { "incident \($0.number): \($0.message)" }
        return things.isEmpty ? "waiting for nothing" : things.joined(separator: ", ")
    }
}
