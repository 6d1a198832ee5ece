//! The lake that the environment names. A process of its own has it: this one's is shared.

use landing::LandedObject;
use objects::Lake;

use crate::place::{LAKE, key, start};

#[tokio::test]
async fn the_environment_names_the_lake() {
    let place = start().await;
    place.put("raw/k.json", "{}").await;
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
        let child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "environment::child"])
            .env_clear()
            .env(variable, place.server.endpoint())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .output()
            .await
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{variable}: {output}");
        assert!(output.contains("1 passed"), "{variable}: {output}");
    }
}

#[tokio::test]
#[ignore = "run by the test above, with an environment of its own and no region in it"]
async fn child() {
    let lake = Lake::from_env().await;
    let object = LandedObject::named(LAKE, key("raw/k.json"));
    let reading = lake.read(&object).await.unwrap();
    assert_eq!(reading.decoded().collect(10).await.unwrap(), "{}");
}
