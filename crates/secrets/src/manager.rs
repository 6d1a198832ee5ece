//! Speaks to Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{DisplayErrorContext, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;

use crate::{Secret, SecretError};

/// The current version of a secret, by name or ARN.
pub(crate) async fn read(client: &Client, name: &str) -> Result<Secret, SecretError> {
    let answer = client.get_secret_value().secret_id(name).send().await;
    let answer = answer.map_err(|error| refused(name, &error))?;
    match answer.secret_string() {
        Some(text) => Ok(Secret::new(text)),
        None => Err(SecretError::NotText { name: name.to_owned() }),
    }
}

fn refused(name: &str, error: &SdkError<GetSecretValueError>) -> SecretError {
    let name = name.to_owned();
    let not_found =
        error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception);
    if not_found {
        return SecretError::NotFound { name };
    }
    SecretError::Unreadable { name, reason: DisplayErrorContext(error).to_string() }
}
