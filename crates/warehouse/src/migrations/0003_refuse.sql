-- Lets one statement of a pipeline end all that follow.
CREATE FUNCTION riacho.refuse(why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RI001', MESSAGE = why;
END
$$;

COMMENT ON FUNCTION riacho.refuse IS 'fails, so that the statements sent along with it have no effect';
