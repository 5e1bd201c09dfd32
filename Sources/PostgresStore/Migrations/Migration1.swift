extension Schema {
    /// The engine's tables, the deployed definitions, the config store and the workflow index.
    ///
    /// Times are milliseconds since 1970. Contracts are `name@major`, definitions `process:version`. Texts are compared by
    /// their bytes. An index entry has a limit of 2,704 bytes, and the texts of users have none: what is found by such a
    /// text is indexed by its hash or its first characters.
    static let migration1 = Migration(version: 1, oldestUser: 1, sql: engine + waiting + deployment + config + index)

    private static let engine = """
        -- Positions are (transaction id + base) * 65536 + the row's number in its transaction: they grow in the order in
        -- which a reader below the snapshot horizon may take them. The base is raised when a dump is restored into a
        -- server whose transaction ids are smaller.
        CREATE TABLE position_base (id bigint PRIMARY KEY CHECK (id = 1), base bigint NOT NULL);
        INSERT INTO position_base VALUES (1, 0);

        -- The store's own id: the bus is marked with it.
        CREATE TABLE store_identity (id text COLLATE "C" NOT NULL);
        INSERT INTO store_identity VALUES (replace(gen_random_uuid()::text, '-', ''));

        -- The truth.
        CREATE TABLE journal (
            position bigint NOT NULL,
            instance text COLLATE "C" NOT NULL,
            seq bigint NOT NULL,
            at bigint NOT NULL,
            events bytea NOT NULL,
            PRIMARY KEY (instance, seq)
        );
        CREATE UNIQUE INDEX journal_position ON journal (position);
        -- Not compressed: the input of a task is a part of a row, and only uncompressed ones are read in parts.
        ALTER TABLE journal ALTER COLUMN events SET STORAGE EXTERNAL;

        CREATE TABLE start_key (hash bytea PRIMARY KEY, key text COLLATE "C" NOT NULL, instance text COLLATE "C" NOT NULL);

        -- phase: 0 waiting, 1 dispatched, 2 queued, 3 running, 4 suspended. A lease is there exactly in phases 1 to 3.
        -- id grows with creation. The input stands in the journal row.
        CREATE TABLE task (
            instance text COLLATE "C" NOT NULL,
            number bigint NOT NULL,
            id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            phase smallint NOT NULL,
            contract text COLLATE "C" NOT NULL,
            priority bigint NOT NULL,
            available_at bigint NOT NULL,
            lease_until bigint,
            attempt bigint NOT NULL,
            retries bigint NOT NULL,
            token text COLLATE "C",
            owner text COLLATE "C",
            started_at bigint,
            progress double precision,
            progress_message text COLLATE "C",
            error text COLLATE "C",
            element text COLLATE "C" NOT NULL,
            definition text COLLATE "C" NOT NULL,
            business_key text COLLATE "C",
            input_position bigint NOT NULL,
            input_offset bigint NOT NULL,
            input_length bigint NOT NULL,
            PRIMARY KEY (instance, number)
        ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
        -- A claim seeks the highest priority, then reads due tasks from the front: what waits for later costs it nothing.
        CREATE INDEX task_waiting ON task (contract, priority DESC, available_at, id) WHERE phase = 0;
        CREATE INDEX task_due ON task (available_at) WHERE phase = 0;
        CREATE INDEX task_out ON task (contract, lease_until) WHERE lease_until IS NOT NULL;
        CREATE INDEX task_lease ON task (lease_until) WHERE lease_until IS NOT NULL;

        """

    private static let waiting = """
        CREATE TABLE timer (
            instance text COLLATE "C" NOT NULL,
            number bigint NOT NULL,
            due_at bigint NOT NULL,
            PRIMARY KEY (instance, number)
        ) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
        CREATE INDEX timer_due ON timer (due_at, instance, number);

        CREATE TABLE outbox (
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            exchange text COLLATE "C" NOT NULL,
            routing_key text COLLATE "C" NOT NULL,
            type text COLLATE "C" NOT NULL,
            body bytea NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

        """

    private static let deployment = """
        CREATE TABLE process (name text COLLATE "C" PRIMARY KEY, open boolean NOT NULL);
        CREATE TABLE definition (
            process text COLLATE "C" NOT NULL REFERENCES process (name),
            version bigint NOT NULL,
            hash text COLLATE "C" NOT NULL,
            workflow text COLLATE "C",
            workflow_version text COLLATE "C",
            deployed_at bigint NOT NULL,
            source bytea NOT NULL,
            PRIMARY KEY (process, version)
        );
        CREATE TABLE contract (
            name text COLLATE "C" NOT NULL,
            version text COLLATE "C" NOT NULL,
            kind text COLLATE "C" NOT NULL,
            content text COLLATE "C" NOT NULL,
            PRIMARY KEY (name, version)
        );
        -- Deployments lock its row, and so come one after the other.
        CREATE TABLE deployment_epoch (id bigint PRIMARY KEY CHECK (id = 1), epoch bigint NOT NULL);
        INSERT INTO deployment_epoch VALUES (1, 0);

        """

    private static let config = """
        CREATE TABLE artifact_content (hash text COLLATE "C" PRIMARY KEY, content bytea NOT NULL);
        CREATE TABLE revision (
            number bigint PRIMARY KEY,
            parent bigint REFERENCES revision (number),
            author text COLLATE "C" NOT NULL,
            message text COLLATE "C" NOT NULL,
            at bigint NOT NULL
        );
        CREATE TABLE revision_entry (
            revision bigint NOT NULL REFERENCES revision (number),
            kind text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            version text COLLATE "C" NOT NULL,
            hash text COLLATE "C" NOT NULL REFERENCES artifact_content (hash),
            PRIMARY KEY (revision, kind, name, version)
        );

        """

    private static let index = """
        -- Who changes the index locks this row.
        CREATE TABLE index_position (id bigint PRIMARY KEY CHECK (id = 1), position bigint NOT NULL);
        INSERT INTO index_position VALUES (1, 0);

        CREATE TABLE index_instance (
            id text COLLATE "C" PRIMARY KEY,
            definition text COLLATE "C" NOT NULL,
            process text COLLATE "C" NOT NULL,
            workflow text COLLATE "C",
            workflow_version text COLLATE "C",
            object_id text COLLATE "C",
            started_by text COLLATE "C",
            metadata text COLLATE "C" NOT NULL,
            business_key text COLLATE "C",
            state text COLLATE "C" NOT NULL,
            started_at bigint NOT NULL,
            ended_at bigint,
            message text COLLATE "C",
            open_incidents bigint NOT NULL,
            tasks_created bigint NOT NULL,
            tasks_done bigint NOT NULL
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
        -- Every index ends in (started_at, id), the order of a page.
        CREATE INDEX index_instance_started ON index_instance (started_at, id);
        CREATE INDEX index_instance_state ON index_instance (state, started_at, id);
        CREATE INDEX index_instance_workflow ON index_instance (left(workflow, 200), started_at, id)
            WHERE workflow IS NOT NULL;
        CREATE INDEX index_instance_process ON index_instance (left(process, 200), started_at, id);
        CREATE INDEX index_instance_business_key ON index_instance (left(business_key, 200), started_at, id)
            WHERE business_key IS NOT NULL;
        CREATE INDEX index_instance_object ON index_instance (left(object_id, 200), started_at, id)
            WHERE object_id IS NOT NULL;

        -- pair: the hash of a name and a value among the metadata of an instance.
        CREATE TABLE index_metadata (
            pair bytea NOT NULL,
            started_at bigint NOT NULL,
            instance text COLLATE "C" NOT NULL,
            PRIMARY KEY (pair, started_at, instance)
        );

        CREATE TABLE index_count (state text COLLATE "C" PRIMARY KEY, instances bigint NOT NULL);

        CREATE TABLE index_task (
            instance text COLLATE "C" NOT NULL,
            number bigint NOT NULL,
            element text COLLATE "C" NOT NULL,
            contract text COLLATE "C" NOT NULL,
            major bigint NOT NULL,
            state text COLLATE "C" NOT NULL,
            created_at bigint NOT NULL,
            ended_at bigint,
            message text COLLATE "C",
            PRIMARY KEY (instance, number)
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
        CREATE INDEX index_task_created ON index_task (created_at, instance, number);
        CREATE INDEX index_task_state ON index_task (state, created_at, instance, number);
        CREATE INDEX index_task_contract ON index_task (contract, created_at, instance, number);
        """
}
