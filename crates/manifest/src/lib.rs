//! From failures to the error manifest, and from the manifest back into the tables.
