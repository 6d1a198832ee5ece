use std::sync::Arc;

use super::Walk;
use crate::plan::Plan;
use crate::{ErrorKind, Rules};

#[test]
fn the_last_row_that_an_integer_numbers_is_given_and_one_more_ends_the_object() {
    let plan = Plan::new(&Rules::default(), Arc::default(), Arc::default());
    let mut walk = Walk::new(plan, 1, Vec::new());
    walk.next_rows = vec![i32::MAX - 1];
    assert_eq!(walk.next_root_row().unwrap(), i32::MAX - 1);
    assert_eq!(walk.next_root_row().err().unwrap().kind, ErrorKind::TooManyRows);
}
