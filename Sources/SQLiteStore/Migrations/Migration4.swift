extension Schema {
    /// What instances wait for from outside, and what is on its way to them.
    static let migration4 = Migration(
        version: 4,
        sql: """
            CREATE TABLE subscription (
                instance TEXT NOT NULL,
                number INTEGER NOT NULL,
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                key TEXT,
                business_key TEXT,
                definition TEXT NOT NULL,
                element TEXT NOT NULL,
                PRIMARY KEY (instance, number)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX subscription_name ON subscription (kind, name, key);

            -- due_at of an entry that waits for a subscription is when it expires.
            CREATE TABLE inbox (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                due_at INTEGER NOT NULL,
                awaits TEXT,
                awaits_key TEXT,
                awaits_business_key TEXT,
                body BLOB NOT NULL
            ) STRICT;
            CREATE INDEX inbox_due ON inbox (due_at);
            CREATE INDEX inbox_awaits ON inbox (awaits) WHERE awaits IS NOT NULL;

            CREATE TABLE message_key (key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            """)
}
