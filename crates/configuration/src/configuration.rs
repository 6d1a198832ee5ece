//! The whole of it: the lake, how objects are loaded, the sources.

use std::cell::RefCell;

use landing::{Classify, FailureKind};
use serde::Serialize;
use toml::de::{DeTable, DeValue};

use crate::bounds::LoadSettings;
use crate::endpoint::Endpoint;
use crate::problem::{self, ConfigurationErrors, Problem};
use crate::reader::{Reader, Table};
use crate::source::Source;

/// The environment variable that names the file: a path, or an `s3://` address.
pub const VARIABLE: &str = "RIACHO_CONFIG";
const BUCKET_VARIABLE: &str = "RIACHO_BUCKET";

/// What one TOML file says, or what holds without any.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Configuration {
    bucket: Option<String>,
    load: LoadSettings,
    sources: Vec<Source>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError<E> {
    /// Nothing could be read at the address.
    #[error("no configuration, though RIACHO_CONFIG names `{address}`: {source}")]
    Unreadable {
        /// Where it should be.
        address: String,
        /// Why it can't be read.
        source: E,
    },
    /// It was read, and is wrong.
    #[error(transparent)]
    Wrong(#[from] ConfigurationErrors),
}

impl<E> Classify for LoadError<E> {
    /// No object is at fault.
    fn kind(&self) -> FailureKind {
        FailureKind::Transient
    }
}

impl Configuration {
    /// Reads the text of `file`; the environment comes through `lookup`. All problems that can be
    /// told in one reading are told together.
    pub fn parse(
        text: &str,
        file: &str,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigurationErrors> {
        let failed = |mut problems: Vec<Problem>| {
            problems.sort_by_key(|problem| (problem.line, problem.column));
            problems.dedup();
            ConfigurationErrors { file: file.to_owned(), problems }
        };
        let (document, faults) = DeTable::parse_recoverable(text);
        if !faults.is_empty() {
            return Err(failed(faults.iter().map(|e| syntax(text, e)).collect()));
        }
        let reader = Reader { text, lookup, problems: RefCell::default() };
        let document = DeValue::Table(document.into_inner());
        let configuration = Table::root(&reader, &document).and_then(|root| read(&root));
        let problems = reader.problems.take();
        match configuration {
            Some(mut configuration) if problems.is_empty() => {
                let fallback = Self::without_file(lookup).bucket;
                configuration.bucket = configuration.bucket.or(fallback);
                Ok(configuration)
            }
            Some(_) | None => Err(failed(problems)),
        }
    }

    /// Reads the file that `RIACHO_CONFIG` names, if it names one. `read` gives the text at an
    /// address, for a configuration does no I/O.
    pub async fn from_environment<E>(
        lookup: impl Fn(&str) -> Option<String>,
        read: impl AsyncFnOnce(&str) -> Result<String, E>,
    ) -> Result<Self, LoadError<E>> {
        let Some(address) = lookup(VARIABLE).filter(|address| !address.is_empty()) else {
            return Ok(Self::without_file(&lookup));
        };
        match read(&address).await {
            Ok(text) => Ok(Self::parse(&text, &address, &lookup)?),
            Err(source) => Err(LoadError::Unreadable { address, source }),
        }
    }

    /// What holds without a file: no sources, and the bucket of `RIACHO_BUCKET`, if that is set.
    pub fn without_file(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            bucket: lookup(BUCKET_VARIABLE).filter(|bucket| !bucket.is_empty()),
            ..Self::default()
        }
    }

    /// The lake's bucket, where it is known before an event names it.
    pub fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// How objects are loaded.
    pub fn load(&self) -> &LoadSettings {
        &self.load
    }

    /// All sources, in the order of the file.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The source of this name.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// The endpoint of this name.
    pub fn endpoint(&self, source: &str, endpoint: &str) -> Option<&Endpoint> {
        self.source(source)?.endpoint(endpoint)
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let (line, column) = problem::place(text, &error.span().unwrap_or(0..0));
    Problem {
        line,
        column,
        path: String::new(),
        message: format!("{} (TOML 1.0)", error.message()),
    }
}

fn read(root: &Table<'_, '_>) -> Option<Configuration> {
    root.only(&["lake", "load", "sources"]);
    let bucket = match root.get("lake") {
        Some(node) => {
            node.table(&["bucket"]).and_then(|lake| lake.need("bucket")?.filled_string()).map(Some)
        }
        None => Some(None),
    };
    let load = match root.get("load") {
        Some(node) => LoadSettings::read(&node),
        None => Some(LoadSettings::default()),
    };
    let bounds = load.clone().unwrap_or_default().bounds;
    let mut sources = Vec::new();
    if let Some(table) = root.get("sources").and_then(|node| node.map()) {
        for (name, node) in table.entries() {
            sources.push(Source::read(name, &node, &bounds));
        }
    }
    Some(Configuration {
        bucket: bucket?,
        load: load?,
        sources: sources.into_iter().collect::<Option<_>>()?,
    })
}
