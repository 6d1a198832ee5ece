//! A flame graph from what `perf script` prints: how often each chain of calls was seen, as boxes on
//! one another. Kept small: what is seen in less than a part of the samples is left out.

use std::collections::BTreeMap;
use std::fmt::Write;

const WIDTH: f64 = 1_000.0;
const ROW: f64 = 15.0;
/// Boxes that are narrower are left out.
const NARROWEST: f64 = 2.0;
const LETTER: f64 = 5.6;
/// Letters of a name.
const LONGEST: usize = 120;

/// A function, with what it called.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    samples: u64,
    called: BTreeMap<String, Frame>,
}

impl Frame {
    /// Reads `perf script -F comm,ip,sym`: a chain a paragraph, innermost call first.
    pub(crate) fn read(text: &str) -> Self {
        let mut root = Self::default();
        for chain in text.split("\n\n") {
            // The first line names the thread.
            let calls = chain.trim().lines().skip(1).filter_map(|line| {
                let (_, symbol) = line.trim().split_once(' ')?;
                Some(short(symbol)).filter(|name| !is_scaffolding(name))
            });
            let mut calls: Vec<String> = calls.collect();
            calls.reverse();
            calls.dedup();
            if !calls.is_empty() {
                root.add(&calls);
            }
        }
        root
    }

    fn add(&mut self, calls: &[String]) {
        self.samples += 1;
        if let Some((first, rest)) = calls.split_first() {
            self.called.entry(first.clone()).or_default().add(rest);
        }
    }

    /// The graph as SVG.
    pub(crate) fn draw(&self, title: &str) -> String {
        let unit = WIDTH / crate::numbers::float(self.samples.max(1));
        let height = ROW * (crate::numbers::float(self.depth(unit) as u64) + 2.0);
        let mut out = String::new();
        // A String takes all that is written to it.
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"monospace\" font-size=\"9\"><style>rect{{stroke:#fff;stroke-width:.5}}\
             </style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
             <text x=\"2\" y=\"10\">{} ({} samples)</text>",
            escape(title),
            self.samples
        );
        let _ = self.boxes(&mut out, (0.0, height - ROW), unit, self.samples);
        out.push_str("</svg>\n");
        out
    }

    fn depth(&self, unit: f64) -> usize {
        let wide = self.called.values().filter(|frame| frame.width(unit) >= NARROWEST);
        wide.map(|frame| frame.depth(unit) + 1).max().unwrap_or(0)
    }

    fn width(&self, unit: f64) -> f64 {
        crate::numbers::float(self.samples) * unit
    }

    fn boxes(
        &self,
        out: &mut String,
        (mut x, y): (f64, f64),
        unit: f64,
        all: u64,
    ) -> std::fmt::Result {
        for (name, frame) in &self.called {
            let width = frame.width(unit);
            if width < NARROWEST {
                continue;
            }
            let part = crate::numbers::float(frame.samples * 100) / crate::numbers::float(all);
            let letters = name.chars().take(fitting(width)).collect::<String>();
            write!(
                out,
                "<g><title>{} {part:.1} %</title><rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" \
                 height=\"{ROW}\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
                escape(name),
                colour(name),
                x + 2.0,
                y + 10.5,
                escape(&letters)
            )?;
            frame.boxes(out, (x, y - ROW), unit, all)?;
            x += width;
        }
        Ok(())
    }
}

/// Letters that a box of this width has room for; one or two say nothing.
fn fitting(width: f64) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let letters = (width / LETTER).max(0.0) as usize;
    if letters < 3 { 0 } else { letters.min(200) }
}

/// The crate decides, so that one sees at a glance whose time it is.
fn colour(name: &str) -> &'static str {
    let of = |names: &[&str]| names.iter().any(|it| name.starts_with(it));
    if of(&["normalise"]) {
        "#f5b971"
    } else if of(&["warehouse", "tokio_postgres", "postgres"]) {
        "#8fbf8f"
    } else if of(&["objects", "aws_", "hyper", "http"]) {
        "#8fb3d9"
    } else if of(&["load", "riacho"]) {
        "#d9a3c7"
    } else {
        "#d8d8d8"
    }
}

/// Executors and the glue of futures: they call everything and say nothing.
fn is_scaffolding(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "tokio::runtime",
        "tokio::task",
        "tokio::loom",
        "std::panic",
        "std::sys",
        "std::rt",
        "std::thread",
        "core::ops::function",
        "core::future",
        "core::pin",
        "[unknown]",
        "__libc_start",
    ];
    name.is_empty() || NAMES.iter().any(|scaffold| name.starts_with(scaffold))
}

/// Without offset, hash and type arguments, and at most so many letters.
fn short(symbol: &str) -> String {
    let name = symbol.rsplit_once("+0x").map_or(symbol, |(name, _)| name);
    let mut out = String::new();
    let mut nested = 0_u32;
    for letter in name.trim_start_matches('<').chars() {
        match letter {
            '<' => nested += 1,
            '>' => nested = nested.saturating_sub(1),
            other if nested == 0 => out.push(other),
            _ => {}
        }
    }
    let named = out.split(" as ").next().unwrap_or_default().replace("::{{closure}}", "");
    let parts: Vec<&str> = named.split("::").filter(|part| !part.is_empty()).collect();
    let kept = match parts.last() {
        // Rust's older names end in a hash.
        Some(last) if last.len() == 17 && last.starts_with('h') => parts.len() - 1,
        _ => parts.len(),
    };
    parts.into_iter().take(kept).collect::<Vec<_>>().join("::").chars().take(LONGEST).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "riacho
      55f0 normalise::walk::place::h0123456789abcdef+0x10
      55f1 tokio::runtime::task::poll+0x1
      55f2 load::load_object::{{closure}}+0x22

riacho
      55f2 <warehouse::rows::Rows<T> as Sink>::send+0x22
      55f2 load::load_object::{{closure}}+0x22
";

    #[test]
    fn chains_that_begin_alike_stand_on_one_box() {
        let root = Frame::read(SCRIPT);
        assert_eq!(root.samples, 2);
        let load = &root.called["load::load_object"];
        assert_eq!(load.samples, 2);
        let called: Vec<_> = load.called.keys().map(String::as_str).collect();
        assert_eq!(called, ["normalise::walk::place", "warehouse::rows::Rows"]);
        assert_eq!(root.draw("M").matches("<rect").count(), 1 + 3);
    }
}
