//! Shreds one file over and over: how fast the core is alone. `throughput FILE [RECORDS [KEY]]`
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::time::Instant;

use normalise::{Rules, Schema, Shredder};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&arguments[1]).unwrap();
    let pointer = |place: usize| arguments.get(place).map_or("", String::as_str);
    let rules = Rules {
        root_table: "t".to_owned(),
        records: pointer(2).parse().unwrap(),
        key: arguments.get(3).map(|key| key.parse().unwrap()).into_iter().collect(),
        ..Rules::default()
    };
    let mut schema = Schema::default();
    let mut best = 0_f64;
    for _ in 0..8 {
        let start = Instant::now();
        let mut shredder = Shredder::new(rules.clone(), schema, 1, &[]);
        let (mut rows, mut row_bytes) = (0, 0);
        for chunk in bytes.chunks(256 << 10) {
            shredder.push(chunk).unwrap();
            if shredder.pending_bytes() > 4 << 20 {
                row_bytes += shredder.pending_bytes();
                rows += shredder.take_batch().tables.iter().map(|t| t.len()).sum::<usize>();
            }
        }
        shredder.finish().unwrap();
        row_bytes += shredder.pending_bytes();
        rows += shredder.take_batch().tables.iter().map(|t| t.len()).sum::<usize>();
        schema = shredder.schema().clone();
        let seconds = start.elapsed().as_secs_f64();
        best = best.max(bytes.len() as f64 / 1e6 / seconds);
        println!("{rows} rows, {row_bytes} bytes of them, {seconds:.3} s, at best {best:.0} MB/s");
    }
}
