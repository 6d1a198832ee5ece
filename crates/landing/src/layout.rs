//! The rule from an object's key to its source, endpoint, scope and time, and back.
//!
//! `raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=0042/20261102T061500Z.json`

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::{ObjectKey, ObjectTime};

/// Where fetched objects stand.
pub const RAW_PREFIX: &str = "raw/";
/// Where the error log of each failing object stands, under the same tail as the object.
pub const ERRORS_PREFIX: &str = "errors/";
/// Where the lists of failing keys stand.
pub const MANIFESTS_PREFIX: &str = "manifests/";

/// Kept bare in a folder's value: what no tool that reads `name=value` folders stumbles over.
const FOLDER_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// A whole key keeps its slashes and equals signs.
const WHOLE_KEY: &AsciiSet = &FOLDER_VALUE.remove(b'/');

pub(crate) fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, WHOLE_KEY).to_string()
}

/// What the keys of a source's raw objects begin with.
pub fn source_prefix(source: &str) -> String {
    format!("{RAW_PREFIX}source={}/", encode(source))
}

/// What the keys of an endpoint's raw objects begin with.
pub fn endpoint_prefix(source: &str, endpoint: &str) -> String {
    format!("{}endpoint={}/", source_prefix(source), encode(endpoint))
}

/// One combination of partition values of one endpoint, in the order of the folders.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope(pub Vec<(String, String)>);

impl fmt::Display for Scope {
    /// Writes the folders as they stand in the key, `busDt=2026-11-01/storeId=0042`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, value)) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { "/" };
            write!(f, "{separator}{}={}", encode(name), encode(value))?;
        }
        Ok(())
    }
}

/// How an object's bytes are compressed, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Bytes stand as they are.
    None,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

impl Compression {
    /// The compression that a name's ending says.
    pub fn of(name: &str) -> Self {
        if name.ends_with(".gz") {
            Self::Gzip
        } else if name.ends_with(".zst") {
            Self::Zstd
        } else {
            Self::None
        }
    }

    /// What the name of an object compressed so ends in, after `.json`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// What the folders and the name of a raw object say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLocation {
    /// The API, `pos`.
    pub source: String,
    /// The operation, `getGuestChecks`.
    pub endpoint: String,
    /// The partition values, decoded.
    pub scope: Scope,
    /// The file name, `20261102T061500Z.json`.
    pub name: String,
}

/// Why a key names no raw object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "object key `{key}` is not of the form `raw/source=S/endpoint=E/[name=value/…]file`: {reason}"
)]
pub struct NotARawObject {
    /// The key.
    pub key: ObjectKey,
    /// What is amiss.
    pub reason: &'static str,
}

impl RawLocation {
    /// Reads the layout off a decoded key.
    pub fn parse(key: &ObjectKey) -> Result<Self, NotARawObject> {
        let fail = |reason| NotARawObject { key: key.clone(), reason };
        let tail =
            key.as_str().strip_prefix(RAW_PREFIX).ok_or_else(|| fail("it is not under `raw/`"))?;
        let mut folders = tail.split('/').collect::<Vec<_>>();
        let name = folders.pop().unwrap_or_default();
        if name.is_empty() {
            return Err(fail("it ends in a slash"));
        }
        let mut folders = folders.into_iter();
        let source = named_folder(folders.next(), "source")
            .ok_or_else(|| fail("the first folder is not `source=…`"))?;
        let endpoint = named_folder(folders.next(), "endpoint")
            .ok_or_else(|| fail("the second folder is not `endpoint=…`"))?;
        let scope = folders
            .map(|folder| folder.split_once('=').map(|(name, value)| (decode(name), decode(value))))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| fail("a folder is not of the form `name=value`"))?;
        Ok(Self { source, endpoint, scope: Scope(scope), name: name.to_owned() })
    }

    /// The object's key.
    pub fn key(&self) -> ObjectKey {
        let mut key = endpoint_prefix(&self.source, &self.endpoint);
        if !self.scope.0.is_empty() {
            key.push_str(&format!("{}/", self.scope));
        }
        key.push_str(&self.name);
        ObjectKey::new(key)
    }

    /// The time that the file name starts with, if it does.
    pub fn object_time(&self) -> Option<ObjectTime> {
        ObjectTime::at_start_of(&self.name)
    }

    /// How the object's bytes are compressed.
    pub fn compression(&self) -> Compression {
        Compression::of(&self.name)
    }

    /// Where the error log of the raw object `key` stands: the same tail under `errors/`.
    pub fn error_log_key(key: &ObjectKey) -> ObjectKey {
        let tail = key.as_str().strip_prefix(RAW_PREFIX).unwrap_or(key.as_str());
        ObjectKey::new(format!("{ERRORS_PREFIX}{tail}.error.json"))
    }
}

fn named_folder(folder: Option<&str>, name: &str) -> Option<String> {
    let value = folder?.strip_prefix(name)?.strip_prefix('=')?;
    (!value.is_empty()).then(|| decode(value))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, FOLDER_VALUE).to_string()
}

/// A value that does not decode to UTF-8 was not written by Riacho; it stands for itself.
fn decode(text: &str) -> String {
    percent_decode_str(text)
        .decode_utf8()
        .map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(key: &str) -> Result<RawLocation, NotARawObject> {
        RawLocation::parse(&ObjectKey::new(key))
    }

    #[test]
    fn folders_become_source_endpoint_and_scope() {
        let location = location(
            "raw/source=pos/endpoint=getGuestChecks/busDt=2026-11-01/storeId=99%20CB%2F%2B/20261102T061500Z.json.gz",
        )
        .unwrap();
        assert_eq!(location.source, "pos");
        assert_eq!(location.endpoint, "getGuestChecks");
        assert_eq!(location.scope.0[1], ("storeId".to_owned(), "99 CB/+".to_owned()));
        assert_eq!(location.compression(), Compression::Gzip);
        assert_eq!(location.object_time().unwrap().to_string(), "20261102T061500Z");
    }

    #[test]
    fn a_key_is_written_as_it_was_read() {
        let key = "raw/source=pos/endpoint=e/busDt=2026-11-01/storeId=S%C3%A3o%20Jos%C3%A9/20261102T061500Z.json";
        assert_eq!(location(key).unwrap().key().as_str(), key);
        let unpartitioned = "raw/source=github/endpoint=push/1.json";
        assert_eq!(location(unpartitioned).unwrap().key().as_str(), unpartitioned);
    }

    #[test]
    fn what_is_no_raw_object_says_why() {
        for key in [
            "errors/x",
            "raw/x.json",
            "raw/source=a/x.json",
            "raw/source=a/endpoint=b/c/d.json",
            "raw/source=a/endpoint=b/",
        ] {
            assert!(location(key).is_err(), "{key}");
        }
    }

    #[test]
    fn the_error_log_stands_under_the_same_tail() {
        let key = ObjectKey::new("raw/source=a/endpoint=b/c.json");
        assert_eq!(
            RawLocation::error_log_key(&key).as_str(),
            "errors/source=a/endpoint=b/c.json.error.json"
        );
    }
}
