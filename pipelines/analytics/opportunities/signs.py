"""Signs of an opportunity: what other tables found, brought to one shape, each with the kind of source it rests on.

Belongs here: which finding speaks for an opportunity, and how clearly. Stays out: money (cases.py).

A finding of another table is a sign of the opportunity the seed ``opportunity_signs`` files it under. It supports where
its own table's test says so; where that has none, where its 95 % interval is clear of the line named below. Everything
is an association. Signs of one kind of source count once: a ticket's topic and the words of the same ticket agree
because they are the same ticket, and two kinds of source that agree are what makes a finding firm.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES
from pipelines.analytics.voice.questions import NOTABLE

ENOUGH = 30
COMPLAINTS_DAYS = 365
LEAST_SHARE = 0.05
"""A topic is a sign where it is in at least one complaint of twenty, at the lower end of its interval."""

SPEAKERS = {
    "ticket": "tickets",
    "ticket_rating": "tickets",
    "survey_text": "surveys",
    "service_review": "reviews",
    "product_review": "reviews",
}
"""Kind of source of each kind of feedback."""

PAIN_SOURCES = {"site": "web", "support": "tickets", "delivery": "orders", "review": "reviews"}
MEASURE_SOURCES = {"tickets_per_100_orders": "tickets", "returned_order_share": "orders"}
NOT_BUYING = ("checkout_abandonment_rate", "early_exit_rate")

FINDING = ["found_in", "sign", "finding", "scheme_id", "segment_id"]
SHARED = (
    *FINDING,
    *("value", "lo", "hi", "n", "basis", "suppressed", "unit"),
    *("amount", "amount_lo", "amount_hi", "verdict", "segments_hit", "source_kind", "felt_stage"),
)
COMPANY = {"scheme_id": pl.lit(cells.COMPANY), "segment_id": pl.lit(cells.ALL)}
SUPPORTS, NO_EVIDENCE, AGAINST, FEW, HIDDEN = "supports", "no_evidence", "against", "insufficient_n", "suppressed"


def shaped(found: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """The shared columns of a frame of findings, some of them given; what a table does not know is null."""
    given = found.with_columns(value.alias(name) for name, value in columns.items())
    floats = {"value", "lo", "hi", "amount", "amount_lo", "amount_hi"}
    types = {**dict.fromkeys(floats, pl.Float64), "n": pl.Int64, "suppressed": pl.Boolean}
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(types.get(name, pl.String)).alias(name)
        for name in SHARED
    )


def by_share(count: str, least: float) -> pl.Expr:
    """The verdict of a share without a test of its own: supporting where its low end reaches ``least``."""
    return (
        pl.when("suppressed")
        .then(pl.lit(HIDDEN))
        .when(pl.col(count) < ENOUGH)
        .then(pl.lit(FEW))
        .when(pl.col("lo") >= least)
        .then(pl.lit(SUPPORTS))
        .otherwise(pl.lit(NO_EVIDENCE))
    )


def cart_signs(causes: pl.DataFrame, pains: pl.DataFrame) -> pl.DataFrame:
    """Causes of abandoned carts; supporting where the adjusted test of the model says more is abandoned."""
    met = pains.filter(pl.col("kind") == "cart").select(pl.col("pain").alias("cause"), "segments_hit", "stage")
    verdicts = {"higher": SUPPORTS, "lower": AGAINST, "no_evidence": NO_EVIDENCE, "suppressed": HIDDEN}
    whole = {
        f"amount{end}": pl.col(f"recoverable_revenue_year{end}") / pl.col("realisation") for end in ("", "_lo", "_hi")
    }
    return shaped(
        causes.filter((pl.col("scheme_id") == cells.COMPANY) & (pl.col("verdict") != "untested")).join(
            met, on="cause", how="left"
        ),
        found_in=pl.lit("cart_abandonment_causes"),
        sign=pl.col("cause"),
        finding=pl.col("cause"),
        verdict=pl.col("verdict").replace_strict(verdicts, default=FEW),
        value=pl.col("model_odds_ratio"),
        lo=pl.col("model_odds_ratio_lo"),
        hi=pl.col("model_odds_ratio_hi"),
        unit=pl.lit("odds ratio of abandonment"),
        source_kind=pl.when(pl.col("cause") == "support").then(pl.lit("tickets")).otherwise(pl.lit("web")),
        felt_stage=pl.col("stage"),
        **whole,
    )


def pain_signs(pains: pl.DataFrame) -> pl.DataFrame:
    """Pains other than those of carts; supporting where the interval of the amount is above zero."""
    verdict = (
        pl.when("suppressed")
        .then(pl.lit(HIDDEN))
        .when((pl.col("n_affected") < ENOUGH) | pl.col("lo").is_null())
        .then(pl.lit(FEW))
        .when(pl.col("lo") > 0)
        .then(pl.lit(SUPPORTS))
        .when(pl.col("hi") < 0)
        .then(pl.lit(AGAINST))
        .otherwise(pl.lit(NO_EVIDENCE))
    )
    finding = pl.format("{}:{}", "kind", "pain")
    low = pl.col("pain").str.starts_with("low_stars")
    return shaped(
        pains.filter(pl.col("kind") != "cart"),
        found_in=pl.lit("pain_points"),
        sign=pl.when(low).then(pl.format("{}:low_stars", "kind")).otherwise(finding),
        finding=finding,
        verdict=verdict,
        unit=pl.lit("reporting currency a year"),
        source_kind=pl.col("kind").replace_strict(PAIN_SOURCES),
        amount=pl.col("value"),
        amount_lo=pl.col("lo"),
        amount_hi=pl.col("hi"),
        felt_stage=pl.col("stage"),
    )


def complaint_signs(labels: pl.DataFrame, feedback: pl.DataFrame, as_of: date, min_cell: int) -> pl.DataFrame:
    """Topics of the year's complaints, one row a topic and kind of source: the share of its complaints about it."""
    since = as_of - timedelta(days=COMPLAINTS_DAYS - 1)
    said = labels.filter((pl.col("polarity") == "negative") & pl.col("feedback_date").is_between(since, as_of)).join(
        feedback.select("feedback_id", pl.col("feedback_kind").replace_strict(SPEAKERS, default=None).alias("speaker")),
        on="feedback_id",
    )
    known = said.filter(pl.col("speaker").is_not_null())
    base = known.group_by("speaker").agg(pl.col("feedback_id").n_unique().cast(pl.Int64).alias("n"))
    about = known.group_by("speaker", "topic").agg(pl.col("feedback_id").n_unique().cast(pl.Int64).alias("_about"))
    counted = about.join(base, on="speaker").sort("speaker", "topic")
    share = stats.wilson(counted["_about"].to_numpy(), counted["n"].to_numpy())
    ends = {"value": share.value, "lo": share.lo, "hi": share.hi}
    # A share of few, of a base that is shown, tells the few.
    hidden = disclosure.is_small(pl.col("_about"), min_cell) | disclosure.is_small(pl.col("n"), min_cell)
    shown = counted.with_columns(pl.Series(name, of, pl.Float64) for name, of in ends.items()).with_columns(
        hidden.alias("suppressed")
    )
    return shaped(
        shown,
        found_in=pl.lit("feedback_labels"),
        sign=pl.col("topic"),
        finding=pl.format("{}:{}", "speaker", "topic"),
        verdict=by_share("_about", LEAST_SHARE),
        unit=pl.lit("share of complaints"),
        basis=pl.format("texts of {} of the year that complain", "speaker"),
        source_kind=pl.col("speaker"),
        **COMPANY,
    )


def group_signs(contrasts: pl.DataFrame) -> pl.DataFrame:
    """Groups that stand out by a measure of ``segment_contrasts``; supporting where higher than the rest.

    Segments made of purchases are left out of measures of not buying: prospects leave carts because who does not is
    none.
    """
    verdicts = {"higher": SUPPORTS, "lower": AGAINST, "no_evidence": NO_EVIDENCE, "suppressed": HIDDEN}
    circular = pl.col("measure").is_in(NOT_BUYING) & pl.col("scheme_id").is_in(cells.MADE_OF_BUYING)
    tested = contrasts.filter(
        (pl.col("scheme_id") != cells.COMPANY) & (pl.col("group_id") != cells.UNKNOWN) & ~circular
    )
    return shaped(
        tested,
        found_in=pl.lit("segment_contrasts"),
        sign=pl.col("measure"),
        finding=pl.col("measure"),
        segment_id=pl.col("group_id"),
        verdict=pl.col("verdict").replace_strict(verdicts, default=FEW),
        value=pl.col("ratio"),
        lo=pl.col("ratio_lo"),
        hi=pl.col("ratio_hi"),
        unit=pl.lit("ratio to the rest"),
        source_kind=pl.col("measure").replace_strict(MEASURE_SOURCES, default="web"),
        segments_hit=pl.format("{}:{}", "scheme_id", "group_id"),
    )


def change_signs(deltas: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Changes of satisfaction in the last complete quarter; supporting where declined."""
    last = cells.last_complete_quarter(as_of)
    verdicts = {"declined": SUPPORTS, "improved": AGAINST, "no_evidence": NO_EVIDENCE, "suppressed": HIDDEN}
    group = pl.format("{}:{}", "dimension", "group_id")
    recent = deltas.filter((pl.col("period") == f"{last // 4}Q{last % 4 + 1}") & (pl.col("group_id") != cells.UNKNOWN))
    return shaped(
        recent,
        found_in=pl.lit("satisfaction_deltas"),
        sign=pl.col("metric_id"),
        finding=pl.format("{}:{}", "metric_id", "basis"),
        scheme_id=pl.col("dimension"),
        segment_id=pl.col("group_id"),
        verdict=pl.col("verdict").replace_strict(verdicts, default=FEW),
        unit=pl.lit("points since the quarter before"),
        source_kind=pl.when(pl.col("basis") == "stars").then(pl.lit("reviews")).otherwise(pl.lit("surveys")),
        segments_hit=pl.when(pl.col("dimension") != cells.COMPANY).then(group),
    )


def driver_signs(drivers: pl.DataFrame) -> pl.DataFrame:
    """Drivers of satisfaction, of the company; supporting where important, done worse than the others and separable."""
    verdict = (
        pl.when("suppressed")
        .then(pl.lit(HIDDEN))
        .when(pl.col("status") != "measured")
        .then(pl.lit(FEW))
        .when((pl.col("quadrant") == "concentrate_here") & pl.col("is_separable"))
        .then(pl.lit(SUPPORTS))
        .otherwise(pl.lit(NO_EVIDENCE))
    )
    return shaped(
        drivers.filter(pl.col("dimension") == cells.COMPANY),
        found_in=pl.lit("satisfaction_drivers"),
        sign=pl.col("driver"),
        finding=pl.col("driver"),
        verdict=verdict,
        unit=pl.lit("share of explained variance"),
        source_kind=pl.lit("surveys"),
        **COMPANY,
    )


def gap_signs(gaps: pl.DataFrame) -> pl.DataFrame:
    """What is asked, or searched in vain, in the last four quarters, a row a source and subject filed under its topic.

    Supporting where its table says that the source asks: one text or search in a hundred at the low end.
    """
    asked = gaps.filter((pl.col("breakdown") == cells.COMPANY) & (pl.col("period") == cells.ALL))
    return shaped(
        asked,
        found_in=pl.lit("information_gaps"),
        sign=pl.col("topic"),
        finding=pl.format("{}:{}", "source", "subject"),
        verdict=by_share("n", NOTABLE),
        unit=pl.lit("share of texts that ask, or searches in vain"),
        # What is searched in vain is seen on the site, like the exit after it.
        source_kind=pl.col("source").replace("searches", "web"),
        felt_stage=pl.col("stage"),
        **COMPANY,
    )


def filed(found: pl.DataFrame, signs: pl.DataFrame) -> pl.DataFrame:
    """Every finding under its opportunities.

    A costed finding that supports, and that no row of the seed names, is an opportunity of its own, so that nothing
    found is lost for want of a remedy; its id follows from the column of the map where it is felt, and its name.
    """
    key = ["found_in", "sign"]
    is_costed = (pl.col("verdict") == SUPPORTS) & pl.col("amount").is_not_null()
    slug = pl.col("finding").str.to_lowercase().str.replace_all("[^a-z0-9]+", "_")
    own_id = pl.format("{}-{}", pl.col("felt_stage").fill_null(cells.UNKNOWN), slug)
    loose = found.filter(is_costed).join(signs, on=key, how="anti").with_columns(own_id.alias("opportunity_id"))
    return pl.concat([found.join(signs, on=key), loose.select(*found.columns, "opportunity_id")])


def build_opportunity_evidence(
    *,
    causes: pl.DataFrame,
    pains: pl.DataFrame,
    labels: pl.DataFrame,
    feedback: pl.DataFrame,
    contrasts: pl.DataFrame,
    deltas: pl.DataFrame,
    drivers: pl.DataFrame,
    gaps: pl.DataFrame,
    signs: pl.DataFrame,
    stages: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per opportunity and finding that speaks to it, for it or against it."""
    table = TABLES["opportunity_evidence"]
    company = pains.filter(pl.col("scheme_id") == cells.COMPANY)
    found = pl.concat(
        [
            cart_signs(causes, company),
            pain_signs(company),
            complaint_signs(labels, feedback, as_of, min_cell),
            group_signs(contrasts),
            change_signs(deltas, as_of),
            driver_signs(drivers),
            gap_signs(gaps),
        ]
    )
    columns = stages.select(pl.col("stage").alias("felt_stage"), pl.col("map_stage").alias("_column"))
    placed = found.join(columns, on="felt_stage", how="left").with_columns(pl.col("_column").alias("felt_stage"))
    named = filed(placed.drop("_column"), signs)
    amounts = {f"amount_year{end}": pl.col(f"amount{end}") for end in ("", "_lo", "_hi")}
    shown = named.with_columns(amount.alias(name) for name, amount in amounts.items())
    return table.conform(
        disclosure.blank(shown, table, pl.col("suppressed").fill_null(value=False)), as_of=as_of, run_id=run_id
    )
