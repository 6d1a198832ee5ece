//! What stands around the records, as JSON text for the ledger: bounded, and nested as it stood.

use crate::walk::quote;

/// Gathers the members around the records of one document after another.
#[derive(Debug)]
pub(crate) struct Envelope {
    pages: Vec<String>,
    page: String,
    open: Vec<String>,
    max_bytes: usize,
    bytes: usize,
}

impl Envelope {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { pages: Vec::new(), page: String::new(), open: Vec::new(), max_bytes, bytes: 0 }
    }

    /// Adds a member of the object at `parents`; false where there is no room for it.
    pub(crate) fn add(&mut self, parents: &[String], name: &str, json: &str) -> bool {
        let room = self.max_bytes.saturating_sub(self.bytes);
        if json.len() + name.len() > room {
            return false;
        }
        self.bytes += json.len() + name.len() + 4;
        let shared = self.open.iter().zip(parents).take_while(|(one, other)| one == other).count();
        for _ in shared..self.open.len() {
            self.page.push('}');
        }
        self.open.truncate(shared);
        for parent in parents.iter().skip(shared) {
            self.separate();
            self.page.push_str(&format!("{}:{{", quote(parent)));
            self.open.push(parent.clone());
        }
        self.separate();
        self.page.push_str(&format!("{}:{json}", quote(name)));
        true
    }

    fn separate(&mut self) {
        if !self.page.is_empty() && !self.page.ends_with('{') {
            self.page.push(',');
        }
    }

    /// Closes a document.
    pub(crate) fn end_document(&mut self) {
        if self.page.is_empty() {
            return;
        }
        let close = "}".repeat(self.open.len());
        self.open.clear();
        self.pages.push(format!("{{{}{close}}}", std::mem::take(&mut self.page)));
    }

    /// The whole: an object, or an array of one for each page that had anything.
    pub(crate) fn json(&self) -> Option<String> {
        match self.pages.as_slice() {
            [] => None,
            [page] => Some(page.clone()),
            pages => Some(format!("[{}]", pages.join(","))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn members_nest_as_they_stood() {
        let mut envelope = Envelope::new(1_000);
        envelope.add(&path(&[]), "a", "1");
        envelope.add(&path(&["data"]), "x", "2.50");
        envelope.add(&path(&["data"]), "y\"", "null");
        envelope.add(&path(&[]), "b", "[3]");
        envelope.end_document();
        assert_eq!(envelope.json().unwrap(), r#"{"a":1,"data":{"x":2.50,"y\"":null},"b":[3]}"#);
        envelope.add(&path(&["data"]), "x", "4");
        envelope.end_document();
        assert!(envelope.json().unwrap().ends_with(r#",{"data":{"x":4}}]"#));
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut envelope = Envelope::new(20);
        assert!(!envelope.add(&[], "a", &"1".repeat(20)));
        assert!(envelope.add(&[], "a", "1"));
    }
}
