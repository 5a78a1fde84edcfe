"""How well conversations go, by team: a rating by line managers beside what customers and tickets say.

Belongs here: numbers of teams, and how far agents of a team differ beyond chance. Stays out: single agents, who are
never shown, by name or by pseudonym: in a team of six a pseudonym is a name.

The agent is the unit: each agent's own number counts alike, and the interval is over agents. Agents with few tickets
are left out, and a team is shown from five agents on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.tables import TABLES

MIN_AGENTS = 5
"""Agents below which a team is not shown."""
MIN_TICKETS = 11
MIN_WEEKS = 4
TEAM = "team"
AT = ["breakdown", "group_id", "_quarter"]


@dataclass(frozen=True)
class Quality:
    """A number of an agent: the mean of ``outcome`` over the rows where it is known, from ``least`` rows on."""

    measure: str
    outcome: pl.Expr
    day: str
    unit: str
    least: int
    basis: str
    top: float


OF_WEEKS = (
    Quality("qa_score", pl.col("qa_score"), "week_start_date", "points 0-100", MIN_WEEKS, "rated weeks", 100.0),
)
OF_TICKETS = tuple(
    Quality(f"agent_{name}", outcome.cast(pl.Float64), "opened_date", "share", MIN_TICKETS, basis, 1.0)
    for name, outcome, basis in (
        ("csat_good_share", pl.col("rating") == "good", "rated tickets"),
        ("one_touch_share", pl.col("is_one_touch"), "solved tickets"),
        ("first_contact_resolution_share", pl.col("is_first_contact_resolution"), "first contacts about a topic"),
    )
)


def of_agents(rows: pl.DataFrame, quality: Quality) -> pl.DataFrame:
    """One row per agent, breakdown and period with enough rows: the agent's mean, n and variance between rows."""
    known = rows.with_columns(quality.outcome.alias("_outcome")).drop_nulls(["_outcome", "agent_id", "team_name"])
    parts = []
    for quarter in (cells.quarter_number(quality.day), pl.lit(None, pl.Int32)):
        own = (
            known.group_by("agent_id", "team_name", quarter.alias("_quarter"))
            .agg(
                pl.len().cast(pl.Int64).alias("n"),
                pl.col("_outcome").mean().alias("_mean"),
                pl.col("_outcome").var().fill_null(0.0).alias("_variance"),
            )
            .filter(pl.col("n") >= quality.least)
        )
        for breakdown, group in ((cells.COMPANY, pl.lit(cells.ALL)), (TEAM, pl.col("team_name"))):
            parts.append(own.with_columns(pl.lit(breakdown).alias("breakdown"), group.alias("group_id")))
    return pl.concat(parts)


def quality_rows(rows: pl.DataFrame, quality: Quality) -> pl.DataFrame:
    """Mean and median over agents with a t interval, and the spread between agents beyond chance.

    Spread by the moments of DerSimonian and Laird (1986): agents' numbers scatter by chance with the variance within
    agents over n, and what they scatter more is theirs. ``reliability`` is its share of all scatter.
    """
    own = of_agents(rows, quality)
    # One variance within for the whole cell: an agent without a single bad rating is not one without chance.
    degrees = pl.col("n") - 1
    within = (pl.col("_variance") * degrees).sum().over(AT) / degrees.sum().over(AT)
    chance = own.with_columns((within / pl.col("n")).alias("_chance"))
    weight = 1 / pl.col("_chance")
    centred = chance.with_columns(
        weight.alias("_w"), ((weight * pl.col("_mean")).sum().over(AT) / weight.sum().over(AT)).alias("_centre")
    )
    w = pl.col("_w")
    found = centred.group_by(AT).agg(
        pl.col("n").sum(),
        pl.len().cast(pl.Int64).alias("agents"),
        pl.col("_mean").mean().alias("_value"),
        pl.col("_mean").std().alias("_sd"),
        pl.col("_mean").median().alias("median"),
        pl.col("_chance").mean().alias("_noise"),
        (
            ((w * (pl.col("_mean") - pl.col("_centre")).pow(2)).sum() - (pl.len() - 1))
            / (w.sum() - w.pow(2).sum() / w.sum())
        )
        .clip(lower_bound=0)
        .alias("_between"),
    )
    ends = stats.mean_interval(
        found["_value"].to_numpy(), found["_sd"].fill_null(0).to_numpy(), found["agents"].to_numpy()
    )
    between = pl.col("_between").fill_nan(None)
    return found.with_columns(
        *(
            pl.Series(name, getattr(ends, name), pl.Float64).fill_nan(None).clip(0.0, quality.top).alias(name)
            for name in ("value", "lo", "hi")
        ),
        between.sqrt().alias("between_agents_sd"),
        (between / (between + pl.col("_noise"))).alias("reliability"),
        pl.lit(quality.measure).alias("measure"),
        pl.lit(quality.unit).alias("unit"),
        pl.lit(quality.basis).alias("basis"),
    )


def enps_rows(weeks: pl.DataFrame) -> pl.DataFrame:
    """Employee net promoter score: share who answer 9-10 less share who answer 0-6, in points."""
    asked = weeks.drop_nulls("enps_score")
    sums = {
        "n": pl.len().cast(pl.Int64),
        "_up": (pl.col("enps_score") >= 9).sum().cast(pl.Int64),
        "_down": (pl.col("enps_score") <= 6).sum().cast(pl.Int64),
    }
    found = cells.totals(asked, {TEAM: "team_name"}, sums, day="week_start_date")
    who = pl.concat(
        asked.group_by(group.alias("group_id"), quarter.alias("_quarter"))
        .agg(pl.col("agent_id").n_unique().cast(pl.Int64).alias("agents"))
        .with_columns(pl.lit(breakdown).alias("breakdown"))
        for breakdown, group in ((cells.COMPANY, pl.lit(cells.ALL)), (TEAM, pl.col("team_name")))
        for quarter in (cells.quarter_number("week_start_date"), pl.lit(None, pl.Int32))
    )
    found = found.join(who, on=AT, nulls_equal=True)
    score = stats.net_score(found["_up"].to_numpy(), found["_down"].to_numpy(), found["n"].to_numpy())
    return found.with_columns(
        *(pl.Series(name, getattr(score, name), pl.Float64).alias(name) for name in ("value", "lo", "hi")),
        *(pl.lit(None, pl.Float64).alias(name) for name in ("median", "between_agents_sd", "reliability")),
        pl.lit("enps").alias("measure"),
        pl.lit("points -100 to 100").alias("unit"),
        pl.lit("answers").alias("basis"),
    )


def build_agent_quality(
    *, weeks: pl.DataFrame, tickets: pl.DataFrame, as_of: date, run_id: str, min_cell: int
) -> pl.DataFrame:
    """One row per measure, team (and all teams) and quarter, and over all quarters."""
    teams = weeks.drop_nulls("team_ref").group_by("team_ref").agg(pl.col("team_name").max())
    handled = tickets.with_columns(pl.format("{}:{}", "system", "agent_ref").alias("agent_id")).join(
        teams, on="team_ref", how="left"
    )

    def parts() -> Iterator[pl.DataFrame]:
        yield from (quality_rows(weeks, quality) for quality in OF_WEEKS)
        yield from (quality_rows(handled, quality) for quality in OF_TICKETS)
        yield enps_rows(weeks)

    table = TABLES["agent_quality"]
    names = [name for name in table.schema if name not in ("period", "suppressed", "as_of", "run_id")]
    frame = pl.concat(part.select(*names, "_quarter") for part in parts()).with_columns(
        cells.quarter_label(pl.col("_quarter")).alias("period"),
        # Too few agents are as bad as too few tickets.
        pl.when(pl.col("agents") < MIN_AGENTS).then(1).otherwise("n").alias("_shown"),
    )
    marked = disclosure.protect(
        frame,
        ("_shown",),
        # Agents with enough tickets in a quarter are fewer than those with enough in all: quarters make no total.
        table_by=("measure", "period"),
        dimension="breakdown",
        group="group_id",
        period=None,
        min_cell=min_cell,
    )
    return table.conform(disclosure.blank(marked, table, pl.col("hide__shown")), as_of=as_of, run_id=run_id)
