//! What a million rows cost on AWS, from measured CPU and the price lists of AWS. Only arithmetic:
//! nothing of it was measured on AWS.

use std::fmt::Write;

use serde::Serialize;

/// Prices in US dollars.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Prices {
    /// Where and when they held.
    pub(crate) as_of: String,
    pub(crate) gb_second: f64,
    pub(crate) invocation: f64,
    pub(crate) put: f64,
    pub(crate) get: f64,
}

/// AWS Lambda Developer Guide, "Configure Lambda function memory": a function of 1,769 MB has the
/// equivalent of one vCPU; below it, in proportion.
const MB_A_CPU: f64 = 1_769.0;
const MB_A_GB: f64 = 1_024.0;

impl Default for Prices {
    /// US East (N. Virginia), x86, first tier, without the free one. Sources: "AWS Lambda Pricing",
    /// "Amazon S3 Pricing" (S3 Standard requests).
    fn default() -> Self {
        Self {
            as_of: "US East (N. Virginia), 2026-11".to_owned(),
            gb_second: 0.000_016_666_7,
            invocation: 0.20 / 1e6,
            put: 0.005 / 1e3,
            get: 0.000_4 / 1e3,
        }
    }
}

/// What a million rows took.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Work {
    /// The form of the objects.
    pub(crate) objects: f64,
    /// Seconds of CPU of load.
    pub(crate) cpu_seconds: f64,
}

impl Work {
    /// Scales what a set took to a million rows.
    pub(crate) fn of(objects: f64, cpu_seconds: f64, rows: f64) -> Self {
        let scale = 1e6 / rows;
        Self { objects: objects * scale, cpu_seconds: cpu_seconds * scale }
    }
}

/// The arithmetic, as a paragraph.
pub(crate) fn told(name: &str, work: Work, prices: &Prices) -> String {
    // As long as CPU is what a function waits for, its memory cancels out: half the memory is half
    // the CPU and twice the time.
    let gb_seconds = work.cpu_seconds * MB_A_CPU / MB_A_GB;
    let compute = gb_seconds * prices.gb_second;
    let invocations = work.objects * prices.invocation;
    // Fetch puts the object; load reads it and asks whether an error log of it exists.
    let requests = work.objects * (prices.put + 2.0 * prices.get);
    let mut out = String::new();
    // A String takes all that is written to it.
    let _ = write!(
        out,
        "{name}: {:.2} CPU s × {MB_A_CPU} ÷ {MB_A_GB} = {gb_seconds:.2} GB-s × ${} = ${compute:.6}; \
         {:.0} invocations × ${:.7} = ${invocations:.6}; {:.0} PUT and {:.0} GET = ${requests:.6}; \
         together **${:.5}** a million rows",
        work.cpu_seconds,
        prices.gb_second,
        work.objects,
        prices.invocation,
        work.objects,
        2.0 * work.objects,
        compute + invocations + requests
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_sum_of_its_parts() {
        let prices =
            Prices { as_of: String::new(), gb_second: 1.0, invocation: 2.0, put: 3.0, get: 4.0 };
        let work = Work::of(1.0, MB_A_GB / MB_A_CPU, 1e6);
        // 1 GB-s × 1, 1 × 2, 3 + 2 × 4
        assert!(told("M", work, &prices).contains("**$14.00000**"), "{}", told("M", work, &prices));
    }
}
