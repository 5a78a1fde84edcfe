"""The journey map of each segment of the key scheme: its columns, its lanes, and where each line comes from.

Belongs here: putting counted lanes, rows of other tables, headers and the team's judgements side by side. Stays out:
counting (``lanes.py``), sentences and pictures (the showroom).

A judgement never takes the place of a number: it is a row of its own kind in the same cell. A segment's own judgement
takes the place of the one for all.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.maps import lanes
from pipelines.analytics.tables import TABLES

WITHOUT_A_KEY = "lifecycle"
"""The scheme maps are drawn for where the key scheme tells too few groups apart: a company that asks nothing and whose
customers write nothing knows no needs."""

FEWEST, LARGEST = 3, 0.8
"""Groups a key scheme must have to be drawn, and the share of the people that the largest may hold."""

WHOLE = "all"
YEAR_DAYS = 365
COSTED = "cart"
BASES = {
    "people": "customers of the segment",
    "actions": "people in the column, 12 months",
    "touchpoints": "people in the column, 12 months",
    "questions": "tickets with a topic, 12 months",
    "expectations": "survey answers",
    "emotions": "survey answers within 30 days",
}
EVIDENCE = {
    "people": "customer_events",
    "actions": "customer_events",
    "touchpoints": "customer_events",
    "questions": "tickets",
    "expectations": "survey_answers",
    "emotions": "survey_answers",
}
BACKSTAGE = {
    "first_reply_median": "Half of all questions get a first answer within this time",
    "one_touch_share": "Questions settled with one answer",
    "repeat_contact_share": "Questions asked a second time within a week",
}
HELP = "support"
HEADERS = ("actor", "scenario", "goal", "kpi", "owner")


def key_scheme(definitions: pl.DataFrame, membership: pl.DataFrame, min_cell: int) -> str:
    """The scheme the definitions call the key, where estimates are broken down by it and it divides the customers."""
    keys = definitions.filter("is_key", pl.col("scheme_id").is_in(cells.KEY_SCHEMES))["scheme_id"].unique()
    sizes = membership.join(keys.to_frame(), on="scheme_id", how="semi").group_by("segment_id").len()
    shares = sizes.select("len", share=pl.col("len") / pl.col("len").sum()).filter(pl.col("len") >= min_cell)["share"]
    if len(keys) != 1 or len(shares) < FEWEST or (shares > LARGEST).any():
        return WITHOUT_A_KEY
    return str(keys.item())


def build_journey_map(
    *,
    scheme: str,
    done: pl.DataFrame,
    answers: pl.DataFrame,
    survey: pl.DataFrame,
    tickets: pl.DataFrame,
    pains: pl.DataFrame,
    causes: pl.DataFrame,
    support: pl.DataFrame,
    stages: pl.DataFrame,
    words: pl.DataFrame,
    names: pl.DataFrame,
    headers: pl.DataFrame,
    judgements: pl.DataFrame,
    customers: pl.DataFrame,
    membership: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """Grain: segment of the key scheme or the company, column, lane, kind of source, item. Shares 0-1, mood -2 to +2.

    ``scheme`` is the key scheme. ``done`` and ``answers`` are by person and column of the map; ``pains``, ``causes``
    and ``support`` are analytics tables and keep what they hide; ``names`` gives steps, channels and causes in words.
    """
    members = lanes.everyone(membership, customers, scheme)
    done = done.with_columns(pl.col("map_stage", "path_step", "channel").cast(pl.Categorical))
    since = pl.col("opened_date") > as_of - timedelta(days=YEAR_DAYS)
    counted = [
        lanes.people(done, members, stages, min_cell),
        lanes.steps(done, members, "actions", "path_step", min_cell),
        lanes.steps(done, members, "touchpoints", "channel", min_cell),
        lanes.questions(tickets.filter(since), members, words, min_cell),
        lanes.expectations(survey, members, words, min_cell),
        lanes.moods(answers, members, min_cell),
    ]
    measured = pl.concat(counted, how="vertical_relaxed").with_columns(
        pl.col("lane").replace_strict(BASES).alias("basis"), pl.col("lane").replace_strict(EVIDENCE).alias("evidence")
    )
    all_words = pl.concat([names, words.select("lane", "item", "text")])
    told = measured.join(all_words, on=["lane", "item"], how="left").with_columns(
        pl.coalesce("text", pl.col("item").str.replace_all("_", " ")).alias("text")
    )
    segments = members.select(lanes.CELL).unique().cast(pl.String)
    rows = pl.concat(
        [
            told,
            _barriers(pains, causes, words, names, stages=stages, scheme=scheme),
            _backstage(support, stages, scheme),
            _headers(headers, segments),
            _judged(judgements, segments, scheme),
        ],
        how="diagonal_relaxed",
    )
    return _finished(rows, stages, as_of, run_id)


def _barriers(
    pains: pl.DataFrame,
    causes: pl.DataFrame,
    words: pl.DataFrame,
    names: pl.DataFrame,
    *,
    stages: pl.DataFrame,
    scheme: str,
) -> pl.DataFrame:
    """Pains of the key scheme that go with a loss, or that are hidden; costed where a cause of lost carts."""
    costs = causes.select(
        *lanes.CELL,
        pl.lit(COSTED).alias("kind"),
        pl.col("cause").alias("pain"),
        *(f"recoverable_revenue_year{end}" for end in ("", "_lo", "_hi")),
    )
    felt = pains.filter(
        pl.col("scheme_id").is_in((cells.COMPANY, scheme)),
        pl.col("segment_id") != cells.UNKNOWN,
        pl.col("suppressed") | (pl.col("value") > 0),
    ).join(costs, on=[*lanes.CELL, "kind", "pain"], how="left")
    shares = stats.wilson(felt["n_affected"].to_numpy(), felt["n"].to_numpy())
    said = pl.concat([words, names], how="diagonal_relaxed").filter(pl.col("lane") == "barriers")
    texts = said.select(pl.col("item").alias("pain"), "text")
    asked = words.filter(pl.col("lane") == "questions").select(
        pl.col("item").alias("pain"), pl.format("Asked: {}", pl.col("text")).alias("asked")
    )
    return (
        felt.with_columns(
            pl.Series(shares.value).fill_nan(None).alias("value"),
            pl.Series(shares.lo).fill_nan(None).alias("lo"),
            pl.Series(shares.hi).fill_nan(None).alias("hi"),
        )
        .join(stages.select("stage", "map_stage"), on="stage", how="inner")
        .join(texts, on="pain", how="left")
        .join(asked, on="pain", how="left")
        .with_columns(
            pl.when(pl.col("kind") == "support")
            .then(pl.col("asked"))
            .when(pl.col("kind") == "review")
            .then(pl.format("Low stars: {}", pl.col("pain").str.strip_prefix("low_stars_")))
            .otherwise(pl.col("text"))
            .alias("text")
        )
        .select(
            *lanes.CELL,
            "map_stage",
            pl.lit("barriers").alias("lane"),
            pl.lit("measured").alias("source_kind"),
            pl.format("{}:{}", "kind", "pain").alias("item"),
            pl.coalesce("text", pl.col("pain").str.replace_all("_", " ")).alias("text"),
            pl.lit(lanes.SHARE).alias("unit"),
            *("value", "lo", "hi", "n", "basis", "suppressed"),
            *(f"recoverable_revenue_year{end}" for end in ("", "_lo", "_hi")),
            pl.when(pl.col("kind") == COSTED)
            .then(pl.lit("pain_points, cart_abandonment_causes"))
            .otherwise(pl.lit("pain_points"))
            .alias("evidence"),
        )
    )


def _backstage(support: pl.DataFrame, stages: pl.DataFrame, scheme: str) -> pl.DataFrame:
    """What the desk does where help is asked for."""
    column = stages.filter(pl.col("stage") == HELP).select("map_stage")
    picked = support.filter(
        pl.col("measure").is_in(list(BACKSTAGE)),
        pl.col("breakdown").is_in((cells.COMPANY, scheme)),
        pl.col("group_id") != cells.UNKNOWN,
        pl.col("period") == cells.ALL,
        pl.col("clock") != "business",
    )
    return picked.join(column, how="cross").select(
        pl.col("breakdown").alias("scheme_id"),
        pl.col("group_id").alias("segment_id"),
        "map_stage",
        pl.lit("backstage").alias("lane"),
        pl.lit("measured").alias("source_kind"),
        pl.col("measure").alias("item"),
        pl.col("measure").replace_strict(BACKSTAGE).alias("text"),
        *("unit", "value", "lo", "hi", "n", "basis", "suppressed"),
        pl.lit("support_kpis").alias("evidence"),
    )


def _headers(headers: pl.DataFrame, segments: pl.DataFrame) -> pl.DataFrame:
    """Actor, scenario, goal, measure and owner of each map; a segment without them has none, and the linter says so."""
    own = headers.rename({"name": "actor"}).join(segments, on=lanes.CELL, how="semi")
    return own.with_columns(pl.col("owner").alias("keeper")).unpivot(
        HEADERS,
        index=[*lanes.CELL, "keeper", "reviewed_on", "review_by"],
        variable_name="item",
        value_name="text",
    ).drop_nulls("text").select(
        *lanes.CELL,
        pl.lit(WHOLE).alias("map_stage"),
        pl.lit("header").alias("lane"),
        pl.lit("judgement").alias("source_kind"),
        "item",
        "text",
        pl.lit(value=False).alias("suppressed"),
        pl.lit("journey_maps").alias("evidence"),
        pl.col("keeper").alias("owner"),
        "reviewed_on",
        "review_by",
    )  # fmt: skip


def _judged(judgements: pl.DataFrame, segments: pl.DataFrame, scheme: str) -> pl.DataFrame:
    """The team's lines, each segment's own before those for all."""
    own = judgements.filter(pl.col("scheme_id").is_in((scheme, cells.ALL)))
    place = ["map_stage", "lane", "item"]
    of_scheme = segments.filter(pl.col("scheme_id") == scheme)
    shared = own.filter(pl.col("segment_id") == cells.ALL).drop(lanes.CELL).join(of_scheme, how="cross")
    single = own.filter(pl.col("segment_id") != cells.ALL).join(of_scheme, on=lanes.CELL, how="semi")
    rest = shared.join(single, on=[*lanes.CELL, *place], how="anti")
    return pl.concat([single, rest], how="diagonal_relaxed").select(
        *lanes.CELL,
        *place,
        pl.lit("judgement").alias("source_kind"),
        "text",
        pl.lit(value=False).alias("suppressed"),
        pl.lit("journey_judgements").alias("evidence"),
        *("owner", "reviewed_on", "review_by"),
    )


def _finished(rows: pl.DataFrame, stages: pl.DataFrame, as_of: date, run_id: str) -> pl.DataFrame:
    table = TABLES["journey_map"]
    columns = stages.group_by("map_stage").agg(
        pl.col("map_stage_name").first().alias("stage_name"), pl.col("map_stage_order").first().alias("stage_order")
    )
    blanked = disclosure.blank(rows, table, pl.col("suppressed"))
    cell = [*lanes.CELL, "map_stage", "lane", "source_kind"]
    weight = pl.coalesce("recoverable_revenue_year", "value").fill_null(-1.0)
    costed = pl.col("recoverable_revenue_year").is_null().cast(pl.Int8)
    order = (
        pl.struct("suppressed", costed.alias("_costed"), (-weight).alias("_weight"), "item").rank("ordinal").over(cell)
    )
    named = blanked.join(columns, on="map_stage", how="left").with_columns(
        pl.col("stage_name").fill_null("The whole map"),
        pl.col("stage_order").fill_null(0),
        pl.when(~pl.col("suppressed")).then(order).alias("item_order"),
    )
    return table.conform(named.rename({"map_stage": "stage"}), as_of=as_of, run_id=run_id)


def names_of(path_steps: pl.DataFrame, channels: pl.DataFrame, causes: pl.DataFrame) -> pl.DataFrame:
    """lane, item, text of what the reference tables name: steps, channels, causes of lost carts."""
    step = path_steps.select(
        pl.lit("actions").alias("lane"),
        pl.col("path_step").alias("item"),
        pl.col("description").str.strip_suffix(".").alias("text"),
    )
    channel = channels.select(
        pl.lit("touchpoints").alias("lane"), pl.col("channel").alias("item"), pl.col("channel_name").alias("text")
    )
    cause = causes.select(
        pl.lit("barriers").alias("lane"), pl.col("cause").alias("item"), pl.col("cause_name").alias("text")
    )
    return pl.concat([step, channel, cause])
