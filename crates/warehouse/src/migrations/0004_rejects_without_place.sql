-- Where an object says very many of its records twice, the place of the earlier ones is not kept.
ALTER TABLE riacho.rejects ALTER COLUMN byte_offset DROP NOT NULL,
    ALTER COLUMN byte_length DROP NOT NULL;

COMMENT ON COLUMN riacho.rejects.byte_offset IS 'where the record begins in the decompressed object; null where that was not kept: count "row" records from the start';
