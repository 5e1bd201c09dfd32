extension Schema {
    /// Open user tasks of all instances. The index is made again, so that it has those that are open now.
    static let migration7 = Migration(
        version: 7, oldestUser: 7,
        sql: """
            CREATE TABLE index_user_task (
                instance text COLLATE "C" NOT NULL,
                number bigint NOT NULL,
                created_at bigint NOT NULL,
                element text COLLATE "C" NOT NULL,
                name text COLLATE "C",
                assignee text COLLATE "C",
                candidates text COLLATE "C" NOT NULL,
                due_at bigint,
                follow_up_at bigint,
                form_key text COLLATE "C",
                priority bigint NOT NULL,
                PRIMARY KEY (instance, number)
            );
            CREATE INDEX index_user_task_created ON index_user_task (created_at, instance, number);
            CREATE INDEX index_user_task_assignee ON index_user_task (left(assignee, 200), created_at, instance, number);
            CREATE INDEX index_user_task_due ON index_user_task (due_at) WHERE due_at IS NOT NULL;

            -- candidate: the hash of `user` or `group` and a name.
            CREATE TABLE index_candidate (
                candidate bytea NOT NULL,
                instance text COLLATE "C" NOT NULL,
                number bigint NOT NULL,
                PRIMARY KEY (candidate, instance, number)
            );
            CREATE INDEX index_candidate_task ON index_candidate (instance, number);

            DELETE FROM index_instance;
            DELETE FROM index_metadata;
            DELETE FROM index_task;
            DELETE FROM index_count;
            UPDATE index_position SET position = 0;
            """)
}
