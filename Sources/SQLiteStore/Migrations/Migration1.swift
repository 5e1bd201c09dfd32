extension Schema {
    /// The engine's tables, the deployed definitions, the config store and the workflow index.
    ///
    /// Times are milliseconds since 1970. Contracts are `name@major`, definitions `process:version`.
    static let migration1 = Migration(version: 1, sql: [schemaVersion, engine, deployment, config, index].joined())

    private static let schemaVersion = """
        CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT;

        """

    private static let engine = """
        -- The truth. Positions are never used again, so that a reader can remember one.
        CREATE TABLE journal (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            instance TEXT NOT NULL,
            seq INTEGER NOT NULL,
            at INTEGER NOT NULL,
            events BLOB NOT NULL,
            UNIQUE (instance, seq)
        ) STRICT;

        CREATE TABLE start_key (key TEXT PRIMARY KEY, instance TEXT NOT NULL) STRICT, WITHOUT ROWID;

        -- phase: 0 waiting, 1 dispatched, 2 queued, 3 running, 4 suspended. A lease is there exactly in phases 1 to 3.
        -- id grows with creation. The input stands in the journal row, or here if that row is large (see Commit).
        CREATE TABLE task (
            id INTEGER PRIMARY KEY,
            instance TEXT NOT NULL,
            number INTEGER NOT NULL,
            phase INTEGER NOT NULL,
            contract TEXT NOT NULL,
            priority INTEGER NOT NULL,
            available_at INTEGER NOT NULL,
            lease_until INTEGER,
            attempt INTEGER NOT NULL,
            retries INTEGER NOT NULL,
            token TEXT,
            owner TEXT,
            started_at INTEGER,
            progress REAL,
            progress_message TEXT,
            error TEXT,
            element TEXT NOT NULL,
            definition TEXT NOT NULL,
            business_key TEXT,
            input_position INTEGER NOT NULL,
            input_offset INTEGER NOT NULL,
            input_length INTEGER NOT NULL,
            input BLOB,
            UNIQUE (instance, number)
        ) STRICT;
        -- A claim seeks the highest priority, then reads due tasks from the front: what waits for later costs it
        -- nothing.
        CREATE INDEX task_waiting ON task (contract, priority, available_at) WHERE phase = 0;
        CREATE INDEX task_due ON task (available_at, contract) WHERE phase = 0;
        CREATE INDEX task_out ON task (contract, phase, lease_until) WHERE lease_until IS NOT NULL;
        CREATE INDEX task_lease ON task (phase, lease_until) WHERE lease_until IS NOT NULL;

        CREATE TABLE timer (
            instance TEXT NOT NULL,
            number INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            PRIMARY KEY (instance, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX timer_due ON timer (due_at);

        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            exchange TEXT NOT NULL,
            routing_key TEXT NOT NULL,
            type TEXT NOT NULL,
            body BLOB NOT NULL
        ) STRICT;

        """

    private static let deployment = """
        CREATE TABLE process (name TEXT PRIMARY KEY, open INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE definition (
            process TEXT NOT NULL REFERENCES process (name),
            version INTEGER NOT NULL,
            hash TEXT NOT NULL,
            workflow TEXT,
            workflow_version TEXT,
            deployed_at INTEGER NOT NULL,
            source BLOB NOT NULL,
            PRIMARY KEY (process, version)
        ) STRICT;
        CREATE TABLE contract (
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            kind TEXT NOT NULL,
            content TEXT NOT NULL,
            PRIMARY KEY (name, version)
        ) STRICT;
        CREATE TABLE deployment_epoch (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL) STRICT;
        INSERT INTO deployment_epoch VALUES (1, 0);

        """

    private static let config = """
        CREATE TABLE artifact_content (hash TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
        CREATE TABLE revision (
            number INTEGER PRIMARY KEY,
            parent INTEGER REFERENCES revision (number),
            author TEXT NOT NULL,
            message TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE revision_entry (
            revision INTEGER NOT NULL REFERENCES revision (number),
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            hash TEXT NOT NULL REFERENCES artifact_content (hash),
            PRIMARY KEY (revision, kind, name, version)
        ) STRICT, WITHOUT ROWID;

        """

    private static let index = """
        CREATE TABLE index_position (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL) STRICT;
        INSERT INTO index_position VALUES (1, 0);

        CREATE TABLE index_instance (
            id TEXT PRIMARY KEY,
            definition TEXT NOT NULL,
            process TEXT NOT NULL,
            workflow TEXT,
            workflow_version TEXT,
            object_id TEXT,
            started_by TEXT,
            metadata TEXT NOT NULL,
            business_key TEXT,
            state TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            message TEXT,
            open_incidents INTEGER NOT NULL,
            tasks_created INTEGER NOT NULL,
            tasks_done INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        -- Every index ends in (started_at, id), the order of a page; the key is part of each index of a table without
        -- rowid.
        CREATE INDEX index_instance_started ON index_instance (started_at);
        CREATE INDEX index_instance_state ON index_instance (state, started_at);
        CREATE INDEX index_instance_workflow ON index_instance (workflow, started_at) WHERE workflow IS NOT NULL;
        CREATE INDEX index_instance_process ON index_instance (process, started_at);
        CREATE INDEX index_instance_business_key ON index_instance (business_key, started_at)
            WHERE business_key IS NOT NULL;
        CREATE INDEX index_instance_object ON index_instance (object_id, started_at) WHERE object_id IS NOT NULL;

        CREATE TABLE index_metadata (
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            instance TEXT NOT NULL,
            PRIMARY KEY (name, value, started_at, instance)
        ) STRICT, WITHOUT ROWID;

        -- Counting millions of rows would hold up the one connection: two triggers keep the counts.
        CREATE TABLE index_count (state TEXT PRIMARY KEY, instances INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TRIGGER index_instance_added AFTER INSERT ON index_instance BEGIN
            INSERT INTO index_count VALUES (new.state, 1) ON CONFLICT (state) DO UPDATE SET instances = instances + 1;
        END;
        CREATE TRIGGER index_instance_moved AFTER UPDATE OF state ON index_instance WHEN new.state <> old.state BEGIN
            INSERT INTO index_count VALUES (new.state, 1) ON CONFLICT (state) DO UPDATE SET instances = instances + 1;
            UPDATE index_count SET instances = instances - 1 WHERE state = old.state;
        END;

        CREATE TABLE index_task (
            instance TEXT NOT NULL,
            number INTEGER NOT NULL,
            element TEXT NOT NULL,
            contract TEXT NOT NULL,
            major INTEGER NOT NULL,
            state TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            ended_at INTEGER,
            message TEXT,
            PRIMARY KEY (instance, number)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX index_task_created ON index_task (created_at);
        CREATE INDEX index_task_state ON index_task (state, created_at);
        CREATE INDEX index_task_contract ON index_task (contract, created_at);
        """
}
