//! Stage 4, and again in 5: the questions of a BI tool, in SQL that knows nothing of Riacho.

use jiff::civil::Date;

use super::stage::Stage;

/// Revenue by store, a column a day.
pub(super) fn revenue(days: &[Date]) -> String {
    format!(
        "SELECT store_id AS store,\n{}       sum(chk_ttl) AS \"all days\"\n\
         FROM pos.guest_checks GROUP BY store_id ORDER BY \"all days\" DESC",
        columns(days, |of_day| format!("sum(chk_ttl) {of_day}")),
    )
}

/// Tax by rate, a column a day.
pub(super) fn tax(days: &[Date]) -> String {
    format!(
        "SELECT tax_rate AS \"rate %\",\n{}       round(sum(tax_coll_ttl), 2) AS \"all days\"\n\
         FROM pos.guest_checks JOIN pos.guest_checks__taxes USING (guest_check_id)\n\
         GROUP BY tax_rate ORDER BY tax_rate",
        columns(days, |of_day| format!("round(sum(tax_coll_ttl) {of_day}, 2)")),
    )
}

fn columns(days: &[Date], value: impl Fn(&str) -> String) -> String {
    let column = |day: &Date| {
        let value = value(&format!("FILTER (WHERE bus_dt = '{day}')"));
        format!("       {value} AS \"{}\",\n", day.strftime("%-d %b"))
    };
    days.iter().map(column).collect()
}

/// Days of November 2026.
pub(super) fn november(days: &[i8]) -> Vec<Date> {
    days.iter().filter_map(|day| Date::new(2026, 11, *day).ok()).collect()
}

pub(super) async fn as_a_bi_tool(stage: &Stage<'_>) -> anyhow::Result<()> {
    let console = stage.console;
    console.heading("4  Ask: revenue by store and day, tax by rate and day");
    let days = november(&[1, 2, 3]);
    stage.show(&revenue(&days)).await?;
    console.say("");
    stage.show(&tax(&days)).await?;
    console.say(
        "Money is exact: what JSON writes with decimals is Postgres's numeric, digit for digit.",
    );
    console.say("(São José rests on Mondays.)");
    Ok(())
}
