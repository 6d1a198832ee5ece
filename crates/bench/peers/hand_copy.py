"""A careful Python loader: COPY into temporary tables, merge in SQL, a transaction a file.

usage: hand_copy.py FOLDER DATABASE_URL SCHEMA
"""

import io
import sys

import orjson
import psycopg2

import checks

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def cell(value):
    """A value in COPY's text format."""
    if value is None:
        return "\\N"
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, str):
        return value.translate(ESCAPES)
    return repr(value)


def merging(schema):
    """Children of what comes are deleted, then everything is upserted from the staging tables."""
    for child in checks.CHILDREN:
        yield (f"DELETE FROM {schema}.{child} old USING staged_guest_checks new "
               "WHERE old.guest_check_id = new.guest_check_id")
    for table, (columns, key) in checks.TABLES.items():
        names = ", ".join(columns)
        others = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
        yield (f"INSERT INTO {schema}.{table} ({names}) SELECT {names} FROM staged_{table} "
               f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {others}")
    yield "TRUNCATE " + ", ".join(f"staged_{table}" for table in checks.TABLES)


def main():
    folder, url, schema = sys.argv[1:4]
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    for statement in checks.statements(schema):
        cursor.execute(statement)
    for table in checks.TABLES:
        cursor.execute(f"CREATE TEMPORARY TABLE staged_{table} (LIKE {schema}.{table})")
    connection.commit()
    merge = ";".join(merging(schema))
    for path in checks.files(folder):
        for table, rows in checks.rows(orjson.loads(path.read_bytes())).items():
            text = "".join("\t".join(map(cell, row)) + "\n" for row in rows)
            cursor.copy_expert(f"COPY staged_{table} FROM STDIN", io.StringIO(text))
        cursor.execute(merge)
        connection.commit()


if __name__ == "__main__":
    main()
