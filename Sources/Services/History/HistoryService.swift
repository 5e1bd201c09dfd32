package import ProcessEngine
package import Values

/// What happened in an instance, in order, and what it was like at any position: from its journal.
package struct HistoryService: Sendable {
    /// What one commit changed.
    package struct Entry: Sendable {
        package var seq: Int
        package var position: Int64
        package var at: Timestamp
        /// As the journal has them, secrets hidden.
        package var events: [JSON]
        /// The same for people, a line for each event that says something to them.
        package var lines: [String]
    }

    /// An instance as it was once.
    package struct PastState: Sendable {
        package var instance: ProcessInstance
        /// The journal row that made it so.
        package var seq: Int
        package var position: Int64
        package var at: Timestamp
    }

    private let journal: any ProcessStore
    private let registry: DefinitionRegistry

    package init(journal: any ProcessStore, registry: DefinitionRegistry) {
        self.journal = journal
        self.registry = registry
    }

    /// What hides the secrets of all contracts that are deployed.
    package func mask() async -> Mask { Mask(await registry.secretNames) }

    /// The entries with a larger seq, at most so many; nil if there is no such instance.
    package func entries(
        of instance: InstanceID, after seq: Int = 0, limit: Int
    ) async throws -> (entries: [Entry], next: Int?)? {
        let rows = try await journal.journal(of: instance, after: 0)
        guard rows.first?.seq == 1 else { return nil }
        let mask = await mask()
        var narrator = Narrator()
        var entries: [Entry] = []
        for row in rows {
            let events = try EventCoding.decode(row.events)
            // It learns from what came before who is who.
            let lines = events.compactMap { narrator.tell($0) }
            guard row.seq > seq else { continue }
            guard entries.count < limit else { return (entries, entries.last?.seq) }
            let raw = try JSON(validating: row.events, limits: EventCoding.limits).elements() ?? []
            entries.append(
                Entry(
                    seq: row.seq, position: row.position, at: row.at, events: raw.map { mask.event($0) }, lines: lines))
        }
        return (entries, nil)
    }

    /// What the instance was like when the journal had come to a position; nil if it was not there. Without a position: what it is
    /// like now.
    package func state(of instance: InstanceID, at position: Int64? = nil) async throws -> PastState? {
        let rows = try await journal.journal(of: instance, after: 0)
        guard rows.first?.seq == 1 else { return nil }
        let until = rows.prefix { row in position.map { row.position <= $0 } ?? true }
        guard let last = until.last else { return nil }
        var state = PastState(instance: ProcessInstance(), seq: last.seq, position: last.position, at: last.at)
        for row in until { state.instance.apply(try EventCoding.decode(row.events)) }
        return state
    }
}
