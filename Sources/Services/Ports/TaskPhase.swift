/// Where an external task stands.
///
/// `waiting` → dispatched (claim); `dispatched` → queued (confirm), running (started), waiting (released, expired);
/// `queued` → running, waiting; `running` → waiting (failed, with retries), suspended (none left); `suspended` → waiting.
package enum TaskPhase: String, Sendable, Hashable, CaseIterable {
    case waiting, dispatched, queued, running, suspended

    /// As the stores' column `task.phase` holds it. Never renumber.
    package var stored: Int64 {
        switch self {
        case .waiting: 0
        case .dispatched: 1
        case .queued: 2
        case .running: 3
        case .suspended: 4
        }
    }

    package init?(stored: Int64) {
        guard let phase = Self.allCases.first(where: { $0.stored == stored }) else { return nil }
        self = phase
    }
}
