extension Schema {
    /// What deployments over the Camunda 7 dialect called themselves. Older programs do not look at it.
    static let migration2 = Migration(
        version: 2, oldestUser: 1,
        sql: """
            CREATE TABLE deployment_record (
                id text COLLATE "C" PRIMARY KEY,
                name text COLLATE "C",
                source text COLLATE "C",
                deployed_at bigint NOT NULL,
                resources text COLLATE "C" NOT NULL
            );
            """)
}
