//! Bytes of JSON become rows of related tables. Pure: no I/O, no clock, no randomness.
