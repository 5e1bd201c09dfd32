extension Schema {
    /// What is over is found by its end, and removed with all that belongs to it.
    static let migration8 = Migration(
        version: 8, oldestUser: 7,
        sql: """
            CREATE INDEX index_instance_ended ON index_instance (definition, ended_at, id) WHERE ended_at IS NOT NULL;
            CREATE INDEX start_key_instance ON start_key (instance);
            """)
}
