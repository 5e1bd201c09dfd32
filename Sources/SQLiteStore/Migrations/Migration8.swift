extension Schema {
    /// Open user tasks of all instances. The index is made again, so that it has those that are open now.
    static let migration8 = Migration(
        version: 8,
        sql: """
            CREATE TABLE index_user_task (
                instance TEXT NOT NULL,
                number INTEGER NOT NULL,
                created_at INTEGER NOT NULL,
                element TEXT NOT NULL,
                name TEXT,
                assignee TEXT,
                candidates TEXT NOT NULL,
                due_at INTEGER,
                follow_up_at INTEGER,
                form_key TEXT,
                priority INTEGER NOT NULL,
                PRIMARY KEY (instance, number)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX index_user_task_created ON index_user_task (created_at);
            CREATE INDEX index_user_task_assignee ON index_user_task (assignee, created_at);
            CREATE INDEX index_user_task_due ON index_user_task (due_at) WHERE due_at IS NOT NULL;

            -- kind: user or group.
            CREATE TABLE index_candidate (
                kind TEXT NOT NULL,
                name TEXT NOT NULL,
                instance TEXT NOT NULL,
                number INTEGER NOT NULL,
                PRIMARY KEY (kind, name, instance, number)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX index_candidate_task ON index_candidate (instance, number);

            DELETE FROM index_instance;
            DELETE FROM index_metadata;
            DELETE FROM index_task;
            DELETE FROM index_count;
            UPDATE index_position SET position = 0;
            """)
}
