extension Schema {
    /// Tasks of suspended instances, which nobody claims or reaps. Older programs would.
    static let migration6 = Migration(
        version: 6, oldestUser: 6,
        sql: """
            ALTER TABLE task ADD COLUMN paused bigint NOT NULL DEFAULT 0;
            DROP INDEX task_waiting;
            CREATE INDEX task_waiting ON task (contract, priority DESC, available_at, id) WHERE phase = 0 AND paused = 0;
            DROP INDEX task_due;
            CREATE INDEX task_due ON task (available_at) WHERE phase = 0 AND paused = 0;
            DROP INDEX task_lease;
            CREATE INDEX task_lease ON task (lease_until) WHERE lease_until IS NOT NULL AND paused = 0;
            """)
}
