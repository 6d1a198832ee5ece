//! JSON written by hand, as an API's compact serialiser writes it: no value tree between dice and
//! bytes, so that gigabytes are made at the speed of the disk.

use std::fmt::{Display, Write};

use jiff::civil::DateTime;

/// An object under way: members are added in the order of the calls.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Members<'a> {
    /// Opens an object.
    pub(crate) fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    /// Closes it.
    pub(crate) fn close(self) {
        self.out.push('}');
    }

    fn name(&mut self, name: &str) {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// A number, `true`, `false` or `null`, as it is displayed.
    pub(crate) fn bare(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.name(name);
        // A String takes all that is written to it.
        let _ = write!(self.out, "{value}");
        self
    }

    /// A number, or null.
    pub(crate) fn maybe(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.bare(name, value),
            None => self.bare(name, "null"),
        }
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        quote(self.out, value);
        self
    }

    /// A time without a zone.
    pub(crate) fn time(&mut self, name: &str, value: DateTime) -> &mut Self {
        self.name(name);
        let _ = write!(self.out, "\"{}\"", value.strftime("%Y-%m-%dT%H:%M:%S"));
        self
    }

    /// An amount of money in hundredths, without zeros at its end, as JSON serialisers write it.
    pub(crate) fn money(&mut self, name: &str, hundredths: i64) -> &mut Self {
        self.name(name);
        money(self.out, hundredths);
        self
    }

    /// A nested object.
    pub(crate) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Members<'_>)) -> &mut Self {
        self.name(name);
        let mut inner = Members::open(self.out);
        fill(&mut inner);
        inner.close();
        self
    }

    /// An array of objects.
    pub(crate) fn array(
        &mut self,
        name: &str,
        count: i64,
        mut fill: impl FnMut(i64, &mut Members<'_>),
    ) -> &mut Self {
        self.name(name);
        self.out.push('[');
        for index in 0..count {
            if index > 0 {
                self.out.push(',');
            }
            let mut inner = Members::open(self.out);
            fill(index, &mut inner);
            inner.close();
        }
        self.out.push(']');
        self
    }
}

fn money(out: &mut String, hundredths: i64) {
    let sign = if hundredths < 0 { "-" } else { "" };
    let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    let _ = match (rest, rest % 10) {
        (0, _) => write!(out, "{sign}{whole}.0"),
        (_, 0) => write!(out, "{sign}{whole}.{}", rest / 10),
        _ => write!(out, "{sign}{whole}.{rest:02}"),
    };
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut out = String::new();
        let mut members = Members::open(&mut out);
        members.money("a", -1_205).money("b", 300).money("c", 1_050).text("d", "O\"B\\\n🍺");
        members.maybe("e", None::<i64>).object("f", |inner| {
            inner.bare("g", true);
        });
        members.close();
        let read: serde_json::Value = serde_json::from_str(&out).unwrap();
        let expected = serde_json::json!(
            {"a": -12.05, "b": 3.0, "c": 10.5, "d": "O\"B\\\n🍺", "e": null, "f": {"g": true}}
        );
        assert_eq!(read, expected);
    }
}
