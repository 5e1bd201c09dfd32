package import ProcessEngine
package import Values

/// Answers questions about instances and tasks from the index, and about one instance from its journal.
package struct QueryService: Sendable {
    private let index: any IndexStore
    private let journal: any ProcessStore
    private let engine: EngineService
    private let progress: ProjectorProgress
    private let time: any TimeSource
    private let projectsHere: Bool

    /// - Parameter projectsHere: whether the projector runs in this process, and so `progress` says how far the index is.
    package init(
        index: any IndexStore, journal: any ProcessStore, engine: EngineService, progress: ProjectorProgress,
        time: any TimeSource, projectsHere: Bool = true
    ) {
        self.index = index
        self.journal = journal
        self.engine = engine
        self.progress = progress
        self.time = time
        self.projectsHere = projectsHere
    }

    /// Waits until the index shows a write, for read-your-write; false if it does not within the time.
    package func waits(for position: Int64, atMost patience: Duration = .seconds(10)) async -> Bool {
        let deadline = time.now.advanced(by: patience)
        guard !projectsHere else { return await progress.wait(for: position, until: deadline, by: time) }
        while time.now < deadline, !Task.isCancelled {
            if let shown = try? await index.indexPosition(), shown >= position { return true }
            try? await time.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// Waits until the index shows all that this process has written, for clients that know no positions.
    package func catchesUp(atMost patience: Duration = .seconds(10)) async -> Bool {
        await waits(for: await engine.lastPosition, atMost: patience)
    }

    /// Waits until the index shows all that anybody had written when this was called. Other processes are told by the time of what
    /// they wrote, with a second for clocks that differ.
    package func showsAll(atMost patience: Duration) async throws -> Bool {
        let deadline = time.now.advanced(by: patience)
        let began = time.now.advanced(by: .seconds(1))
        guard await waits(for: await engine.lastPosition, atMost: patience) else { return false }
        while !Task.isCancelled {
            let missing = try await journal.journal(after: try await index.indexPosition(), limit: 1).first
            guard let missing, missing.at <= began else { return true }
            guard time.now < deadline else { return false }
            try? await time.sleep(for: .milliseconds(20))
        }
        return false
    }

    package func instances(_ query: InstanceQuery) async throws -> Page<IndexedInstance> {
        guard let id = query.correlationID else { return try await index.instances(query) }
        var page = try await index.instances(query.narrowed(toCorrelationID: id))
        guard page.next == nil, !page.rows.contains(where: { $0.id.text == id }) else { return page }
        // The root of a tree that was given no other: it is its oldest.
        var root = query
        root.page = PageRequest(limit: 1)
        root.id = InstanceID(id)
        page.rows += try await index.instances(root).rows.filter { $0.labels.shown.correlationID == nil }
        return page
    }

    package func tasks(_ query: TaskQuery) async throws -> Page<IndexedTask> {
        try await index.indexedTasks(query)
    }

    package func userTasks(_ query: UserTaskQuery) async throws -> Page<IndexedUserTask> {
        try await index.userTasks(query)
    }

    package func counts() async throws -> [InstanceState: Int] {
        try await index.instanceCounts()
    }

    /// One instance of the index; nil if it is not there.
    package func instance(_ id: InstanceID) async throws -> IndexedInstance? {
        var query = InstanceQuery()
        query.id = id
        query.page.limit = 1
        return try await index.instances(query).rows.first
    }

    package var now: Timestamp { time.now }

    /// The live state of an instance: variables, incidents, what is active.
    package func state(_ id: InstanceID) async throws -> ProcessInstance? {
        try await engine.instance(id)
    }

    /// Everything that happened, in order, as stored.
    package func history(_ id: InstanceID) async throws -> [(row: JournalRow, events: [Event])] {
        try await journal.journal(of: id, after: 0).map { ($0, try EventCoding.decode($0.events)) }
    }
}
