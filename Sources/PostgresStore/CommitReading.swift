import Delivery
import ProcessEngine
import Services

/// The first half of a commit: locks what it is about, and reads it.
struct CommitReading {
    /// What stands in the database, locked until our end.
    struct Locked {
        var transaction: Int64
        /// Positions of this transaction follow it: the n-th transition of the batch has `firstPosition + n`.
        var firstPosition: Int64
        /// Of each instance, before this commit.
        var lastSeqs: [InstanceID: Int] = [:]
        /// Which transitions of the batch have a journal row now, ours.
        var inserted: Set<Int> = []
        var keys: [String: InstanceID] = [:]
        /// Start keys that are ours, so far.
        var ownKeys: Set<String> = []
        var tasks: [TaskID: PlannedTask] = [:]
        /// Entries of the inbox that are there.
        var entries: Set<Int64> = []
    }

    private let transitions: [Transition]
    private let tasks: [TaskID]

    init(_ transitions: [Transition], _ marks: [LeaseMark]) {
        self.transitions = transitions
        var tasks = Set(marks.map(\.task))
        for transition in transitions {
            tasks.formUnion(transition.fences.map(\.task))
            for place in transition.moves?.tasks ?? [] {
                tasks.insert(TaskID(instance: transition.instance, number: place.number))
            }
            for change in transition.tasks {
                switch change {
                case .create: break
                case .remove(let number), .reschedule(let number, _, _, _, _), .suspend(let number, _, _, _):
                    tasks.insert(TaskID(instance: transition.instance, number: number))
                }
            }
        }
        self.tasks = Array(tasks)
    }

    func run(_ connection: Connection) throws -> Locked {
        let instances = Set(transitions.filter { $0.seq != 1 }.map(\.instance)).map(\.text)
        let rows = candidates()
        let keys = startKeys()
        let names = keys.map(\.key)
        var batch = Batch()
        batch.add("BEGIN")
        let head = batch.add(Self.head)
        let lastSeqs = batch.add(if: !instances.isEmpty, Self.lastSeqs, [.texts(instances)])
        let inserted = batch.add(
            if: !rows.isEmpty, Self.insertRows,
            [
                .ints(rows.map { $0 + 1 }), .texts(rows.map { transitions[$0].instance.text }),
                .ints(rows.map { transitions[$0].seq }), .ints(rows.map { transitions[$0].at.stored }),
                .blobs(rows.map { transitions[$0].events }),
            ])
        let ownKeys = batch.add(if: !keys.isEmpty, Self.insertKeys, [.texts(names), .texts(keys.map(\.instance.text))])
        let allKeys = batch.add(if: !keys.isEmpty, Self.readKeys, [.texts(names)])
        let paused = transitions.filter { $0.pauses != nil }.map(\.instance.text)
        let locks = batch.add(
            if: !tasks.isEmpty || !paused.isEmpty, paused.isEmpty ? Self.lockTasks : Self.lockTasksAndPaused,
            [.texts(tasks.map(\.instance.text)), .ints(tasks.map(\.number))]
                + (paused.isEmpty ? [] : [.texts(paused)]))
        let consumed = transitions.flatMap(\.consumes)
        let entries = batch.add(if: !consumed.isEmpty, Self.lockEntries, [.ints(consumed.map { $0 })])
        let answers = try connection.run(batch.statements)

        guard let first = head.flatMap({ answers[$0].first { ($0.int(0), $0.int(1)) } }) else {
            throw StoreError(.corrupt, "the row of position_base is gone; restore the schema from a backup")
        }
        var locked = Locked(transaction: first.0, firstPosition: first.1)
        lastSeqs.map { answers[$0] }?.forEach { locked.lastSeqs[InstanceID($0.text(0))] = $0.number(1) }
        inserted.map { answers[$0] }?.forEach { locked.inserted.insert(Int($0.int(0) - first.1) - 1) }
        ownKeys.map { answers[$0] }?.forEach { locked.ownKeys.insert($0.text(0)) }
        allKeys.map { answers[$0] }?.forEach { locked.keys[$0.text(0)] = InstanceID($0.text(1)) }
        try locks.map { answers[$0] }?.forEach { row in
            let task = try PlannedTask(row)
            locked.tasks[task.row.id] = task
        }
        entries.map { answers[$0] }?.forEach { locked.entries.insert($0.int(0)) }
        return locked
    }

    /// Statements, and where the answer to each will be; nil for those left out.
    private struct Batch {
        private(set) var statements: [Connection.Statement] = []

        @discardableResult
        mutating func add(if isNeeded: Bool = true, _ sql: String, _ values: [PostgresValue] = []) -> Int? {
            guard isNeeded else { return nil }
            statements.append(Connection.Statement(sql: sql, values: values))
            return statements.count - 1
        }
    }

    /// The first transition of the batch for each key of the journal, in the order of keys, which is everybody's.
    private func candidates() -> [Int] {
        var places: [TaskID: Int] = [:]
        places.reserveCapacity(transitions.count)
        for (place, transition) in transitions.enumerated() {
            let key = TaskID(instance: transition.instance, number: transition.seq)
            if places[key] == nil { places[key] = place }
        }
        return places.sorted { $0.key < $1.key }.map(\.value)
    }

    private func startKeys() -> [(key: String, instance: InstanceID)] {
        var keys: [String: InstanceID] = [:]
        for transition in transitions {
            for key in [transition.startKey, transition.uniqueKey].compactMap(\.self) where keys[key] == nil {
                keys[key] = transition.instance
            }
        }
        return keys.map { ($0.key, $0.value) }.sorted { $0.key < $1.key }
    }

    private static let base = "(SELECT (pg_current_xact_id()::text::bigint + base) << 16 FROM position_base)"

    private static let head = "SELECT pg_current_xact_id()::text::bigint, \(base)"

    private static let lastSeqs = """
        SELECT i.instance, coalesce((SELECT max(seq) FROM journal WHERE journal.instance = i.instance), 0)::bigint
        FROM unnest($1::text[]) AS i(instance)
        """

    /// Whoever inserts the same key waits here for the other's end. Arrays are sorted, so that nobody waits in a circle.
    private static let insertRows = """
        INSERT INTO journal (position, instance, seq, at, events)
        SELECT \(base) + n, instance, seq, at, events
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[]) AS r(n, instance, seq, at, events)
        ON CONFLICT (instance, seq) DO NOTHING RETURNING position
        """

    private static let insertKeys = """
        INSERT INTO start_key (hash, key, instance)
        SELECT sha256(convert_to(key, 'UTF8')), key, instance FROM unnest($1::text[], $2::text[]) AS k(key, instance)
        ON CONFLICT (hash) DO NOTHING RETURNING key
        """

    private static let readKeys = """
        SELECT start_key.key, start_key.instance FROM unnest($1::text[]) AS k(key)
        JOIN start_key ON start_key.hash = sha256(convert_to(k.key, 'UTF8'))
        """

    private static let lockTasks = """
        SELECT \(PostgresStore.taskColumns)
        FROM unnest($1::text[], $2::bigint[]) AS k(instance, number)
        JOIN task ON task.instance = k.instance COLLATE "C" AND task.number = k.number
        ORDER BY task.instance, task.number FOR UPDATE OF task
        """

    /// Those of whole instances too, in the same order.
    private static let lockTasksAndPaused = """
        SELECT \(PostgresStore.taskColumns) FROM task
        WHERE (instance, number) IN (SELECT * FROM unnest($1::text[], $2::bigint[])) OR instance = ANY($3::text[])
        ORDER BY task.instance, task.number FOR UPDATE OF task
        """

    private static let lockEntries = "SELECT id FROM inbox WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"
}
