extension Schema {
    /// What DMN files decide.
    static let migration4 = Migration(
        version: 4, oldestUser: 1,
        sql: """
            CREATE TABLE decision (
                decision text COLLATE "C" NOT NULL,
                version bigint NOT NULL,
                hash text COLLATE "C" NOT NULL,
                contract text COLLATE "C",
                config_version text COLLATE "C",
                deployed_at bigint NOT NULL,
                source bytea NOT NULL,
                PRIMARY KEY (decision, version)
            );
            """)
}
