import Services
import ServicesTesting
import Synchronization
import Values

/// The wall clock of one process, which somebody may set. Sleeps are durations, as on a real machine.
final class ProcessClock: TimeSource {
    private let world: TestClock
    private let offset = Mutex<Duration>(.zero)

    init(_ world: TestClock) {
        self.world = world
    }

    var now: Timestamp { world.now.advanced(by: offset.withLock { $0 }) }

    func sleep(until deadline: Timestamp) async throws {
        try await world.sleep(until: deadline.advanced(by: .zero - offset.withLock { $0 }))
    }

    /// How far it is ahead of the world's clock from now on.
    func set(_ offset: Duration) { self.offset.withLock { $0 = offset } }
}
