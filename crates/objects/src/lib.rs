//! The lake: everything that speaks to S3, and nothing else.
