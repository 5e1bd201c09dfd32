extension Schema {
    /// Tasks of suspended instances, which nobody claims or reaps.
    static let migration7 = Migration(
        version: 7,
        sql: """
            ALTER TABLE task ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
            DROP INDEX task_waiting;
            CREATE INDEX task_waiting ON task (contract, priority, available_at) WHERE phase = 0 AND paused = 0;
            DROP INDEX task_due;
            CREATE INDEX task_due ON task (available_at, contract) WHERE phase = 0 AND paused = 0;
            DROP INDEX task_lease;
            CREATE INDEX task_lease ON task (phase, lease_until) WHERE lease_until IS NOT NULL AND paused = 0;
            """)
}
