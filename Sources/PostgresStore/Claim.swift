import Delivery
import ProcessEngine
import Services
import Values

/// `ProcessStore.claim`, in one round trip.
///
/// Its cost grows with what it leases and with the number of distinct priorities, not with what waits: of each contract
/// only the best tasks are read, by an index that holds them in claim order. What another claim or a commit has locked is
/// passed over, so that no claim waits for a row.
struct Claim {
    let request: ClaimRequest

    func run(_ connection: Connection) throws -> [LeasedTask] {
        let limit = min(request.limit, request.tokens.count)
        var seen: Set<ContractKey> = []
        let credits = request.credits.filter { $0.count > 0 && seen.insert($0.contract).inserted }
        guard limit > 0, !credits.isEmpty else { return [] }
        let claim = Connection.Statement(
            sql: Self.sql,
            values: [
                .texts(credits.map(\.contract.description)), .ints(credits.map { min($0.count, limit) }),
                .ints(credits.map { $0.concurrency.map { Int64($0) } }), .int(request.now.stored), .int(limit),
                .texts(Array(request.tokens.prefix(limit))), .text(request.owner), .int(request.leaseUntil.stored),
            ])
        let limited = credits.filter { $0.concurrency != nil }.map(\.contract.description)
        guard !limited.isEmpty else { return try connection.run([claim])[0].map(leased) }
        // Counted and leased under a lock for each contract, taken before the snapshot of the claim.
        let answers = try connection.run([
            Connection.Statement(sql: "BEGIN"), Connection.Statement(sql: Self.lock, values: [.texts(limited)]), claim,
            Connection.Statement(sql: "COMMIT"),
        ])
        return try answers[2].map(leased)
    }

    private func leased(_ row: ResultRow) throws -> LeasedTask {
        let id = row.taskID(0, 1)
        guard !row.isNull(9), let input = try? JSON(validating: row.bytes(9), limits: EventCoding.limits) else {
            throw StoreError(.corrupt, "the input of task \(id) is missing or no JSON; restore from a backup")
        }
        return LeasedTask(
            id: id, element: ElementID(row.text(2)), contract: try row.contractKey(3), priority: row.number(4),
            retries: row.number(5), definition: try row.definitionID(6), businessKey: row.optional(7, row.text),
            lease: TaskLease(
                owner: request.owner, attempt: row.number(8), token: row.text(10), until: request.leaseUntil),
            input: input, correlationID: row.optional(11, row.text), runAs: row.optional(12, row.text))
    }

    /// In one order for everybody. Two contracts whose hashes are equal only wait for each other.
    private static let lock = """
        SELECT pg_advisory_xact_lock(key) FROM (
            SELECT DISTINCT hashtextextended(current_schema() || ' claim ' || contract, 8712342) AS key
            FROM unnest($1::text[]) AS c(contract) ORDER BY 1) AS keys
        """

    /// $1 contracts, $2 credit, $3 concurrency, $4 now, $5 limit, $6 tokens, $7 owner, $8 lease.
    ///
    /// `level` goes from priority to priority, so that future tasks of a high one are not read on the way to due tasks of
    /// a lower one; it is read no further than the credit needs. Most polls of an idle engine end in `credit`.
    private static let sql = """
        WITH credit AS MATERIALIZED (
            SELECT c.contract, greatest(least(c.count, c.concurrency - (
                SELECT count(*) FROM task
                WHERE task.contract = c.contract AND lease_until > $4::bigint AND c.concurrency IS NOT NULL)), 0) AS room
            FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS c(contract, count, concurrency)
            WHERE EXISTS (SELECT FROM task WHERE phase = 0 AND paused = 0 AND available_at <= $4::bigint)
                OR EXISTS (
                    SELECT FROM task WHERE phase IN (1, 2) AND paused = 0 AND lease_until <= $4::bigint)
        ), waiting AS MATERIALIZED (
            SELECT due.* FROM credit CROSS JOIN LATERAL (
                WITH RECURSIVE level(priority) AS (
                    SELECT max(priority) FROM task WHERE phase = 0 AND paused = 0 AND contract = credit.contract
                    UNION ALL
                    SELECT (
                        SELECT max(task.priority) FROM task
                        WHERE phase = 0 AND paused = 0 AND contract = credit.contract
                            AND task.priority < level.priority)
                    FROM level WHERE level.priority IS NOT NULL
                )
                SELECT best.* FROM level CROSS JOIN LATERAL (
                    SELECT instance, number, contract, priority, available_at, id FROM task
                    WHERE phase = 0 AND paused = 0 AND contract = credit.contract AND priority = level.priority
                        AND available_at <= $4::bigint
                    ORDER BY available_at, id LIMIT credit.room FOR UPDATE SKIP LOCKED
                ) AS best LIMIT credit.room
            ) AS due
        ), expired AS MATERIALIZED (
            SELECT lost.* FROM credit CROSS JOIN LATERAL (
                SELECT instance, number, contract, priority, available_at, id FROM task
                WHERE contract = credit.contract AND phase IN (1, 2) AND paused = 0 AND lease_until <= $4::bigint
                ORDER BY priority DESC, available_at, id LIMIT credit.room FOR UPDATE SKIP LOCKED
            ) AS lost
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY contract ORDER BY priority DESC, available_at, id) AS rank
            FROM (SELECT * FROM waiting UNION ALL SELECT * FROM expired) AS due
        ), chosen AS MATERIALIZED (
            SELECT ranked.*, row_number() OVER (ORDER BY priority DESC, available_at, id) AS place
            FROM ranked JOIN credit ON credit.contract = ranked.contract WHERE rank <= credit.room
            ORDER BY priority DESC, available_at, id LIMIT $5::bigint
        ), leased AS (
            UPDATE task SET phase = 1, attempt = attempt + 1, token = ($6::text[])[chosen.place], owner = $7::text,
                lease_until = $8::bigint
            FROM chosen WHERE task.instance = chosen.instance AND task.number = chosen.number
            RETURNING task.*, chosen.place
        )
        SELECT leased.instance, leased.number, leased.element, leased.contract, leased.priority, leased.retries,
            leased.definition, leased.business_key, leased.attempt,
            substr(journal.events, input_offset::integer + 1, input_length::integer), leased.token,
            leased.correlation_id, leased.run_as
        FROM leased LEFT JOIN journal ON journal.position = leased.input_position ORDER BY leased.place
        """
}
