//! What breaks elsewhere, tried here: the tests that `docs/complaints.md` names and that stand in no
//! other file, and the check that each test it names is there.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use tests::{BUCKET, Direct, Pipe};

const T: &str = "raw/source=s/endpoint=t";

#[test]
fn each_line_of_the_page_names_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("docs/complaints.md")).unwrap();
    let is_answer = |line: &&str| line.starts_with("| ") && !line.starts_with("| what breaks");
    let answers: Vec<_> = page.lines().filter(is_answer).collect();
    assert!(answers.len() > 40, "{} lines", answers.len());
    for line in answers {
        let named = line.split('`').filter_map(|code| code.split_once("::"));
        let named: Vec<_> = named.collect();
        assert!(!named.is_empty(), "no test: {line}");
        for (file, name) in named {
            let text = std::fs::read_to_string(root.join(file));
            let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(has_test(&text, name), "{file} has no test {name}");
        }
    }
}

/// Whether a function of that name stands right under an attribute that makes it a test.
fn has_test(text: &str, name: &str) -> bool {
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { return false };
    let Some((above, _)) = before.rsplit_once('\n') else { return false };
    let mut attributes =
        above.lines().rev().map(str::trim).take_while(|line| line.starts_with("#["));
    attributes.any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
}

/// Lands bodies one after another, each in an object of its own.
async fn landed(bodies: &[&str]) -> Direct {
    let world = Direct::start().await;
    for (number, body) in bodies.iter().enumerate() {
        world.land(&format!("{T}/{number}.json"), *body).await;
    }
    world
}

/// The rows of `s.t` in the order of their objects, cells joined by a bar; NULL is `∅`.
async fn rows(world: &Direct, columns: &str) -> Vec<String> {
    let rows = world.sql(&format!("select {columns} from s.t order by _object_id, _row")).await;
    let cell = |cell: Option<String>| cell.unwrap_or_else(|| "∅".to_owned());
    rows.into_iter().map(|row| row.into_iter().map(cell).collect::<Vec<_>>().join("|")).collect()
}

async fn columns(world: &Direct) -> Vec<String> {
    let columns = "select column_name || ' ' || type from riacho.columns where source = 's'
        order by table_position, position";
    world.sql(columns).await.into_iter().flatten().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_object_of_nulls_decides_no_type_and_later_ones_change_none() {
    let world = landed(&[
        r#"{"id":1,"x":null,"o":null,"l":null}"#,
        r#"{"id":2,"x":"a","o":{"y":1.5},"l":[1]}"#,
        r#"{"id":3,"x":null,"o":null,"l":null}"#,
        r#"{"id":4,"x":"b","o":{"y":2},"l":[]}"#,
    ])
    .await;
    assert_eq!(columns(&world).await, ["id bigint", "x text", "o__y numeric", "l jsonb"]);
    let expected = ["1|∅|∅|∅", "2|a|1.5|[1]", "3|∅|∅|∅", "4|b|2|[]"];
    assert_eq!(rows(&world, "id, x, o__y, l").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_and_a_text_in_one_field_stop_nothing_in_either_order() {
    let (time, text) = (r#"{"at":"2026-11-01T06:15:00Z"}"#, r#"{"at":"yesterday"}"#);
    let world = landed(&[time, text, time]).await;
    let times = "to_char(at at time zone 'UTC', 'HH24:MI'), at__v_text";
    assert_eq!(rows(&world, times).await, ["06:15|∅", "∅|yesterday", "06:15|∅"]);
    let world = landed(&[text, time, text]).await;
    assert_eq!(rows(&world, "at").await, ["yesterday", "2026-11-01T06:15:00Z", "yesterday"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_keep_every_digit_whatever_their_column_held_before() {
    let sixty = "123456789012345678901234567890.012345678901234567890123456789";
    let world = landed(&[
        r#"{"n":9223372036854775807}"#,
        r#"{"n":9223372036854775808}"#,
        &format!(r#"{{"n":{sixty}}}"#),
        r#"{"n":-9223372036854775809.10}"#,
        r#"{"n":7}"#,
    ])
    .await;
    assert_eq!(columns(&world).await, ["n numeric"]);
    let expected =
        ["9223372036854775807", "9223372036854775808", sixty, "-9223372036854775809.10", "7"];
    assert_eq!(rows(&world, "n").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_without_zone_stays_one_when_times_with_zones_come() {
    let world = landed(&[
        r#"{"at":"2026-11-01T06:15:00"}"#,
        r#"{"at":"2026-11-01T06:15:00-03:00"}"#,
        r#"{"at":"2026-11-02T06:15:00"}"#,
    ])
    .await;
    assert_eq!(columns(&world).await, ["at timestamp", "at__v_timestamptz timestamptz"]);
    let expected = ["2026-11-01 06:15:00|∅", "∅|2026-11-01 09:15:00", "2026-11-02 06:15:00|∅"];
    assert_eq!(rows(&world, "at, at__v_timestamptz at time zone 'UTC'").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_equal_in_their_first_63_bytes_stay_apart() {
    let long = "n".repeat(63);
    let of = |first: u32, second: u32| {
        format!(
            r#"{{"{long}a":{first},"{long}b":{second},"{long}":0,"c{long}a":[{{"v":{first}}}],"c{long}b":[{{"v":{second}}}]}}"#
        )
    };
    let world = landed(&[&of(1, 2), &of(3, 4)]).await;
    for (path, expected) in [("a", ["1", "3"]), ("b", ["2", "4"]), ("", ["0", "0"])] {
        let name = format!("select column_name from riacho.columns where path = '/{long}{path}'");
        let name = world.one(&name).await;
        assert!(name.len() <= 63, "{name}");
        assert_eq!(rows(&world, &format!("\"{name}\"")).await, expected);
    }
    for (path, expected) in [("a", "4"), ("b", "6")] {
        let name = format!("select table_name from riacho.tables where path = '/c{long}{path}'");
        let name = world.one(&name).await;
        assert_eq!(world.one(&format!("select sum(v) from s.\"{name}\"")).await, expected);
    }
}

const CONFIGURATION: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"

[sources.s]
base_url = "http://127.0.0.1:9"

[sources.s.endpoints.t]
path = "/t"
key = ["/id"]
write = "merge"
TYPES
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_record_takes_the_older_ones_children_and_grandchildren_with_it() {
    let world = Direct::configured(&CONFIGURATION.replace("TYPES", "")).await;
    let older = r#"[{"id":1,"lines":[{"n":1,"taxes":[{"t":1},{"t":2}]},{"n":2}]},
                    {"id":2,"lines":[{"n":3,"taxes":[{"t":3}]}]}]"#;
    world.land(&format!("{T}/20261101T000000Z.json"), older).await;
    let newer = r#"[{"id":1,"lines":[{"n":9}]}]"#;
    world.land(&format!("{T}/20261102T000000Z.json"), newer).await;
    let lines = "select string_agg(id || ' ' || n, ', ' order by n) from s.t__lines";
    assert_eq!(world.one(lines).await, "2 3, 1 9");
    let taxes = "select string_agg(id || ' ' || t, ', ' order by t) from s.t__lines__taxes";
    assert_eq!(world.one(taxes).await, "2 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_record_replaces_the_older_one_whole_and_the_lake_still_has_both() {
    let world = Direct::configured(&CONFIGURATION.replace("TYPES", "")).await;
    let older = r#"[{"id":1,"kept":"a","o":{"x":1},"l":[null,1]}]"#;
    world.land(&format!("{T}/20261101T000000Z.json"), older).await;
    world.land(&format!("{T}/20261102T000000Z.json"), r#"[{"id":1,"kept":"b"}]"#).await;
    assert_eq!(rows(&world, "id, kept, o__x, l").await, ["1|b|∅|∅"]);
    let text = world.text(&format!("{T}/20261101T000000Z.json")).await;
    assert_eq!(text.as_deref(), Some(older));
    let loaded = "select count(*) from riacho.objects where status = 'loaded'";
    assert_eq!(world.one(loaded).await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_is_declared_after_data_came_fails_no_load() {
    let mut world = Direct::configured(&CONFIGURATION.replace("TYPES", "")).await;
    world.land(&format!("{T}/20261101T000000Z.json"), r#"[{"id":1,"x":"12"}]"#).await;
    world.reconfigure(&CONFIGURATION.replace("TYPES", "types = { \"/x\" = \"bigint\" }")).await;
    let newer = r#"[{"id":2,"x":"13"},{"id":3,"x":14},{"id":4,"x":"N/A"}]"#;
    world.land(&format!("{T}/20261102T000000Z.json"), newer).await;
    let expected = ["1|12|∅", "2|13|∅", "3|∅|14", "4|N/A|∅"];
    assert_eq!(rows(&world, "id, x, x__v_bigint").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_uploaded_in_parts_is_loaded_like_any_other() {
    let pipe = Pipe::start().await;
    let key = format!("{T}/large.json");
    let upload = pipe.client.create_multipart_upload().bucket(BUCKET).key(&key).send().await;
    let id = upload.unwrap().upload_id().unwrap().to_owned();
    // A part but the last has at least 5 MiB, so the cut goes through a record.
    let body = format!(r#"[{{"n":1,"text":"{}"}},{{"n":2}}]"#, "x".repeat(5 << 20));
    let (first, last) = body.as_bytes().split_at(5 << 20);
    let mut parts = CompletedMultipartUpload::builder();
    for (number, part) in (1..).zip([first, last]) {
        let body = ByteStream::from(part.to_vec());
        let sent = pipe.client.upload_part().bucket(BUCKET).key(&key).upload_id(&id);
        let sent = sent.part_number(number).body(body).send().await.unwrap();
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
        parts = parts.parts(part.build());
    }
    let whole = pipe.client.complete_multipart_upload().bucket(BUCKET).key(&key).upload_id(id);
    whole.multipart_upload(parts.build()).send().await.unwrap();

    let event = pipe.next_event().await.unwrap().notification();
    assert_eq!(event["Records"][0]["eventName"], "ObjectCreated:CompleteMultipartUpload");
    pipe.load.invoke(&event).await.unwrap();
    assert_eq!(pipe.one("select sum(n) || ' ' || max(length(text)) from s.t").await, "3 5242880");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_object_that_is_gone_is_listed_and_stops_no_other() {
    let pipe = Pipe::start().await;
    let gone = format!("{T}/gone.json");
    pipe.put(&gone, r#"{"n":1}"#).await;
    pipe.client.delete_object().bucket(BUCKET).key(&gone).send().await.unwrap();
    pipe.put(&format!("{T}/there.json"), r#"{"n":2}"#).await;
    pipe.deliver().await.into_iter().for_each(|answer| drop(answer.unwrap()));
    let open = pipe.open().await;
    assert_eq!(
        (open.len(), &open[0]["kind"], &open[0]["key"]),
        (1, &"no_such_key".into(), &gone.into())
    );
    assert_eq!(pipe.one("select n from s.t").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_takes_no_more_memory_than_a_small_one() {
    const MB: u64 = 1 << 20;
    let pipe = Pipe::start().await;
    let record =
        format!(r#"{{"n":1,"text":"{}","lines":[{{"m":1}},{{"m":2}}]}}"#, "x".repeat(4_000));
    let of =
        |bytes: u64| format!("{record}\n").repeat(usize::try_from(bytes).unwrap() / record.len());
    pipe.put(&format!("{T}/small.json"), of(8 * MB)).await;
    pipe.deliver().await.into_iter().for_each(|answer| drop(answer.unwrap()));
    let small = pipe.load.max_memory_used_mb();
    pipe.put(&format!("{T}/large.json"), of(64 * MB)).await;
    pipe.deliver().await.into_iter().for_each(|answer| drop(answer.unwrap()));
    let large = pipe.load.max_memory_used_mb();
    assert!(large < small + 24, "{small} MB for 8, {large} MB for 64");
    assert_eq!(pipe.one("select count(*) from riacho.objects where status = 'loaded'").await, "2");
}
