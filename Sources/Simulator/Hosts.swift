import Services
import Synchronization
import Values

/// A machine with a server: it starts one again when it died.
final class ServerHost: Sendable {
    let process: SimulatedProcess
    let clock: ProcessClock
    private let world: WorldParts
    private let state = Mutex<(current: Server?, past: [Server])>((nil, []))

    init(_ number: Int, world: WorldParts) {
        process = SimulatedProcess("server-\(number + 1)", number: 10 + number, on: world.scheduler)
        clock = ProcessClock(world.scheduler.clock)
        self.world = world
    }

    /// The one that runs; nil while it is down.
    var server: Server? { state.withLock(\.current) }
    var everyone: [Server] { state.withLock { $0.past + ($0.current.map { [$0] } ?? []) } }

    func start() async throws {
        guard server == nil else { return }
        let server = try await Server(process, clock: clock, world: world)
        state.withLock { $0.current = server }
        if world.outage.isDown { server.bus.cut(for: .zero) }
        server.start()
    }

    /// As by SIGKILL; a stopped process dies too.
    func kill() {
        process.goOn()
        takeAway()?.kill()
    }

    func terminate() async {
        process.goOn()
        await takeAway()?.terminate()
    }

    private func takeAway() -> Server? {
        state.withLock { state in
            let server = state.current
            if let server { state.past.append(server) }
            state.current = nil
            return server
        }
    }
}

/// A machine with an agent.
final class AgentHost: Sendable {
    let process: SimulatedProcess
    private let plan: Schedule.Agent
    private let world: WorldParts
    private let state = Mutex<(current: Agent?, past: [Agent], habits: [AgentHabit], deaths: Int)>((nil, [], [], 0))
    /// Fires when its agent has killed itself.
    let died = Signal()

    init(_ number: Int, _ plan: Schedule.Agent, world: WorldParts) {
        process = SimulatedProcess(
            "agent-\(number + 1)-\(Workload.names[plan.contract])", number: 20 + number, on: world.scheduler)
        self.plan = plan
        self.world = world
    }

    var agent: Agent? { state.withLock(\.current) }
    var everyone: [Agent] { state.withLock { $0.past + ($0.current.map { [$0] } ?? []) } }

    func start() {
        guard agent == nil else { return }
        let agent = Agent(
            process, contract: Workload.keys[plan.contract], prefetch: plan.prefetch, world: world,
            nextHabit: { self.state.withLock { $0.habits.isEmpty ? nil : $0.habits.removeFirst() } },
            die: {
                self.world.story.note(self.process.name, "dies")
                self.kill()
                self.died.fire()
            })
        state.withLock { $0.current = agent }
        if world.outage.isDown { agent.bus.cut(for: .zero) }
        agent.start()
    }

    func add(_ habit: AgentHabit, count: Int) {
        state.withLock { $0.habits += Array(repeating: habit, count: count) }
    }

    func comeToReason() { state.withLock { $0.habits = [] } }

    func kill() {
        process.goOn()
        let agent = state.withLock { state in
            let agent = state.current
            if let agent { state.past.append(agent) }
            state.current = nil
            return agent
        }
        agent?.kill()
    }

    /// Starts the agent again whenever it has killed itself; until cancelled.
    func watch() async {
        while await died.wait() {
            try? await world.scheduler.clock.sleep(for: .milliseconds(500))
            if !Task.isCancelled { start() }
        }
    }
}
