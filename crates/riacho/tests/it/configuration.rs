//! `config check`, and what the command line says of itself.

use crate::support::{Ran, directory, riacho, run};

const GOOD: &str = r#"
[sources.pos]
base_url = "${POS_API_URL}"
[sources.pos.partitions]
busDt = { kind = "date", last = 3, timezone = "America/Fortaleza", day_ends = "04:00" }
[sources.pos.endpoints.getGuestChecks]
path = "/res/{busDt}"
records = "/guestChecks"
key = ["/guestCheckId"]
"#;

fn check(text: &str, more: &[&str]) -> Ran {
    let dir = directory();
    let file = dir.path().join("riacho.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = riacho(more);
    command.args(["config", "check"]).arg(file).env("POS_API_URL", "https://pos.example");
    Ran::of(command.output().unwrap())
}

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in ["demo", "dev", "fetch", "load", "replay", "status", "schema", "config"] {
        assert!(help.out.contains(&format!("\n  {word}")), "{word}: {help:?}");
    }
    assert!(help.out.contains("Exit codes:"), "{help:?}");
}

#[test]
fn what_can_not_be_typed_is_a_usage_error() {
    assert_eq!(run(&["lode"]).code, 2);
    assert_eq!(run(&["load"]).code, 2);
    assert_eq!(run(&["load", "--prefix", "errors/"]).code, 2);
    assert_eq!(run(&["fetch", "--partition", "storeId"]).code, 2);
    assert_eq!(run(&["fetch"]).code, 2, "no source is configured");
}

#[test]
fn a_good_configuration_is_explained() {
    let checked = check(GOOD, &[]);
    assert_eq!(checked.code, 0, "{checked:?}");
    for words in
        ["is in order", "https://pos.example", "the last 3 business dates", "get_guest_checks"]
    {
        assert!(checked.out.contains(words), "{words}: {checked:?}");
    }
}

#[test]
fn rules_for_fields_are_explained_and_doubted() {
    let text = format!(
        "{GOOD}required = [\"/opnUTC\"]\ntypes = {{ \"*UTC\" = \"timestamptz\" }}\n\
         schema = {{ \"/taxes\" = \"freeze\", \"/d/*\" = \"discard\" }}\n"
    );
    let checked = check(&text, &[]);
    assert_eq!(checked.code, 0, "{checked:?}");
    for words in [
        "a record must have /opnUTC",
        "*UTC timestamptz",
        "changes of shape: /taxes freeze, /d/* discard, all others evolve",
        "Note: getGuestChecks: `/d/*` in `schema` is read as one pointer",
    ] {
        assert!(checked.out.contains(words), "{words}: {checked:?}");
    }
}

#[test]
fn every_fault_is_named_by_its_place_with_its_cure() {
    let text = GOOD.replace("records =", "recrods =").replace("\"date\"", "\"dates\"");
    let checked = check(&text, &[]);
    assert_eq!(checked.code, 2);
    assert!(checked.err.contains("riacho.toml:8:1"), "{checked:?}");
    assert!(checked.err.contains("did you mean `records`"), "{checked:?}");
    assert!(checked.err.contains("2 faults"), "{checked:?}");
    assert!(checked.out.is_empty(), "{checked:?}");
}

#[test]
fn programs_get_one_document_either_way() {
    let good = check(GOOD, &["--json"]).json();
    assert_eq!(good["ok"], true);
    assert_eq!(good["configuration"]["sources"][0]["name"], "pos");
    let bad = check("[sources.pos]\n", &["--json"]).json();
    assert_eq!(bad["ok"], false);
    assert_eq!(bad["problems"][0]["line"], 1);
}

#[test]
fn a_missing_file_and_a_missing_variable_are_usage_errors() {
    assert_eq!(run(&["config", "check", "/nowhere/riacho.toml"]).code, 2);
    let checked = check(&GOOD.replace("POS_API_URL", "POS_NOWHERE"), &[]);
    assert_eq!(checked.code, 2);
    assert!(checked.err.contains("`POS_NOWHERE` is not set"), "{checked:?}");
}

#[test]
fn a_warehouse_that_is_not_there_is_worth_another_try() {
    let mut command = riacho(&["load", "--prefix", "raw/"]);
    command.env("RIACHO_BUCKET", "lake").env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("DATABASE_URL", "postgres://riacho@127.0.0.1:9/riacho");
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, 3, "{ran:?}");
}
