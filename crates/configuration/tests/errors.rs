//! What is wrong is said with its file, line and cure.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use configuration::Configuration;

fn problems(text: &str) -> Vec<String> {
    let error = Configuration::parse(text, "riacho.toml", &|_| None).unwrap_err();
    error.to_string().lines().map(str::to_owned).collect()
}

/// The problems of an endpoint that has these lines beside its path, in a source with two
/// partitions `d` and `s`.
fn endpoint_problems(lines: &str) -> Vec<String> {
    problems(&format!(
        "[sources.a]\nbase_url = \"http://localhost:1\"\n\
         [sources.a.partitions]\nd = {{ kind = \"date\" }}\ns = {{ kind = \"list\", values = [\"1\"] }}\n\
         [sources.a.endpoints.e]\npath = \"/{{d}}/{{s}}\"\n{lines}\n"
    ))
}

fn assert_one(problems: &[String], parts: &[&str]) {
    assert_eq!(problems.len(), 1, "{problems:#?}");
    for part in parts {
        assert!(problems[0].contains(part), "`{part}` is not in {problems:#?}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_known_one() {
    let text = "[sources.pos]\nbase_url = \"http://localhost:1\"\n\n[sources.pos.endpoints.getGuestChecks]\npath = \"/x\"\n  recrds = \"/a\"\n";
    assert_eq!(
        problems(text),
        [
            "riacho.toml:6:3: sources.pos.endpoints.getGuestChecks: unknown key `recrds`; did you mean `records`?"
        ]
    );
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let found = problems(
        "[lake]\nbukcet = \"x\"\n[sources.a]\nbase_url = \"${NOWHERE}\"\nauth = { kind = \"beare\" }\n\
         [sources.a.endpoints.e]\nmethod = \"PATCH\"\npath = 7\n",
    );
    let expected = [
        "riacho.toml:1:2: lake: `bucket` is missing; add it",
        "riacho.toml:2:1: lake: unknown key `bukcet`; did you mean `bucket`?",
        "riacho.toml:4:1: sources.a.base_url: the environment variable `NOWHERE` is not set; set it, or write the value here",
        "riacho.toml:5:10: sources.a.auth.kind: unknown value `beare`; did you mean `bearer`?",
        "riacho.toml:7:1: sources.a.endpoints.e.method: unknown value `PATCH`; known are `GET`, `POST`",
        "riacho.toml:8:1: sources.a.endpoints.e.path: expected a string, found a whole number",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_file_that_is_no_toml_names_the_line() {
    let found = problems("[lake]\nbucket = \n");
    assert!(found[0].starts_with("riacho.toml:2:"), "{found:?}");
    let twice = problems("[lake]\nbucket = \"a\"\nbucket = \"b\"\n");
    assert!(twice[0].starts_with("riacho.toml:3:1: duplicate key"), "{twice:?}");
}

#[test]
fn placeholders_and_partitions_belong_together() {
    assert_one(
        &endpoint_problems("query = { x = \"{storeID}\" }"),
        &["endpoints.e.query", "unknown partition `storeID`", "`d`, `s`"],
    );
    assert_one(
        &endpoint_problems("partitions = [\"d\"]"),
        &["endpoints.e.path", "unknown partition `s`"],
    );
    assert_one(&endpoint_problems("query = { x = \"{\" }"), &["query.x", "a lone brace"]);
}

#[test]
fn writing_that_contradicts_itself_is_refused() {
    assert_one(&endpoint_problems("write = \"merge\""), &["endpoints.e.write", "add `key`"]);
    assert_one(&endpoint_problems("version = \"/v\""), &["endpoints.e.version", "add `key`"]);
    assert_one(
        &endpoint_problems("write = \"append\"\nvanish_limit = 0.5"),
        &["endpoints.e.vanish_limit", "only under"],
    );
    assert_one(&endpoint_problems("vanish_limit = 50"), &["from 0 to 1"]);
}

#[test]
fn pointers_are_pointers() {
    for line in [
        "records = \"guestChecks\"",
        "records = \"$.a\"",
        "keep = [\"a\"]",
        "version = \"v\"\nkey = [\"/k\"]",
    ] {
        assert_one(&endpoint_problems(line), &["a JSON Pointer starts with `/`"]);
    }
    assert_one(&endpoint_problems("records = \"\""), &["leave the key out"]);
    assert_one(&endpoint_problems("key = [\"/a\", \"/a\"]"), &["key[1]", "twice"]);
}

#[test]
fn contracts_of_fields_are_checked() {
    assert_one(
        &endpoint_problems("schema = { \"/x\" = \"frozen\" }"),
        &["endpoints.e.schema.\"/x\"", "unknown value `frozen`"],
    );
    assert_one(
        &endpoint_problems("schema = { \"a/b\" = \"freeze\" }"),
        &["a JSON Pointer starts with `/`"],
    );
    assert_one(&endpoint_problems("schema = { \"\" = \"freeze\" }"), &["`*` names all"]);
    for line in [
        "key = [\"/o/id\"]\nschema = { \"/o\" = \"discard\" }",
        "key = [\"/k\"]\nversion = \"/idV\"\nschema = { \"id*\" = \"discard\" }",
    ] {
        assert_one(&endpoint_problems(line), &["endpoints.e.schema", "leaves out", "\"evolve\""]);
    }
    assert_one(&endpoint_problems("required = [\"id\"]"), &["a JSON Pointer starts with `/`"]);
}

#[test]
fn renames_that_go_round_are_refused() {
    assert_one(
        &endpoint_problems("renames = { \"/a\" = \"/b\", \"/b\" = \"/a\" }"),
        &["endpoints.e.renames", "circle"],
    );
    assert_one(&endpoint_problems("renames = { \"/a\" = \"/a\" }"), &["circle"]);
}

#[test]
fn two_endpoints_never_share_a_table() {
    let found = problems(
        "[sources.a]\nbase_url = \"http://localhost:1\"\n\
         [sources.a.endpoints.guestChecks]\npath = \"/a\"\n\
         [sources.a.endpoints.other]\npath = \"/b\"\ntable = \"guest_checks\"\n",
    );
    assert_one(&found, &["endpoints.other", "that of `guestChecks`"]);
}

#[test]
fn partitions_are_checked() {
    let partition = |line: &str| {
        problems(&format!(
            "[sources.a]\nbase_url = \"http://localhost:1\"\n[sources.a.partitions]\n{line}\n\
             [sources.a.endpoints.e]\npath = \"/{{d}}\"\n"
        ))
    };
    assert_one(
        &partition("d = { kind = \"date\", timezone = \"America/Fortalesa\" }"),
        &["partitions.d.timezone", "unknown time zone"],
    );
    assert_one(&partition("d = { kind = \"date\", day_ends = \"4\" }"), &["like `04:00`"]);
    assert_one(&partition("d = { kind = \"list\", values = [] }"), &["at least one"]);
    assert_one(&partition("d = { kind = \"list\", values = [\"1\", \"1\"] }"), &["twice"]);
    assert_one(&partition("d = { kind = \"list\" }"), &["either `values`"]);
    assert_one(
        &partition("d = { kind = \"list\", from = \"stores.csv\", column = \"x\" }"),
        &["s3://"],
    );
}

#[test]
fn secrets_stand_only_where_they_are_resolved() {
    assert_one(
        &problems("[lake]\nbucket = \"${secret:x}\"\n"),
        &["lake.bucket", "a secret can't stand here"],
    );
    let with_password = problems("[sources.a]\nbase_url = \"https://joe:pw@host/\"\n");
    assert_one(&with_password, &["put them into `auth`"]);
    assert!(!with_password[0].contains("pw@"), "the password is not repeated");
}

#[test]
fn names_that_would_clash_elsewhere_are_refused() {
    assert_one(
        &problems("[sources.riacho]\nbase_url = \"http://localhost:1\"\n"),
        &["choose another"],
    );
    assert_one(&endpoint_problems("table = \"Guest Checks\""), &["snake_case"]);
    assert_one(
        &endpoint_problems("types = { \"/x\" = \"varchar\" }"),
        &["unknown value `varchar`"],
    );
    assert_one(&endpoint_problems("headers = { \"a b\" = \"x\" }"), &["no name of an HTTP header"]);
}

#[test]
fn pages_say_which_keys_their_kind_takes() {
    assert_one(
        &endpoint_problems("pages = { kind = \"page\", param = \"page\", form = \"/x\" }"),
        &["endpoints.e.pages: unknown key `form`"],
    );
    assert_one(
        &endpoint_problems("pages = { kind = \"cursor\", param = \"c\" }"),
        &["`from` is missing"],
    );
    assert_one(
        &endpoint_problems(
            "pages = { kind = \"cursor\", from = \"/n\", param = \"c\", into = \"body\" }",
        ),
        &["needs `method = \"POST\"`"],
    );
}
