//! A record of many megabytes goes to Postgres in several batches, and is one record all the same.

use std::fmt::Write as _;

use load::Verdict;

use crate::kit::Kit;

const ENDPOINT: &str = r#"
[sources.shop.endpoints.orders]
path = "/orders/{day}"
key = ["/id"]
version = "/changed"
table = "orders"
write = "replace"
"#;
const LINES: usize = 60_000;

fn key(day: u8, hour: u8) -> String {
    format!("raw/source=shop/endpoint=orders/day=2026-11-0{day}/20261103T{hour:02}0000Z.json")
}

/// A small record and a large one, in whose last line a price is no integer any more.
fn large(changed: u8) -> String {
    let mut text = format!(r#"[{{"id":1}},{{"id":2,"changed":{changed},"lines":["#);
    for line in 1..LINES {
        write!(text, r#"{{"line":{line},"price":7,"what":"something of some length"}},"#).unwrap();
    }
    text + r#"{"line":0,"price":7.5}]},{"id":3,"lines":[{"line":1}]}]"#
}

async fn stands(kit: &Kit) -> Vec<String> {
    let lines = "select o.id, o.changed, count(*), count(distinct l._row), sum(l.price)
        from shop.orders__lines l
        left join shop.orders o on (o._object_id, o._row) = (l._object_id, l._parent_row)
        group by o.id, o.changed order by 1, 2";
    kit.sql(lines).await
}

#[tokio::test]
async fn a_record_in_several_batches_wins_loses_and_stands_again_as_a_whole() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    let sum = LINES * 7;
    let as_a_whole =
        |changed: u8| [format!("2 {changed} {LINES} {LINES} {sum}.5"), "3 - 1 1 -".to_owned()];
    // It loses against a small one that stands, and wins against an older one.
    kit.land(&key(1, 6), r#"[{"id":2,"changed":5,"lines":[{"line":1}]}]"#).await;
    let report = kit.land(&key(2, 6), large(4)).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    assert_eq!(stands(&kit).await, ["2 5 1 1 -", "3 - 1 1 -"]);
    // It stands again when that one goes.
    let report = kit.land(&key(1, 7), r#"[{"id":4}]"#).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    assert_eq!(stands(&kit).await, as_a_whole(4));
    // It gives way to a newer version of itself in the same object, of which no line is left over.
    let twice =
        large(4).replace(r#",{"id":3"#, r#",{"id":2,"changed":9,"lines":[{"line":8}]},{"id":3"#);
    let report = kit.land(&key(2, 7), twice).await;
    assert_eq!((report.outcome, report.rejects), (Verdict::Loaded, 1), "{report:?}");
    assert_eq!(stands(&kit).await, ["2 9 1 1 -", "3 - 1 1 -"]);
    // An object loaded again brings the same.
    kit.land(&key(2, 8), large(6)).await;
    assert_eq!(stands(&kit).await, as_a_whole(6));
}
