//! Cost against size as a picture: two panels, all axes logarithmic, so that linear growth is a
//! slope of one and constant cost a level line. Drawn by hand, to be a few kilobytes.

use std::fmt::Write;

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 220.0;
const MARGIN: f64 = 48.0;
const GAP: f64 = 60.0;

/// What one object of a size cost.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub(crate) struct Cost {
    pub(crate) megabytes: f64,
    pub(crate) seconds: f64,
    pub(crate) resident_mb: f64,
}

/// A range of whole powers of ten.
#[derive(Debug, Clone, Copy)]
struct Decades {
    low: f64,
    high: f64,
}

impl Decades {
    fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min).log10().floor();
        let high = values.fold(f64::NEG_INFINITY, f64::max).log10().ceil();
        Self { low, high: high.max(low + 1.0) }
    }

    /// 0 at the low end, 1 at the high one.
    fn place(self, value: f64) -> f64 {
        (value.log10() - self.low) / (self.high - self.low)
    }

    fn powers(self) -> impl Iterator<Item = f64> {
        let mut power = self.low;
        std::iter::from_fn(move || {
            let now = (power <= self.high).then(|| 10_f64.powf(power));
            power += 1.0;
            now
        })
    }
}

/// The picture as SVG.
pub(crate) fn growth(costs: &[Cost]) -> String {
    let mut out = String::new();
    let (width, height) = (2.0 * (WIDTH + MARGIN) + GAP, HEIGHT + 2.0 * MARGIN);
    // A String takes all that is written to it.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#333\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    let time = |cost: &Cost| cost.seconds;
    let memory = |cost: &Cost| cost.resident_mb;
    let _ = panel(&mut out, MARGIN, "seconds", costs, time);
    let _ = panel(&mut out, MARGIN + WIDTH + GAP, "MB resident", costs, memory);
    out.push_str("</svg>\n");
    out
}

fn panel(
    out: &mut String,
    left: f64,
    title: &str,
    costs: &[Cost],
    of: fn(&Cost) -> f64,
) -> std::fmt::Result {
    let across = Decades::around(costs.iter().map(|cost| cost.megabytes));
    let up = Decades::around(costs.iter().map(of));
    let (top, bottom) = (MARGIN, MARGIN + HEIGHT);
    let x = |value: f64| left + across.place(value) * WIDTH;
    let y = |value: f64| bottom - up.place(value) * HEIGHT;
    for power in across.powers() {
        let at = x(power);
        write!(
            out,
            "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{power}</text>",
            bottom + 15.0
        )?;
    }
    for power in up.powers() {
        let at = y(power);
        write!(
            out,
            "<path d=\"M{left:.1} {at:.1}h{WIDTH}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{power}</text>",
            left - 5.0,
            at + 4.0
        )?;
    }
    write!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" font-weight=\"bold\">{title}</text>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">size of the object, MB</text>",
        top - 14.0,
        left + WIDTH / 2.0,
        bottom + 32.0
    )?;
    let points = costs.iter().map(|cost| format!("{:.1},{:.1}", x(cost.megabytes), y(of(cost))));
    let points: Vec<_> = points.collect();
    write!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#06c\" stroke-width=\"2\"/>",
        points.join(" ")
    )?;
    for cost in costs {
        let (at, value) = ((x(cost.megabytes), y(of(cost))), of(cost));
        write!(
            out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"#06c\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            at.0,
            at.1,
            at.0,
            at.1 - 8.0,
            short(value)
        )?;
    }
    Ok(())
}

fn short(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_its_point_in_both_panels() {
        let cost = |megabytes| Cost { megabytes, seconds: megabytes / 50.0, resident_mb: 30.0 };
        let picture = growth(&[cost(1.0), cost(10.0), cost(500.0)]);
        assert_eq!(picture.matches("<circle").count(), 6);
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
        assert!(picture.len() < 10_000);
    }
}
