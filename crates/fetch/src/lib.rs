//! From HTTP APIs to immutable objects in the landing zone.
