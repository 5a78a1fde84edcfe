"""How identity is doing: a few measures a run, and which of them moved.

Belongs here: pure functions from one resolution and the last run's measures to this run's. Stays out: where they are
kept (``store``) and shown (``pipelines.defs.identity``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.identity.frames import Schema, shaped
from pipelines.identity.rules import Drift
from pipelines.identity.stable import Run

HEALTH_SCHEMA: Schema = {
    "run_id": pl.String,
    "known_at": pl.Datetime("us"),
    "measure": pl.String,
    "value": pl.Float64,
    "previous_value": pl.Float64,
    "drift": pl.Float64,
    "is_warning": pl.Boolean,
}


@dataclass(frozen=True)
class Seen:
    """What a run's health is told from.

    Attributes:
        clusters: columns of ``quality.CLUSTER_SCHEMA``.
        links, skipped, events: those of the resolution.
        n_review: pairs in the grey zone.
        n_moved: records that were there before, and now have another id.
        n_known: records that were there before.
        blocked: values that link nobody, counted by reason.
    """

    clusters: pl.DataFrame
    links: pl.DataFrame
    skipped: pl.DataFrame
    events: pl.DataFrame
    n_review: int
    n_moved: int
    n_known: int
    blocked: Mapping[str, int]


DRIFTS = ("records_per_person", "multi_record_share", "mean_density", "bridge_share", "skipped_share", "review_share")
"""Measures whose change relative to the last run is looked at; link shares are looked at by their absolute change."""


def build_health(seen: Seen, previous: pl.DataFrame, drift: Drift, run: Run) -> pl.DataFrame:
    """One row per measure, columns of ``HEALTH_SCHEMA``.

    ``drift`` is the change against the run before, relative to its value, for the measures of ``DRIFTS``; absolute for
    the shares of links by rule; for ``moved_share`` the value itself. Above the threshold it is a warning, unless the
    house holds too few records to tell.

    Args:
        previous: the rows of the last run; empty for the first.
        drift: threshold and least number of records.
    """
    measures = _measures(seen)
    frame = pl.DataFrame(
        {"measure": list(measures), "value": list(measures.values())}, schema_overrides={"value": pl.Float64}
    )
    before = previous.select("measure", pl.col("value").alias("previous_value"))
    change = (pl.col("value") - pl.col("previous_value")).abs()
    told = frame.join(before, on="measure", how="left").with_columns(
        pl.when(pl.col("measure") == "moved_share")
        .then("value")
        .when(pl.col("measure").is_in(DRIFTS))
        .then(pl.when(pl.col("previous_value") > 0).then(change / pl.col("previous_value")))
        .when(pl.col("measure").str.starts_with("link_share:"))
        .then(change)
        .alias("drift")
    )
    is_told = measures["records"] >= drift.min_records and not previous.is_empty()
    stamped = told.with_columns(
        pl.lit(run.run_id).alias("run_id"),
        pl.lit(run.known_at).alias("known_at"),
        ((pl.col("drift") > drift.warn_share).fill_null(value=False) & pl.lit(is_told)).alias("is_warning"),
    )
    return shaped(stamped, HEALTH_SCHEMA)


def _measures(seen: Seen) -> dict[str, float]:
    sizes = seen.clusters["n_nodes"]
    n_records, n_people = float(sizes.sum()), float(sizes.len())
    multi = seen.clusters.filter(pl.col("n_nodes") > 1)
    links, events = seen.links, seen.events["event"]
    measures = {
        "records": n_records,
        "people": n_people,
        "records_per_person": n_records / n_people if n_people else 0.0,
        "multi_record_share": multi.height / n_people if n_people else 0.0,
        "size_p50": _quantile(sizes, 0.5),
        "size_p99": _quantile(sizes, 0.99),
        "size_max": _quantile(sizes, 1.0),
        "capped_people": float(seen.clusters["was_capped"].sum()),
        "mean_density": _mean(multi["density"]),
        "links": float(links.height),
        "bridge_share": float(links["is_bridge"].sum()) / links.height if links.height else 0.0,
        "skipped_links": float(seen.skipped.height),
        "skipped_share": seen.skipped.height / (links.height + seen.skipped.height or 1),
        "review_pairs": float(seen.n_review),
        "review_share": seen.n_review / n_records if n_records else 0.0,
        "moved_share": seen.n_moved / seen.n_known if seen.n_known else 0.0,
        **{f"events:{kind}": float((events == kind).sum()) for kind in ("new", "merged", "split", "retired")},
        **{f"blocked_values:{reason}": float(n) for reason, n in sorted(seen.blocked.items())},
    }
    shares = links.group_by("rule").len().sort("rule")
    measures |= {f"link_share:{rule}": n / links.height for rule, n in shares.iter_rows()}
    return measures


def _quantile(values: pl.Series, share: float) -> float:
    found = values.quantile(share, interpolation="higher")
    return float(found) if found is not None else 0.0


def _mean(values: pl.Series) -> float:
    found = values.mean()
    return float(found) if isinstance(found, int | float) else 0.0
