//! Secrets Manager and IAM tokens: values that are never logged.
