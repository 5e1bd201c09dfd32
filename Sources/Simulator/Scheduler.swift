package import ServicesTesting
import Synchronization
package import Values

/// Runs a world on one thread: which job runs next is drawn from the seed, and time passes only when nobody can go on.
///
/// Everything a world does is a job of a task that prefers the executor of a `SimulatedProcess`, so that the same seed runs the
/// same jobs in the same order; `fingerprint` says so.
package final class Scheduler: Sendable {
    private struct Ready {
        var job: UnownedJob
        var process: SimulatedProcess
    }

    private struct State {
        var ready: [Ready] = []
        var jobs = 0
        var jobsAtThisMoment = 0
        var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
    }

    /// More jobs than this without a tick of the clock are a loop.
    private static let momentLimit = 50_000
    private static let jobLimit = 2_000_000

    package let clock = TestClock()
    private let random: SeededRandom
    private let state = Mutex(State())

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    package var jobs: Int { state.withLock(\.jobs) }
    /// Of all that was done, in its order.
    package var fingerprint: UInt64 { state.withLock(\.fingerprint) }

    /// Something that must come out the same when the seed is run again.
    package func mark(_ value: UInt64) {
        state.withLock { $0.fingerprint = ($0.fingerprint ^ value) &* 0x0000_0100_0000_01B3 }
    }

    /// Runs `body`, and all that it starts, until it returns. What it started must have ended by then.
    package func run<T: Sendable>(
        _ process: SimulatedProcess, _ body: @escaping @Sendable () async throws -> T
    ) throws -> T {
        let end = Mutex<Result<T, any Error>?>(nil)
        Task(executorPreference: process) {
            let result: Result<T, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            end.withLock { $0 = result }
        }
        while true {
            if let end = end.withLock({ $0 }) { return try end.get() }
            if try runNext() { continue }
            state.withLock { $0.jobsAtThisMoment = 0 }
            guard clock.advanceToNextDeadline() else {
                throw SimulationFailure(description: "everybody waits for ever")
            }
        }
    }

    fileprivate func enqueue(_ job: UnownedJob, of process: SimulatedProcess) {
        state.withLock { $0.ready.append(Ready(job: job, process: process)) }
    }

    /// Runs one job that is ready; false if none is.
    private func runNext() throws -> Bool {
        let next = try state.withLock { state -> Ready? in
            guard !state.ready.isEmpty else { return nil }
            let place = state.ready.count == 1 ? 0 : random.below(state.ready.count)
            let next = state.ready.remove(at: place)
            state.jobs += 1
            state.jobsAtThisMoment += 1
            guard state.jobsAtThisMoment < Self.momentLimit, state.jobs < Self.jobLimit else {
                throw SimulationFailure(description: "\(next.process.name) never comes to rest")
            }
            let mark = UInt64(truncatingIfNeeded: next.process.number << 8 | place)
            state.fingerprint = (state.fingerprint ^ mark) &* 0x0000_0100_0000_01B3
            return next
        }
        guard let next else { return false }
        next.job.runSynchronously(on: next.process.asUnownedTaskExecutor())
        return true
    }
}

/// What went wrong with a simulated world itself.
package struct SimulationFailure: Error, CustomStringConvertible {
    package let description: String
}

/// The executor of one simulated process. While it is stopped, as by SIGSTOP, its jobs wait and the world goes on without it.
package final class SimulatedProcess: TaskExecutor {
    private struct State {
        var isStopped = false
        var held: [UnownedJob] = []
        var wentOnAt: Timestamp?
    }

    package let name: String
    fileprivate let number: Int
    private let scheduler: Scheduler
    private let state = Mutex(State())

    package init(_ name: String, number: Int, on scheduler: Scheduler) {
        self.name = name
        self.number = number
        self.scheduler = scheduler
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isHeld = state.withLock { state in
            if state.isStopped { state.held.append(job) }
            return state.isStopped
        }
        if !isHeld { scheduler.enqueue(job, of: self) }
    }

    package var isStopped: Bool { state.withLock(\.isStopped) }
    package func wasStopped(since time: Timestamp) -> Bool {
        state.withLock { $0.wentOnAt.map { $0 >= time } ?? false }
    }

    package func stop() { state.withLock { $0.isStopped = true } }

    package func goOn() {
        let held = state.withLock { state in
            defer { state.held = [] }
            state.isStopped = false
            state.wentOnAt = scheduler.clock.now
            return state.held
        }
        for job in held { scheduler.enqueue(job, of: self) }
    }
}
