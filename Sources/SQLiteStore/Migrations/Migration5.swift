extension Schema {
    /// What DMN files decide.
    static let migration5 = Migration(
        version: 5,
        sql: """
            CREATE TABLE decision (
                decision TEXT NOT NULL,
                version INTEGER NOT NULL,
                hash TEXT NOT NULL,
                contract TEXT,
                config_version TEXT,
                deployed_at INTEGER NOT NULL,
                source BLOB NOT NULL,
                PRIMARY KEY (decision, version)
            ) STRICT;
            """)
}
