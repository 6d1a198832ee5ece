//! From objects in the landing zone to rows in Postgres.
