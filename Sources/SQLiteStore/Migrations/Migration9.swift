extension Schema {
    /// What is over is found by its end, and removed with all that belongs to it.
    static let migration9 = Migration(
        version: 9,
        sql: """
            CREATE INDEX index_instance_ended ON index_instance (definition, ended_at) WHERE ended_at IS NOT NULL;
            CREATE INDEX start_key_instance ON start_key (instance);
            CREATE TRIGGER index_instance_removed AFTER DELETE ON index_instance BEGIN
                UPDATE index_count SET instances = instances - 1 WHERE state = old.state;
            END;
            """)
}
