//! Stage 4: the questions of a BI tool, in SQL that knows nothing of Riacho.

use warehouse::Answer;

use super::stage::Stage;

pub(super) const REVENUE: &str = "\
SELECT store_id AS store,
       sum(chk_ttl) FILTER (WHERE bus_dt = '2026-11-01') AS \"1 Nov\",
       sum(chk_ttl) FILTER (WHERE bus_dt = '2026-11-02') AS \"2 Nov\",
       sum(chk_ttl) FILTER (WHERE bus_dt = '2026-11-03') AS \"3 Nov\",
       sum(chk_ttl) AS revenue
FROM pos.guest_checks GROUP BY store_id ORDER BY revenue DESC";

pub(super) const TAX: &str = "\
SELECT tax_rate AS \"rate %\", count(DISTINCT guest_check_id) AS checks,
       sum(txbl_sls_ttl) AS \"taxable sales\", sum(tax_coll_ttl) AS tax
FROM pos.guest_checks__taxes GROUP BY tax_rate ORDER BY tax_rate";

/// What was answered.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) revenue: Answer,
    pub(super) tax: Answer,
}

pub(super) async fn as_a_bi_tool(stage: &Stage<'_>) -> anyhow::Result<Answers> {
    stage.console.heading("4  Ask: revenue by store and day, tax by rate");
    let revenue = stage.show(REVENUE).await?;
    stage.console.say("");
    let tax = stage.show(TAX).await?;
    stage.console.say(
        "Money is exact: a number with decimals is Postgres's numeric, digit for digit. \
         (São José rests on Mondays.)",
    );
    Ok(Answers { revenue, tax })
}
