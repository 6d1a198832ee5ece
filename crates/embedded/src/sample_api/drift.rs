//! Changes the shape of an answer as vendors do: new names, new fields, other types.

use super::json::Json;
use super::misbehaviour::Fault;

/// Applies a fault of shape; those of the wire leave the document as it is.
pub(crate) fn apply(fault: &Fault, document: &mut Json) {
    let records = records_of(document);
    match fault {
        Fault::RenamedTaxes => each_field(records, |name, _| {
            if name == "taxes" {
                *name = "taxation".to_owned();
            }
        }),
        Fault::UnknownField => {
            for (record, turn) in records.iter_mut().zip(0_usize..) {
                if let Json::Object(fields) = record {
                    let words = ["ótimo atendimento", "demorou", "vou voltar :)"];
                    let word = words.iter().cycle().nth(turn % words.len()).copied();
                    fields.push(("customerFeedback".to_owned(), word.into()));
                }
            }
        }
        Fault::MissingFields => {
            for record in records {
                if let Json::Object(fields) = record {
                    fields.retain(|(name, _)| name != "chkNum" && name != "tblName");
                }
            }
        }
        Fault::NumericFlags => everywhere(document, &mut |value| {
            if let Json::Flag(flag) = value {
                *value = i64::from(*flag).into();
            }
        }),
        Fault::NotANumber => each_field(records.get_mut(..1).unwrap_or_default(), |name, value| {
            if ["gstCnt", "amount", "openingBalance"].contains(&name.as_str()) {
                *value = "N/A".into();
            }
        }),
        Fault::ExplicitNull => {
            for record in records.iter_mut().skip(1).step_by(2) {
                each_field(std::slice::from_mut(record), |name, value| {
                    if ["taxes", "chkNum", "gstCnt"].contains(&name.as_str()) {
                        *value = Json::Null;
                    }
                });
            }
        }
        Fault::ObjectForArray => each_field(records, |_, value| {
            if let Json::List(items) = value
                && items.len() == 1
                && let Some(only) = items.pop()
            {
                *value = only;
            }
        }),
        Fault::TooManyRequests { .. }
        | Fault::ServerError { .. }
        | Fault::Slow { .. }
        | Fault::CutOff
        | Fault::HtmlPage
        | Fault::TruncatedJson
        | Fault::EmptyBody
        | Fault::WrongEncoding => {}
    }
}

/// The one list at the top of an answer.
fn records_of(document: &mut Json) -> &mut [Json] {
    let Json::Object(fields) = document else {
        return &mut [];
    };
    let list = fields.iter_mut().find_map(|(_, value)| match value {
        Json::List(items) => Some(items.as_mut_slice()),
        Json::Null | Json::Flag(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => None,
    });
    list.unwrap_or_default()
}

fn each_field(records: &mut [Json], mut change: impl FnMut(&mut String, &mut Json)) {
    for record in records {
        if let Json::Object(fields) = record {
            for (name, value) in fields {
                change(name, value);
            }
        }
    }
}

fn everywhere(value: &mut Json, change: &mut impl FnMut(&mut Json)) {
    change(value);
    match value {
        Json::List(items) => items.iter_mut().for_each(|item| everywhere(item, change)),
        Json::Object(fields) => fields.iter_mut().for_each(|(_, field)| everywhere(field, change)),
        Json::Null | Json::Flag(_) | Json::Number(_) | Json::Text(_) => {}
    }
}
