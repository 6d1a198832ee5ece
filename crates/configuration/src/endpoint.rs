//! One operation of a source: how it is asked, and what becomes of its records. Values only; they
//! are read in `endpoint_reading`.

use landing::Compression;
use serde::{Serialize, Serializer};

use crate::bounds::Bounds;
use crate::fields::{self, SchemaRules, TypeRule};
use crate::pages::Pages;
use crate::template::{SecretReference, Template};

/// One operation of a source, `getGuestChecks`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Endpoint {
    /// Its name, and that of its folder.
    pub name: String,
    /// GET or POST.
    pub method: Method,
    /// What is put behind the source's address.
    pub path: Template,
    /// Query parameters, in the order of the file.
    pub query: Vec<(String, Template)>,
    /// Headers, beside the source's; those of the same name count here.
    pub headers: Vec<(String, Template)>,
    /// What is sent.
    pub body: Option<Body>,
    /// The partitions that it is asked by, in the order of the folders.
    pub partitions: Vec<String>,
    /// How the rest of a long answer is got.
    pub pages: Pages,
    /// How objects are compressed.
    #[serde(serialize_with = "compression_name")]
    pub compression: Compression,
    /// Where the records are; a JSON Pointer from the document. None: the document itself.
    pub records: Option<String>,
    /// Values from around the records that each root row carries; pointers from the document.
    pub keep: Vec<String>,
    /// What names a record; pointers from the record. Empty: nothing does.
    pub key: Vec<String>,
    /// What a record must have beside its key; pointers from the record.
    pub required: Vec<String>,
    /// Which of two versions of a record is newer; a pointer from the record.
    pub version: Option<String>,
    /// The root table; `normalise::table_name` of the endpoint's name where none is given.
    pub table: Option<String>,
    /// How an object stands to those before it.
    pub write: WriteMode,
    /// New name and the name it had; pointers from the record.
    pub renames: Vec<(String, String)>,
    /// Objects that are maps whatever their members' names; pointers from the record.
    pub maps: Vec<String>,
    /// Types where inference must not decide; the first that matches counts.
    pub types: Vec<TypeRule>,
    /// What a change of shape may do.
    pub schema: SchemaRules,
    /// The share of a scope's records that may vanish from one object to the next.
    pub vanish_limit: Option<f64>,
    /// Bounds on its records, those of `[load]` included.
    pub limits: Bounds,
}

/// How an endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// With everything in the address.
    Get,
    /// With a body.
    Post,
}

impl Method {
    /// `GET`, `POST`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// As it stands, in the content type that the headers say.
    Text(Template),
    /// As JSON.
    Json(JsonTemplate),
}

/// JSON with placeholders in its strings, members in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTemplate {
    /// A string.
    Text(Template),
    /// A number, as it is written.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
    /// An array.
    Array(Vec<JsonTemplate>),
    /// An object.
    Object(Vec<(String, JsonTemplate)>),
}

/// How an object stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// It is the whole truth of its scope.
    Replace,
    /// It brings records to insert or replace by key.
    Merge,
    /// Its rows are added.
    Append,
}

impl Endpoint {
    /// Every template of the request.
    pub fn templates(&self) -> Vec<&Template> {
        let named = self.query.iter().chain(&self.headers);
        let mut templates = vec![&self.path];
        templates.extend(named.map(|(_, template)| template));
        match &self.body {
            None => {}
            Some(Body::Text(template)) => templates.push(template),
            Some(Body::Json(json)) => json.collect(&mut templates),
        }
        templates
    }

    /// What is doubtful about its rules for single fields, for people to look at.
    pub fn doubts(&self) -> Vec<String> {
        fields::doubts(&self.types, &self.schema)
    }

    /// Every secret that a request takes, beside the source's auth and headers.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretReference> {
        self.templates().into_iter().flat_map(Template::secrets)
    }
}

impl JsonTemplate {
    fn collect<'t>(&'t self, templates: &mut Vec<&'t Template>) {
        match self {
            Self::Text(template) => templates.push(template),
            Self::Number(_) | Self::Boolean(_) => {}
            Self::Array(items) => items.iter().for_each(|item| item.collect(templates)),
            Self::Object(members) => members.iter().for_each(|(_, value)| value.collect(templates)),
        }
    }
}

impl Serialize for JsonTemplate {
    /// Numbers are written as text, for this is to be looked at and JSON's readers round.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(template) => template.serialize(serializer),
            Self::Number(number) => serializer.serialize_str(number),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
            }
        }
    }
}

fn compression_name<S: Serializer>(of: &Compression, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match of {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    })
}
