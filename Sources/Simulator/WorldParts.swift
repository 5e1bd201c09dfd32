import Contracts
import Delivery
import Logging
import ProcessEngine
import Services
import ServicesTesting
import Synchronization
import Values
import XMLReader

/// What the processes of one world share.
struct WorldParts: Sendable {
    let schedule: Schedule
    let without: Protection?
    let scheduler: Scheduler
    let story: Story
    let observer: Observer
    let database: Database
    let bus: InMemoryBusServer
    let outage = BusOutage()
    let models = ModelCache()
    let random: SeededRandom
    let log: Logger

    init(_ schedule: Schedule, without: Protection?, tell: (@Sendable (String) -> Void)?) {
        self.schedule = schedule
        self.without = without
        scheduler = Scheduler(seed: schedule.seed &* 0x2545_F491_4F6C_DD1D &+ 1)
        story = Story(clock: scheduler.clock, tell: tell)
        observer = Observer(story: story, hasTrueClocks: !schedule.moments.contains { $0.happening.setsClock })
        database = Database(without: without, observer: observer)
        bus = InMemoryBusServer(clock: scheduler.clock, watch: BusObserver(observer: observer))
        random = SeededRandom(seed: schedule.seed &* 0x9E37_79B9_7F4A_7C15 &+ 2)
        log = StoryLog.logger(story)
    }

    /// A source of its own for each part, so that what one draws changes nothing for the others.
    func newRandom() -> SeededRandom { SeededRandom(seed: random.next().0) }
}

private struct BusObserver: BusWatch {
    let observer: Observer
    func kept(_ message: BusMessage, in queue: String) { observer.kept(message) }
    func delivered(_ message: BusMessage, from queue: String) {
        // Dead letters are delivered when their time is over, and rightly so.
        if queue.hasPrefix("task.") { observer.delivered(message) }
    }
    func acknowledged(_ message: BusMessage, of queue: String) {
        observer.acknowledged(message, queue: queue, names: BusNames())
    }
}

/// Models are read once for a world, not once for each life of a server; those that all worlds have, once.
final class ModelCache: Sendable {
    private static let common = ModelCache()
    private let known = Mutex<[String: [ProcessDefinition]]>([:])

    func read(_ source: [UInt8], file: String) throws -> [ProcessDefinition] {
        if let known = known.withLock({ $0[file] }) { return known }
        let isCommon = self !== Self.common && !file.hasPrefix(Workload.drawn)
        let read =
            isCommon
            ? try Self.common.read(source, file: file)
            : try ProcessDefinition.read(XMLReader.read(source, file: file), file: file)
        known.withLock { $0[file] = read }
        return read
    }
}

/// What services log, as part of the story.
private struct StoryLog: LogHandler {
    let story: Story
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    static func logger(_ story: Story) -> Logger {
        Logger(label: "simulator") { _ in
            StoryLog(story: story, logLevel: story.isTold ? .info : .critical)
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { story.note("log", "\(event.level): \(event.message)") }
}
