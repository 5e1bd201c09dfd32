import OrderedCollections
import ProcessEngine

/// An instance as of its journal row `seq`. A class, because it is handed around often and never changes.
final class CachedInstance: Sendable {
    let id: InstanceID
    let instance: ProcessInstance
    let seq: Int
    let definitionID: DefinitionID
    let definition: ProcessDefinition

    init(
        id: InstanceID, instance: ProcessInstance, seq: Int, definitionID: DefinitionID, definition: ProcessDefinition
    ) {
        self.id = id
        self.instance = instance
        self.seq = seq
        self.definitionID = definitionID
        self.definition = definition
    }
}

/// The instances used last. It may be dropped at any time.
struct InstanceCache {
    private var entries: [InstanceID: (entry: CachedInstance, used: Int)] = [:]
    private var tick = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    subscript(id: InstanceID) -> CachedInstance? {
        mutating get {
            guard let found = entries[id] else { return nil }
            tick += 1
            entries[id]?.used = tick
            return found.entry
        }
    }

    /// A reader may come late with what it has read: what is newer stays.
    mutating func insert(_ entry: CachedInstance) {
        if let known = entries[entry.id], known.entry.seq > entry.seq { return }
        tick += 1
        entries[entry.id] = (entry, tick)
        if entries.count > limit { evict() }
    }

    mutating func remove(_ id: InstanceID) {
        entries[id] = nil
    }

    /// Drops the older half in one go, so that the cost of an insertion stays constant on average.
    private mutating func evict() {
        let median = entries.values.map(\.used).sorted()[entries.count / 2]
        entries = entries.filter { $0.value.used >= median }
    }
}
