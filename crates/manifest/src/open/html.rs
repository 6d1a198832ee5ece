//! The list for people: one page that stands by itself and can be opened from the bucket.

use std::fmt::Write;

use landing::ErrorLog;

use super::Lines;

/// A page that a browser shows without effort; the rest is in `open.jsonl`.
const ROWS_MAX: usize = 1_000;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Riacho: objects that failed</title>
<style>
  body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c2430 }
  h1 { font-size: 1.3rem }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #d8dee6 }
  td.key { font-family: ui-monospace, monospace; font-size: .85em; word-break: break-all }
  code { background: #f1f4f8; padding: 0 .25em; word-break: break-all }
  @media (prefers-color-scheme: dark) { body { background: #12161c; color: #dde3ea } code { background: #222933 } th, td { border-color: #303844 } }
</style>
"#;

/// Writes the page.
pub(super) fn to_html(lines: &Lines) -> String {
    let mut page = HEAD.to_owned();
    let open = lines.len();
    // Writing to a String does not fail.
    let _ = match open {
        0 => writeln!(page, "<h1>Nothing is open</h1>"),
        1 => writeln!(page, "<h1>1 object is open</h1>"),
        _ => writeln!(page, "<h1>{open} objects are open</h1>"),
    };
    if open > ROWS_MAX {
        let _ = writeln!(
            page,
            "<p>The first {ROWS_MAX} are shown; all of them are in <code>open.jsonl</code>.</p>"
        );
    }
    if open > 0 {
        page.push_str("<table>\n<tr><th>Failure</th><th>Object</th><th>What happened, and what to do</th><th>First</th><th>Last</th><th>Attempts</th></tr>\n");
        for log in lines.iter().take(ROWS_MAX) {
            write_row(&mut page, log);
        }
        page.push_str("</table>\n");
    }
    page.push_str("</html>\n");
    page
}

fn write_row(page: &mut String, log: &ErrorLog) {
    let excerpt = log.excerpt.as_deref().filter(|text| !text.is_empty());
    let excerpt =
        excerpt.map_or_else(String::new, |text| format!("<br><code>{}</code>", escaped(text)));
    let _ = writeln!(
        page,
        "<tr><td>{}</td><td class=\"key\">{}</td><td>{}{excerpt}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        escaped(&log.kind),
        escaped(log.key.as_str()),
        escaped(&log.message),
        log.first_failed_at.strftime("%Y-%m-%d %H:%M:%SZ"),
        log.last_failed_at.strftime("%Y-%m-%d %H:%M:%SZ"),
        log.attempts,
    );
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
