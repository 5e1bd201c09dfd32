import ProcessEngine
import Testing
import Values

@testable import Delivery

struct AttemptTableTests {
    private let configuration = AgentSession.Configuration(contract: transcode, prefetch: 3)

    /// Attempts of few tasks come, start, finish and go at random. Whatever the table keeps besides must say what a look at all
    /// attempts says.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `it answers as a look at every attempt would`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = AttemptTable(configuration: configuration)
        var arrived: [AttemptID] = []
        var now = Timestamp.start

        for _ in 0..<400 {
            now = now.advanced(by: .milliseconds(Int64.random(in: 0...700, using: &random)))
            let task = taskMessage(
                Int.random(in: 1...4, using: &random), attempt: Int.random(in: 1...3, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where table[task.id] == nil:
                table.insert(AgentAttempt(task: task, heldSince: now))
                arrived.append(task.id)
            case 1: table.change(task.id) { $0.start(at: now) }
            case 2: table.change(task.id) { $0.finish(task.onBus) }
            case 3: table.change(task.id) { _ = $0.nextPublish(at: now, configuration) }
            default:
                table.remove(task.id)
                arrived.removeAll { $0 == task.id }
            }

            let attempts = arrived.compactMap { table[$0] }
            #expect(attempts.count == arrived.count && table.count == arrived.count)
            #expect(table.ids == arrived)
            #expect(Set(table.held) == Set(attempts.filter(\.isHeld).map(\.task.id)))
            #expect(table.runningCount == attempts.count(where: \.isRunning))
            #expect(table.nextWake == attempts.compactMap { $0.nextWake(configuration) }.min())
            #expect(table.ids(of: task.id.task) == arrived.filter { $0.task == task.id.task })
            #expect(table.siblings(of: task.id) == arrived.filter { $0.task == task.id.task && $0 != task.id })
        }
    }
}
