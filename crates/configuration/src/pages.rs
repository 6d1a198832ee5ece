//! How an endpoint hands out an answer that is longer than one page.

use serde::Serialize;

use crate::pointer;
use crate::reader::{Node, Table};

/// How the next page is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pages {
    /// One answer is all.
    None,
    /// The `Link` header with `rel="next"` (RFC 8288) names it.
    LinkHeader {
        /// More pages than this are an error.
        max_pages: u64,
    },
    /// The document holds the next page's address.
    NextUrl {
        /// Where.
        from: String,
        /// More pages than this are an error.
        max_pages: u64,
    },
    /// The document holds a cursor that is sent back.
    Cursor {
        /// Where.
        from: String,
        /// The parameter that takes it.
        param: String,
        /// Where the parameter goes.
        into: ParameterPlace,
        /// More pages than this are an error.
        max_pages: u64,
    },
    /// Pages are numbered; one without records is the end, or one with fewer than `size`.
    Page {
        /// The parameter that takes the number.
        param: String,
        /// The first page's number.
        start: u64,
        /// The records of a full page, where that is known.
        size: Option<u64>,
        /// The parameter that takes the size, where one does.
        size_param: Option<String>,
        /// Where the parameters go.
        into: ParameterPlace,
        /// More pages than this are an error.
        max_pages: u64,
    },
    /// Pages start at a record; one without records is the end, or one with fewer than `size`.
    Offset {
        /// The parameter that takes the number of records already had.
        param: String,
        /// The records of a full page.
        size: u64,
        /// The parameter that takes the size, where one does.
        size_param: Option<String>,
        /// Where the parameters go.
        into: ParameterPlace,
        /// More pages than this are an error.
        max_pages: u64,
    },
}

/// Where a page's parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterPlace {
    /// The address.
    Query,
    /// A member of the JSON body.
    Body,
}

#[derive(Clone, Copy)]
enum Kind {
    None,
    LinkHeader,
    NextUrl,
    Cursor,
    Page,
    Offset,
}

const KINDS: [(&str, Kind); 6] = [
    ("none", Kind::None),
    ("link_header", Kind::LinkHeader),
    ("next_url", Kind::NextUrl),
    ("cursor", Kind::Cursor),
    ("page", Kind::Page),
    ("offset", Kind::Offset),
];
const PLACES: [(&str, ParameterPlace); 2] =
    [("query", ParameterPlace::Query), ("body", ParameterPlace::Body)];
const MAX_PAGES: u64 = 10_000;
const MOST: u64 = 1_000_000_000;

impl Pages {
    pub(crate) fn read(node: &Node<'_, '_>) -> Option<Self> {
        let table = node.map()?;
        match table.need("kind")?.choice(&KINDS)? {
            Kind::None => {
                table.only(&["kind"]);
                Some(Self::None)
            }
            Kind::LinkHeader => {
                table.only(&["kind", "max_pages"]);
                let max_pages = max_pages(&table)?;
                Some(Self::LinkHeader { max_pages })
            }
            Kind::NextUrl => {
                table.only(&["kind", "from", "max_pages"]);
                let (from, max_pages) = (from(&table), max_pages(&table));
                Some(Self::NextUrl { from: from?, max_pages: max_pages? })
            }
            Kind::Cursor => read_cursor(&table),
            Kind::Page => read_page(&table),
            Kind::Offset => read_offset(&table),
        }
    }

    /// Where the parameters of the next page go, if there are any.
    pub fn parameter_place(&self) -> Option<ParameterPlace> {
        match self {
            Self::None | Self::LinkHeader { .. } | Self::NextUrl { .. } => None,
            Self::Cursor { into, .. } | Self::Page { into, .. } | Self::Offset { into, .. } => {
                Some(*into)
            }
        }
    }
}

fn read_cursor(table: &Table<'_, '_>) -> Option<Pages> {
    table.only(&["kind", "from", "param", "into", "max_pages"]);
    let (from, param) = (from(table), text(table, "param"));
    let (into, max_pages) = (place(table), max_pages(table));
    Some(Pages::Cursor { from: from?, param: param?, into: into?, max_pages: max_pages? })
}

fn read_page(table: &Table<'_, '_>) -> Option<Pages> {
    table.only(&["kind", "param", "start", "size", "size_param", "into", "max_pages"]);
    let (param, into, max_pages) = (text(table, "param"), place(table), max_pages(table));
    let start = match table.get("start") {
        Some(node) => node.integer(0..=MOST),
        None => Some(1),
    };
    let size = table.get("size").map(|node| node.integer(1..=MOST));
    let size_param = size_param(table);
    if size_param.is_some() && size.is_none() {
        table.node.report::<()>("`size_param` has no `size` to send; add it");
    }
    Some(Pages::Page {
        param: param?,
        start: start?,
        size: size.map_or(Some(None), |size| size.map(Some))?,
        size_param,
        into: into?,
        max_pages: max_pages?,
    })
}

fn read_offset(table: &Table<'_, '_>) -> Option<Pages> {
    table.only(&["kind", "param", "size", "size_param", "into", "max_pages"]);
    let (param, into, max_pages) = (text(table, "param"), place(table), max_pages(table));
    let size = table.need("size").and_then(|node| node.integer(1..=MOST));
    Some(Pages::Offset {
        param: param?,
        size: size?,
        size_param: size_param(table),
        into: into?,
        max_pages: max_pages?,
    })
}

fn from(table: &Table<'_, '_>) -> Option<String> {
    pointer::read(&table.need("from")?)
}

fn text(table: &Table<'_, '_>, key: &str) -> Option<String> {
    table.need(key)?.filled_string()
}

fn size_param(table: &Table<'_, '_>) -> Option<String> {
    table.get("size_param")?.filled_string()
}

fn place(table: &Table<'_, '_>) -> Option<ParameterPlace> {
    match table.get("into") {
        Some(node) => node.choice(&PLACES),
        None => Some(ParameterPlace::Query),
    }
}

fn max_pages(table: &Table<'_, '_>) -> Option<u64> {
    match table.get("max_pages") {
        Some(node) => node.integer(1..=MOST),
        None => Some(MAX_PAGES),
    }
}
