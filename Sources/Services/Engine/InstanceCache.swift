import OrderedCollections
import ProcessEngine

/// An instance as of its journal row `seq`. A class, because it is handed around often and never changes.
final class CachedInstance: Sendable {
    let id: InstanceID
    let instance: ProcessInstance
    let seq: Int
    let definitionID: DefinitionID
    let definition: ProcessDefinition
    /// Of journal that it is the fold of: what reading it again costs, and roughly its size.
    let bytes: Int

    init(
        id: InstanceID, instance: ProcessInstance, seq: Int, definitionID: DefinitionID, definition: ProcessDefinition,
        bytes: Int
    ) {
        self.id = id
        self.instance = instance
        self.seq = seq
        self.definitionID = definitionID
        self.definition = definition
        self.bytes = bytes
    }
}

/// The instances used last, so many and of so many bytes. It may be dropped at any time.
struct InstanceCache {
    private var entries: [InstanceID: (entry: CachedInstance, used: Int)] = [:]
    private var tick = 0
    private var bytes = 0
    private let limit: Int
    private let byteLimit: Int

    init(limit: Int, bytes: Int) {
        self.limit = limit
        self.byteLimit = bytes
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
        let replaced = entries.updateValue((entry, tick), forKey: entry.id)
        bytes += entry.bytes - (replaced?.entry.bytes ?? 0)
        if entries.count > limit || bytes > byteLimit { evict() }
    }

    mutating func remove(_ id: InstanceID) {
        if let removed = entries.removeValue(forKey: id) { bytes -= removed.entry.bytes }
    }

    /// Drops the oldest until half the room is free, in one go, so that the cost of an insertion stays constant on average. The
    /// newest stays, however large: it would be read again at its next step.
    private mutating func evict() {
        let oldestFirst = entries.values.map { (id: $0.entry.id, used: $0.used) }.sorted { $0.used < $1.used }
        for old in oldestFirst.dropLast() where entries.count > limit / 2 || bytes > byteLimit / 2 { remove(old.id) }
    }
}
