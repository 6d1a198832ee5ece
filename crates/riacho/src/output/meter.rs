//! Progress on stderr: a bar where somebody watches, else a line every few seconds, so that a CI
//! log shows life and no more.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const QUIET: Duration = Duration::from_secs(5);
const BAR: &str = "  {msg} {bar:30} {pos}/{len}  {elapsed}";
const SPINNER: &str = "  {spinner} {msg}  {elapsed}";

/// The progress of one piece of work. Dropped, it leaves no trace on the terminal.
#[derive(Debug)]
pub(crate) struct Meter {
    what: &'static str,
    bar: ProgressBar,
    watched: bool,
    started: Instant,
    told: Mutex<Instant>,
}

impl Meter {
    pub(super) fn new(what: &'static str, total: Option<u64>, watched: bool) -> Self {
        let target =
            if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = if total.is_some() { BAR } else { SPINNER };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━╌"));
        }
        bar.set_message(what);
        if watched {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        let now = Instant::now();
        Self { what, bar, watched, started: now, told: Mutex::new(now) }
    }

    /// So many are to be done in all.
    pub(crate) fn total(&self, total: u64) {
        self.bar.set_length(total);
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            self.bar.set_style(style.progress_chars("━━╌"));
        }
    }

    /// So many are to be done beside those that are.
    pub(crate) fn expect(&self, more: u64) {
        self.total(self.bar.position() + more);
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
        if !self.watched {
            self.tell();
        }
    }

    /// What goes on at this moment.
    pub(crate) fn message(&self, text: &str) {
        self.bar.set_message(text.to_owned());
        if !self.watched {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr().lock(),
                format_args!("  {text}\n"),
            );
        }
    }

    /// How long it took so far.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// A lock that a panicking thread left is no reason to stop telling.
    fn tell(&self) {
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if told.elapsed() < QUIET {
            return;
        }
        *told = Instant::now();
        let total = self.bar.length().map(|total| format!("/{total}")).unwrap_or_default();
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr().lock(),
            format_args!("  {} {}{total}\n", self.what, self.bar.position()),
        );
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
