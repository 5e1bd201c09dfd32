package import Services
import Synchronization

/// One run of a process, from its start to its end. Killed, it may go on unwinding its tasks, but nothing that it asks for
/// happens any more: to the world it is gone at once, with all that it had in memory.
package final class Life: Sendable {
    package let process: SimulatedProcess
    private let isOver = Atomic<Bool>(false)

    package init(_ process: SimulatedProcess) {
        self.process = process
    }

    package var isKilled: Bool { isOver.load(ordering: .relaxed) }
    package func kill() { isOver.store(true, ordering: .relaxed) }

    package func requireLife() throws(StoreError) {
        if isKilled { throw StoreError(.unavailable, "the process is dead") }
    }
}
