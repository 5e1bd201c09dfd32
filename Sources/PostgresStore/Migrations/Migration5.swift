extension Schema {
    /// Where revisions came from, who may stage, and the settings of the installation. Older programs do not look at it.
    static let migration5 = Migration(
        version: 5, oldestUser: 1,
        sql: """
            ALTER TABLE revision ADD COLUMN origin text COLLATE "C";
            CREATE TABLE staging_lease (
                id text COLLATE "C" PRIMARY KEY,
                holder text COLLATE "C" NOT NULL,
                until bigint NOT NULL
            );

            CREATE TABLE setting (
                stage text COLLATE "C" NOT NULL,
                name text COLLATE "C" NOT NULL,
                body text COLLATE "C" NOT NULL,
                PRIMARY KEY (stage, name)
            );
            -- Who changes settings locks its row.
            CREATE TABLE setting_version (id bigint PRIMARY KEY CHECK (id = 1), version bigint NOT NULL);
            INSERT INTO setting_version VALUES (1, 0);
            """)
}
