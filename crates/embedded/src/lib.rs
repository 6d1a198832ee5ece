//! Real parts that run inside one process: an S3 server, a Postgres cluster, a point-of-sale API.

pub mod postgres;
pub mod s3;
pub mod sample_api;
