//! `riacho infer`: what it writes is a configuration that `config check` takes.

use std::fs;
use std::process::Command;

use crate::support::{Dev, directory, run};

const BODY: &str =
    r#"{"locRef":"1","checks":[{"checkId":1,"total":9.90},{"checkId":2,"total":3.10}]}"#;

#[test]
fn the_proposal_passes_the_check_of_configurations() {
    let dir = directory();
    let (plain, packed) = (dir.path().join("checks.json"), dir.path().join("more.json"));
    fs::write(&plain, BODY).unwrap();
    fs::write(&packed, BODY.replace("Id\":1", "Id\":3").replace("Id\":2", "Id\":4")).unwrap();
    assert!(Command::new("gzip").arg(&packed).status().unwrap().success());
    let packed = dir.path().join("more.json.gz");

    let ran = run(&["infer", plain.to_str().unwrap(), packed.to_str().unwrap()]);

    assert_eq!(ran.code, 0, "{ran:?}");
    for line in ["[sources.api.endpoints.checks]", "records = \"/checks\"", "key = [\"/checkId\"]"]
    {
        assert!(ran.out.contains(line), "{ran:?}");
    }
    assert!(ran.out.contains("never null among 4 records"), "{ran:?}");
    let proposed = dir.path().join("proposed.toml");
    fs::write(&proposed, &ran.out).unwrap();
    let checked = run(&["config", "check", proposed.to_str().unwrap()]);
    assert_eq!(checked.code, 0, "{checked:?}");
}

#[test]
fn a_named_endpoint_is_a_section_for_an_existing_file_and_json_has_the_evidence() {
    let dir = directory();
    let file = dir.path().join("x.json");
    fs::write(&file, BODY).unwrap();
    let file = file.to_str().unwrap();

    let ran = run(&["infer", file, "--endpoint", "getChecks", "--source", "pos"]);
    assert!(ran.out.contains("[sources.pos.endpoints.getChecks]"), "{ran:?}");
    assert!(!ran.out.contains("base_url"), "{ran:?}");

    let document = run(&["--json", "infer", file]).json();
    assert_eq!(document["proposal"]["records"], "/checks");
    assert_eq!(document["proposal"]["key"][0], "/checkId");
    assert!(document["toml"].as_str().unwrap().contains("base_url"));
}

#[test]
fn what_can_not_be_read_is_named() {
    let dir = directory();
    let empty = dir.path().join("empty.json");
    fs::write(&empty, " ").unwrap();
    let ran = run(&["infer", empty.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("empty.json") && ran.err.contains("no JSON"), "{ran:?}");
    assert_eq!(run(&["infer"]).code, 2);
    let missing = run(&["infer", "/does/not/exist.json"]);
    assert!(missing.code == 2 && missing.err.contains("/does/not/exist.json"), "{missing:?}");
    let large = dir.path().join("large.json");
    fs::write(&large, BODY).unwrap();
    let bound = run(&["infer", large.to_str().unwrap(), "--max-bytes", "10"]);
    assert!(bound.code == 2 && bound.err.contains("--max-bytes"), "{bound:?}");
}

#[test]
fn objects_of_the_lake_are_read_up_to_a_bound_and_name_source_endpoint_and_partitions() {
    let dev = Dev::start(&["--no-load"]);
    let fetched = dev.riacho(&["fetch", "--endpoint", "getGuestChecks"]);
    assert_eq!(fetched.code, 0, "{fetched:?}");

    let prefix = "raw/source=pos/endpoint=getGuestChecks/";
    let ran = dev.riacho(&["infer", "--prefix", prefix, "--max-objects", "9"]);

    assert_eq!(ran.code, 0, "{ran:?}");
    for line in [
        "[sources.pos.endpoints.getGuestChecks]",
        "records = \"/guestChecks\"",
        "key = [\"/guestCheckId\"]",
        "busDt = { kind = \"date\"",
        "Proposed from 9 samples",
    ] {
        assert!(ran.out.contains(line), "{line} {ran:?}");
    }
    assert!(ran.err.contains("--max-objects"), "{ran:?}");
    let none = dev.riacho(&["infer", "--prefix", "raw/source=nobody/"]);
    assert!(none.code == 2 && none.err.contains("no objects"), "{none:?}");
}
