//! Records and the bodies that they stand in, drawn by chance: few enough ids that scopes share
//! them, versions that tie, fields that come late, change their type, and go.

use fastrand::Rng;

use super::endpoint::Endpoint;

const IDS: u32 = 9;
/// 0 is none.
const VERSIONS: u32 = 4;

/// One record: what names it, and its JSON.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    id: u32,
    version: u32,
    json: String,
}

/// What the bodies of a run are drawn from.
#[derive(Debug)]
pub(super) struct Bodies<'r> {
    rng: &'r mut Rng,
    endpoint: Endpoint,
    /// Tells every record from every other one.
    marks: u32,
    /// Grows: later records have fields that earlier ones have not.
    drift: u32,
}

impl<'r> Bodies<'r> {
    pub(super) fn new(rng: &'r mut Rng, endpoint: Endpoint) -> Self {
        Self { rng, endpoint, marks: 0, drift: 0 }
    }

    /// An object's records and its text.
    pub(super) fn whole(&mut self) -> (Vec<Drawn>, String) {
        let records = self.records();
        let text = self.body(&records);
        (records, text)
    }

    /// The records of one object; none at times, as a scope empties.
    fn records(&mut self) -> Vec<Drawn> {
        self.drift += u32::from(self.rng.u8(..3) == 0);
        let count = match self.rng.u8(..20) {
            0 => 0,
            1 => 40,
            _ => self.rng.u32(1..8),
        };
        (0..count)
            .map(|_| {
                let (id, version) = (self.rng.u32(..IDS), self.rng.u32(..VERSIONS));
                self.record(id, version)
            })
            .collect()
    }

    /// The same records in versions at least as new, and some more: what may be put in the place of
    /// an object whose records have displaced others for good.
    pub(super) fn corrected(&mut self, records: &[Drawn]) -> (Vec<Drawn>, String) {
        let corrected = records.iter().map(|record| {
            let version = self.rng.u32(record.version..=VERSIONS);
            self.record(record.id, version)
        });
        let mut corrected = corrected.collect::<Vec<_>>();
        corrected.extend(self.records());
        let text = self.body(&corrected);
        (corrected, text)
    }

    fn record(&mut self, id: u32, version: u32) -> Drawn {
        self.marks += 1;
        let mut fields = vec![format!("\"id\":{id}"), format!("\"mark\":{}", self.marks)];
        if version > 0 {
            fields.push(format!("\"v\":{version}"));
        }
        for field in ["name", "amount", "flag", "day", "at", "info", "tags", "items"] {
            if self.rng.u8(..4) > 0 {
                fields.push(format!("\"{field}\":{}", self.value(field)));
            }
        }
        if self.drift > 0 && self.rng.bool() {
            let late = self.rng.u32(..self.drift);
            fields.push(format!("\"late{late}\":{}", self.rng.i64(..)));
        }
        Drawn { id, version, json: format!("{{{}}}", fields.join(",")) }
    }

    fn value(&mut self, field: &str) -> String {
        let number = self.rng.u32(..1_000);
        let clashes = self.rng.u8(..8) == 0;
        let is_null = self.rng.u8(..10) == 0;
        match field {
            _ if is_null => "null".to_owned(),
            "name" => format!("\"caf\u{e9} {number} \\\"x\\\" \\u2028\""),
            "amount" if clashes => "\"N/A\"".to_owned(),
            "amount" => self.amount(number),
            "flag" if clashes => "\"yes\"".to_owned(),
            "flag" => number.is_multiple_of(2).to_string(),
            "day" if clashes => "\"soon\"".to_owned(),
            "day" => format!("\"2026-11-{:02}\"", number % 28 + 1),
            "at" if clashes => number.to_string(),
            "at" => format!("\"2026-11-01T06:{:02}:00Z\"", number % 60),
            "info" if clashes => "\"none\"".to_owned(),
            "info" => format!("{{\"city\":\"c{number}\",\"zipCode\":{}}}", self.amount(number)),
            "tags" => format!("[\"a\", {number}]"),
            _ => self.items(number),
        }
    }

    fn amount(&mut self, number: u32) -> String {
        match self.rng.u8(..6) {
            0 => format!("{number}.{:02}", number % 100),
            1 => format!("1{number}2345678901234567890.50"),
            2 => format!("-{number}"),
            _ => number.to_string(),
        }
    }

    fn items(&mut self, number: u32) -> String {
        let items = (0..self.rng.u32(..4)).map(|at| {
            let subs = (0..self.rng.u32(..3)).map(|x| format!("{{\"x\":{x}}}"));
            let subs = subs.collect::<Vec<_>>().join(",");
            format!("{{\"sku\":\"s{number}-{at}\",\"qty\":{at},\"subs\":[{subs}]}}")
        });
        format!("[{}]", items.collect::<Vec<_>>().join(","))
    }

    /// The text of an object with these records, and at times one that can't be kept.
    fn body(&mut self, records: &[Drawn]) -> String {
        let mut texts = records.iter().map(|record| record.json.clone()).collect::<Vec<_>>();
        if self.rng.u8(..6) == 0 {
            self.marks += 1;
            let unnamed = format!("{{\"id\":null,\"mark\":{}}}", self.marks);
            texts.insert(self.rng.usize(..=texts.len()), unnamed);
        }
        if !self.endpoint.has_records {
            // Records one after another, or an array of them.
            let as_lines = !texts.is_empty() && self.rng.u8(..3) == 0;
            return if as_lines { texts.join("\n") } else { format!("[{}]", texts.join(",")) };
        }
        let pages = self.rng.usize(1..=3).min(texts.len().max(1));
        let region = self.rng.u8(..4);
        let size = texts.len().div_ceil(pages).max(1);
        let mut pages = texts.chunks(size).map(|page| page_of(region, page)).collect::<Vec<_>>();
        if pages.is_empty() {
            pages.push(page_of(region, &[]));
        }
        pages.join("\n") + "\n"
    }

    /// The text of an object that no load can take.
    pub(super) fn damaged(&mut self) -> String {
        let (_, whole) = self.whole();
        match self.rng.u8(..5) {
            0 => String::new(),
            1 => "<html><body>down for maintenance</body></html>".to_owned(),
            2 if self.endpoint.has_records => "{\"error\":\"quota\"}".to_owned(),
            3 => format!("{whole}{{\"id\":NaN}}"),
            _ => format!("{whole}{{\"id\":"),
        }
    }
}

fn page_of(region: u8, records: &[String]) -> String {
    format!("{{\"region\":\"r{region}\",\"rows\":[{}]}}", records.join(","))
}
