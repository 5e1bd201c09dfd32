extension Schema {
    /// Where revisions came from, who may stage, and the settings of the installation.
    static let migration6 = Migration(
        version: 6,
        sql: """
            ALTER TABLE revision ADD COLUMN origin TEXT;
            CREATE TABLE staging_lease (id TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT;

            CREATE TABLE setting (
                stage TEXT NOT NULL,
                name TEXT NOT NULL,
                body TEXT NOT NULL,
                PRIMARY KEY (stage, name)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE setting_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT;
            INSERT INTO setting_version VALUES (1, 0);
            """)
}
