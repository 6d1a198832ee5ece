-- Renames that somebody accepted. Those of the configuration stand there alone.
CREATE TABLE riacho.renames (
    source text NOT NULL,
    endpoint text NOT NULL,
    new_path text NOT NULL,
    old_path text NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    score real,
    evidence jsonb,
    PRIMARY KEY (source, endpoint, new_path)
);

COMMENT ON TABLE riacho.renames IS 'renames that were accepted: what comes under the new path goes on under the old one';
COMMENT ON COLUMN riacho.renames.new_path IS 'JSON Pointer from the document, array indices left out';
COMMENT ON COLUMN riacho.renames.old_path IS 'the path that the same field, object or array had before';
COMMENT ON COLUMN riacho.renames.score IS 'how likely it seemed, 0 to 1; none where a person named it';
