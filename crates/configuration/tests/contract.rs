//! The example of the contract, key by key.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use configuration::{
    Auth, Body, Configuration, JsonTemplate, ListValues, Method, Pages, ParameterPlace,
    PartitionKind, SchemaPolicy, WriteMode,
};

const EXAMPLE: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"

[sources.pos]
base_url = "${POS_API_URL}"
auth = { kind = "bearer", token = "${secret:pos-api#token}" }
headers = { Accept = "application/json" }
limits = { requests_per_second = 20, concurrency = 8, timeout = "30s", attempts = 5 }

[sources.pos.partitions]
busDt   = { kind = "date", last = 3, timezone = "America/Fortaleza", day_ends = "04:00" }
storeId = { kind = "list", values = ["1", "2"] }

[sources.pos.endpoints.getGuestChecks]
method = "POST"
path = "/res/getGuestChecks"
body = { busDt = "{busDt}", storeId = "{storeId}" }
records = "/guestChecks"
keep = ["/locRef"]
key = ["/guestCheckId"]
version = "/lastUpdatedUTC"
table = "guest_checks"
write = "replace"
pages = { kind = "cursor", from = "/next", param = "cursor" }
renames = { "/taxation" = "/taxes" }
types = { "*UTC" = "timestamptz", "*Lcl" = "timestamp" }
schema = "evolve"
"#;

fn environment(name: &str) -> Option<String> {
    match name {
        "RIACHO_BUCKET" => Some("lake".to_owned()),
        "POS_API_URL" => Some("https://pos.example/api".to_owned()),
        "TOKEN" => Some("hunter2".to_owned()),
        _ => None,
    }
}

fn parse(text: &str) -> Configuration {
    Configuration::parse(text, "riacho.toml", &environment).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_example_is_understood_as_a_whole() {
    let configuration = parse(EXAMPLE);
    assert_eq!(configuration.bucket(), Some("lake"));
    let source = configuration.source("pos").unwrap();
    assert_eq!(source.base_url.as_str(), "https://pos.example/api");
    assert_eq!(source.limits.concurrency, 8);
    assert_eq!(source.headers[0].0, "Accept");
    let Auth::Bearer { token } = &source.auth else { panic!("{:?}", source.auth) };
    let reference = token.secrets().next().unwrap();
    assert_eq!((reference.name.as_str(), reference.field.as_deref()), ("pos-api", Some("token")));

    let names = source.partitions.iter().map(|p| p.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["busDt", "storeId"]);
    let PartitionKind::Date(window) = &source.partitions[0].kind else { panic!("not a date") };
    assert_eq!(window.last, 3);
    assert_eq!(window.timezone.iana_name(), Some("America/Fortaleza"));
    assert_eq!(window.day_ends.hour(), 4);
}

#[test]
fn an_endpoint_says_how_it_is_asked_and_what_becomes_of_its_records() {
    let configuration = parse(EXAMPLE);
    let endpoint = configuration.endpoint("pos", "getGuestChecks").unwrap();
    assert_eq!(endpoint.method, Method::Post);
    let Some(Body::Json(JsonTemplate::Object(members))) = &endpoint.body else {
        panic!("{:?}", endpoint.body)
    };
    assert_eq!(members[1].0, "storeId");
    assert_eq!(endpoint.partitions, ["busDt", "storeId"]);
    assert_eq!(endpoint.records.as_deref(), Some("/guestChecks"));
    assert_eq!(endpoint.keep, ["/locRef"]);
    assert_eq!(endpoint.key, ["/guestCheckId"]);
    assert_eq!(endpoint.version.as_deref(), Some("/lastUpdatedUTC"));
    assert_eq!(endpoint.table.as_deref(), Some("guest_checks"));
    assert_eq!(endpoint.write, WriteMode::Replace);
    assert_eq!(endpoint.schema.rest, SchemaPolicy::Evolve);
    assert!(endpoint.schema.fields.is_empty());
    assert_eq!(endpoint.renames, [("/taxation".to_owned(), "/taxes".to_owned())]);
    assert_eq!(endpoint.types[1].pattern, "*Lcl");
    let Pages::Cursor { from, param, into, .. } = &endpoint.pages else {
        panic!("{:?}", endpoint.pages)
    };
    assert_eq!((from.as_str(), param.as_str()), ("/next", "cursor"));
    assert_eq!(*into, ParameterPlace::Query);
}

#[test]
fn a_contract_is_a_word_or_a_table_of_fields_and_is_shown_as_it_is_written() {
    let endpoint = |line: &str| {
        let configuration = parse(&format!(
            "[sources.a]\nbase_url = \"http://localhost:1\"\n[sources.a.endpoints.e]\npath = \"/e\"\n{line}\n"
        ));
        configuration.endpoint("a", "e").unwrap().clone()
    };
    let words = endpoint("schema = \"freeze\"").schema;
    assert_eq!((words.rest, words.fields.len()), (SchemaPolicy::Freeze, 0));
    assert_eq!(serde_json::to_string(&words).unwrap(), "\"freeze\"");
    let line = r#"schema = { "/taxes" = "freeze", "*" = "discard", "x*" = "evolve" }"#;
    let fields = endpoint(line).schema;
    assert_eq!(fields.rest, SchemaPolicy::Discard);
    let rules = fields.fields.iter().map(|rule| (rule.pattern.as_str(), rule.of));
    assert_eq!(
        rules.collect::<Vec<_>>(),
        [("/taxes", SchemaPolicy::Freeze), ("x*", SchemaPolicy::Evolve)]
    );
    assert_eq!(
        serde_json::to_string(&fields).unwrap(),
        r#"{"*":"discard","/taxes":"freeze","x*":"evolve"}"#
    );
    assert_eq!(endpoint(r#"schema = { "/a" = "freeze" }"#).schema.rest, SchemaPolicy::Evolve);
    assert_eq!(endpoint(r#"required = ["/id", "/taxes/taxRate"]"#).required[1], "/taxes/taxRate");
}

#[test]
fn rules_that_never_count_or_are_misread_are_doubtful() {
    let doubts = |line: &str| {
        let configuration = parse(&format!(
            "[sources.a]\nbase_url = \"http://localhost:1\"\n[sources.a.endpoints.e]\npath = \"/e\"\n{line}\n"
        ));
        configuration.endpoint("a", "e").unwrap().doubts()
    };
    for (line, doubtful) in [
        (r#"types = { "*UTC" = "timestamptz", "opn*UTC" = "text" }"#, "`opn*UTC` in `types` never"),
        (r#"types = { "*UTC" = "timestamptz", "/a/xUTC" = "text" }"#, "`/a/xUTC` in `types` never"),
        (r#"schema = { "a*" = "freeze", "ab" = "evolve" }"#, "`ab` in `schema` never"),
        (r#"schema = { "/taxes/*" = "freeze" }"#, "`*` is a letter"),
        (r#"types = { "taxes/*" = "text" }"#, "by its pointer"),
    ] {
        let found = doubts(line);
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].contains(doubtful), "{line}: {found:?}");
    }
    for line in [
        r#"types = { "/a/xUTC" = "text", "*UTC" = "timestamptz" }"#,
        r#"schema = { "*" = "freeze", "a*" = "evolve", "/ab" = "discard" }"#,
    ] {
        assert!(doubts(line).is_empty(), "{line}");
    }
}

#[test]
fn folders_keep_the_order_of_the_file_whatever_an_endpoint_names_first() {
    let configuration = parse(
        r#"
        [sources.a]
        base_url = "http://localhost:1"
        [sources.a.partitions]
        z = { kind = "list", values = ["1"] }
        b = { kind = "list", from = "s3://lake/b.csv", column = "id" }
        [sources.a.endpoints.e]
        path = "/{b}/{z}"
        partitions = ["b", "z"]
        "#,
    );
    let source = configuration.source("a").unwrap();
    assert_eq!(source.endpoints[0].partitions, ["z", "b"]);
    let PartitionKind::List(ListValues::From { from, column }) = &source.partitions[1].kind else {
        panic!("not a list from an object")
    };
    assert_eq!((from.as_str(), column.as_str()), ("s3://lake/b.csv", "id"));
}

#[test]
fn an_endpoint_needs_no_more_than_a_path() {
    let configuration = parse(
        "[sources.a]\nbase_url = \"http://localhost:1\"\n[sources.a.endpoints.e]\npath = \"/e\"\n",
    );
    let endpoint = configuration.endpoint("a", "e").unwrap();
    assert_eq!(endpoint.method, Method::Get);
    assert_eq!(endpoint.write, WriteMode::Replace);
    assert_eq!(endpoint.pages, Pages::None);
    assert_eq!(endpoint.table, None);
    assert_eq!(configuration.bucket(), Some("lake"), "RIACHO_BUCKET stands in for [lake]");
}

#[test]
fn places_of_maps_are_pointers() {
    let endpoint =
        "[sources.a]\nbase_url = \"http://localhost:1\"\n[sources.a.endpoints.e]\npath = \"/e\"\n";
    let configuration = parse(&format!("{endpoint}maps = [\"/items\", \"/stores/departments\"]\n"));
    let maps = &configuration.endpoint("a", "e").unwrap().maps;
    assert_eq!(maps[..], ["/items", "/stores/departments"]);
    let wrong = format!("{endpoint}maps = [\"items\"]\n");
    let error = Configuration::parse(&wrong, "riacho.toml", &environment).unwrap_err();
    assert!(error.to_string().contains("`items`: a JSON Pointer starts with `/`"), "{error}");
}

#[test]
fn bounds_of_an_endpoint_come_before_those_of_all() {
    let configuration = parse(
        r#"
        [load]
        max_depth = 100
        max_columns = 300
        lock_timeout = "2s"
        stall_timeout = "500ms"
        max_ratio = 1000
        max_record_bytes = "16MB"
        max_row_bytes = 4000
        max_jsonb_bytes = "1MB"
        max_envelope_bytes = "1MB"
        [sources.a]
        base_url = "http://localhost:1"
        [sources.a.endpoints.e]
        path = "/e"
        limits = { max_depth = 10, max_envelope_bytes = 100 }
        "#,
    );
    let load = configuration.load();
    assert_eq!(load.stall_timeout, Some(std::time::Duration::from_millis(500)));
    assert_eq!(load.max_ratio, Some(1_000));
    let bounds = &configuration.endpoint("a", "e").unwrap().limits;
    assert_eq!((bounds.max_depth, bounds.max_columns), (Some(10), Some(300)));
    assert_eq!(bounds.max_record_bytes, Some(16 << 20));
    assert_eq!(bounds.max_tables, None);
    assert_eq!((bounds.max_row_bytes, bounds.max_jsonb_bytes), (Some(4_000), Some(1 << 20)));
    assert_eq!(bounds.max_envelope_bytes, Some(100));
}

#[test]
fn nothing_that_shows_a_configuration_shows_a_secret() {
    let configuration = parse(
        r#"
        [sources.a]
        base_url = "http://localhost:1"
        auth = { kind = "basic", username = "joe", password = "${TOKEN}" }
        headers = { X-Key = "${TOKEN}" }
        [sources.b]
        base_url = "http://localhost:1"
        auth = { kind = "api_key", header = "X-Key", value = "literal-key" }
        "#,
    );
    let shown = format!("{configuration:?} {}", serde_json::to_string(&configuration).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!shown.contains("literal-key"), "{shown}");
    assert!(shown.contains("${TOKEN}"), "{shown}");
}

#[test]
fn without_a_file_there_are_no_sources_and_the_bucket_is_the_environments() {
    let configuration = Configuration::without_file(&environment);
    assert_eq!(configuration.bucket(), Some("lake"));
    assert!(configuration.sources().is_empty());
    assert_eq!(Configuration::without_file(&|_| None).bucket(), None);
}
