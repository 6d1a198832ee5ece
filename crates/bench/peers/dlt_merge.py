"""dlt with its merge disposition: as it comes, or tuned by somebody who has read its performance guide.

usage: dlt_merge.py FOLDER DATABASE_URL SCHEMA SCRATCH [tuned]
"""

import json
import os
import sys

import checks

FOLDER, URL, SCHEMA, SCRATCH = sys.argv[1:5]
TUNED = "tuned" in sys.argv[5:]

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
if TUNED:
    # Larger buffers, uncompressed CSV that is loaded by COPY, normalising on both cores.
    os.environ.update({
        "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
        "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "5000",
        "NORMALIZE__WORKERS": "2",
        "NORMALIZE__DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
        "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
        "LOAD__WORKERS": "8",
    })

import dlt  # noqa: E402, for its settings come from the environment at import

if TUNED:
    import orjson


def read(path):
    if TUNED:
        return orjson.loads(path.read_bytes())
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def answers():
    for path in checks.files(FOLDER):
        document = read(path)
        for check in document["guestChecks"]:
            check["locRef"] = document["locRef"]
        yield document["guestChecks"]


def main():
    pipeline = dlt.pipeline(
        "bench", pipelines_dir=SCRATCH, destination=dlt.destinations.postgres(URL),
        dataset_name=SCHEMA)
    resource = dlt.resource(
        answers(), name="guest_checks", write_disposition="merge", primary_key="guestCheckId")
    pipeline.run(resource, **({"loader_file_format": "csv"} if TUNED else {}))


if __name__ == "__main__":
    main()
