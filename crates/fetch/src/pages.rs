//! Finds the next page. What a page is fetched and kept with is `land`'s.

use configuration::{Pages, ParameterPlace};
use reqwest::header::{HeaderMap, LINK};
use serde_json::Value;
use url::Url;

use crate::call::{PageParameters, quoted};
use crate::failure::Failure;
use crate::look;

/// Walks an endpoint's pages.
#[derive(Debug)]
pub(crate) struct Pager<'e> {
    pages: &'e Pages,
    records: &'e str,
    fetched: u64,
    records_before: u64,
    previous: Option<PageParameters>,
}

/// A page as it came.
pub(crate) struct Page<'p> {
    /// Where it came from.
    pub(crate) url: &'p Url,
    pub(crate) headers: &'p HeaderMap,
    pub(crate) body: &'p [u8],
}

impl<'e> Pager<'e> {
    /// `records` is where the records are, for those kinds that count them.
    pub(crate) fn new(pages: &'e Pages, records: Option<&'e str>) -> Self {
        Self {
            pages,
            records: records.unwrap_or(""),
            fetched: 0,
            records_before: 0,
            previous: None,
        }
    }

    /// What the first page is asked for with.
    pub(crate) fn first(&self) -> PageParameters {
        match self.pages {
            Pages::None
            | Pages::LinkHeader { .. }
            | Pages::NextUrl { .. }
            | Pages::Cursor { .. } => PageParameters::default(),
            Pages::Page { start, .. } => self.numbered(*start),
            Pages::Offset { .. } => self.numbered(0),
        }
    }

    /// What the page after this one is asked for with; nothing after the last.
    pub(crate) fn after(&mut self, page: &Page<'_>) -> Result<Option<PageParameters>, Failure> {
        let number = self.fetched + 1;
        let next = match self.next(page, number) {
            Ok(next) => next?,
            // Landed as it is: it is what the API answered, and loading will say what it is.
            Err(_) if number == 1 => None,
            // Not counted: the same page is asked for again.
            Err(error) => {
                let message = format!("page {number} is not JSON: {error}");
                return Err(Failure::passing("page_not_json", message).with_excerpt(page.body));
            }
        };
        self.fetched = number;
        let Some(next) = next else { return Ok(None) };
        if self.previous.as_ref() == Some(&next) {
            let message = format!("page {number} leads to itself");
            return Err(Failure::standing("pages_repeat", message));
        }
        if number >= self.max_pages() {
            let message = format!(
                "there are more pages than `max_pages` ({}); ask for smaller scopes, or raise it",
                self.max_pages()
            );
            return Err(Failure::standing("too_many_pages", message));
        }
        self.previous = Some(next.clone());
        Ok(Some(next))
    }

    /// The outer error: the page is not JSON.
    fn next(
        &mut self,
        page: &Page<'_>,
        number: u64,
    ) -> Result<Result<Option<PageParameters>, Failure>, serde_json::Error> {
        Ok(match self.pages {
            Pages::None => Ok(None),
            Pages::LinkHeader { .. } => match next_link(page.headers) {
                Some(link) => at(page.url, &link),
                None => Ok(None),
            },
            Pages::NextUrl { from, .. } => match look::value_at(page.body, from)? {
                Some(Value::String(link)) if !link.is_empty() => at(page.url, &link),
                Some(_) | None => Ok(None),
            },
            Pages::Cursor { from, param, into, .. } => {
                let cursor = look::value_at(page.body, from)?;
                Ok(cursor.and_then(|cursor| with_cursor(param, *into, &cursor)))
            }
            Pages::Page { start, size, .. } => {
                let count = look::count_at(page.body, self.records)?;
                Ok(self.is_full(count, *size).then(|| self.numbered(start + number)))
            }
            Pages::Offset { size, .. } => {
                let count = look::count_at(page.body, self.records)?;
                self.records_before += count;
                let full = self.is_full(count, Some(*size));
                Ok(full.then(|| self.numbered(self.records_before)))
            }
        })
    }

    fn is_full(&self, count: u64, size: Option<u64>) -> bool {
        count > 0 && size.is_none_or(|size| count >= size)
    }

    fn numbered(&self, number: u64) -> PageParameters {
        let (param, size, size_param, into) = match self.pages {
            Pages::Page { param, size, size_param, into, .. } => (param, *size, size_param, into),
            Pages::Offset { param, size, size_param, into, .. } => {
                (param, Some(*size), size_param, into)
            }
            Pages::None
            | Pages::LinkHeader { .. }
            | Pages::NextUrl { .. }
            | Pages::Cursor { .. } => return PageParameters::default(),
        };
        let mut values = vec![(param.clone(), number.to_string())];
        if let (Some(name), Some(size)) = (size_param, size) {
            values.push((name.clone(), size.to_string()));
        }
        placed(*into, values.clone(), values)
    }

    fn max_pages(&self) -> u64 {
        match self.pages {
            Pages::None => 1,
            Pages::LinkHeader { max_pages }
            | Pages::NextUrl { max_pages, .. }
            | Pages::Cursor { max_pages, .. }
            | Pages::Page { max_pages, .. }
            | Pages::Offset { max_pages, .. } => *max_pages,
        }
    }
}

fn placed(
    into: ParameterPlace,
    query: Vec<(String, String)>,
    members: Vec<(String, String)>,
) -> PageParameters {
    match into {
        ParameterPlace::Query => PageParameters { query, ..PageParameters::default() },
        ParameterPlace::Body => PageParameters { members, ..PageParameters::default() },
    }
}

/// Nothing, `null`, `false` and an empty text are the end.
fn with_cursor(param: &str, into: ParameterPlace, cursor: &Value) -> Option<PageParameters> {
    let (text, json) = match cursor {
        Value::String(text) if !text.is_empty() => (text.clone(), quoted(text)),
        Value::Number(number) => (number.to_string(), number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            return None;
        }
    };
    let named = |value| vec![(param.to_owned(), value)];
    Some(placed(into, named(text), named(json)))
}

/// The address that a page gives, if credentials may be sent there.
fn at(from: &Url, link: &str) -> Result<Option<PageParameters>, Failure> {
    let target = from.join(link).ok();
    let Some(target) = target.filter(|target| target.origin() == from.origin()) else {
        return Err(Failure::standing(
            "next_page_elsewhere",
            "the next page is on another host, where this source's credentials don't go; correct \
             `base_url`",
        ));
    };
    Ok(Some(PageParameters { url: Some(target), ..PageParameters::default() }))
}

/// The target of the link whose relation is `next`.
///
/// Source: RFC 8288, section 3; targets stand in angle brackets and may hold commas.
fn next_link(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_of)
}

fn next_of(mut links: &str) -> Option<String> {
    while let Some((_, after)) = links.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        let (parameters, rest) = after.split_at_checked(end)?;
        if parameters.split([';', ',']).any(is_next) {
            return Some(target.to_owned());
        }
        links = rest;
    }
    None
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let value = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && value.split_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_told_from_others() {
        let next = |text| next_of(text);
        assert_eq!(
            next(r#"<https://a/x?p=2>; rel="next", <https://a/x?p=9>; rel="last""#).as_deref(),
            Some("https://a/x?p=2")
        );
        assert_eq!(
            next(r#"<https://a/x?p=1,2>; rel=prev, </y?p=3>; title="a"; REL="last next""#)
                .as_deref(),
            Some("/y?p=3")
        );
        assert_eq!(next(r#"<https://a/x>; rel="last""#), None);
        assert_eq!(next("nonsense"), None);
    }

    #[test]
    fn a_next_page_elsewhere_is_refused() {
        let from = Url::parse("https://api.example/a?x=1").unwrap();
        assert!(at(&from, "/b?x=2").unwrap().is_some());
        assert!(at(&from, "https://evil.example/b").is_err());
        assert!(at(&from, "http://api.example/b").is_err());
    }

    #[test]
    fn a_cursor_that_is_nothing_is_the_end() {
        let cursor = |value| with_cursor("c", ParameterPlace::Body, &value);
        for end in [Value::Null, Value::from(""), Value::from(false)] {
            assert_eq!(cursor(end), None);
        }
        let members = cursor(Value::from("a\"b")).unwrap().members;
        assert_eq!(members, [("c".to_owned(), "\"a\\\"b\"".to_owned())]);
        assert_eq!(cursor(Value::from(7)).unwrap().members[0].1, "7");
    }
}
