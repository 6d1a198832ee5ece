-- The ledger: the objects, and what became of them.
CREATE TABLE riacho.objects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bucket text NOT NULL,
    key text NOT NULL,
    version_id text,
    etag text,
    sequencer text,
    bytes bigint,
    sha256 text,
    source text NOT NULL,
    endpoint text NOT NULL,
    scope text NOT NULL,
    object_time timestamptz NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    records bigint,
    rows bigint,
    rejects bigint,
    envelope jsonb,
    error jsonb,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    loaded_at timestamptz,
    duration interval,
    stands boolean NOT NULL DEFAULT false,
    standing_time timestamptz,
    standing_key text,
    CONSTRAINT objects_bucket_key UNIQUE (bucket, key),
    CONSTRAINT objects_status
        CHECK (status IN ('loading', 'loaded', 'unchanged', 'superseded', 'failed'))
);

CREATE INDEX objects_scope ON riacho.objects (source, endpoint, scope, object_time, key);
CREATE INDEX objects_standing ON riacho.objects (source, endpoint, scope) WHERE stands;
CREATE INDEX objects_failed ON riacho.objects (source, endpoint) WHERE status = 'failed';

COMMENT ON TABLE riacho.objects IS 'the ledger: each object of the lake and what became of it';
COMMENT ON COLUMN riacho.objects.scope IS 'the partition folders of the key';
COMMENT ON COLUMN riacho.objects.object_time IS 'the time in the file name, else S3''s last-modified';
COMMENT ON COLUMN riacho.objects.status IS 'loaded, unchanged, superseded or failed; loading is never seen outside its transaction';
COMMENT ON COLUMN riacho.objects.stands IS 'whether its rows stand; a newer version that failed leaves those of the older one standing';
COMMENT ON COLUMN riacho.objects.standing_time IS 'the time that its rows count with: its own, or that of a newer object with the same bytes';
COMMENT ON COLUMN riacho.objects.standing_key IS 'the key that its rows count with where times are equal';

-- The catalog: what stands for what.
CREATE TABLE riacho.endpoints (
    source text NOT NULL,
    endpoint text NOT NULL,
    schema_name text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (source, endpoint)
);

COMMENT ON TABLE riacho.endpoints IS 'the endpoints that have tables; version counts the changes to them';

CREATE TABLE riacho.tables (
    source text NOT NULL,
    endpoint text NOT NULL,
    position integer NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    path text NOT NULL,
    parent integer,
    object_id bigint NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, endpoint, position),
    CONSTRAINT tables_name UNIQUE (schema_name, table_name)
);

COMMENT ON TABLE riacho.tables IS 'which table holds the records or items at which JSON path';
COMMENT ON COLUMN riacho.tables.path IS 'JSON Pointer from the document, array indices left out';
COMMENT ON COLUMN riacho.tables.parent IS 'position of the table whose rows its rows belong to';
COMMENT ON COLUMN riacho.tables.object_id IS 'the object that brought it';

CREATE TABLE riacho.columns (
    source text NOT NULL,
    endpoint text NOT NULL,
    table_position integer NOT NULL,
    position integer NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    column_name text NOT NULL,
    path text NOT NULL,
    type text NOT NULL,
    origin text NOT NULL,
    object_id bigint NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, endpoint, table_position, position),
    CONSTRAINT columns_name UNIQUE (schema_name, table_name, column_name),
    FOREIGN KEY (source, endpoint, table_position) REFERENCES riacho.tables
);

COMMENT ON TABLE riacho.columns IS 'which column holds the values at which JSON path';
COMMENT ON COLUMN riacho.columns.origin IS 'field, variant (a value of another type), value (no object), key (of the root), overflow (beyond a bound)';

CREATE TABLE riacho.changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    source text NOT NULL,
    endpoint text NOT NULL,
    kind text NOT NULL,
    object_id bigint NOT NULL,
    table_name text,
    column_name text,
    path text,
    old_type text,
    new_type text,
    details jsonb
);

CREATE INDEX changes_path ON riacho.changes (source, endpoint, kind, path);

COMMENT ON TABLE riacho.changes IS 'the change log: what each object changed, and what people should know';

-- What could not be kept, and what gave way.
CREATE TABLE riacho.rejects (
    object_id bigint NOT NULL,
    "row" integer NOT NULL,
    reason text NOT NULL,
    pointer text NOT NULL,
    byte_offset bigint NOT NULL,
    byte_length bigint NOT NULL,
    json text,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (object_id, "row")
);

COMMENT ON TABLE riacho.rejects IS 'records that could not be kept; their neighbours are loaded';
COMMENT ON COLUMN riacho.rejects."row" IS 'the number that the record would have had as a row';
COMMENT ON COLUMN riacho.rejects.pointer IS 'JSON Pointer from the record to the field at fault';

CREATE TABLE riacho.shadows (
    source text NOT NULL,
    endpoint text NOT NULL,
    key text[] NOT NULL,
    object_id bigint NOT NULL,
    "row" integer NOT NULL,
    version bytea NOT NULL,
    PRIMARY KEY (object_id, "row")
);

CREATE INDEX shadows_key ON riacho.shadows (source, endpoint, key);

COMMENT ON TABLE riacho.shadows IS 'records of current objects that do not stand because another object has a newer version; they stand again when that one goes';
