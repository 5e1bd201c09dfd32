extension Schema {
    /// What instances wait for from outside, and what is on its way to them.
    static let migration3 = Migration(
        version: 3, oldestUser: 1,
        sql: """
            CREATE TABLE subscription (
                instance text COLLATE "C" NOT NULL,
                number bigint NOT NULL,
                kind text COLLATE "C" NOT NULL,
                name text COLLATE "C" NOT NULL,
                key text COLLATE "C",
                business_key text COLLATE "C",
                definition text COLLATE "C" NOT NULL,
                element text COLLATE "C" NOT NULL,
                PRIMARY KEY (instance, number)
            );
            -- Names are texts of users, and may be longer than an index entry.
            CREATE INDEX subscription_name ON subscription (kind, left(name, 200));

            -- due_at of an entry that waits for a subscription is when it expires.
            CREATE TABLE inbox (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                due_at bigint NOT NULL,
                awaits text COLLATE "C",
                awaits_key text COLLATE "C",
                awaits_business_key text COLLATE "C",
                body bytea NOT NULL
            );
            CREATE INDEX inbox_due ON inbox (due_at);
            CREATE INDEX inbox_awaits ON inbox (id) WHERE awaits IS NOT NULL;

            CREATE TABLE message_key (hash bytea PRIMARY KEY, at bigint NOT NULL);
            """)
}
