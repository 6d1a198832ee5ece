//! What the one TOML file says, checked, with errors that name file, line and cure. Pure.
