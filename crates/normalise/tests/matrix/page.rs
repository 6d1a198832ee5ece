//! The page of the documentation that shows the matrix.

use std::fmt::Write as _;

use crate::Outcome;
use crate::kinds::KINDS;

const HEAD: &str = "# Every change of shape

This page is written by `crates/normalise/tests/matrix.rs` and compared with every run of the tests: \
`RIACHO_WRITE_PAGES=1 cargo test -p normalise --test matrix` writes it anew. The rules behind it are \
in [normalisation.md](normalisation.md).

A field `x` of the records of table `t` holds one kind of value in the first object and another in \
the second. Each pair is run at the root, in a nested object (`o`: the columns are `o__x…`, the table \
`t__o__x`) and in a child table (`c`: the table is `t__c`, its child `t__c__x`), with the same \
outcome. For each it is checked that

- both values are rebuilt exactly from the tables;
- what the first object gave stands where it stood, under the catalog that the second led to;
- both objects, replayed in either order with that catalog, ask for no change and give the same rows.

## The kinds
";

const LEGEND: &str = "
## The second value, after the first

The row is the kind of the first value, the column that of the second; the cell says where the \
second stands. All else of `x` is NULL in its row, or without rows.

| cell | meaning | in `riacho.changes` |
|---|---|---|
| – | absent and null: nothing to hold | |
| `x` | in the column `x` that stands | |
| `x__y` | an object: its members, each in its column | |
| `t__x` | an array with an object, or a map: rows of the child table | |
| +`x`, +`x__y` | in a column that was not there | `column_added` |
| +`x__v_text` | in a new column beside `x`, whose type can't hold it | `variant_added` |
| ≈`x` | in `x`, which turns from `bigint` to `numeric` in place; beside a table too large for that, +`x__v_numeric` | `column_widened` |
| +`t__x` | in a new child table with its columns | `table_added`, `column_added` |
| `t__x` +`value` | in the child table; the items that are no objects in its new column `value` | `column_added` |
| `t__x` +`_key` | in the child table; the names of the map's members in its new column `_key` | `column_added` |

";

/// The page: what each kind gives alone, and all pairs.
pub fn render(alone: &[String], pairs: &[Vec<Outcome>]) -> String {
    let mut page = format!("{HEAD}\n| kind | example | alone |\n|---|---|---|\n");
    for (kind, held) in KINDS.iter().zip(alone) {
        let example = kind.json.map_or("–".to_owned(), |json| format!("`{json}`"));
        writeln!(page, "| {} | {example} | {held} |", kind.name).unwrap();
    }
    page.push_str(LEGEND);
    let heads: Vec<_> = KINDS.iter().map(|kind| kind.short).collect();
    writeln!(page, "| first ↓ second → | {} |", heads.join(" | ")).unwrap();
    writeln!(page, "|---|{}", "---|".repeat(KINDS.len())).unwrap();
    for (kind, row) in KINDS.iter().zip(pairs) {
        let cells: Vec<_> = row.iter().map(|outcome| outcome.shown.as_str()).collect();
        writeln!(page, "| **{}** | {} |", kind.name, cells.join(" | ")).unwrap();
    }
    page
}
