import Delivery
package import Expressions
import HeapModule
package import Logging
package import ProcessEngine
import Values

/// The engine: takes the commands that are waiting, decides them, and commits them together (group commit).
///
/// Callers are answered after the commit. One loop commits; while a commit is on its way the next batch gathers. State is the
/// fold of the journal, kept in a cache that may be dropped at any time: a stale copy shows as a conflict and is read anew.
package actor EngineService: TaskEngine {
    let store: any ProcessStore
    let registry: DefinitionRegistry
    let time: any TimeSource
    let random: any RandomSource
    let log: Logger
    let configuration: EngineConfiguration

    /// Fires after each commit: the projector listens.
    package nonisolated let committed = Broadcast()
    /// Fires when a commit has put something into the outbox: the relay listens.
    package nonisolated let sending = Broadcast()
    package nonisolated let counters = EngineCounters()

    var pending: [PendingWork] = []
    var lazyMarks = LazyMarks()
    var cache: InstanceCache
    var polls = ParkedPolls()
    /// Who fetches now, and whether they were told to end.
    var endedFetches: [String: Bool] = [:]
    var stopping = false
    let workSignal = Signal()
    nonisolated let tickSignal = Signal()
    nonisolated let inboxSignal = Signal()
    /// Timer start events that are in the inbox, or were.
    var scheduledTimers: Set<String> = []
    /// The journal position of the last commit of this process; 0 before the first.
    package internal(set) var lastPosition: Int64 = 0
    /// When something falls due, as far as this process caused it.
    var wakes = Heap<Timestamp>()
    /// Instances of which something is due that cannot be done, and until when nobody tries.
    var setAside: [InstanceID: Timestamp] = [:]

    package init(
        store: any ProcessStore, registry: DefinitionRegistry, time: any TimeSource, random: any RandomSource,
        configuration: EngineConfiguration = EngineConfiguration(), log: Logger
    ) {
        self.store = store
        self.registry = registry
        self.time = time
        self.random = random
        self.configuration = configuration
        self.log = log
        self.cache = InstanceCache(limit: configuration.cachedInstances, bytes: configuration.cachedBytes)
    }

    /// Serves until cancelled; then answers everyone who still waits.
    package func run() async throws {
        // The tick waits for its own commits: it can end only after whoever commits has answered it.
        async let ticks: Void = tickLoop()
        async let inbox: Void = inboxLoop()
        await commitLoop()
        await shutDown()
        await ticks
        await inbox
    }

    private func commitLoop() async {
        while await workSignal.wait() {
            while !pending.isEmpty || lazyMarks.isDue(at: time.now) {
                let work = Array(pending.prefix(configuration.batchLimit))
                pending.removeFirst(work.count)
                await commit(work)
            }
        }
    }

    /// Commits what is left, so that a clean stop loses no confirm mark, and lets go of everyone who waits.
    private func shutDown() async {
        stopping = true
        polls.resumeAll(with: .recheck)
        while !pending.isEmpty || !lazyMarks.isEmpty {
            let work = pending
            pending = []
            await commit(work)
        }
        polls.resumeAll(with: .recheck)
    }

    /// Another process has committed to the store: there may be due tasks and journal rows that this one did not make.
    package nonisolated func storeChanged() {
        tickSignal.fire()
        inboxSignal.fire()
        committed.fire()
        sending.fire()
    }

    /// Hands work to the commit loop and waits for its outcomes, in order. Throws only if the engine is stopping.
    func submit(_ items: [Work]) async throws -> [WorkOutcome] {
        guard !items.isEmpty else { return [] }
        if stopping { throw StoreError(.unavailable, "the engine is stopping") }
        return await withCheckedContinuation { continuation in
            let batch = Batch(of: items.count, continuation)
            for (slot, item) in items.enumerated() { pending.append(PendingWork(work: item, batch: batch, slot: slot)) }
            workSignal.fire()
        }
    }

    func answer(_ item: PendingWork, _ outcome: WorkOutcome) {
        item.batch.answer(item.slot, outcome)
    }
}

package struct EngineConfiguration: Sendable {
    /// Commands in one commit, at most.
    package var batchLimit = 500
    package var cachedInstances = 10_000
    /// Of journal that the cached instances were made from, which stands for their size.
    package var cachedBytes = 256 << 20
    /// A commit that lost to another process is decided again this often.
    package var conflictLimit = 20
    /// How long an idle tick may sleep: the delay until work of another process is seen.
    package var longestSleep: Duration = .seconds(1)
    /// How long the confirm mark of a publish may wait for a commit to ride in.
    package var markDelay: Duration = .seconds(5)
    /// A confirm mark younger than this lets a commit pass: most tasks are done by then.
    package var markPatience: Duration = .seconds(2)
    /// Whether other processes write the same store, so that a cached instance may be old.
    package var sharedStore = false
    /// How many due timers, and lost tasks, one tick takes.
    package var dueLimit = 500
    /// How many of the next due times are kept in memory.
    package var wakeLimit = 10_000
    /// Of times in expressions.
    package var zones: any ZoneRules = FixedZones()
    package init() {}
}

/// One thing to be committed.
indirect enum Work: Sendable {
    /// `entry`: of the inbox, which it applies.
    case command(InstanceID, Command, fence: Fence?, startKey: String?, entry: Int64? = nil)
    case mark(LeaseMark)
}

package enum WorkOutcome: Sendable {
    case committed(position: Int64)
    case rejected(Rejection)
    /// The fence did not hold, or the mark did not match.
    case stale
    /// Another start with this idempotency key made this instance.
    case existing(InstanceID)
    /// The store failed; what became of it is unknown.
    case failed(any Error)
    /// Nothing was decided: the journal or the definition of the instance is damaged, and a repetition does not help.
    case unreadable(any Error)
}

/// A class: it is large, and handed on from list to list.
final class PendingWork {
    let work: Work
    let batch: Batch
    let slot: Int
    var conflicts = 0

    init(work: Work, batch: Batch, slot: Int) {
        self.work = work
        self.batch = batch
        self.slot = slot
    }
}

/// A caller who waits for several outcomes.
final class Batch {
    private var missing: Int
    private var outcomes: [WorkOutcome?]
    private let continuation: CheckedContinuation<[WorkOutcome], Never>

    init(of count: Int, _ continuation: CheckedContinuation<[WorkOutcome], Never>) {
        missing = count
        outcomes = Array(repeating: nil, count: count)
        self.continuation = continuation
    }

    /// The last one that is missing answers the caller.
    func answer(_ slot: Int, _ outcome: WorkOutcome) {
        guard outcomes[slot] == nil else { return }
        outcomes[slot] = outcome
        missing -= 1
        if missing == 0 { continuation.resume(returning: outcomes.compactMap(\.self)) }
    }
}
