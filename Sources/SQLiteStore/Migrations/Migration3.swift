extension Schema {
    /// What deployments over the Camunda 7 dialect called themselves.
    static let migration3 = Migration(
        version: 3,
        sql: """
            CREATE TABLE deployment_record (
                id TEXT PRIMARY KEY,
                name TEXT,
                source TEXT,
                deployed_at INTEGER NOT NULL,
                resources TEXT NOT NULL
            ) STRICT, WITHOUT ROWID;
            """)
}
