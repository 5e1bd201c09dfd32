import Delivery
import ProcessEngine
import Services
import ServicesTesting
import Testing
import Values

struct IndexChangeTests {
    private func task(_ number: Int, at time: Int64) -> IndexedTask {
        IndexedTask(
            id: TaskID(instance: InstanceID("a"), number: number), element: ElementID("t"), contract: .v1("work"),
            state: .open, createdAt: Timestamp(millisecondsSinceEpoch: time))
    }

    /// Each task is created once, as in a journal.
    private func random(_ count: Int, _ created: inout Set<Int>, _ generator: SeededRandom) -> [IndexChange] {
        (0..<count).map { step in
            let number = generator.below(8)
            let time = Timestamp(millisecondsSinceEpoch: Int64(step))
            if generator.below(2) == 0, created.insert(number).inserted {
                return .taskCreated(task(number, at: Int64(step)))
            }
            switch generator.below(4) {
            case 0: return .incidents(InstanceID("a"), change: 1, message: "m")
            case 1: return .taskChanged(task(number, at: 0).id, state: .incident, message: "i", at: time)
            case 2: return .taskChanged(task(number, at: 0).id, state: .open, message: nil, at: time)
            default: return .taskChanged(task(number, at: 0).id, state: .completed, message: nil, at: time)
            }
        }
    }

    @Test func `a task that is made and over in one batch is one change`() {
        let (first, second) = (task(1, at: 1), task(2, at: 2))
        let now = Timestamp(millisecondsSinceEpoch: 9)
        var over = first
        over.change(to: .completed, nil, at: now)

        let condensed = IndexChange.condensed([
            .taskCreated(first), .taskCreated(second),
            .taskChanged(first.id, state: .completed, message: nil, at: now),
            .taskChanged(task(3, at: 0).id, state: .canceled, message: nil, at: now),
        ])

        #expect(
            condensed == [
                .taskCreated(over), .taskCreated(second),
                .taskChanged(task(3, at: 0).id, state: .canceled, message: nil, at: now),
            ])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `condensed changes lead to the same index`(seed: UInt64) async throws {
        let generator = SeededRandom(seed: seed)
        let live = InMemoryProcessStore()
        let (plain, condensed) = (InMemoryIndexStore(live: live), InMemoryIndexStore(live: live))
        let started = IndexChange.instanceStarted(
            IndexedInstance(
                id: InstanceID("a"), definition: DefinitionID(process: "p", version: 1), labels: InstanceLabels(),
                businessKey: nil, state: .running, startedAt: Timestamp(millisecondsSinceEpoch: 0)))
        var created: Set<Int> = []
        for position in 0..<4 as Range<Int64> {
            let changes = (position == 0 ? [started] : []) + random(12, &created, generator)
            #expect(try await plain.apply(changes, from: position, to: position + 1))
            #expect(try await condensed.apply(IndexChange.condensed(changes), from: position, to: position + 1))
            #expect(try await condensed.indexedTasks(TaskQuery()).rows == plain.indexedTasks(TaskQuery()).rows)
            #expect(try await condensed.instances(InstanceQuery()).rows == plain.instances(InstanceQuery()).rows)
        }
    }
}
