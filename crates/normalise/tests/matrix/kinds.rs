//! The one table of the kinds of value.

/// A kind of value with an example.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    /// The head of its column in the page.
    pub short: &'static str,
    /// None: the field is not there.
    pub json: Option<&'static str>,
}

pub const KINDS: [Kind; 17] = [
    kind("absent", "absent", None),
    kind("null", "null", Some("null")),
    kind("boolean", "bool", Some("true")),
    kind("integer", "int", Some("7")),
    kind("big integer", "big", Some("9223372036854775808")),
    kind("decimal", "dec", Some("7.50")),
    kind("text", "text", Some(r#""ab""#)),
    kind("date", "date", Some(r#""2026-11-01""#)),
    kind("time without zone", "ts", Some(r#""2026-11-01T06:15:00""#)),
    kind("time with zone", "tstz", Some(r#""2026-11-01T06:15:00Z""#)),
    kind("object", "object", Some(r#"{"y":1}"#)),
    kind("array of scalars", "scalars", Some(r#"[1,"a"]"#)),
    kind("array of objects", "objects", Some(r#"[{"y":1},{"y":2}]"#)),
    kind("mixed array", "mixed", Some(r#"[{"y":1},5]"#)),
    kind("map keyed by ids", "map", Some(r#"{"1":{"y":1},"2":{"y":2}}"#)),
    kind("empty object", "{}", Some("{}")),
    kind("empty array", "[]", Some("[]")),
];

const fn kind(name: &'static str, short: &'static str, json: Option<&'static str>) -> Kind {
    Kind { name, short, json }
}

/// Where the field `x` stands: the record around it, and what its tables' names start with.
#[derive(Debug)]
pub struct Place {
    pub name: &'static str,
    before: &'static str,
    after: &'static str,
    /// The table that has the field, and what its column's name starts with.
    pub table: &'static str,
    pub prefix: &'static str,
}

pub const PLACES: [Place; 3] = [
    Place { name: "the root", before: "{", after: "}", table: "t", prefix: "" },
    Place { name: "a nested object", before: r#"{"o":{"#, after: "}}", table: "t", prefix: "o__" },
    Place { name: "a child table", before: r#"{"c":[{"#, after: "}]}", table: "t__c", prefix: "" },
];

impl Place {
    /// An object whose field `x` is of that kind.
    pub fn object(&self, kind: &Kind) -> String {
        let field = kind.json.map(|json| format!(r#","x":{json}"#)).unwrap_or_default();
        format!(r#"{}"id":1{field}{}"#, self.before, self.after)
    }

    /// A name as it would be at the root.
    pub fn at_root(&self, table: &str) -> String {
        let tail = table.strip_prefix(self.table).unwrap();
        match tail.strip_prefix("__") {
            Some(tail) => format!("t__{}", tail.strip_prefix(self.prefix).unwrap()),
            None => "t".to_owned(),
        }
    }
}
