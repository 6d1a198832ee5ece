//! The views that give each field one name.

use std::time::Duration;

use landing::{Classify, FailureKind};
use warehouse::{Timeouts, Warehouse, Write};

use crate::support::World;

/// A value of each kind that stands in a column, and of what only `json` holds.
const VALUES: [&str; 13] = [
    "true",
    "7",
    "9223372036854775808",
    "7.50",
    r#""ab""#,
    r#""2026-11-01""#,
    r#""2026-11-01T06:15:00""#,
    r#""2026-11-01T06:15:00Z""#,
    r#"[1, "a"]"#,
    "{}",
    "[]",
    r#""\u0000""#,
    "1e200000",
];

/// What `x__any` holds of a value: itself, or its text where no `jsonb` can hold it.
fn as_any(value: &str) -> String {
    match value {
        r#""\u0000""# => r#""\"\\u0000\"""#.to_owned(),
        "1e200000" => r#""1e200000""#.to_owned(),
        value => value.to_owned(),
    }
}

/// Loads bodies as objects of one scope each, in order.
async fn load_all(world: &World, warehouse: &mut Warehouse, bodies: &[&str]) {
    for body in bodies {
        let count = world.ask("SELECT count(*) FROM riacho.objects").await;
        let key = world.put(&count[0], 6, body);
        assert_eq!(world.load(warehouse, &key).await.name(), "loaded", "{body}");
    }
}

async fn appending() -> (World, Warehouse) {
    let world = World::new(Write::Append, &[], None).await;
    let warehouse = world.warehouse().await;
    (world, warehouse)
}

fn pairs() -> Vec<(String, &'static str, &'static str)> {
    let places = VALUES.iter().enumerate();
    places
        .flat_map(|(one, first)| {
            let others = VALUES.iter().enumerate();
            others.map(move |(other, second)| (format!("p{one}_{other}"), *first, *second))
        })
        .collect()
}

fn record(id: u32, fields: impl Iterator<Item = (String, &'static str)>) -> String {
    let fields = fields.map(|(name, value)| format!(r#","{name}":{value}"#));
    format!(r#"{{"id":{id}{}}}"#, fields.collect::<String>())
}

/// The pairs that lead to a variant, of a table whose path ends in `place`.
async fn pairs_with_variants(
    world: &World,
    table: &str,
) -> Vec<(String, &'static str, &'static str)> {
    let variants = format!(
        "SELECT DISTINCT substring(path FROM '[^/]*$') FROM riacho.columns
        WHERE table_name = '{table}' AND origin = 'variant'"
    );
    let names = world.ask(&variants).await;
    pairs().into_iter().filter(|(name, ..)| names.contains(name)).collect()
}

/// Each kind of value after each other, at the root and in a child table.
#[tokio::test]
async fn each_value_stands_whole_whatever_its_field_held_before() {
    let (world, mut warehouse) = appending().await;
    let first = record(1, pairs().into_iter().map(|(name, first, _)| (name, first)));
    let second = record(2, pairs().into_iter().map(|(name, _, second)| (name, second)));
    let around = |record: &str| format!(r#"[{{"c":[{record}],{}]"#, &record[1..]);
    load_all(&world, &mut warehouse, &[&around(&first)]).await;
    let columns = pairs().into_iter().map(|(name, ..)| name).collect::<Vec<_>>().join(", ");
    let yesterday = |table: &str| format!("SELECT {columns} FROM {table} WHERE id = 1");
    let answers = [world.ask(&yesterday("s.t")).await, world.ask(&yesterday("s.t__c")).await];
    load_all(&world, &mut warehouse, &[&around(&second)]).await;
    for (table, answer) in ["t", "t__c"].into_iter().zip(answers) {
        assert_eq!(world.ask(&yesterday(&format!("s.{table}"))).await, answer);
        assert_eq!(world.ask(&yesterday(&format!("s_views.{table}"))).await, answer);
        let pairs = pairs_with_variants(&world, table).await;
        // Of 169 pairs 13 are of one kind twice, and 17 share a column (docs/shape-changes.md).
        assert_eq!(pairs.len(), 139, "{table}");
        for (name, first, second) in pairs {
            let [one, other] = [first, second].map(|value| as_any(value).replace('\'', "''"));
            let wrong = format!(
                "SELECT {name}__any FROM s_views.{table} WHERE {name}__any::text IS DISTINCT FROM
                    (ARRAY['{one}'::jsonb, '{other}'::jsonb])[id]::text
                UNION ALL SELECT to_jsonb(t.{name}) FROM s.{table} t
                    JOIN s_views.{table} v USING (_object_id, _row)
                    WHERE t.{name} IS NOT NULL AND t.{name}::text IS DISTINCT FROM v.{name}::text"
            );
            assert_eq!(world.ask(&wrong).await, [""; 0], "{table}: {first}, then {second}");
        }
    }
}

#[tokio::test]
async fn a_field_is_filled_with_what_its_type_holds_and_with_nothing_else() {
    let (world, mut warehouse) = appending().await;
    // Nothing changes its type in place where a view names the column.
    load_all(&world, &mut warehouse, &[r#"[{"id":1,"text":"a","int":1,"date":"2026-11-01"}]"#])
        .await;
    world.ask("CREATE VIEW ids AS SELECT id FROM s.t").await;
    load_all(
        &world,
        &mut warehouse,
        &[
            r#"[{"id":2,"text":7,"int":2.50,"date":"2026-11-01T00:00:00"}]"#,
            r#"[{"id":3,"text":true,"int":"N/A","date":"soon"}]"#,
            r#"[{"id":4,"text":[1,"a"],"int":[],"date":{}}]"#,
            r#"[{"id":5,"text":"\u0000","int":3,"date":"2026-11-02"}]"#,
        ],
    )
    .await;
    let rows = "SELECT id, text, int, date FROM s_views.t ORDER BY id";
    assert_eq!(
        world.ask(rows).await,
        [
            "1 a 1 2026-11-01",
            "2 7 2.50 ∅",
            "3 true ∅ ∅",
            r#"4 [1, "a"] ∅ ∅"#,
            r#"5 "\u0000" 3 2026-11-02"#,
        ]
    );
    let types = "SELECT attname, atttypid::regtype FROM pg_attribute
        WHERE attrelid = 's_views.t'::regclass AND attnum > 0 ORDER BY attnum";
    assert_eq!(
        world.ask(types).await,
        [
            "_object_id bigint",
            "_row integer",
            "id bigint",
            "text text",
            "int numeric",
            "date date",
            "day text",
            "text__any jsonb",
            "int__any jsonb",
            "date__any jsonb",
        ]
    );
    let log = "SELECT count(*) FROM riacho.changes WHERE kind = 'view_blocked'";
    assert_eq!(world.ask(log).await, ["0"]);
}

#[tokio::test]
async fn an_instant_reads_the_same_from_every_time_zone() {
    let (world, mut warehouse) = appending().await;
    let body = r#"[{"at":1},{"at":"2026-11-01T06:15:00.50-03:00"}]"#;
    load_all(&world, &mut warehouse, &[body]).await;
    for zone in ["UTC", "America/Fortaleza"] {
        let ask = format!("SET TimeZone = '{zone}'; SELECT at__any FROM s_views.t ORDER BY _row");
        assert_eq!(world.ask(&ask).await, ["1", r#""2026-11-01T09:15:00.5Z""#]);
    }
}

#[tokio::test]
async fn only_tables_that_need_one_have_a_view() {
    let (world, mut warehouse) = appending().await;
    let body = r#"[{"x":{"y":1},"c":[{"z":1}]},{"x":5,"c":[{"z":"N/A"}]}]"#;
    load_all(&world, &mut warehouse, &[body]).await;
    let views = "SELECT table_schema, table_name FROM information_schema.views
        WHERE table_schema LIKE 's%'";
    assert_eq!(world.ask(views).await, ["s_views t__c"]);
    let rows = "SELECT _parent_row, z, z__any FROM s_views.t__c ORDER BY _row";
    assert_eq!(world.ask(rows).await, ["0 1 1", r#"1 ∅ "N/A""#]);
    // The other may be changed by hand as ever.
    world.ask("ALTER TABLE s.t ALTER COLUMN x TYPE numeric").await;
}

/// The view itself stands in the way of no change, and those who could read it still can.
#[tokio::test]
async fn a_column_changes_its_type_under_its_view() {
    let (world, mut warehouse) = appending().await;
    load_all(&world, &mut warehouse, &[r#"[{"n":1,"what":1}]"#]).await;
    world.ask("GRANT USAGE ON SCHEMA s TO pg_monitor; GRANT SELECT ON s.t TO pg_monitor").await;
    let readers = "SELECT has_schema_privilege('pg_monitor', 's_views', 'USAGE'),
        has_table_privilege('pg_monitor', 's_views.t', 'SELECT'),
        has_column_privilege('pg_read_all_stats', 's_views.t', 'n', 'SELECT')";
    load_all(&world, &mut warehouse, &[r#"[{"n":2,"what":"N/A"}]"#]).await;
    assert_eq!(world.ask(readers).await, ["t t f"]);
    world.ask("GRANT SELECT (n) ON s_views.t TO pg_read_all_stats").await;
    load_all(&world, &mut warehouse, &[r#"[{"n":2.50,"new":true}]"#]).await;
    assert_eq!(world.ask(readers).await, ["t t t"]);
    let rows = "SELECT n, what__any, new FROM s_views.t ORDER BY n";
    assert_eq!(world.ask(rows).await, ["1 1 ∅", r#"2 "N/A" ∅"#, "2.50 ∅ t"]);
    let widened = "SELECT column_name, old_type, new_type FROM riacho.changes
        WHERE kind IN ('column_widened', 'view_blocked')";
    assert_eq!(world.ask(widened).await, ["n bigint numeric"]);
}

#[tokio::test]
async fn policies_on_a_table_are_not_passed_by() {
    let (world, mut warehouse) = appending().await;
    load_all(&world, &mut warehouse, &[r#"[{"n":1}]"#]).await;
    world.ask("GRANT SELECT ON s.t TO pg_monitor; ALTER TABLE s.t ENABLE ROW LEVEL SECURITY").await;
    load_all(&world, &mut warehouse, &[r#"[{"n":"N/A"}]"#]).await;
    let reader = "SELECT has_table_privilege('pg_monitor', 's_views.t', 'SELECT')";
    assert_eq!(world.ask(reader).await, ["f"]);
}

#[tokio::test]
async fn what_stands_on_a_view_is_left_standing() {
    let (world, mut warehouse) = appending().await;
    load_all(&world, &mut warehouse, &[r#"[{"n":1},{"n":"N/A"}]"#]).await;
    world.ask("CREATE VIEW sums AS SELECT sum(n) AS n FROM s_views.t").await;
    // A new column comes last, and disturbs nobody.
    load_all(&world, &mut warehouse, &[r#"[{"n":2,"new":true}]"#]).await;
    assert_eq!(world.ask("SELECT count(new) FROM s_views.t").await, ["1"]);
    let log = "SELECT table_name, details->>'reason', details->>'dependents' FROM riacho.changes
        WHERE kind = 'view_blocked'";
    assert_eq!(world.ask(log).await, [""; 0]);
    // Neither the table's column nor the view's can become numeric now.
    load_all(&world, &mut warehouse, &[r#"[{"n":0.5}]"#, r#"[{"other":1}]"#]).await;
    assert_eq!(world.ask("SELECT n FROM sums").await, ["3"]);
    let whole = "SELECT n__any FROM s_views.t WHERE n__any IS NOT NULL ORDER BY 1";
    assert_eq!(world.ask(whole).await, [r#""N/A""#, "0.5", "1", "2"]);
    let said = r#"t `n` stays bigint while others depend on the view ["sums"]"#;
    assert_eq!(world.ask(log).await, [said]);
    // Once nothing stands on it, the next change of shape makes it whole.
    world.ask("DROP VIEW sums").await;
    load_all(&world, &mut warehouse, &[r#"[{"another":1}]"#]).await;
    assert_eq!(world.ask("SELECT sum(n), count(another) FROM s_views.t").await, ["3.5 1"]);
}

#[tokio::test]
async fn a_row_type_or_a_trigger_of_a_view_stands_on_it_too() {
    for (hold, probe) in [
        ("CREATE TABLE copies (one s_views.t, many s_views.t[])", "SELECT count(*) FROM copies"),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER g INSTEAD OF INSERT ON s_views.t FOR EACH ROW EXECUTE FUNCTION f()",
            "SELECT count(*) - 1 FROM pg_trigger WHERE tgname = 'g'",
        ),
    ] {
        let (world, mut warehouse) = appending().await;
        load_all(&world, &mut warehouse, &[r#"[{"n":1,"x":1},{"x":"N/A"}]"#]).await;
        world.ask(hold).await;
        load_all(&world, &mut warehouse, &[r#"[{"n":2.5}]"#]).await;
        assert_eq!(world.ask(probe).await, ["0"]);
        assert_eq!(
            world.ask("SELECT n, n__v_numeric FROM s.t WHERE n__v_numeric > 0").await,
            ["∅ 2.5"]
        );
    }
}

#[tokio::test]
async fn a_load_without_the_right_to_make_a_view_makes_none() {
    let (world, mut warehouse) = appending().await;
    load_all(&world, &mut warehouse, &[r#"[{"n":1}]"#]).await;
    let name = &world.database.name;
    world.ask(&format!("REVOKE CREATE ON DATABASE {name} FROM PUBLIC, CURRENT_USER")).await;
    load_all(&world, &mut warehouse, &[r#"[{"n":"N/A"}]"#, r#"[{"n":true,"new":1}]"#]).await;
    assert_eq!(world.ask("SELECT n__v_text, new FROM s.t ORDER BY n, new").await.len(), 3);
    let log = "SELECT table_name, details->>'view', details->>'reason' LIKE '%permission denied%'
        FROM riacho.changes WHERE kind = 'view_blocked'";
    assert_eq!(world.ask(log).await, ["t s_views.t t"]);
    // The next change of shape after the right was given makes it.
    world.ask(&format!("GRANT CREATE ON DATABASE {name} TO CURRENT_USER")).await;
    load_all(&world, &mut warehouse, &[r#"[{"c":[{"a":1}]}]"#]).await;
    assert_eq!(world.ask("SELECT count(n__any) FROM s_views.t").await, ["3"]);
}

#[tokio::test]
async fn somebody_elses_relation_keeps_its_name() {
    let (world, mut warehouse) = appending().await;
    world.ask("CREATE SCHEMA s_views; CREATE TABLE s_views.t AS SELECT 'theirs' AS whose").await;
    load_all(&world, &mut warehouse, &[r#"[{"n":1},{"n":"N/A"}]"#, r#"[{"new":1}]"#]).await;
    assert_eq!(world.ask("SELECT whose FROM s_views.t").await, ["theirs"]);
    let log = "SELECT details->>'reason' LIKE '%rename or drop it' FROM riacho.changes
        WHERE kind = 'view_blocked'";
    assert_eq!(world.ask(log).await, ["t"]);
    world.ask("DROP TABLE s_views.t").await;
    load_all(&world, &mut warehouse, &[r#"[{"newer":1}]"#]).await;
    assert_eq!(world.ask("SELECT count(n__any) FROM s_views.t").await, ["2"]);
    // Under another comment it is theirs again: left alone, and a reason to leave its column be.
    world.ask("COMMENT ON VIEW s_views.t IS 'ours now'").await;
    load_all(&world, &mut warehouse, &[r#"[{"n":2.5,"newest":1}]"#]).await;
    assert_eq!(world.ask("SELECT count(*) FROM s_views.t").await, ["5"]);
    let columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = 's_views.t'::regclass
        AND attname = 'newest'";
    assert_eq!(world.ask(columns).await, ["0"]);
    assert_eq!(world.ask("SELECT n__v_numeric FROM s.t WHERE newest = 1").await, ["2.5"]);
}

/// With the catalog and without it, and where somebody dropped the tables alone.
#[tokio::test]
async fn a_rebuild_gives_the_same_views() {
    let (world, mut warehouse) = appending().await;
    let bodies = [
        r#"[{"n":1,"c":[{"x":1}],"v":"a"},{"n":"N/A"}]"#,
        r#"[{"n":true,"c":[{"x":[]}],"new":1},{"v":7}]"#,
        r#"[{"n":1.5,"c":[{"new":2}]}]"#,
    ];
    load_all(&world, &mut warehouse, &bodies).await;
    let views = "SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class c
        WHERE c.relnamespace = to_regnamespace('s_views') AND c.relkind = 'v' ORDER BY 1";
    let made = world.ask(views).await;
    assert_eq!(made.len(), 2);
    for drop in [
        "DROP SCHEMA s, riacho CASCADE",
        "DROP SCHEMA s, s_views, riacho CASCADE",
        "DROP SCHEMA s CASCADE",
        "DROP TABLE s.t CASCADE",
    ] {
        world.ask(drop).await;
        let mut warehouse = world.warehouse().await;
        for number in 0..bodies.len() {
            let key = format!("raw/source=s/endpoint=e/day={number}/20261101T060000Z.json");
            world.load(&mut warehouse, &key).await;
        }
        assert_eq!(world.ask(views).await, made, "{drop}");
        assert_eq!(world.ask("SELECT count(n__any) FROM s_views.t").await, ["4"], "{drop}");
    }
}

/// Two sources, of which one is called as the other's views are.
#[tokio::test]
async fn no_source_lands_among_the_views_of_another() {
    let (world, mut warehouse) = appending().await;
    let other = world.another("s-views");
    load_all(&world, &mut warehouse, &[r#"[{"n":1},{"n":"N/A"}]"#]).await;
    load_all(&other, &mut warehouse, &[r#"[{"n":2},{"n":"N/B"}]"#]).await;
    let both = "SELECT (SELECT max(n) FROM s_views.t), (SELECT max(n) FROM s_views__views.t)";
    assert_eq!(world.ask(both).await, ["1 2"]);
}

#[tokio::test]
async fn a_view_that_is_being_read_for_long_makes_a_load_transient() {
    let (world, mut warehouse) = appending().await;
    load_all(&world, &mut warehouse, &[r#"[{"n":1},{"n":"N/A"}]"#]).await;
    world.ask("BEGIN; SELECT count(*) FROM s_views.t").await;
    let impatient = Timeouts { lock: Duration::from_millis(100), ..Timeouts::default() };
    let mut second = world.warehouse_with(impatient).await;
    let key = world.put("9", 6, r#"[{"new":1}]"#);
    let error = world.try_load(&mut second, world.facts(&key)).await.unwrap_err();
    assert_eq!((error.name(), error.kind()), ("lock_timeout", FailureKind::Transient));
    world.ask("COMMIT").await;
    assert_eq!(world.load(&mut second, &key).await.name(), "loaded");
    assert_eq!(world.ask("SELECT count(new) FROM s_views.t").await, ["1"]);
}
