//! The stores of the chain, with the names that chains have: spaces, a slash, a plus, accents.

use jiff::civil::{Date, Weekday};

/// A store that the list names. The API knows data of any other store as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Store {
    /// What requests name it by.
    pub id: &'static str,
    /// What answers name it by.
    pub location: &'static str,
    /// Where it is.
    pub city: &'static str,
}

/// The stores, as `GET /stores.csv` lists them.
pub const STORES: [Store; 6] = [
    Store { id: "1", location: "01 Meireles", city: "Fortaleza" },
    Store { id: "2", location: "02 Boa Viagem", city: "Recife" },
    Store { id: "0042", location: "42 Ponta d'Areia", city: "São Luís" },
    Store { id: "99 CB/CB", location: "99 CB/CB", city: "Brasília" },
    Store { id: "Vila+Rica", location: "Vila+Rica", city: "Maceió" },
    Store { id: "São José", location: "São José \"Praia\"", city: "Aracaju" },
];

/// What answers call a store.
pub(crate) fn location(id: &str) -> &str {
    STORES.iter().find(|store| store.id == id).map_or(id, |store| store.location)
}

/// One of the stores rests on Mondays: its answers then hold no records.
pub(crate) fn is_closed(id: &str, date: Date) -> bool {
    id == "São José" && date.weekday() == Weekday::Monday
}

/// The list as CSV (RFC 4180).
pub(crate) fn csv() -> String {
    let mut csv = "storeId,locRef,city\r\n".to_owned();
    for store in STORES {
        let line = [store.id, store.location, store.city].map(field).join(",");
        csv.push_str(&line);
        csv.push_str("\r\n");
    }
    csv
}

fn field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
