-- How an object met those that stood when it was loaded: an endpoint may be configured otherwise since.
ALTER TABLE riacho.objects ADD COLUMN write_mode text;

COMMENT ON COLUMN riacho.objects.write_mode IS 'replace, merge or append: as the endpoint was configured when the object was loaded';
