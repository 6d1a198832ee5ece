//! Objects of a shape that is hard on a loader: one record as large as most answers, a million
//! records of next to nothing, very wide ones, very deep ones.

use std::fmt::Write;

use embedded::sample_api::Dice;
use landing::ObjectKey;

use super::{GENERATION, dice};

const PIECE_BYTES: usize = 1 << 20;

/// One such object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Odd {
    /// One record of so many megabytes, most of it in one array of numbers and texts.
    OneRecord { megabytes: u32 },
    /// So many records of one field.
    OneField { records: u32 },
    /// Records of so many fields.
    Wide { records: u32, fields: u32 },
    /// Records with objects and arrays that deep.
    Deep { records: u32, depth: u32 },
}

impl Odd {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneRecord { .. } => "one_record",
            Self::OneField { .. } => "one_field",
            Self::Wide { .. } => "wide",
            Self::Deep { .. } => "deep",
        }
    }

    pub(crate) fn folder(self) -> String {
        let (first, second) = match self {
            Self::OneRecord { megabytes } => (megabytes, 1),
            Self::OneField { records } => (records, 1),
            Self::Wide { records, fields } => (records, fields),
            Self::Deep { records, depth } => (records, depth),
        };
        format!("{}-{first}x{second}-g{GENERATION}", self.name())
    }

    pub(crate) fn key(self) -> ObjectKey {
        let name = self.name();
        ObjectKey::new(format!("raw/source=odd/endpoint={name}/day=1/20240301T060000Z.json"))
    }

    /// How many records it has.
    pub(crate) fn records(self) -> u32 {
        match self {
            Self::OneRecord { .. } => 1,
            Self::OneField { records }
            | Self::Wide { records, .. }
            | Self::Deep { records, .. } => records,
        }
    }

    /// The object in pieces of about a megabyte.
    pub(crate) fn pieces(self) -> impl Iterator<Item = String> {
        let mut dice = dice::named(self.name());
        let (units, open, close) = match self {
            // A unit is a kilobyte of the one array.
            Self::OneRecord { megabytes } => (megabytes * 1_000, "{\"id\":1,\"readings\":[", "]}"),
            other => (other.records(), "[", "]"),
        };
        let mut at = 0;
        std::iter::from_fn(move || {
            if at >= units {
                return None;
            }
            let mut out = String::with_capacity(PIECE_BYTES + (64 << 10));
            if at == 0 {
                out.push_str(open);
            }
            while at < units && out.len() < PIECE_BYTES {
                if at > 0 {
                    out.push(',');
                }
                self.unit(&mut out, at, &mut dice);
                at += 1;
            }
            if at == units {
                out.push_str(close);
            }
            Some(out)
        })
    }

    fn unit(self, out: &mut String, at: u32, dice: &mut Dice) {
        // A String takes all that is written to it.
        let _ = match self {
            Self::OneRecord { .. } => {
                let text = "medição ".repeat(110);
                write!(out, "{},\"{text}{}\"", dice.between(0, 9_999_999), at)
            }
            Self::OneField { .. } => write!(out, "{{\"a\":{}}}", dice.between(0, 999_999)),
            Self::Wide { fields, .. } => wide(out, at, fields, dice),
            Self::Deep { depth, .. } => deep(out, at, depth),
        };
    }
}

fn wide(out: &mut String, at: u32, fields: u32, dice: &mut Dice) -> std::fmt::Result {
    write!(out, "{{\"id\":{at}")?;
    for field in 1..fields {
        match field % 4 {
            0 => write!(out, ",\"f{field}\":{}.{:02}", dice.between(0, 999), dice.between(1, 99))?,
            1 => write!(out, ",\"f{field}\":\"text {}\"", dice.between(0, 999))?,
            2 => write!(out, ",\"f{field}\":{}", dice.percent(50))?,
            _ => write!(out, ",\"f{field}\":{}", dice.between(0, 999_999))?,
        }
    }
    out.push('}');
    Ok(())
}

/// Objects and arrays by turns, each level with a value of its own.
fn deep(out: &mut String, at: u32, depth: u32) -> std::fmt::Result {
    for level in 1..depth {
        match level % 3 {
            0 => write!(out, "{{\"v{level}\":{at},\"items\":[")?,
            _ => write!(out, "{{\"v{level}\":{at},\"in\":")?,
        }
    }
    write!(out, "{{\"end\":{at}}}")?;
    for level in (1..depth).rev() {
        out.push_str(if level % 3 == 0 { "]}" } else { "}" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_json() {
        let all = [
            Odd::OneRecord { megabytes: 1 },
            Odd::OneField { records: 1_000 },
            Odd::Wide { records: 20, fields: 300 },
            Odd::Deep { records: 20, depth: 30 },
        ];
        for odd in all {
            let text: String = odd.pieces().collect();
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            let records = read.as_array().map_or(1, Vec::len);
            assert_eq!(records, usize::try_from(odd.records()).unwrap(), "{odd:?}");
        }
    }
}
