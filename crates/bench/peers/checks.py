"""What the hand-written peers share: the tables, and how a guest check becomes their rows.

Everything here is what a person writes who knows the data: names, types, keys, and which object
inside a line is flattened. The loaders that need none of it are the others.
"""

import pathlib
import re

UTC, LOCAL, NUMBER, MONEY, TEXT, FLAG, DAY = (
    "timestamptz", "timestamp", "bigint", "numeric", "text", "boolean", "date")

CHECK = {
    "guestCheckId": NUMBER, "chkNum": NUMBER, "opnBusDt": DAY, "opnUTC": UTC, "opnLcl": LOCAL,
    "clsdBusDt": DAY, "clsdUTC": UTC, "clsdLcl": LOCAL, "lastTransUTC": UTC, "lastTransLcl": LOCAL,
    "lastUpdatedUTC": UTC, "lastUpdatedLcl": LOCAL, "clsdFlag": FLAG, "gstCnt": NUMBER,
    "subTtl": MONEY, "nonTxblSlsTtl": MONEY, "chkTtl": MONEY, "dscTtl": MONEY, "payTtl": MONEY,
    "balDueTtl": MONEY, "rvcNum": NUMBER, "otNum": NUMBER, "ocNum": NUMBER, "tblNum": NUMBER,
    "tblName": TEXT, "empNum": NUMBER, "numSrvcRd": NUMBER, "numChkPrntd": NUMBER,
}
TAX = {"taxNum": NUMBER, "txblSlsTtl": MONEY, "taxCollTtl": MONEY, "taxRate": MONEY, "type": NUMBER}
LINE = {
    "guestCheckLineItemId": NUMBER, "rvcNum": NUMBER, "dtlOtNum": NUMBER, "dtlOcNum": NUMBER,
    "lineNum": NUMBER, "dtlId": NUMBER, "detailUTC": UTC, "detailLcl": LOCAL,
    "lastUpdateUTC": UTC, "lastUpdateLcl": LOCAL, "busDt": DAY, "wsNum": NUMBER, "dspTtl": MONEY,
    "dspQty": NUMBER, "aggTtl": MONEY, "aggQty": NUMBER, "chkEmpId": NUMBER, "chkEmpNum": NUMBER,
    "svcRndNum": NUMBER, "seatNum": NUMBER, "refInfo": TEXT,
}
INSIDE = {
    "tenderMedia": {"tmedNum": NUMBER, "amount": MONEY, "tip": MONEY},
    "discount": {"dscNum": NUMBER, "amount": MONEY, "reason": TEXT},
    "serviceCharge": {"svcNum": NUMBER, "amount": MONEY},
    "menuItem": {"miNum": NUMBER, "modFlag": FLAG, "inclTax": MONEY, "activeTaxes": TEXT,
                 "prcLvl": NUMBER},
}


def snake(name):
    """guestCheckId -> guest_check_id, opnUTC -> opn_utc"""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def named(fields, prefix=""):
    return {prefix + snake(name): kind for name, kind in fields.items()}


PARENT = {"guest_check_id": NUMBER}
LINE_COLUMNS = PARENT | named(LINE)
for outer, fields in INSIDE.items():
    LINE_COLUMNS |= named(fields, snake(outer) + "__")

# table -> (columns, key)
TABLES = {
    "guest_checks": (named(CHECK) | {"loc_ref": TEXT}, ["guest_check_id"]),
    "taxes": (PARENT | named(TAX), ["guest_check_id", "tax_num"]),
    "detail_lines": (LINE_COLUMNS, ["guest_check_line_item_id"]),
}
CHILDREN = ["taxes", "detail_lines"]


def statements(schema):
    """The tables with their keys, and the index that a child's replacement needs."""
    yield f"CREATE SCHEMA IF NOT EXISTS {schema}"
    for table, (columns, key) in TABLES.items():
        body = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        yield f"CREATE TABLE {schema}.{table} ({body}, PRIMARY KEY ({', '.join(key)}))"
    yield f"CREATE INDEX ON {schema}.detail_lines (guest_check_id)"


def rows(document):
    """An answer as rows: table -> list of tuples in the order of its columns."""
    checks, taxes, lines = [], [], []
    place = document.get("locRef")
    for check in document["guestChecks"]:
        key = check["guestCheckId"]
        checks.append((*(check.get(name) for name in CHECK), place))
        for tax in check.get("taxes") or ():
            taxes.append((key, *(tax.get(name) for name in TAX)))
        for line in check.get("detailLines") or ():
            row = [key, *(line.get(name) for name in LINE)]
            for outer, fields in INSIDE.items():
                inner = line.get(outer) or {}
                row.extend(inner.get(name) for name in fields)
            lines.append(tuple(row))
    return {"guest_checks": checks, "taxes": taxes, "detail_lines": lines}


def files(folder):
    return sorted(pathlib.Path(folder).rglob("*.json"))
