//! The warehouse: everything that speaks to Postgres, and nothing else.
