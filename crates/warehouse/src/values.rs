//! Values that go to and come from Postgres in its own binary form: cells as normalise wrote them,
//! and instants.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use jiff::Timestamp;
use postgres_protocol::types::{ArrayDimension, array_to_sql};
use postgres_protocol::{IsNull, types::timestamp_from_sql};
use tokio_postgres::types::{FromSql, IsNull as Null, Kind, ToSql, Type, to_sql_checked};

type BoxError = Box<dyn Error + Sync + Send>;

/// 2000-01-01T00:00:00Z, where Postgres counts from, in microseconds since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;

/// One cell as it stands, for a parameter of its column's type.
#[derive(Debug)]
pub(crate) struct Cell<'a>(pub(crate) &'a [u8]);

impl ToSql for Cell<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<Null, BoxError> {
        out.put_slice(self.0);
        Ok(Null::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Cells of one column, none for NULL, for a parameter of its type's array.
#[derive(Debug, Clone)]
pub(crate) struct Cells<'a>(pub(crate) Vec<Option<&'a [u8]>>);

impl ToSql for Cells<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<Null, BoxError> {
        let Kind::Array(member) = of.kind() else {
            return Err(format!("{of} is no array").into());
        };
        let dimension = ArrayDimension { len: i32::try_from(self.0.len())?, lower_bound: 1 };
        let write = |cell: Option<&[u8]>, out: &mut BytesMut| match cell {
            Some(cell) => {
                out.put_slice(cell);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        };
        array_to_sql([dimension], member.oid(), self.0.iter().copied(), write, out)?;
        Ok(Null::No)
    }

    fn accepts(of: &Type) -> bool {
        matches!(of.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}

/// A cell as Postgres gives it, whatever its type.
#[derive(Debug)]
pub(crate) struct RawCell(pub(crate) Vec<u8>);

impl<'a> FromSql<'a> for RawCell {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A `timestamptz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl ToSql for Instant {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<Null, BoxError> {
        out.put_i64(self.0.as_microsecond() - EPOCH_US);
        Ok(Null::No)
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Instant {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let microseconds = timestamp_from_sql(raw)?.saturating_add(EPOCH_US);
        Ok(Self(Timestamp::from_microsecond(microseconds)?))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::TIMESTAMPTZ
    }
}

/// What Postgres will hold of an instant: microseconds.
pub(crate) fn to_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// A count as Postgres holds it.
pub(crate) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count as Postgres gave it.
pub(crate) fn uncount(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
