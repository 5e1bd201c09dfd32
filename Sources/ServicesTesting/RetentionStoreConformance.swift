import ProcessEngine
package import Services
import Values

/// What every store must do that removes what is over, as named cases.
package enum RetentionStoreConformance {
    /// One store, as three ports see it.
    package struct Stores: Sendable {
        package var process: any ProcessStore
        package var index: any IndexStore
        package var retention: any RetentionStore
        package init(process: any ProcessStore, index: any IndexStore, retention: any RetentionStore) {
            self.process = process
            self.index = index
            self.retention = retention
        }
    }
    package typealias Case = StoreConformanceCase<Stores>

    private static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: milliseconds) }
    private static let definition = DefinitionID(process: "ingest", version: 2)

    /// An instance with so many journal rows and tasks in the index, that ended then; nil: it runs.
    private static func make(
        _ stores: Stores, _ name: String, rows: Int = 1, tasks: Int = 0, endedAt: Int64?, key: String? = nil
    ) async throws {
        let id = InstanceID(name)
        for seq in 1...rows {
            var transition = ProcessStoreConformance.transition(name, seq)
            if seq == 1 { transition.startKey = key }
            _ = try await stores.process.commit([transition], marks: [])
        }
        var instance = IndexStoreConformance.instance(name)
        instance.labels.metadata = [Variable(name: "site", value: .string("north"))]
        var changes: [IndexChange] = [.instanceStarted(instance)]
        for number in 0..<tasks { changes.append(.taskCreated(IndexStoreConformance.task(name, number + 1))) }
        if let endedAt { changes.append(.instanceEnded(id, state: .completed, message: nil, at: at(endedAt))) }
        let position = try await stores.index.indexPosition()
        _ = try await stores.index.apply(changes, from: position, to: position + 1)
    }

    private static func rows(_ stores: Stores, _ name: String) async throws -> [Int] {
        try await stores.process.journal(of: InstanceID(name), after: 0).map(\.seq)
    }

    private static func shown(_ stores: Stores) async throws -> [String] {
        try await stores.index.instances(InstanceQuery()).rows.map(\.id.text).sorted()
    }

    package static let cases: [Case] = [
        Case("finds what is over, by definition and end, the earliest first") { stores in
            for (name, end) in [("a", 30), ("b", 10), ("c", 20), ("d", nil)] as [(String, Int64?)] {
                try await make(stores, name, endedAt: end)
            }
            func found(_ time: Int64, _ limit: Int = 10) async throws -> [String] {
                try await stores.retention.ended(definition, by: at(time), limit: limit).map(\.text)
            }
            try requireAnswer(try await found(9), [])
            try requireAnswer(try await found(20), ["b", "c"])
            try requireAnswer(try await found(1_000), ["b", "c", "a"])
            try requireAnswer(try await found(1_000, 2), ["b", "c"])
            let other = try await stores.retention.ended(
                DefinitionID(process: "ingest", version: 1), by: at(1_000), limit: 10)
            try requireAnswer(other, [])
        },
        Case("removes all of an instance that is over, and nothing of another") { stores in
            try await make(stores, "a", rows: 3, tasks: 2, endedAt: 10, key: "order 1")
            try await make(stores, "b", rows: 2, tasks: 1, endedAt: 20, key: "order 2")
            let removal = try await stores.retention.remove([InstanceID("a")], rows: 100)
            try requireAnswer(removal, Removal(instances: 1, rows: 5))
            try requireAnswer(try await rows(stores, "a"), [])
            try requireAnswer(try await rows(stores, "b"), [1, 2])
            try requireAnswer(try await shown(stores), ["b"])
            try requireAnswer(
                try await stores.index.indexedTasks(TaskQuery()).rows.map(\.id.instance.text), ["b"])
            try requireAnswer(try await stores.index.instanceCounts().filter { $0.value > 0 }, [.completed: 1])
            var query = InstanceQuery()
            query.metadata = [Variable(name: "site", value: .string("north"))]
            try requireAnswer(try await stores.index.instances(query).rows.map(\.id.text), ["b"])
            try requireAnswer(try await stores.process.instance(startedWith: "order 1"), nil)
            try requireAnswer(try await stores.process.instance(startedWith: "order 2"), InstanceID("b"))
            try requireAnswer(try await stores.process.journal(after: 0, limit: 10).map(\.instance.text), ["b", "b"])
        },
        Case("leaves alone what is not over, and what it does not know") { stores in
            try await make(stores, "a", rows: 2, endedAt: nil)
            let removal = try await stores.retention.remove([InstanceID("a"), InstanceID("nobody")], rows: 100)
            try requireAnswer(removal, Removal())
            try requireAnswer(try await rows(stores, "a"), [1, 2])
            try requireAnswer(try await shown(stores), ["a"])
        },
        Case("removes no more rows at once than it is told, and a large instance piece by piece") { stores in
            try await make(stores, "a", rows: 2, tasks: 1, endedAt: 10)
            try await make(stores, "b", rows: 5, tasks: 4, endedAt: 11)
            try await make(stores, "c", rows: 1, endedAt: 12)
            let all = ["a", "b", "c"].map { InstanceID($0) }
            try requireAnswer(try await stores.retention.remove(all, rows: 4), Removal(instances: 1, rows: 3))
            try requireAnswer(try await stores.retention.remove(all, rows: 4), Removal(instances: 0, rows: 4))
            try requireAnswer(try await rows(stores, "b"), [5])
            try requireAnswer(try await shown(stores), ["b", "c"])
            try requireAnswer(try await stores.retention.remove(all, rows: 4), Removal(instances: 0, rows: 4))
            try requireAnswer(try await stores.retention.remove(all, rows: 4), Removal(instances: 2, rows: 2))
            try requireAnswer(try await shown(stores), [])
            try requireAnswer(try await stores.process.journal(after: 0, limit: 10).map(\.seq), [])
        },
        Case("gives no position twice") { stores in
            try await make(stores, "a", rows: 3, endedAt: 10)
            let last = try await stores.process.journal(of: InstanceID("a"), after: 0).last?.position ?? 0
            _ = try await stores.retention.remove([InstanceID("a")], rows: 100)
            try await make(stores, "b", endedAt: nil)
            let next = try await stores.process.journal(after: last, limit: 10)
            try requireAnswer(next.map(\.instance.text), ["b"])
        },
    ]
}
