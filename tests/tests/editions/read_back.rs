//! Tables and catalog as Postgres holds them, in the form that the rebuilder of the core's tests
//! takes: `COPY … TO` sends what `COPY … FROM` took.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use normalise::{Column, ColumnType, Origin, Schema, Table};
use tests::Direct;

use crate::common::tuples;
use crate::rebuild::Row;

/// Signature, flags and length of the extension; and the trailer. Source: PostgreSQL documentation,
/// COPY, "Binary Format".
const HEADER_BYTES: usize = 19;
const TRAILER: [u8; 2] = [0xff, 0xff];
const KEY: &str = "the object's key";

/// One endpoint's tables with all their rows.
pub struct Endpoint {
    pub schema: Schema,
    /// Of each table the tuples of all rows. Instead of the ledger's number they have the object's
    /// key, as that number is another one in each replay.
    pub tuples: Vec<Vec<u8>>,
}

impl Endpoint {
    /// Object key → its rows in each table.
    pub fn objects(&self) -> BTreeMap<String, Vec<Vec<Row>>> {
        let mut objects = BTreeMap::<_, Vec<_>>::new();
        for (number, (table, bytes)) in self.schema.tables.iter().zip(&self.tuples).enumerate() {
            let (names, types): (Vec<_>, Vec<_>) = columns(table).into_iter().unzip();
            for row in tuples(bytes, &names, &types) {
                let tables: &mut Vec<Vec<Row>> = objects.entry(row[KEY].clone()).or_default();
                tables.resize_with(self.schema.tables.len(), Vec::new);
                tables[number].push(row);
            }
        }
        objects
    }
}

/// Everything that stands of a source, by endpoint.
pub async fn read_back(world: &Direct, source: &str) -> BTreeMap<String, Endpoint> {
    let mut endpoints = BTreeMap::new();
    for (endpoint, schema) in schemas(world, source).await {
        let mut tuples = Vec::new();
        for table in &schema.tables {
            tuples.push(copy_out(world, source, table).await);
        }
        endpoints.insert(endpoint, Endpoint { schema, tuples });
    }
    endpoints
}

/// The catalog of a source as it says itself, one line a column.
pub async fn catalog(world: &Direct, source: &str) -> Vec<Vec<Option<String>>> {
    let columns =
        "select endpoint, table_position, position, table_name, column_name, path, type, origin";
    world
        .sql(&format!("{columns} from riacho.columns where source = '{source}' order by 1, 2, 3"))
        .await
}

async fn schemas(world: &Direct, source: &str) -> BTreeMap<String, Schema> {
    let mut schemas = BTreeMap::<String, Schema>::new();
    let tables = format!(
        "select endpoint, table_name, path, parent from riacho.tables where source = '{source}' \
         order by endpoint, position"
    );
    for row in world.sql(&tables).await {
        let [endpoint, name, path, parent]: [Option<String>; 4] = row.try_into().unwrap();
        let (endpoint, name, path) = (endpoint.unwrap(), name.unwrap(), path.unwrap());
        let parent = parent.map(|parent| parent.parse().unwrap());
        let table = Table { name, path, parent, columns: Vec::new(), rewritable: true };
        schemas.entry(endpoint).or_default().tables.push(table);
    }
    for row in catalog(world, source).await {
        let row: Vec<String> = row.into_iter().flatten().collect();
        let [endpoint, table, _, _, name, path, of, origin]: [String; 8] = row.try_into().unwrap();
        let column = Column {
            name,
            path,
            of: of.parse().unwrap(),
            origin: Origin::from_name(&origin).unwrap(),
        };
        let schema = schemas.get_mut(&endpoint).unwrap();
        schema.tables[table.parse::<usize>().unwrap()].columns.push(column);
    }
    schemas
}

/// What is read of a table: names and types.
fn columns(table: &Table) -> Vec<(&str, ColumnType)> {
    let mut columns = vec![(KEY, ColumnType::Text), ("_row", ColumnType::Bigint)];
    columns.extend(table.parent.map(|_| ("_parent_row", ColumnType::Bigint)));
    columns.extend(table.columns.iter().map(|column| (column.name.as_str(), column.of)));
    columns
}

async fn copy_out(world: &Direct, source: &str, table: &Table) -> Vec<u8> {
    let columns = columns(table);
    let names = columns[1..].iter().map(|(name, _)| format!("t.{}", quoted(name)));
    let sql = format!(
        "copy (select o.key, {} from {}.{} t left join riacho.objects o on o.id = t._object_id \
         order by 1, 2) to stdout (format binary)",
        names.collect::<Vec<_>>().join(", "),
        quoted(source),
        quoted(&table.name)
    );
    let answer = world.client().await.copy_out(&sql).await.unwrap();
    let bytes: Vec<_> = answer.try_collect().await.unwrap();
    bytes.concat()[HEADER_BYTES..].strip_suffix(&TRAILER).unwrap().to_vec()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
