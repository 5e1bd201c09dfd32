extension Schema {
    /// Whose work an instance took up.
    static let migration10 = Migration(
        version: 10,
        sql: """
            ALTER TABLE index_instance ADD COLUMN restarted_from TEXT;
            CREATE INDEX index_instance_origin ON index_instance (restarted_from, started_at)
                WHERE restarted_from IS NOT NULL;
            """)
}
