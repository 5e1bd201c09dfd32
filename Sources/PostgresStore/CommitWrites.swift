import Delivery
import ProcessEngine
import Services
import Values

/// The second half of a commit, as statements over whole sets.
struct CommitWrites {
    private(set) var statements: [Connection.Statement] = []

    init(_ plan: CommitPlan, _ transitions: [Transition]) {
        settleJournal(plan, transitions)
        settleKeys(plan)
        let earlier = plan.tasks.values.filter { $0.creation == nil && ($0.isChanged || $0.movedTo != nil) }
            .sorted { $0.row.id < $1.row.id }
        remove(plan.removed.sorted())
        insert(plan.tasks.values)
        update(earlier.filter(\.isChanged))
        move(earlier.filter { $0.movedTo != nil })
        move(plan.movedSubscriptions)
        store(plan.timers)
        send(plan.outbox)
        store(plan.subscriptions)
        if !plan.consumed.isEmpty {
            add("DELETE FROM inbox WHERE id = ANY($1::bigint[])", [.ints(plan.consumed.sorted().map { $0 })])
        }
        if !plan.inbox.isEmpty { statements.append(PostgresStore.adding(plan.inbox)) }
    }

    private mutating func add(_ sql: String, _ values: [PostgresValue]) {
        statements.append(Connection.Statement(sql: sql, values: values))
    }

    /// Takes back the rows of losers. If another transition of the batch won a row's key, the row becomes its own.
    private mutating func settleJournal(_ plan: CommitPlan, _ transitions: [Transition]) {
        let first = plan.locked.firstPosition
        let winners = Set(plan.winners)
        let losers = plan.locked.inserted.subtracting(winners)
        if !losers.isEmpty {
            add("DELETE FROM journal WHERE position = ANY($1::bigint[])", [.ints(losers.map { first + Int64($0) + 1 })])
        }
        for place in plan.winners where !plan.locked.inserted.contains(place) {
            let transition = transitions[place]
            add(
                "INSERT INTO journal (position, instance, seq, at, events) VALUES ($1, $2, $3, $4, $5)",
                [
                    .int(first + Int64(place) + 1), .text(transition.instance.text), .int(transition.seq),
                    .int(transition.at.stored), .bytes(transition.events),
                ])
        }
    }

    private mutating func settleKeys(_ plan: CommitPlan) {
        let unused = plan.locked.ownKeys.subtracting(plan.ownKeys.keys).union(plan.freedKeys)
        if !unused.isEmpty {
            add(
                """
                DELETE FROM start_key WHERE hash = ANY(
                    SELECT sha256(convert_to(key, 'UTF8')) FROM unnest($1::text[]) AS k(key))
                """, [.texts(unused.sorted())])
        }
        for (key, instance) in plan.ownKeys where plan.locked.keys[key] != instance {
            add(
                "UPDATE start_key SET instance = $2 WHERE hash = sha256(convert_to($1::text, 'UTF8'))",
                [.text(key), .text(instance.text)])
        }
    }

    private mutating func remove(_ tasks: [TaskID]) {
        guard !tasks.isEmpty else { return }
        add(
            """
            DELETE FROM task USING unnest($1::text[], $2::bigint[]) AS k(instance, number)
            WHERE task.instance = k.instance COLLATE "C" AND task.number = k.number
            """, [.texts(tasks.map(\.instance.text)), .ints(tasks.map(\.number))])
    }

    /// Those that this commit makes, in the order of creation.
    private mutating func insert(_ tasks: some Sequence<PlannedTask>) {
        let made = tasks.compactMap { task in task.creation.map { (row: task.row, from: $0) } }
            .sorted { $0.from.order < $1.from.order }
        guard !made.isEmpty else { return }
        add(
            """
            INSERT INTO task (
                instance, number, phase, contract, priority, available_at, lease_until, attempt, retries, token, owner,
                started_at, progress, progress_message, error, element, definition, business_key, input_position,
                input_offset, input_length, paused, correlation_id, run_as)
            SELECT * FROM unnest(
                $1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::text[], $11::text[], $12::bigint[], $13::float8[], $14::text[], $15::text[],
                $16::text[], $17::text[], $18::text[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[],
                $23::text[], $24::text[])
            """,
            [
                .texts(made.map(\.row.id.instance.text)), .ints(made.map(\.row.id.number)),
                .ints(made.map(\.row.phase.stored)), .texts(made.map(\.row.contract.description)),
                .ints(made.map(\.row.priority)), .ints(made.map(\.row.availableAt.stored)),
                .ints(made.map(\.row.leaseUntil?.stored)), .ints(made.map(\.row.attempt)),
                .ints(made.map(\.row.retries)), .texts(made.map(\.row.token)), .texts(made.map(\.row.owner)),
                .ints(made.map(\.row.startedAt?.stored)), .doubles(made.map(\.row.progress)),
                .texts(made.map(\.row.progressMessage)), .texts(made.map(\.row.error)),
                .texts(made.map(\.row.element.text)), .texts(made.map(\.from.task.definition.description)),
                .texts(made.map(\.from.task.businessKey)), .ints(made.map(\.from.position)),
                .ints(made.map(\.from.task.inputRange.lowerBound)), .ints(made.map(\.from.task.inputRange.count)),
                .ints(made.map { $0.row.isPaused ? 1 : 0 }), .texts(made.map(\.from.task.correlationID)),
                .texts(made.map(\.from.task.runAs)),
            ])
    }

    private mutating func update(_ tasks: [PlannedTask]) {
        guard !tasks.isEmpty else { return }
        add(
            """
            UPDATE task SET phase = c.phase, available_at = c.available_at, lease_until = c.lease_until,
                retries = c.retries, token = c.token, owner = c.owner, started_at = c.started_at, progress = c.progress,
                progress_message = c.progress_message, error = c.error, paused = c.paused
            FROM unnest(
                $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
                $9::bigint[], $10::float8[], $11::text[], $12::text[], $13::bigint[]
            ) AS c(
                instance, number, phase, available_at, lease_until, retries, token, owner, started_at, progress,
                progress_message, error, paused)
            WHERE task.instance = c.instance COLLATE "C" AND task.number = c.number
            """,
            [
                .texts(tasks.map(\.row.id.instance.text)), .ints(tasks.map(\.row.id.number)),
                .ints(tasks.map(\.row.phase.stored)), .ints(tasks.map(\.row.availableAt.stored)),
                .ints(tasks.map(\.row.leaseUntil?.stored)), .ints(tasks.map(\.row.retries)),
                .texts(tasks.map(\.row.token)), .texts(tasks.map(\.row.owner)),
                .ints(tasks.map(\.row.startedAt?.stored)),
                .doubles(tasks.map(\.row.progress)), .texts(tasks.map(\.row.progressMessage)),
                .texts(tasks.map(\.row.error)), .ints(tasks.map { $0.row.isPaused ? 1 : 0 }),
            ])
    }

    private mutating func move(_ tasks: [PlannedTask]) {
        guard !tasks.isEmpty else { return }
        add(
            """
            UPDATE task SET element = m.element, definition = m.definition
            FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) AS m(instance, number, element, definition)
            WHERE task.instance = m.instance COLLATE "C" AND task.number = m.number
            """,
            [
                .texts(tasks.map(\.row.id.instance.text)), .ints(tasks.map(\.row.id.number)),
                .texts(tasks.map(\.row.element.text)), .texts(tasks.map { $0.movedTo?.description }),
            ])
    }

    private mutating func move(_ subscriptions: [TaskID: (element: ElementID, definition: DefinitionID)]) {
        guard !subscriptions.isEmpty else { return }
        let sorted = subscriptions.sorted { $0.key < $1.key }
        add(
            """
            UPDATE subscription SET element = m.element, definition = m.definition
            FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) AS m(instance, number, element, definition)
            WHERE subscription.instance = m.instance COLLATE "C" AND subscription.number = m.number
            """,
            [
                .texts(sorted.map(\.key.instance.text)), .ints(sorted.map(\.key.number)),
                .texts(sorted.map(\.value.element.text)), .texts(sorted.map(\.value.definition.description)),
            ])
    }

    private mutating func store(_ timers: [TaskID: Timestamp?]) {
        let sorted = timers.sorted { $0.key < $1.key }
        let over = sorted.filter { $0.value == nil }.map(\.key)
        if !over.isEmpty {
            add(
                """
                DELETE FROM timer USING unnest($1::text[], $2::bigint[]) AS k(instance, number)
                WHERE timer.instance = k.instance COLLATE "C" AND timer.number = k.number
                """, [.texts(over.map(\.instance.text)), .ints(over.map(\.number))])
        }
        let set = sorted.compactMap { timer in timer.value.map { (id: timer.key, dueAt: $0) } }
        guard !set.isEmpty else { return }
        add(
            """
            INSERT INTO timer (instance, number, due_at)
            SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
            ON CONFLICT (instance, number) DO UPDATE SET due_at = excluded.due_at
            """,
            [.texts(set.map(\.id.instance.text)), .ints(set.map(\.id.number)), .ints(set.map(\.dueAt.stored))])
    }

    private mutating func send(_ messages: [OutboxMessage.Content]) {
        guard !messages.isEmpty else { return }
        add(
            """
            INSERT INTO outbox (exchange, routing_key, type, body)
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
            """,
            [
                .texts(messages.map(\.exchange)), .texts(messages.map(\.routingKey)), .texts(messages.map(\.type)),
                .blobs(messages.map(\.body)),
            ])
    }

    private mutating func store(_ subscriptions: [TaskID: NewSubscription?]) {
        let sorted = subscriptions.sorted { $0.key < $1.key }
        let over = sorted.filter { $0.value == nil }.map(\.key)
        if !over.isEmpty {
            add(
                """
                DELETE FROM subscription USING unnest($1::text[], $2::bigint[]) AS k(instance, number)
                WHERE subscription.instance = k.instance COLLATE "C" AND subscription.number = k.number
                """, [.texts(over.map(\.instance.text)), .ints(over.map(\.number))])
        }
        let open = sorted.compactMap { entry in entry.value.map { (instance: entry.key.instance.text, new: $0) } }
        guard !open.isEmpty else { return }
        add(
            """
            INSERT INTO subscription (instance, number, kind, name, key, business_key, definition, element)
            SELECT * FROM unnest(
                $1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
            """,
            [
                .texts(open.map(\.instance)), .ints(open.map(\.new.number)), .texts(open.map(\.new.kind.rawValue)),
                .texts(open.map(\.new.name)), .texts(open.map(\.new.key)), .texts(open.map(\.new.businessKey)),
                .texts(open.map(\.new.definition.description)), .texts(open.map(\.new.element.text)),
            ])
    }
}
