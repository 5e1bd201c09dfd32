extension Schema {
    /// What agents are told of where a task comes from. Older programs would not tell it, and would let business keys be taken twice.
    static let migration11 = Migration(
        version: 11, oldestUser: 11,
        sql: """
            ALTER TABLE task ADD COLUMN correlation_id text COLLATE "C";
            ALTER TABLE task ADD COLUMN run_as text COLLATE "C";
            """)
}
