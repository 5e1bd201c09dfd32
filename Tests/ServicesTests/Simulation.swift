import Services
import ServicesTesting
import Synchronization
import Values

/// Runs the tasks of one test on one thread, so that a test knows when nothing is left to do, and that a seed decides the order.
final class SimulationExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let random: SeededRandom?

    /// Without a seed jobs run in the order in which they became ready.
    init(seed: UInt64?) {
        random = seed.map { SeededRandom(seed: $0) }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Runs one job that is ready; false if none is.
    func runNext() -> Bool {
        let job = jobs.withLock { jobs -> UnownedJob? in
            guard !jobs.isEmpty else { return nil }
            return jobs.remove(at: random?.below(jobs.count) ?? 0)
        }
        guard let job else { return false }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }
}

/// What went wrong with a simulated world itself.
struct SimulationFailure: Error, CustomStringConvertible {
    let description: String
}

/// A world with one thread and a clock that moves only when the test says so.
final class Simulation: Sendable {
    let clock = TestClock()
    private let executor: SimulationExecutor
    private let settlers = Mutex<[CheckedContinuation<Void, Never>]>([])

    private init(seed: UInt64?) {
        executor = SimulationExecutor(seed: seed)
    }

    /// Runs `body` and all that it starts. Throws what it throws; and if nobody can go on, or somebody goes on for ever.
    static func run(
        seed: UInt64? = nil, jobLimit: Int = 5_000_000, _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) throws {
        let simulation = Simulation(seed: seed)
        let end = Mutex<Result<Void, any Error>?>(nil)
        let name = seed.map { "seed \($0): " } ?? ""
        Task(executorPreference: simulation.executor) {
            do {
                try await body(simulation)
                end.withLock { $0 = .success(()) }
            } catch {
                end.withLock { $0 = .failure(error) }
            }
        }
        var count = 0
        while true {
            if let end = end.withLock({ $0 }) { return try end.get() }
            if simulation.executor.runNext() {
                count += 1
                guard count < jobLimit else {
                    throw SimulationFailure(description: "\(name)somebody never comes to rest")
                }
            } else if !simulation.resumeSettlers() {
                let asleep = simulation.clock.sleeperCount
                throw SimulationFailure(description: "\(name)the test waits for ever; \(asleep) tasks sleep")
            }
        }
    }

    /// Returns when nobody can go on without the clock.
    func settle() async {
        await withCheckedContinuation { continuation in settlers.withLock { $0.append(continuation) } }
    }

    /// Moves the clock from deadline to deadline; in between everybody does what they can.
    func pass(_ duration: Duration) async {
        let end = clock.now.advanced(by: duration)
        await settle()
        while let next = clock.nextDeadline, next <= end {
            clock.advance(to: next)
            await settle()
        }
        clock.advance(to: end)
        await settle()
    }

    /// Runs services beside `body`, and ends them with it. A service that does not end shows as a test that waits for ever.
    func serving<T: Sendable>(
        _ services: [@Sendable () async throws -> Void], _ body: @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await Self.untilCancelled(service) } }
            let result: Result<T, any Error>
            do {
                await settle()
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            try await group.waitForAll()
            return try result.get()
        }
    }

    /// Starts a task beside the others; the caller ends it.
    func start(_ body: @escaping @Sendable () async throws -> Void) -> Task<Void, any Error> {
        Task(executorPreference: executor) { try await body() }
    }

    private static func untilCancelled(_ service: @Sendable () async throws -> Void) async throws {
        do {
            try await service()
        } catch is CancellationError {
            // The way a service that waits is told to end.
        }
        guard Task.isCancelled else { throw SimulationFailure(description: "a service ended by itself") }
    }

    private func resumeSettlers() -> Bool {
        let waiting = settlers.withLock { settlers in
            let waiting = settlers
            settlers = []
            return waiting
        }
        for settler in waiting { settler.resume() }
        return !waiting.isEmpty
    }
}
