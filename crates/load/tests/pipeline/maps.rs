//! Maps keyed by ids, from objects to rows that one can query.

use load::Verdict;

use crate::kit::Kit;

const FOLDER: &str = "raw/source=shop/endpoint=menus/day=2026-11-01";

const ENDPOINT: &str = r#"
[sources.shop.endpoints.menus]
path = "/menus/{day}"
key = ["/id"]
maps = ["/departments", "/lines"]
renames = { "/lines" = "/groups" }
"#;

const MENU: &str = r#"{"id":1,
    "items":{"1001":{"name":"tea","sizes":{"7":{"ml":200}}},"1002":{"name":"cake"}},
    "departments":{"bar":{"head":"Ana"},"kitchen":5},
    "groups":{"hot":{"n":1}}}"#;

#[tokio::test]
async fn maps_recognised_and_declared_are_rows_with_their_keys() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    let report = kit.land(&format!("{FOLDER}/20261102T060000Z.json"), MENU).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    let items = "select m.day, i._key, i.name, s._key, s.ml from shop.menus m
        join shop.menus__items i on i._object_id = m._object_id and i._parent_row = m._row
        left join shop.menus__items__sizes s
            on s._object_id = i._object_id and s._parent_row = i._row order by i._row";
    assert_eq!(kit.sql(items).await, ["2026-11-01 1001 tea 7 200", "2026-11-01 1002 cake - -"]);
    let departments = "select id, _key, head, value from shop.menus__departments order by _row";
    assert_eq!(kit.sql(departments).await, ["1 bar Ana -", "1 kitchen - 5"]);
    assert_eq!(kit.sql("select _key, n from shop.menus__groups").await, ["hot 1"]);
    let origins = "select path, type, origin from riacho.columns
        where column_name = '_key' and table_name = 'menus__items'";
    assert_eq!(kit.sql(origins).await, ["/items text map_key"]);
}

#[tokio::test]
async fn a_later_object_finds_the_column_of_the_keys_in_the_catalog() {
    let kit = Kit::with_endpoint(ENDPOINT).await;
    for (hour, text) in [
        ("06", r#"{"id":1,"items":[{"name":"tea"}]}"#),
        ("07", r#"{"id":1,"items":{"1001":{"name":"cake","_key":"own"}}}"#),
        ("08", r#"{"id":1,"items":{"1002":{"name":"pie","_key":"own"}},"groups":{"a":{"n":1}}}"#),
        ("09", r#"{"id":1,"items":{"1003":{"name":"jam"}},"lines":{"b":{"n":2}}}"#),
    ] {
        let report = kit.land(&format!("{FOLDER}/20261102T{hour}0000Z.json"), text).await;
        assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    }
    let named = "select origin from riacho.columns where table_name = 'menus__items'
        and column_name like '\\_key%' order by column_name";
    assert_eq!(kit.sql(named).await, ["map_key", "field"]);
    let items = "select name, _key from shop.menus__items";
    assert_eq!(kit.sql(items).await, ["jam 1003"]);
    assert_eq!(kit.sql("select _key, n from shop.menus__groups").await, ["b 2"]);
}

#[tokio::test]
async fn a_name_that_stands_twice_inside_one_value_is_kept_as_json() {
    let kit = Kit::new().await;
    kit.land(&format!("{FOLDER}/a.json"), r#"{"id":1,"grid":[[{"a":1,"a":2}]]}"#).await;
    let sql = "select pg_typeof(grid), grid from shop.menus";
    assert_eq!(kit.sql(sql).await, [r#"json [[{"a":1,"a":2}]]"#]);
}
