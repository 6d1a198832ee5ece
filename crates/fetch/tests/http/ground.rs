//! A lake in the embedded S3 server, and a fetcher into it.

use configuration::Configuration;
use embedded::s3::{S3Options, S3Server};
use fetch::{FetchReport, FetchRequest, Fetcher, Selection};
use landing::ObjectKey;
use objects::{Head, Lake};
use secrets::Secrets;

pub(crate) const TIME: &str = "2026-11-04T06:00:00Z";

pub(crate) struct Ground {
    pub(crate) lake: Lake,
    _server: S3Server,
    _directory: tempfile::TempDir,
}

impl Ground {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = S3Options::new(directory.path(), &[("lake", true)]);
        let server = S3Server::start(options).await.unwrap();
        Self {
            lake: Lake::at_endpoint(&server.endpoint(), "test", "test"),
            _server: server,
            _directory: directory,
        }
    }

    /// A fetcher for one source `api` at this address; `rest` is the rest of its table.
    pub(crate) fn fetcher(&self, url: &str, rest: &str) -> Fetcher {
        let text = format!(
            "[lake]\nbucket = \"lake\"\n[sources.api]\nbase_url = \"{url}\"\n\
             limits = {{ requests_per_second = 1000, attempts = 3, timeout = \"2s\" }}\n{rest}\n"
        );
        self.fetcher_of(&text)
    }

    pub(crate) fn fetcher_of(&self, text: &str) -> Fetcher {
        let environment = |name: &str| (name == "TOKEN").then(|| "hunter2".to_owned());
        let configuration = Configuration::parse(text, "test.toml", &environment);
        let configuration = configuration.unwrap_or_else(|error| panic!("{error}"));
        Fetcher::new(configuration, self.lake.clone(), Secrets::from_env()).unwrap()
    }

    pub(crate) async fn text(&self, key: &str) -> Option<String> {
        let found = self.lake.get_text("lake", &ObjectKey::new(key), 1 << 30).await;
        found.unwrap().map(|(text, _)| text)
    }

    pub(crate) async fn head(&self, key: &str) -> Head {
        let found = self.lake.head("lake", &ObjectKey::new(key)).await;
        found.unwrap().unwrap_or_else(|| panic!("nothing at {key}"))
    }
}

pub(crate) fn everything() -> FetchRequest {
    FetchRequest::everything(TIME.parse().unwrap())
}

pub(crate) fn dates(from: &str, to: &str) -> FetchRequest {
    let range = Selection::Range { from: from.to_owned(), to: to.to_owned() };
    FetchRequest { partitions: [("busDt".to_owned(), range)].into(), ..everything() }
}

pub(crate) async fn run(fetcher: &Fetcher, request: FetchRequest) -> FetchReport {
    fetcher.run(request, None, &()).await.unwrap()
}
