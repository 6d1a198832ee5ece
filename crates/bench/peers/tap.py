"""A Singer tap: the files as three streams, nested objects flattened, messages on standard output.

usage: tap.py FOLDER | target-postgres --config CONFIG
"""

import sys

import orjson

import checks

KINDS = {
    checks.NUMBER: {"type": ["integer", "null"]},
    checks.MONEY: {"type": ["number", "null"]},
    checks.FLAG: {"type": ["boolean", "null"]},
    checks.TEXT: {"type": ["string", "null"]},
    checks.DAY: {"type": ["string", "null"], "format": "date"},
    checks.UTC: {"type": ["string", "null"], "format": "date-time"},
    checks.LOCAL: {"type": ["string", "null"], "format": "date-time"},
}


def say(message):
    sys.stdout.buffer.write(orjson.dumps(message) + b"\n")


def main():
    for table, (columns, key) in checks.TABLES.items():
        properties = {name: KINDS[kind] for name, kind in columns.items()}
        schema = {"type": "object", "properties": properties}
        say({"type": "SCHEMA", "stream": table, "key_properties": key, "schema": schema})
    for path in checks.files(sys.argv[1]):
        for table, rows in checks.rows(orjson.loads(path.read_bytes())).items():
            names = list(checks.TABLES[table][0])
            for row in rows:
                say({"type": "RECORD", "stream": table, "record": dict(zip(names, row))})
    say({"type": "STATE", "value": {}})


if __name__ == "__main__":
    main()
