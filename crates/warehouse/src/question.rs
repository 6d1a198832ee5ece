//! Questions of people and of the command line: any statement that reads, its answer as text.

use tokio_postgres::SimpleQueryMessage;

use crate::{Warehouse, WarehouseError};

/// An answer as Postgres writes it; what is NULL is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows, a text a column.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Warehouse {
    /// Asks in a transaction that can't write.
    pub async fn ask(&mut self, sql: &str) -> Result<Answer, WarehouseError> {
        let work = self.work().await?;
        work.run("read only", "SET TRANSACTION READ ONLY").await?;
        let messages = work.ask("answer a question", sql).await?;
        work.rollback().await?;
        let mut answer = Answer::default();
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    let names = columns.iter().map(|column| column.name().to_owned());
                    answer.columns = names.collect();
                }
                SimpleQueryMessage::Row(row) => {
                    let cells = (0..row.len()).map(|place| row.get(place).map(str::to_owned));
                    answer.rows.push(cells.collect());
                }
                _ => {}
            }
        }
        Ok(answer)
    }
}
