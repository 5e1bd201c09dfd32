extension Schema {
    /// Whose work an instance took up.
    static let migration9 = Migration(
        version: 9, oldestUser: 7,
        sql: """
            ALTER TABLE index_instance ADD COLUMN restarted_from text COLLATE "C";
            CREATE INDEX index_instance_origin ON index_instance (restarted_from, started_at, id)
                WHERE restarted_from IS NOT NULL;
            """)
}
