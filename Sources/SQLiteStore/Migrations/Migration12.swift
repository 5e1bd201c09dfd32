extension Schema {
    /// What agents are told of where a task comes from. NULL costs a byte.
    static let migration12 = Migration(
        version: 12,
        sql: """
            ALTER TABLE task ADD COLUMN correlation_id TEXT;
            ALTER TABLE task ADD COLUMN run_as TEXT;
            """)
}
