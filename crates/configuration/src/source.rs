//! An API: its address, how it is asked, and what its endpoints have in common.

use std::time::Duration;

use serde::{Serialize, Serializer};
use url::Url;

use crate::auth::{self, Auth};
use crate::bounds::{self, Bounds};
use crate::check;
use crate::endpoint::Endpoint;
use crate::endpoint_reading::{self, Surroundings};
use crate::partition::Partition;
use crate::reader::{Node, Table};
use crate::template::Template;

/// An API, `pos`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// Its name, and that of its schema in the warehouse.
    pub name: String,
    /// What the endpoints' paths are put behind.
    pub base_url: Url,
    /// How requests prove who they come from.
    pub auth: Auth,
    /// Headers of every request.
    pub headers: Vec<(String, Template)>,
    /// How hard the API may be asked.
    pub limits: RequestLimits,
    /// The dimensions that endpoints are asked by, in the order of the folders.
    pub partitions: Vec<Partition>,
    /// Its operations, in the order of the file.
    pub endpoints: Vec<Endpoint>,
}

/// How hard an API may be asked, and how long it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RequestLimits {
    /// Requests that may start in a second. Default 10.
    pub requests_per_second: f64,
    /// Requests that may run at once. Default 4.
    pub concurrency: usize,
    /// How long to wait for a connection, for the answer's head, and between two pieces of its body.
    /// Default 30 s.
    #[serde(serialize_with = "milliseconds")]
    pub timeout: Duration,
    /// How many times a request is tried. Default 5.
    pub attempts: u32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            requests_per_second: 10.0,
            concurrency: 4,
            timeout: Duration::from_secs(30),
            attempts: 5,
        }
    }
}

const KEYS: [&str; 6] = ["base_url", "auth", "headers", "limits", "partitions", "endpoints"];
const LIMITS: [&str; 4] = ["requests_per_second", "concurrency", "timeout", "attempts"];

impl Source {
    pub(crate) fn read(name: &str, node: &Node<'_, '_>, bounds: &Bounds) -> Option<Self> {
        check::source_name(name, node);
        let table = node.table(&KEYS)?;
        let base_url = table.need("base_url").and_then(|node| auth::read_url(&node));
        let auth = match table.get("auth") {
            Some(node) => Auth::read(&node),
            None => Some(Auth::None),
        };
        let headers =
            table.get("headers").map(|node| endpoint_reading::headers(&node)).unwrap_or_default();
        let limits = match table.get("limits") {
            Some(node) => RequestLimits::read(&node),
            None => Some(RequestLimits::default()),
        };
        let partitions = read_partitions(&table);
        let surroundings = Surroundings { headers: &headers, partitions: &partitions, bounds };
        let endpoints = read_endpoints(&table, &surroundings);
        Some(Self {
            name: name.to_owned(),
            base_url: base_url?,
            auth: auth?,
            headers,
            limits: limits?,
            partitions: partitions
                .into_iter()
                .map(|(_, partition)| partition)
                .collect::<Option<_>>()?,
            endpoints: endpoints?,
        })
    }

    /// The endpoint of this name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    /// The endpoint's partitions that stand nowhere in its request: it is sent once for each of
    /// their values, and is the same each time.
    pub fn idle_partitions<'e>(&self, endpoint: &'e Endpoint) -> Vec<&'e str> {
        let of_source = self.headers.iter().map(|(_, template)| template);
        let templates = endpoint.templates();
        let asked = templates.into_iter().chain(of_source).flat_map(Template::partitions);
        let asked = asked.collect::<std::collections::BTreeSet<_>>();
        let own = endpoint.partitions.iter().map(String::as_str);
        own.filter(|name| !asked.contains(name)).collect()
    }

    /// The partition of this name.
    pub fn partition(&self, name: &str) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.name == name)
    }
}

impl RequestLimits {
    fn read(node: &Node<'_, '_>) -> Option<Self> {
        let table = node.table(&LIMITS)?;
        let default = Self::default();
        let rate = match table.get("requests_per_second") {
            Some(node) => node.number(0.001..=100_000.0),
            None => Some(default.requests_per_second),
        };
        let concurrency = match table.get("concurrency") {
            Some(node) => node.integer(1..=1_000).and_then(|n| usize::try_from(n).ok()),
            None => Some(default.concurrency),
        };
        let timeout = match table.get("timeout") {
            Some(node) => bounds::duration(&node),
            None => Some(default.timeout),
        };
        let attempts = match table.get("attempts") {
            Some(node) => node.integer(1..=100).and_then(|n| u32::try_from(n).ok()),
            None => Some(default.attempts),
        };
        Some(Self {
            requests_per_second: rate?,
            concurrency: concurrency?,
            timeout: timeout?,
            attempts: attempts?,
        })
    }
}

/// The names stay known where a partition itself can't be read, so that one fault is told once.
fn read_partitions(table: &Table<'_, '_>) -> Vec<(String, Option<Partition>)> {
    let Some(partitions) = table.get("partitions").and_then(|node| node.map()) else {
        return Vec::new();
    };
    partitions
        .entries()
        .into_iter()
        .map(|(name, node)| (name.to_owned(), Partition::read(name, &node)))
        .collect()
}

fn read_endpoints(table: &Table<'_, '_>, around: &Surroundings<'_>) -> Option<Vec<Endpoint>> {
    let Some(node) = table.get("endpoints") else {
        return Some(Vec::new());
    };
    let entries = node.map()?.entries();
    let endpoints = entries
        .iter()
        .map(|(name, node)| endpoint_reading::read(name, node, around))
        .collect::<Vec<_>>();
    check::tables(&entries, &endpoints);
    endpoints.into_iter().collect()
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{}ms", duration.as_millis()))
}
