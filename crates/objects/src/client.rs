//! Makes the SDK's client: where it finds S3, whom it is, how long it waits.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Credentials, Region};

/// S3 answers in tens of milliseconds; a host that takes seconds to connect is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A server-side copy answers when it is done: S3 takes minutes for gigabytes.
const COPY_TIMEOUT: Duration = Duration::from_secs(300);
/// What stands in for a region where there is none: signatures need a name.
const LOCAL_REGION: &str = "us-east-1";

pub(crate) async fn from_env() -> aws_sdk_s3::Client {
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts(READ_TIMEOUT))
        .stalled_stream_protection(stalls())
        .load()
        .await;
    let elsewhere = shared.endpoint_url().is_some()
        || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some_and(|value| !value.is_empty());
    let mut config = aws_sdk_s3::config::Builder::from(&shared);
    if elsewhere {
        // Stand-ins for S3 seldom have a host name for each bucket.
        config = config.force_path_style(true);
        if shared.region().is_none() {
            config = config.region(Region::new(LOCAL_REGION));
        }
    }
    aws_sdk_s3::Client::from_conf(config.build())
}

pub(crate) fn at_endpoint(
    endpoint: &str,
    access_key: &str,
    secret_key: &str,
) -> aws_sdk_s3::Client {
    let credentials = Credentials::new(access_key, secret_key, None, None, "given");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts(READ_TIMEOUT))
        .stalled_stream_protection(stalls())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .region(Region::new(LOCAL_REGION))
        .credentials_provider(credentials)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// For the calls that move gigabytes inside S3.
pub(crate) fn patient() -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder().timeout_config(timeouts(COPY_TIMEOUT))
}

/// How long a download may stall is `Reading`'s to say: the SDK's own bound can't be told apart from
/// a lost body, and would come before a longer one.
fn stalls() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled().download_enabled(false).build()
}

fn timeouts(read: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(read).build()
}
