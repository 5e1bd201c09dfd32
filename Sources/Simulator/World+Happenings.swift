import Delivery
import ProcessEngine
import Services
import ServicesTesting

/// Carries out what a schedule says.
extension World {
    func happen(_ happening: Happening) {
        switch happening {
        case .asked(let request): send { await self.ask(request) }
        case .server(let number, let fault): happen(fault, to: servers[number % servers.count])
        case .store(let fault): happen(fault)
        case .bus(let fault): happen(fault)
        case .agent(let number, let fault): happen(fault, to: agents[number % agents.count])
        }
    }

    private func ask(_ request: Happening.Request) async {
        switch request {
        case .start(let key): await requests.start(Workload.drawn, key: key)
        case .startCaller(let key): await requests.start("r", key: key)
        case .order(let id): await requests.order(id)
        case .signal(let id): await requests.signal(id)
        case .cancelInstance(let number): await requests.cancel(number, of: histories)
        }
    }

    // MARK: Processes

    private func happen(_ fault: Happening.ServerFault, to host: ServerHost) {
        switch fault {
        case .killed(let time):
            host.kill()
            after(time) { await self.restart(host) }
        case .terminated(let time):
            after(0) {
                await host.terminate()
                try? await self.clock.sleep(for: .milliseconds(time))
                await self.restart(host)
            }
        case .stopped(let time): stop(host.process, for: time)
        case .clockSet(let ahead, let time):
            host.clock.set(.milliseconds(ahead))
            after(time) { host.clock.set(.zero) }
        case .losesRequest: host.server?.link.loseRequest()
        case .losesReply: host.server?.link.loseReply()
        case .commitFails(let isStored): host.server?.store.fail(isStored ? .after : .before)
        case .claimFails: host.server?.store.loseClaim()
        case .slowCommits(let count, let time): host.server?.store.slowDown(commits: count, by: .milliseconds(time))
        case .cut(let time): host.server?.bus.cut(for: .milliseconds(time))
        case .losesPublishes(let count): host.server?.bus.inner.losePublishes(count)
        case .losesConfirms(let count): host.server?.bus.inner.loseConfirms(of: count)
        case .slowConfirms(let count, let time): host.server?.bus.slowDown(confirms: count, by: .milliseconds(time))
        case .losesAcks(let time): host.server?.bus.loseAcks(downtime: .milliseconds(time))
        }
    }

    private func happen(_ fault: Happening.AgentFault, to host: AgentHost) {
        switch fault {
        case .killed(let time):
            host.kill()
            after(time) { host.start() }
        case .stopped(let time): stop(host.process, for: time)
        case .cut(let time): host.agent?.bus.cut(for: .milliseconds(time))
        case .losesPublishes(let count): host.agent?.bus.inner.losePublishes(count)
        case .losesConfirms(let count): host.agent?.bus.inner.loseConfirms(of: count)
        case .losesAcks(let time): host.agent?.bus.loseAcks(downtime: .milliseconds(time))
        case .habit(let habit, let count): host.add(habit, count: count)
        }
    }

    private func stop(_ process: SimulatedProcess, for time: Int) {
        process.stop()
        after(time) { process.goOn() }
    }

    private func restart(_ host: ServerHost) async {
        do { try await host.start() } catch { parts.observer.violated(.world, "a server does not start: \(error)") }
    }

    // MARK: Store and bus

    private func happen(_ fault: Happening.StoreFault) {
        switch fault {
        case .away(let time):
            parts.database.setAway(true)
            after(time) { self.parts.database.setAway(false) }
        case .full(let time):
            parts.database.setFull(true)
            after(time) { self.parts.database.setFull(false) }
        }
    }

    private func happen(_ fault: Happening.BusFault) {
        switch fault {
        case .restarts(let time):
            parts.outage.set(true)
            parts.bus.restart()
            for host in servers { host.server?.bus.cut(for: .milliseconds(time)) }
            for host in agents { host.agent?.bus.cut(for: .milliseconds(time)) }
            after(time) { self.parts.outage.set(false) }
        case .alarm(let time):
            parts.bus.setAlarm("memory")
            after(time) { self.parts.bus.setAlarm(nil) }
        case .taskQueueFull(let number, let time): fill(taskQueue(number), for: time)
        case .resultsQueueFull(let time): fill(resultsQueue, for: time)
        case .taskQueueUnbound(let number, let time): unbind(taskQueue(number), for: time)
        case .resultsQueueUnbound(let time): unbind(resultsQueue, for: time)
        case .taskQueueDeleted(let number): parts.bus.deleteQueue(taskQueue(number))
        }
    }

    private func fill(_ queue: String, for time: Int) {
        parts.bus.setLimit(0, of: queue)
        after(time) { self.parts.bus.setLimit(nil, of: queue) }
    }

    private func unbind(_ queue: String, for time: Int) {
        let bindings = parts.bus.unbind(queue)
        after(time) { self.parts.bus.bind(bindings) }
    }

    private var resultsQueue: String { BusNames().resultsQueue(partition: 0) }

    private func taskQueue(_ number: Int) -> String {
        BusNames().taskQueue(of: Workload.keys[number % Workload.keys.count])
    }
}
