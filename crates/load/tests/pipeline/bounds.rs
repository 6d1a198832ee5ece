//! What stands at the core's bounds is within Postgres's own.

use load::Verdict;

use crate::kit::Kit;

const FOLDER: &str = "raw/source=shop/endpoint=orders/day=2026-11-01";

const KEYED: &str = r#"
[sources.shop.endpoints.orders]
path = "/orders/{day}"
key = ["/k"]
"#;

/// Characters that no compression makes shorter, so that an index meets all of them.
fn noise(bytes: usize, seed: u64) -> String {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
    };
    let plain =
        std::iter::from_fn(|| Some(next())).filter(|c| !matches!(c, '"' | '\\' | '/' | '~'));
    plain.take(bytes).collect()
}

#[tokio::test]
async fn the_longest_path_fits_the_change_log_and_a_longer_one_is_in_the_overflow() {
    let kit = Kit::new().await;
    let (long, longer) = (noise(1_499, 1), noise(3_000, 2));
    let body = format!(r#"{{"{long}":1,"{longer}":2}}"#);
    let report = kit.land(&format!("{FOLDER}/a.json"), body).await;
    assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    let paths = "select max(length(path)) from riacho.changes where kind = 'column_added'";
    assert_eq!(kit.sql(paths).await, ["1500"]);
    let overflow = "select _overflow from shop.orders";
    assert_eq!(kit.sql(overflow).await, [format!(r#"{{"/{longer}":[2]}}"#)]);
}

#[tokio::test]
async fn the_longest_key_fits_its_indexes_and_a_longer_one_is_rejected() {
    let kit = Kit::with_endpoint(KEYED).await;
    let (long, longer) = (noise(1_500, 1), noise(1_501, 2));
    for day in [2, 1] {
        let body = format!(r#"[{{"k":"{long}","number":{day}}},{{"k":"{longer}"}}]"#);
        let key =
            format!("raw/source=shop/endpoint=orders/day=2026-11-0{day}/20261103T0{day}0000Z.json");
        let report = kit.land(&key, body).await;
        assert_eq!((report.outcome, report.rejects), (Verdict::Loaded, 1), "{report:?}");
    }
    assert_eq!(kit.sql("select length(k), number from shop.orders").await, ["1500 2"]);
    assert_eq!(kit.sql("select count(*) from riacho.shadows").await, ["1"]);
    let rejects = "select distinct reason, length(json) from riacho.rejects";
    assert_eq!(kit.sql(rejects).await, ["key_too_long 1509"]);
}

#[tokio::test]
async fn a_row_as_wide_as_a_page_takes_is_written() {
    for (number, value) in [
        r#""exactly twenty bytes""#,
        r#""a text that is moved out of line where it is too long""#,
        "9007199254740993",
        "true",
        "1234567890123456789012345678901234567890.5",
        r#""2026-11-01T06:15:00Z""#,
        "[1,2,3,4]",
        r#""""#,
    ]
    .iter()
    .enumerate()
    {
        let kit = Kit::new().await;
        let fields: Vec<_> =
            (0..500).map(|at| format!(r#""a{at}":{value},"b{at}":true"#)).collect();
        let halves = fields.chunks(250).enumerate();
        let halves: Vec<_> =
            halves.map(|(at, half)| format!(r#""o{at}":{{{}}}"#, half.join(","))).collect();
        let key = format!("{FOLDER}/{number}.json");
        let report = kit.land(&key, format!("{{{}}}", halves.join(","))).await;
        assert_eq!(report.outcome, Verdict::Loaded, "{value}: {report:?}");
    }
}
