"""Changes of satisfaction between quarters: size, interval, verdict, and whether rate or mix moved.

Belongs here: the delta method over the cells of satisfaction.py. Stays out: the scores themselves.

A delta compares a quarter that is over with the quarter before, of one metric, basis, wording and weights. The family
of tests that is adjusted together is (metric, basis, dimension, period); only cells with 30 answers on both sides are
tested. A verdict needs an adjusted p of at most 0.05 and a change of practical size, and is about the mean as it
stands: ``explained_by`` says whether scores inside the product lines moved (rate) or the shares of the lines did
(mix).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.satisfaction.scores import (
    DIMENSIONS,
    METRICS,
    VERSIONS_JOINED,
    Answered,
    Metric,
    answers_of,
    metric_cells,
    protected,
    with_moments,
    wordings,
)
from pipelines.analytics.tables import TABLES

MIN_ANSWERS = 30
BOOTSTRAP_BELOW = 50
"""Answers on a side below which scores crowded at the ceiling make the t interval of a mean doubtful."""

FALSE_DISCOVERY_RATE = 0.05
AT = ("dimension", "group_id", "_quarter")
SEPARATOR = "\x1f"


def difference(frame: pl.DataFrame, metric: Metric, after: str = "", before: str = "_0") -> stats.Difference:
    """Change of the metric's mean between two sets of moment columns: Welch for means, z for net scores and shares."""

    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return frame[name].cast(pl.Float64).to_numpy()

    if metric.kind == "mean":
        return stats.welch(
            mean_1=column(f"mean{after}"),
            sd_1=column(f"sd{after}"),
            n_1=column(f"n{after}"),
            mean_0=column(f"mean{before}"),
            sd_0=column(f"sd{before}"),
            n_0=column(f"n{before}"),
        )
    errors = [column(f"deviation{side}") / np.sqrt(column(f"n{side}")) for side in (after, before)]
    return stats.z_difference(column(f"mean{after}"), errors[0], column(f"mean{before}"), errors[1])


def paired(frame: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Each quarter beside the quarter before, whose columns end in _0; rows without one are left out."""
    before = frame.with_columns(pl.col("_quarter") + 1)
    return frame.filter(pl.col("_quarter").is_not_null()).join(before, on=[*keys, "_quarter"], suffix="_0")


def rest_of_company(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with the moments of everybody outside the group as columns ending in _rest and _rest_0."""
    sums = ("n", "total", "squares")
    company = pairs.filter(pl.col("dimension") == cells.COMPANY).select(
        "_quarter", *(pl.col(f"{name}{side}").alias(f"{name}_all{side}") for name in sums for side in ("", "_0"))
    )
    wide = pairs.join(company, on="_quarter", how="left")
    for side in ("", "_0"):
        outside = ((pl.col(f"{name}_all{side}") - pl.col(f"{name}{side}")).alias(name) for name in sums)
        rest = with_moments(wide.select(outside))
        wide = wide.with_columns(
            rest[name].fill_nan(None).alias(f"{name}_rest{side}") for name in ("n", "mean", "sd", "deviation")
        )
    return wide


def rate_and_mix(lines: pl.DataFrame, metric: Metric, group: str | None) -> pl.DataFrame:
    """Kitagawa's split over product lines, for the company (group null) or each division.

    ``lines`` has the moments of division x product line x quarter. Columns: group_id, _quarter, rate_effect with its
    interval (the shares taken as given), mix_effect.
    """
    owner = pl.lit(cells.ALL) if group is None else pl.col(group)
    owned = lines.filter(pl.col("_quarter").is_not_null() & (pl.col("n") > 0)).with_columns(owner.alias("group_id"))
    owned = owned.group_by("group_id", "product_line", "_quarter").agg(pl.col("n", "total", "squares").sum())
    # The error of a line's score is the one the test of the whole uses.
    spread = pl.col("sd" if metric.kind == "mean" else "deviation")
    weighted = with_moments(owned).select(
        "group_id",
        "product_line",
        "_quarter",
        "mean",
        (pl.col("n") / pl.col("n").sum().over("group_id", "_quarter")).alias("weight"),
        (spread / pl.col("n").sqrt()).alias("error"),
    )
    before = weighted.with_columns(pl.col("_quarter") + 1)
    quarters = ["group_id", "_quarter"]
    both = weighted.select(quarters).unique().join(before.select(quarters).unique(), on=quarters)
    # A line may be missing on a side: what it brings or takes is mix.
    sides = weighted.join(before, on=["group_id", "product_line", "_quarter"], how="full", coalesce=True, suffix="_0")
    sides = sides.join(both, on=quarters)
    value = {name: sides[name].to_numpy() for name in ("mean", "mean_0", "error", "error_0")}
    w1, w0 = (sides[name].fill_null(0.0).to_numpy() for name in ("weight", "weight_0"))
    rate, mix = stats.rate_mix(w0, value["mean_0"], w1, value["mean"])
    variance = ((w0 + w1) / 2) ** 2 * (value["error"] ** 2 + value["error_0"] ** 2)
    half = stats.Z95 * pl.col("_variance").sum().sqrt()
    return (
        sides.with_columns(
            pl.Series("_rate", rate, pl.Float64),
            pl.Series("_mix", mix, pl.Float64),
            pl.Series("_variance", np.nan_to_num(variance), pl.Float64),
        )
        .group_by("group_id", "_quarter")
        .agg(
            pl.col("_rate").sum().alias("rate_effect"),
            (pl.col("_rate").sum() - half).alias("rate_effect_lo"),
            (pl.col("_rate").sum() + half).alias("rate_effect_hi"),
            pl.col("_mix").sum().alias("mix_effect"),
        )
    )


def line_moments(answers: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    """Moments of the metric by division, product line and quarter."""
    pair = pl.concat_str(pl.col("division", "product_line").fill_null(cells.UNKNOWN), separator=SEPARATOR)
    summed = metric_cells(answers.with_columns(pair.alias("_pair")), metric, {"pair": "_pair"})
    parts = pl.col("group_id").str.split_exact(SEPARATOR, 1)
    return summed.filter(pl.col("dimension") == "pair").with_columns(
        parts.struct.field("field_0").alias("division"), parts.struct.field("field_1").alias("product_line")
    )


def with_changes(pairs: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    """Add the change with interval and p, what could have been detected, and the change against the rest's change."""
    wide = rest_of_company(pairs)
    change, rest = difference(wide, metric), difference(wide, metric, "_rest", "_rest_0")
    against = stats.z_difference(change.value, change.se, rest.value, rest.se)
    found = {
        "value": change.value,
        "lo": change.lo,
        "hi": change.hi,
        "p_raw": change.p,
        "minimum_detectable": stats.minimum_detectable(change.se),
        "vs_rest_value": against.value,
        "vs_rest_lo": against.lo,
        "vs_rest_hi": against.hi,
        "vs_rest_p": against.p,
    }
    return wide.with_columns(pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in found.items())


def with_bootstrap(pairs: pl.DataFrame, answers: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    """Replace the interval of a change of means by the bootstrap's where a side has few answers, hidden cells aside."""
    few = pairs.filter((pl.min_horizontal("n", "n_0") < BOOTSTRAP_BELOW) & ~pl.col("hide_n") & ~pl.col("hide_n_0"))
    if metric.kind != "mean" or few.is_empty():
        return pairs
    scored = answers.select(
        "day",
        *DIMENSIONS.values(),
        metric.score.cast(pl.Float64).alias("_score"),
        pl.lit(cells.ALL).alias(cells.COMPANY),
    ).filter(pl.col("_score").is_not_null())
    rows = []
    for (dimension,), part in few.partition_by("dimension", as_dict=True).items():
        column = pl.col(DIMENSIONS.get(str(dimension), cells.COMPANY)).cast(pl.String).fill_null(cells.UNKNOWN)
        values = scored.select(column.alias("group_id"), cells.quarter_number("day").alias("_quarter"), "_score")
        sides = (
            values.join(
                part.select("group_id", pl.col("_quarter") - back), on=["group_id", "_quarter"], how="semi"
            ).partition_by("group_id", "_quarter", as_dict=True)
            for back in (0, 1)
        )
        after, before = sides
        for group, quarter in part.select("group_id", "_quarter").iter_rows():
            lo, hi = stats.bootstrap_difference(
                after[group, quarter]["_score"].to_numpy(), before[group, quarter - 1]["_score"].to_numpy()
            )
            rows.append((dimension, group, quarter, lo, hi))
    ends = pl.DataFrame(
        rows, schema={**{name: pairs.schema[name] for name in AT}, "_lo": pl.Float64, "_hi": pl.Float64}, orient="row"
    )
    return (
        pairs.join(ends, on=list(AT), how="left")
        .with_columns(pl.coalesce("_lo", "lo").alias("lo"), pl.coalesce("_hi", "hi").alias("hi"))
        .drop("_lo", "_hi")
    )


def _deltas_of(
    answers: pl.DataFrame, metric: Metric, *, parents: dict[str, str], as_of: date, min_cell: int
) -> pl.DataFrame:
    moments = with_moments(metric_cells(answers, metric, DIMENSIONS).filter(pl.col("n") > 0)).with_columns(
        pl.lit(metric.metric_id).alias("metric_id"),
        pl.lit(metric.basis).alias("basis"),
        pl.lit(metric.practical).alias("_practical"),
    )
    marked = protected(moments, ("n",), parents, min_cell).join(
        wordings(answers, metric, DIMENSIONS), on=list(AT), how="left", nulls_equal=True
    )
    is_over = pl.col("_quarter") <= cells.last_complete_quarter(as_of)
    # Two versions in one quarter have a mix of their own, which may shift.
    same_wording = (pl.col("wording_version") == pl.col("wording_version_0")) & ~pl.col("wording_version").str.contains(
        VERSIONS_JOINED, literal=True
    )
    pairs = paired(marked, "dimension", "group_id").filter(is_over & same_wording)
    lines = line_moments(answers, metric)
    split = pl.concat(
        rate_and_mix(lines, metric, group).with_columns(pl.lit(dimension).alias("dimension"))
        for dimension, group in ((cells.COMPANY, None), ("division", "division"))
    )
    return with_bootstrap(with_changes(pairs, metric), answers, metric).join(split, on=list(AT), how="left")


def with_verdicts(frame: pl.DataFrame) -> pl.DataFrame:
    """Adjust p within each family; add verdict and explained_by."""
    is_tested = (pl.min_horizontal("n", "n_0") >= MIN_ANSWERS) & ~pl.col("suppressed")
    family = pl.concat_str("metric_id", "basis", "dimension", "period", separator="|")
    tested = frame.with_columns(
        pl.when(is_tested).then("p_raw").alias("p_raw"), pl.when(is_tested).then(family).alias("family_id")
    )
    adjusted = pl.concat(
        part.with_columns(pl.Series("p_adj", stats.benjamini_hochberg(part["p_raw"].to_numpy()), pl.Float64))
        for part in tested.partition_by("family_id", maintain_order=True) or [tested]
    ).with_columns(pl.when(is_tested).then(pl.len().over("family_id")).alias("family_size"))
    is_change = (pl.col("p_adj") <= FALSE_DISCOVERY_RATE) & (pl.col("value").abs() >= pl.col("_practical"))
    is_rate = (pl.col("rate_effect").abs() >= pl.col("_practical")) & (
        pl.col("rate_effect_lo").sign() == pl.col("rate_effect_hi").sign()
    )
    is_mix = pl.col("mix_effect").abs() >= pl.col("_practical")
    return adjusted.with_columns(
        pl.when("suppressed")
        .then(pl.lit("suppressed"))
        .when(~is_tested)
        .then(pl.lit("insufficient_n"))
        .when(is_change & (pl.col("value") > 0))
        .then(pl.lit("improved"))
        .when(is_change)
        .then(pl.lit("declined"))
        .otherwise(pl.lit("no_evidence"))
        .alias("verdict"),
        pl.when(is_tested & is_change & pl.col("rate_effect").is_not_null())
        .then(
            pl.when(is_rate & ~is_mix)
            .then(pl.lit("rate"))
            .when(is_mix & ~is_rate)
            .then(pl.lit("mix"))
            .otherwise(pl.lit("both"))
        )
        .alias("explained_by"),
    )


def build_satisfaction_deltas(
    *,
    given: Answered,
    products: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per metric, basis, dimension, group and complete quarter whose quarter before has answers too."""
    answers = answers_of(given)
    parents = cells.parents_of(products)
    frame = pl.concat(
        _deltas_of(answers[metric.is_review], metric, parents=parents, as_of=as_of, min_cell=min_cell)
        for metric in METRICS
    ).with_columns(
        (pl.col("hide_n") | pl.col("hide_n_0")).alias("suppressed"),
        cells.quarter_label(pl.col("_quarter") - 1).alias("previous_period"),
        pl.col("n_0").alias("n_previous"),
    )
    table = TABLES["satisfaction_deltas"]
    return table.conform(
        disclosure.blank(with_verdicts(frame), table, pl.col("suppressed")), as_of=as_of, run_id=run_id
    )
