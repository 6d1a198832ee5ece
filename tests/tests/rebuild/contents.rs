//! What a rebuild shows, and what stands after it.

use serde_json::{Value, json};
use tests::{BUCKET, Pipe};

use crate::shop::{CONFIGURATION, all, differences, key, schemas, shop};

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_amiss_nothing_differs_and_nothing_is_left_behind() {
    let pipe = shop().await;
    let before = all(&pipe).await;
    let (code, said) = pipe.riacho(&["rebuild", "shop"]).await;
    assert_eq!((code, &said["differs"]), (0, &json!(false)), "{said}");
    assert_eq!(said["tables"].as_array().unwrap().len(), 3 + 9, "{said}");
    assert_eq!(all(&pipe).await, before);
    assert_eq!(schemas(&pipe).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tampered_with_is_shown_and_comes_back_as_it_was() {
    let pipe = shop().await;
    let before = all(&pipe).await;
    for tampering in [
        "DELETE FROM shop.orders WHERE id = 4",
        "UPDATE shop.orders SET total = 7.50 WHERE id = 1",
        "UPDATE shop.orders__lines SET n = n + 1, _parent_row = 9 WHERE n = 4",
        "INSERT INTO shop.prices (_object_id, _row, id) VALUES (77, 0, 99)",
        "DELETE FROM riacho.rejects",
        "DELETE FROM riacho.shadows",
        "UPDATE riacho.objects SET records = 1 WHERE endpoint = 'prices' AND key LIKE '%day=1%'",
    ] {
        pipe.sql(tampering).await;
    }
    let tampered = all(&pipe).await;
    let (code, said) = pipe.riacho(&["rebuild", "shop"]).await;
    assert_eq!(code, 1, "{said}");
    assert_eq!(
        differences(&said),
        [
            "shop.orders: -1 +2",
            "shop.orders__lines: -1 +1",
            "riacho.rejects: -0 +1",
            "shop.prices: -1 +0",
            "riacho.objects: -1 +1"
        ]
    );
    assert_eq!(said["tables"][0]["gone_rows"].as_array().unwrap().len(), 1);
    assert_eq!(all(&pipe).await, tampered, "nothing changes without --yes");

    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!((code, &said["went_on"]), (0, &json!(true)), "{said}");
    assert_eq!(said["summary"]["loaded"], 0, "what is rebuilt is not rebuilt twice: {said}");
    assert_eq!(all(&pipe).await, before);
    assert_eq!(schemas(&pipe).await, "0");
    let rebuilt = "SELECT count(*) FROM riacho.changes WHERE kind = 'rebuilt'";
    assert_eq!(pipe.one(rebuilt).await, "3");
    assert_eq!(
        pipe.riacho(&["audit", "--grace", "0", "--source", "shop"]).await.1["rows"]["shop orders"],
        8
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_tables_and_an_emptied_ledger_come_back_from_the_lake() {
    let pipe = shop().await;
    let contents = "SELECT concat_ws(' ', o.id, o.v, o.total, array_agg(l.n ORDER BY l.n)::text)
        FROM shop.orders o LEFT JOIN shop.orders__lines l
            ON l._object_id = o._object_id AND l._parent_row = o._row
        GROUP BY o.id, o.v, o.total ORDER BY 1";
    let before = pipe.sql(contents).await;
    pipe.sql("DROP TABLE shop.orders__lines; ALTER TABLE shop.orders DROP COLUMN total").await;
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(pipe.sql(contents).await, before);

    pipe.sql("DROP TABLE shop.orders CASCADE; DELETE FROM riacho.objects").await;
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(pipe.sql(contents).await, before);
    let statuses = "SELECT string_agg(status, ' ' ORDER BY status) FROM riacho.objects";
    assert_eq!(pipe.one(statuses).await, "loaded loaded loaded loaded superseded");
    assert_eq!(pipe.riacho(&["rebuild", "shop"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_is_rebuilt_and_its_neighbours_stay_as_they_are() {
    let pipe = shop().await;
    pipe.sql("DELETE FROM shop.orders; DELETE FROM shop.prices").await;
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--endpoint", "orders", "--yes"]).await;
    assert_eq!((code, &said["swapped"]["come"]), (0, &json!(4)), "{said}");
    let counts =
        "SELECT (SELECT count(*) FROM shop.orders) || ' ' || (SELECT count(*) FROM shop.prices)";
    assert_eq!(pipe.one(counts).await, "4 0");
    assert_eq!(schemas(&pipe).await, "0");
    for unknown in [&["rebuild", "shop", "--endpoint", "nothing"][..], &["rebuild", "nothing"]] {
        let ran = pipe.command(unknown).output().await.unwrap();
        assert_eq!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn views_grants_and_readers_live_through_a_swap() {
    let pipe = shop().await;
    let role = format!("reader_{}", std::process::id());
    for sql in [
        format!("CREATE ROLE {role}"),
        format!("GRANT USAGE ON SCHEMA shop TO {role}"),
        format!("GRANT SELECT ON shop.orders TO {role}"),
        "CREATE VIEW public.big_orders AS SELECT id, total FROM shop.orders WHERE id > 1"
            .to_owned(),
        "CREATE INDEX by_total ON shop.orders (total)".to_owned(),
        "ALTER TABLE shop.orders ADD COLUMN note text DEFAULT 'mine'".to_owned(),
        "UPDATE shop.orders SET total = 0".to_owned(),
    ] {
        pipe.sql(&sql).await;
    }
    // `p` is a number and a text: prices have a view of Riacho's own.
    assert_eq!(
        pipe.one("SELECT count(*) FROM shop_views.prices WHERE p__any = '\"a\"'").await,
        "2"
    );
    let reader = tests::connect(&pipe.database.url).await;
    let of = "SELECT sum(total)::text FROM public.big_orders";
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    assert_eq!(tests::ask(&reader, of).await[0][0].as_deref(), Some("0"));

    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(tests::ask(&reader, of).await[0][0].as_deref(), Some("0"), "its moment is kept");
    reader.batch_execute("COMMIT").await.unwrap();
    assert_eq!(tests::ask(&reader, of).await[0][0].as_deref(), Some("10.5"));
    let may = format!("SELECT has_table_privilege('{role}', 'shop.orders', 'SELECT')");
    assert_eq!(pipe.one(&may).await, "t");
    assert_eq!(pipe.one("SELECT count(note) FROM shop.orders").await, "4");
    assert_eq!(pipe.one("SELECT to_regclass('shop.by_total') IS NOT NULL").await, "t");
    pipe.sql(&format!(
        "REVOKE ALL ON shop.orders FROM {role};
        REVOKE ALL ON SCHEMA shop FROM {role}; DROP ROLE {role}"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_let_through_stays_and_what_nobody_let_through_stays_out() {
    let pipe = Pipe::configured(CONFIGURATION).await;
    let ten = json!((0..10).map(|n| json!({ "n": n })).collect::<Vec<_>>()).to_string();
    for day in [1, 2] {
        pipe.put(&key("stock", day, 6), ten.clone()).await;
        pipe.put(&key("stock", day, 7), r#"[{"n":0}]"#).await;
    }
    pipe.deliver().await;
    let (code, said) = pipe.riacho(&["load", "--force", &key("stock", 2, 7)]).await;
    assert_eq!(code, 0, "{said}");
    let contents = "SELECT string_agg(day || ':' || n, ' ' ORDER BY day) FROM
        (SELECT day, count(*) AS n FROM shop.stock GROUP BY day) s";
    assert_eq!(pipe.one(contents).await, "1:10 2:1");
    let (code, said) = pipe.riacho(&["rebuild", "shop"]).await;
    assert_eq!((code, &said["differs"]), (0, &json!(false)), "{said}");

    pipe.sql("DELETE FROM shop.stock").await;
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(pipe.one(contents).await, "1:10 2:1");
    let failed =
        "SELECT string_agg(error->>'kind', ' ') FROM riacho.objects WHERE status = 'failed'";
    assert_eq!(pipe.one(failed).await, "vanished");
    assert_eq!(pipe.open().await.len(), 1, "its error log is still open");

    // Somebody lets it through while a rebuild stands in which it was kept out.
    pipe.sql("DELETE FROM shop.stock").await;
    assert_eq!(pipe.riacho(&["rebuild", "shop"]).await.0, 1);
    assert_eq!(pipe.riacho(&["load", "--force", &key("stock", 1, 7)]).await.0, 0);
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!((code, &said["summary"]["loaded"]), (0, &json!(1)), "{said}");
    assert_eq!(pipe.one(contents).await, "1:1 2:1");
    assert_eq!(pipe.one(failed).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_whose_objects_are_gone_are_lost_only_by_a_word() {
    let pipe = shop().await;
    let before = all(&pipe).await;
    let gone = key("orders", 2, 6);
    pipe.client.delete_object().bucket(BUCKET).key(&gone).send().await.unwrap();
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!((code, &said["lost_objects"]), (1, &json!([gone])), "{said}");
    assert_eq!((&said["swapped"], &said["troubles"][0]["key"]), (&Value::Null, &json!(gone)));
    assert_eq!(all(&pipe).await, before);
    assert!(pipe.keys("errors/").await.is_empty(), "nobody hears of a rehearsal");

    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes", "--lose"]).await;
    assert_eq!(code, 0, "{said}");
    // The older object of the scope stands in its place.
    let ids = "SELECT string_agg(id || '/' || v, ' ' ORDER BY id) FROM shop.orders";
    assert_eq!(pipe.one(ids).await, "1/1 2/2 3/1 9/9");
    assert_eq!(pipe.keys("errors/").await.len(), 1);
    assert_eq!(pipe.open().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_which_no_event_came_and_failures_that_are_mended_come_in() {
    let mut pipe = shop().await;
    // A new field, a new table; and an answer in an envelope that the configuration does not know yet.
    let new = json!([{ "id": 20, "v": 1, "coupon": "x", "tags": [{ "t": 1 }] }]);
    pipe.put(&key("orders", 3, 6), new.to_string()).await;
    while pipe.next_event().await.is_some() {}
    let (code, said) = pipe.riacho(&["rebuild", "shop"]).await;
    assert_eq!(code, 1, "{said}");
    assert_eq!(said["tables"][0]["new_columns"], json!(["coupon"]), "{said}");
    pipe.put(&key("prices", 3, 6), "{\"id\": 5, \"v\": 1, \"p\": ").await;
    pipe.deliver().await;
    assert_eq!(pipe.open().await.len(), 1);
    pipe.put(&key("prices", 3, 6), r#"[{"id":5,"v":1,"p":3}]"#).await;
    while pipe.next_event().await.is_some() {}

    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    let found = "SELECT o.coupon || ' ' || t.t FROM shop.orders o JOIN shop.orders__tags t
        ON t._object_id = o._object_id AND t._parent_row = o._row";
    assert_eq!(pipe.one(found).await, "x 1");
    assert_eq!(pipe.one("SELECT p FROM shop.prices WHERE id = 5").await, "3");
    assert!(pipe.open().await.is_empty() && pipe.keys("errors/").await.is_empty());
    // Their events, late, change nothing; and loads know the new columns.
    let (code, said) = pipe.riacho(&["load", &key("orders", 3, 6), &key("prices", 3, 6)]).await;
    assert_eq!((code, &said["summary"]["already_loaded"]), (0, &json!(2)), "{said}");
    pipe.put(&key("orders", 3, 7), json!([{ "id": 20, "v": 2, "coupon": "y" }]).to_string()).await;
    pipe.deliver().await;
    assert_eq!(pipe.one("SELECT coupon FROM shop.orders WHERE id = 20").await, "y");
    pipe.reconfigure(CONFIGURATION);
    assert_eq!(pipe.riacho(&["rebuild", "shop"]).await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_only_the_lake_knows_is_told_though_it_brings_no_row() {
    let pipe = shop().await;
    pipe.put(&key("prices", 3, 6), "{\"id\": 5, \"v\": 1, \"p\": ").await;
    while pipe.next_event().await.is_some() {}
    let (code, said) = pipe.riacho(&["rebuild", "shop"]).await;
    assert_eq!((code, differences(&said)), (1, vec!["riacho.objects (lines): -0 +1".to_owned()]));
    assert!(pipe.open().await.is_empty());
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!((code, said["swapped"]["failed"].as_array().unwrap().len()), (0, 1), "{said}");
    assert_eq!(pipe.open().await.len(), 1);
    let (code, said) = pipe.riacho(&["rebuild", "shop"]).await;
    assert_eq!((code, &said["differs"]), (0, &json!(false)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_widened_meanwhile_is_widened_on_both_sides_or_begun_anew() {
    let pipe = shop().await;
    pipe.sql("UPDATE shop.orders SET total = 0").await;
    assert_eq!(pipe.riacho(&["rebuild", "shop"]).await.0, 1);
    // The live column first; then it can't be written anew any more, and need not be.
    let decimal = |id: u32| json!([{ "id": id, "v": 1, "lines": [{ "n": 1.5 }] }]).to_string();
    pipe.put(&key("orders", 3, 6), decimal(30)).await;
    pipe.deliver().await;
    let view = "CREATE VIEW public.seen AS SELECT sum(n) AS n FROM shop.orders__lines";
    pipe.sql(view).await;
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(pipe.one("SELECT n FROM public.seen").await, "21.5");

    // The rebuilt column first: the live one can't follow, and says so.
    let whole = json!([{ "id": 40, "v": 1, "count": 1 }]).to_string();
    pipe.put(&key("prices", 3, 6), whole).await;
    pipe.deliver().await;
    pipe.put(&key("prices", 4, 6), json!([{ "id": 41, "v": 1, "count": 0.5 }]).to_string()).await;
    while pipe.next_event().await.is_some() {}
    assert_eq!(pipe.riacho(&["rebuild", "shop"]).await.0, 1);
    pipe.sql("CREATE VIEW public.counted AS SELECT count FROM shop.prices").await;
    let ran = pipe.command(&["rebuild", "shop", "--yes"]).output().await.unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(complaint.contains("--restart"), "{complaint}");
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--yes", "--restart"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(pipe.one("SELECT count__v_numeric FROM shop.prices WHERE id = 41").await, "0.5");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_configuration_begins_anew_and_a_rebuild_can_be_discarded() {
    let mut pipe = shop().await;
    pipe.sql("DELETE FROM shop.orders").await;
    assert_eq!(pipe.riacho(&["rebuild", "shop"]).await.0, 1);
    pipe.reconfigure(&CONFIGURATION.replace("version = \"/v\"", "keep = []"));
    let ran = pipe.command(&["rebuild", "shop"]).output().await.unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(complaint.contains("--restart"), "{complaint}");
    assert_eq!(ran.status.code(), Some(1));
    let (code, said) = pipe.riacho(&["rebuild", "shop", "--restart"]).await;
    assert_eq!((code, &said["went_on"]), (1, &json!(false)), "{said}");
    assert_eq!(schemas(&pipe).await, "2");
    assert_eq!(pipe.riacho(&["rebuild", "shop", "--discard"]).await.0, 0);
    assert_eq!(schemas(&pipe).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_knows_of_no_rebuild_is_dropped_with_its_tables() {
    let pipe = shop().await;
    pipe.sql("DELETE FROM shop.orders").await;
    for (option, code, left) in [("--restart", 1, "2"), ("--discard", 0, "0")] {
        assert_eq!(pipe.riacho(&["rebuild", "shop"]).await.0, 1);
        pipe.sql("DROP TABLE shop__rebuild_ledger.rebuilds").await;
        let (is, said) = pipe.riacho(&["rebuild", "shop", option]).await;
        assert_eq!(is, code, "{option}: {said}");
        assert_eq!(schemas(&pipe).await, left);
    }
    // Of a schema of somebody's own by that name nothing is said.
    pipe.sql("CREATE SCHEMA shop__rebuild").await;
    assert_eq!(pipe.riacho(&["rebuild", "shop", "--discard"]).await.0, 0);
    assert_eq!(schemas(&pipe).await, "1");
}
