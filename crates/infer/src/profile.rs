//! What stands at each place of the samples, counted. Memory is bounded by the number of places, not
//! by that of the records.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::json::{Value, open};
use crate::shape::{Shape, places};

/// Members of one object beyond which it is a map, whose further names are only counted.
const MEMBERS_MAX: usize = 1_000;
const DEPTH_MAX: usize = 32;
const EXAMPLE_CHARACTERS: usize = 40;

/// One place, array indices left out.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// How often a value stood here.
    pub(crate) seen: u64,
    /// In how many samples.
    pub(crate) samples: u64,
    last_sample: Option<usize>,
    /// Where it stands among its siblings.
    pub(crate) position: usize,
    pub(crate) bytes: u64,
    pub(crate) shapes: BTreeMap<Shape, u64>,
    pub(crate) places_max: usize,
    pub(crate) example: Option<String>,
    pub(crate) objects: u64,
    pub(crate) arrays: u64,
    pub(crate) items: u64,
    pub(crate) items_max: u64,
    pub(crate) members: BTreeMap<String, Node>,
    pub(crate) item: Option<Box<Node>>,
    /// Whether there were more members than are counted one by one.
    pub(crate) overflowed: bool,
}

impl Node {
    /// Counts a value of a sample.
    pub(crate) fn take(&mut self, raw: &RawValue, sample: usize, depth: usize) {
        self.seen += 1;
        self.bytes += raw.get().len() as u64;
        if self.last_sample != Some(sample) {
            self.last_sample = Some(sample);
            self.samples += 1;
        }
        match open(raw) {
            Value::Null => self.count(Shape::Null, "null"),
            Value::Boolean => self.count(Shape::Boolean, raw.get()),
            Value::Number(literal) => {
                self.places_max = self.places_max.max(places(literal));
                self.count(Shape::of_number(literal), literal);
            }
            Value::Text(text) => self.count(Shape::of_text(&text), &text),
            Value::Object(members) => self.object(members, sample, depth),
            Value::Array(items) => {
                self.arrays += 1;
                self.items += items.len() as u64;
                self.items_max = self.items_max.max(items.len() as u64);
                if !items.is_empty() && depth < DEPTH_MAX {
                    let node = self.item.get_or_insert_default();
                    items.iter().for_each(|item| node.take(item, sample, depth + 1));
                }
            }
        }
    }

    fn object(&mut self, members: Vec<(String, &RawValue)>, sample: usize, depth: usize) {
        self.objects += 1;
        if depth >= DEPTH_MAX {
            return;
        }
        for (name, value) in members {
            let position = self.members.len();
            if position >= MEMBERS_MAX && !self.members.contains_key(&name) {
                self.overflowed = true;
                continue;
            }
            let fresh = || Self { position, ..Self::default() };
            self.members.entry(name).or_insert_with(fresh).take(value, sample, depth + 1);
        }
    }

    fn count(&mut self, shape: Shape, text: &str) {
        *self.shapes.entry(shape).or_default() += 1;
        if self.example.is_none() && shape != Shape::Null {
            self.example = Some(text.chars().take(EXAMPLE_CHARACTERS).collect());
        }
    }

    pub(crate) fn of(&self, shape: Shape) -> u64 {
        self.shapes.get(&shape).copied().unwrap_or_default()
    }

    /// Values that are neither null nor containers.
    pub(crate) fn scalars(&self) -> u64 {
        self.shapes.values().sum::<u64>() - self.of(Shape::Null)
    }

    /// Whether every value but null has one of these shapes, and there are some.
    pub(crate) fn only(&self, wanted: impl Fn(Shape) -> bool) -> bool {
        let mut shapes = self.shapes.keys().filter(|shape| **shape != Shape::Null);
        self.scalars() > 0 && self.objects + self.arrays == 0 && shapes.all(|shape| wanted(*shape))
    }

    /// The node of an array's objects.
    pub(crate) fn records(&self) -> Option<&Self> {
        self.item.as_deref().filter(|item| item.objects > 0)
    }
}
