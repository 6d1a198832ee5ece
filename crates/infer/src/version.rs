//! What says which of two versions of a record is newer.

use crate::Finding;
use crate::fields::{self, Field};
use crate::names::{is_version, utc_suffix};
use crate::profile::Node;
use crate::shape::Shape;

/// Fields called like versions, the best first: times with a zone or of UTC before local ones, which
/// stand still for an hour every autumn.
pub(crate) fn candidates(records: &Node) -> Vec<Field<'_>> {
    let is_one = |field: &Field<'_>| {
        let is_sound =
            |shape: Shape| shape.is_time() || matches!(shape, Shape::Integer | Shape::Bit);
        is_version(field.name())
            && field.path.len() == 1
            && field.node.only(is_sound)
            && field.node.scalars() * 2 >= records.seen
    };
    let mut fields = fields::all(records, false);
    fields.retain(is_one);
    fields.sort_by_key(|field| (rank(field), field.node.position));
    fields
}

fn rank(field: &Field<'_>) -> u8 {
    let is_instant = field.node.of(Shape::Timestamptz) > 0 || utc_suffix(field.name()).is_some();
    match (is_instant, field.node.only(Shape::is_time)) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

/// The evidence for the field.
pub(crate) fn finding(field: &Field<'_>, came_again: u64, differed: u64) -> Finding {
    let why = match came_again {
        0 => "the name says so; no record came twice, so nothing proves it".to_owned(),
        _ => format!("of {came_again} records that came again {differed} had another value here"),
    };
    Finding { pointer: field.pointer(), why }
}
