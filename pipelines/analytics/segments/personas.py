"""A persona of each segment of the key scheme: every line measured, inferred by a model or rule, or judged by people.

Belongs here: which lines a persona has and what each may claim. Stays out: counting (``differences.py``), ways and
pains (``persona_journey.py``), sentences.

Measured is what people did, answered or told us of themselves. Inferred is what a model or a rule says of them: their
need seen from what they do, the topic and mood of their texts, their value to come. Judged is what the team believes,
with an owner and a date. What the segments are made of sets them apart by rule: such lines are told and not tested.
Age and household are counted among those who agreed to be profiled alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure
from pipelines.analytics.segments import differences, persona_journey
from pipelines.analytics.segments.needs import NEEDS
from pipelines.analytics.tables import TABLES

AT = differences.AT
MEASURED, INFERRED, JUDGED = "measured", "inferred", "judgement"
PROFILED = {
    "customers": "size",
    "share": "size",
    "revenue_share": "value",
    "net_revenue_per_customer": "value",
    "average_order_value": "value",
    "acsi_style_index": "satisfaction",
    "email_reachable_share": "reach",
}
FACTS = {
    "n_orders": ("behaviour", "orders"),
    "order_value": ("behaviour", "reporting currency"),
    "store_share": ("behaviour", "share of orders"),
    "app_share": ("behaviour", "share of sessions"),
    "main_line_share": ("behaviour", "share of revenue"),
    "returned_order_share": ("behaviour", "share of orders"),
    "n_reviews": ("behaviour", "reviews"),
}
"""Facts that are no sign of a need, by section and unit."""

WORTH = {"expected_orders": "orders", "clv": "reporting currency"}
"""Of the forecast what a reader may take as it is: the chance of being active is 1 for whoever bought once."""

STATED = {f"stated_{need}": ("needs", "standard deviations") for need in NEEDS}
OBSERVED = {f"observed_{need}": ("needs", "standard deviations") for need in NEEDS}
FORECAST = {item: ("worth", unit) for item, unit in WORTH.items()}
SOURCE_KINDS = {
    **dict.fromkeys((*FACTS, *STATED), MEASURED),
    **dict.fromkeys((*OBSERVED, *FORECAST), INFERRED),
}
"""Of each item, whether its source says it or a model does."""

WHO = {"region": "who", "business": "who", "life_stage": "who", "journey_type": "path"}
NOT_ASKED = "not_profiled"
TOLD = {"negative": "pains", "positive": "gains"}
MOST = 6
"""Topics of pains, and of gains, a persona has: those the company hears most."""

BY_RULE = ("needs", "path")
"""Sections a scheme of needs is made of."""
BOUGHT = ("n_orders", *WORTH)
"""Lines a scheme made of buying is made of: when and how often somebody ordered, and what is forecast from it."""
HEADER = ("name", "scenario", "goal")
BASIS = {
    "size": "customers of the segment",
    "value": "customers of the segment",
    "satisfaction": "survey answers",
    "reach": "consents",
    "behaviour": "customers with the fact",
    "needs": "customers with the answer or sign",
    "worth": "buyers with a forecast",
    "who": "customers of the segment",
    "path": "customers of the segment",
    "way": "people who bought, by the steps of their journeys up to the purchase",
    "pains": "customers who wrote",
    "gains": "customers who wrote",
    "channel": "people seen on any channel in 365 days",
    "product_line": "buyers of 365 days",
    "offer": "messages sent in 365 days, by customer",
}
EVIDENCE = {
    "behaviour": "segment_membership",
    "needs": "customer_needs",
    "worth": "customer_value",
    "who": "segment_membership",
    "path": "segment_membership",
    "way": "agg_path_variants",
    "pains": "feedback_labels",
    "gains": "feedback_labels",
}


def scores(facts: pl.DataFrame, needs: pl.DataFrame, value: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """customer_id, section, item, unit and score: what a person's numbers say, one frame an item."""
    for frame, items in ((facts, FACTS), (needs, STATED), (needs, OBSERVED), (value, FORECAST)):
        for item, (section, unit) in items.items():
            yield frame.select(
                "customer_id",
                pl.lit(section).alias("section"),
                pl.lit(item).alias("item"),
                pl.lit(unit).alias("unit"),
                pl.col(item).cast(pl.Float64).alias("score"),
            )


def kinds(membership: pl.DataFrame, labels: pl.DataFrame, feedback: pl.DataFrame) -> pl.DataFrame:
    """customer_id, dimension and item: where people live, what they are, how they buy, what they write about.

    Dimensions are schemes, pains and gains; everybody who counts in one but has no item there is its base.
    """
    placed = membership.filter(
        pl.col("scheme_id").is_in(list(WHO)), ~pl.col("segment_id").is_in((cells.UNKNOWN, NOT_ASKED))
    ).select("customer_id", pl.col("scheme_id").alias("dimension"), pl.col("segment_id").alias("item"))
    wrote = labels.join(feedback, on="feedback_id").drop_nulls("customer_id")
    parts = [placed]
    for polarity, dimension in TOLD.items():
        said = wrote.filter(pl.col("polarity") == polarity, pl.col("topic") != "other")
        most = (
            said.group_by("topic")
            .agg(pl.col("customer_id").n_unique().alias("_people"))
            .sort("_people", "topic", descending=[True, False])
            .head(MOST)
        )
        told = said.join(most, on="topic", how="semi").select("customer_id", pl.col("topic").alias("item"))
        writers = wrote.select("customer_id", pl.lit(differences.BASE).alias("item"))
        parts.append(
            pl.concat([told, writers]).select("customer_id", pl.lit(dimension).alias("dimension"), pl.col("item"))
        )
    return pl.concat(parts)


def counted(
    people: Iterable[pl.DataFrame], what: pl.DataFrame, members: pl.DataFrame, scheme: str, min_cell: int
) -> list[pl.DataFrame]:
    """The lines a persona counts itself, with the kind of their source."""
    averaged = differences.means(people, members, min_cell).with_columns(
        pl.col("item").replace_strict(SOURCE_KINDS).alias("source_kind")
    )
    placed = differences.shares(what, members, min_cell)
    told = placed.with_columns(
        pl.when(pl.col("section").is_in(list(TOLD.values())))
        .then(pl.lit(INFERRED))
        .otherwise(pl.lit(MEASURED))
        .alias("source_kind"),
        # A persona's sections are what they tell, its items say of which scheme.
        pl.when(pl.col("section").is_in(list(WHO)))
        .then(pl.format("{}:{}", "section", "item"))
        .otherwise("item")
        .alias("item"),
        pl.col("section").replace(WHO),
    )
    made_of = pl.col("item").is_in(BOUGHT) if scheme in cells.MADE_OF_BUYING else pl.col("section").is_in(BY_RULE)
    is_ruled = made_of & ~pl.col("suppressed")
    return [
        frame.with_columns(
            pl.when(is_ruled).then(pl.lit("by_rule")).otherwise("verdict").alias("verdict"),
            pl.when(~is_ruled).then("p_adj").alias("p_adj"),
            pl.col("section").replace_strict(EVIDENCE).alias("evidence"),
        )
        for frame in (averaged, told)
    ]


def taken(profiles: pl.DataFrame, affinities: pl.DataFrame, scheme: str) -> list[pl.DataFrame]:
    """Lines other tables have made; they keep what those hide."""
    own = profiles.filter(pl.col("measure").is_in(list(PROFILED)))
    company = own.filter(pl.col("scheme_id") == cells.COMPANY).select("measure", pl.col("value").alias("everybody"))
    sized = own.filter(pl.col("scheme_id") == scheme).join(company, on="measure", how="left")
    whole = pl.col("measure").is_in(("customers", "share", "revenue_share"))
    measured = sized.select(
        *AT,
        pl.col("measure").replace_strict(PROFILED).alias("section"),
        pl.col("measure").alias("item"),
        *("unit", "value", "lo", "hi", "n", "suppressed"),
        pl.when(~whole).then("everybody").alias("everybody"),
        pl.when("suppressed").then(pl.lit("suppressed")).otherwise(pl.lit("untested")).alias("verdict"),
        pl.lit(MEASURED).alias("source_kind"),
        pl.lit("segment_profiles").alias("evidence"),
    )
    apart = affinities.filter(
        pl.col("scheme_id") == scheme, pl.col("verdict").is_in(("over_used", "under_used"))
    ).select(
        *AT,
        pl.col("dimension").alias("section"),
        "item",
        pl.lit("share").alias("unit"),
        pl.col("rate").alias("value"),
        pl.col("rate_lo").alias("lo"),
        pl.col("rate_hi").alias("hi"),
        "n",
        "suppressed",
        pl.col("company_rate").alias("everybody"),
        pl.col("value").alias("index"),
        pl.col("lo").alias("index_lo"),
        pl.col("hi").alias("index_hi"),
        "p_adj",
        differences.as_side("verdict"),
        pl.lit(MEASURED).alias("source_kind"),
        pl.lit("segment_affinity").alias("evidence"),
    )
    return [measured, apart]


def judged(headers: pl.DataFrame, judgements: pl.DataFrame, segments: pl.DataFrame) -> list[pl.DataFrame]:
    """What the team says of a segment there is: the head of its map, its jobs and gains. Never a number."""
    head = (
        headers.join(segments, on=AT, how="semi")
        .unpivot(HEADER, index=[*AT, "owner", "reviewed_on", "review_by"], variable_name="item", value_name="text")
        .drop_nulls("text")
        .with_columns(pl.lit("scenario").alias("section"), pl.lit("journey_maps").alias("evidence"))
    )
    said = judgements.join(segments, on=AT, how="semi").with_columns(pl.lit("persona_judgements").alias("evidence"))
    return [
        frame.with_columns(
            pl.lit(JUDGED).alias("source_kind"),
            pl.lit(JUDGED).alias("verdict"),
            pl.lit(JUDGED).alias("basis"),
            pl.lit(value=False).alias("suppressed"),
        )
        for frame in (head, said)
    ]


def build_personas(
    *,
    facts: pl.DataFrame,
    needs: pl.DataFrame,
    value: pl.DataFrame,
    profiles: pl.DataFrame,
    affinities: pl.DataFrame,
    labels: pl.DataFrame,
    feedback: pl.DataFrame,
    variants: pl.DataFrame,
    points: pl.DataFrame,
    headers: pl.DataFrame,
    judgements: pl.DataFrame,
    membership: pl.DataFrame,
    scheme: str,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per segment of ``scheme``, the one maps are drawn for, section and item.

    ``facts`` are those segments are decided by.
    """
    table = TABLES["personas"]
    members = membership.filter(pl.col("scheme_id") == scheme)
    if members.is_empty():
        return table.empty()
    segments = members.select(AT).unique()
    what = pl.concat([kinds(membership, labels, feedback), persona_journey.ways(variants, members)])
    lines = [
        *taken(profiles, affinities, scheme),
        *counted(scores(facts, needs, value), what, members, scheme, min_cell),
        persona_journey.hurting(points, segments),
        *judged(headers, judgements, segments),
    ]
    # Columns a kind of line does not have are null; one frame with all of them gives the types.
    empty = table.empty().drop("as_of", "run_id")
    whole = pl.concat([empty, *lines], how="diagonal_relaxed").with_columns(
        pl.coalesce("basis", pl.col("section").replace(BASIS)).alias("basis")
    )
    return table.conform(disclosure.blank(whole, table, pl.col("suppressed")), as_of=as_of, run_id=run_id)
