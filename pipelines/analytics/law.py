"""What a law is, and the laws of more than one table.

Belongs here: the classes, and conditions tables share. Stays out: those of one topic, which stand beside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.analytics import cells, disclosure
from pipelines.analytics.carts.causes import FALSE_DISCOVERIES
from pipelines.analytics.table import Table

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Violation:
    """``count`` rows (or groups) of ``table`` break ``law``; ``detail`` says what, without naming a person."""

    law: str
    table: str
    count: int
    detail: str


@dataclass(frozen=True)
class Context:
    """The table under the law, the other frames the law needs by name, and the minimum cell."""

    table: Table
    frame: pl.DataFrame
    others: Mapping[str, pl.DataFrame]
    min_cell: int


Check = Callable[[Context], list[tuple[int, str]]]
"""Numbers of what breaks a law, each with what it is; none where the law holds."""


@dataclass(frozen=True)
class Law:
    """``why`` is for the reader of a failed check. ``reads`` names further tables with their columns."""

    name: str
    why: str
    check: Check
    reads: Mapping[str, tuple[str, ...]]


def breaches(rows: pl.DataFrame, detail: str) -> list[tuple[int, str]]:
    return [(rows.height, detail)] if rows.height else []


def schema_holds(context: Context) -> list[tuple[int, str]]:
    """The frame has the declared columns, in order, with the declared types."""
    declared, actual = context.table.schema, dict(context.frame.schema)
    wrong = [name for name, dtype in declared.items() if actual.get(name) != dtype]
    extra = [name for name in actual if name not in declared]
    return [(len(wrong) + len(extra), f"columns not as declared: {', '.join(wrong + extra)}")] if wrong or extra else []


def key_is_unique(context: Context) -> list[tuple[int, str]]:
    """No two rows share the key, and no part of it is null."""
    key = context.frame.select(context.table.key)
    # Equal keys have equal hashes: of a long table only the few rows whose hash repeats are compared by their text.
    alike = key.filter(key.hash_rows().is_duplicated())
    doubled = alike.group_by(pl.all()).len().filter(pl.col("len") > 1)
    null = key.filter(pl.any_horizontal(pl.all().is_null()))
    return breaches(doubled, "keys with more than one row") + breaches(null, "rows with a null in the key")


def one_run(context: Context) -> list[tuple[int, str]]:
    """Every row carries the same as_of and run_id."""
    stamps = context.frame.select("as_of", "run_id").unique()
    null = stamps.filter(pl.any_horizontal(pl.all().is_null()))
    return breaches(stamps if stamps.height > 1 else stamps.clear(), "stamps in one table") + breaches(
        null, "rows unstamped"
    )


def inside_interval(context: Context) -> list[tuple[int, str]]:
    """Every estimate lies in its interval, ends included; so do the further ones named <x>, <x>_lo, <x>_hi."""
    columns = set(context.table.schema)
    triples = [("value", "lo", "hi")] if "value" in columns else []
    triples += [(name, f"{name}_lo", f"{name}_hi") for name in columns if {f"{name}_lo", f"{name}_hi"} <= columns]
    triples += [(f"{n}_value", f"{n}_lo", f"{n}_hi") for n in ("overall", "vs_rest") if f"{n}_value" in columns]
    broken = []
    for value, lo, hi in sorted(triples):
        slack = TOLERANCE * pl.max_horizontal(pl.col(value).abs(), pl.lit(1.0))
        rows = context.frame.filter((pl.col(lo) > pl.col(value) + slack) | (pl.col(hi) < pl.col(value) - slack))
        broken += breaches(rows, f"rows whose {value} is outside {lo} to {hi}")
    return broken


def no_small_cell(context: Context) -> list[tuple[int, str]]:
    """No published count is 1 to min_cell - 1, and a suppressed row has no number but its key."""
    broken = []
    for count in context.table.counts:
        small = context.frame.filter(disclosure.is_small(pl.col(count), context.min_cell))
        broken += breaches(small, f"rows with {count} below {context.min_cell}")
    numbers = [n for n, t in context.table.schema.items() if t.is_numeric() and n not in context.table.key]
    shown = context.frame.filter(pl.col("suppressed") & pl.any_horizontal(pl.col(numbers).is_not_null()))
    null = context.frame.filter(pl.col("suppressed").is_null())
    return broken + breaches(shown, "suppressed rows that show a number") + breaches(null, "rows without suppressed")


def shares_sum(context: Context, value: str, by: Sequence[str], rows: pl.Expr, detail: str) -> list[tuple[int, str]]:
    """The sum of ``value`` over ``by`` is 1, or at most 1 where a row of it is hidden."""
    is_hidden = pl.col(value).is_null() | pl.col("suppressed")
    sums = context.frame.filter(rows).group_by(by).agg(pl.col(value).sum(), is_hidden.any().alias("_hidden"))
    excess = pl.col(value) - 1
    return breaches(sums.filter((excess > TOLERANCE) | (~pl.col("_hidden") & (excess < -TOLERANCE))), detail)


def adjustment_is_fair(context: Context) -> list[tuple[int, str]]:
    """An adjusted p is never below the raw one, and exists exactly where there was a test in a family."""
    below = context.frame.filter(pl.col("p_adj") < pl.col("p_raw") - TOLERANCE)
    tested = pl.col("family_id").is_not_null()
    loose = context.frame.filter((pl.col("p_adj").is_not_null() != tested) | (pl.col("p_raw").is_not_null() != tested))
    families = (
        context.frame.filter(tested)
        .group_by("family_id")
        .agg(pl.len(), pl.col("family_size").n_unique().alias("_s"), pl.col("family_size").max())
    )
    sizes = families.filter((pl.col("len") != pl.col("family_size")) | (pl.col("_s") != 1))
    return (
        breaches(below, "adjusted p below raw p")
        + breaches(loose, "rows with a p but no family, or the reverse")
        + breaches(sizes, "families whose size is not their number of tests")
    )


def sides_are_earned(context: Context, ratio: str) -> list[tuple[int, str]]:
    """Higher and lower need the ratio's side of 1 and a p that stays small; suppressed rows say so; no other words."""
    words = ("higher", "lower", "no_evidence", "insufficient_n", "suppressed", "untested")
    verdict, odds = pl.col("verdict"), pl.col(ratio)
    other = context.frame.filter(~verdict.is_in(words) | verdict.is_null())
    is_wrong = pl.when(verdict == "higher").then(odds <= 1).otherwise(odds >= 1)
    found = context.frame.filter(verdict.is_in(("higher", "lower")))
    unearned = found.filter(is_wrong.fill_null(value=True) | (pl.col("p_adj").fill_null(1.0) > FALSE_DISCOVERIES))
    hidden = context.frame.filter((verdict == "suppressed") != pl.col("suppressed"))
    return (
        breaches(other, "verdicts that are not one of the six")
        + breaches(unearned, "verdicts without a test or against its side")
        + breaches(hidden, "verdicts that do not say suppressed, or wrongly do")
    )


def hidden_stays_hidden(
    context: Context, count: str, by: Sequence[str], cell: tuple[str, str, str | None]
) -> list[tuple[int, str]]:
    """No hidden count follows exactly from the published ones by the sums readers know."""
    dimension, group, period = cell
    parents = cells.parents_of(context.others["core.dim_products"]) if "core.dim_products" in context.others else {}
    rows = context.frame.with_columns((pl.col(period) if period else pl.lit(cells.ALL)).alias("_period"))
    broken = 0
    for part in rows.partition_by(by) if by else [rows]:
        hidden = [place for place, value in enumerate(part["suppressed"]) if value]
        if hidden:
            names: list[disclosure.Cell] = part.select(dimension, group, "_period").rows()
            broken += len(disclosure.derivable(hidden, disclosure.sums_of(names, parents)))
    return [(broken, f"suppressed rows whose {count} follows from the published ones")] if broken else []


def metrics_are_registered(context: Context, column: str) -> list[tuple[int, str]]:
    """Every metric of the table stands in the registry."""
    known = context.others["analytics.metrics"]["metric_id"]
    return breaches(
        context.frame.filter(~pl.col(column).is_in(known.implode())), f"rows whose {column} is in no registry"
    )


NOTHING: Mapping[str, tuple[str, ...]] = {}
PRODUCTS = {"core.dim_products": ("product_line", "division")}
BASE = {"core.dim_customers": ("customer_id", "is_identified", "is_staff")}
REGISTRY = {"analytics.metrics": ("metric_id",)}

ALWAYS = (
    Law("schema", "Readers rely on the declared columns and types.", schema_holds, NOTHING),
    Law("key_unique", "One row is one thing; two rows of one key are counted twice.", key_is_unique, NOTHING),
    Law("one_run", "A table mixes no dates and no runs.", one_run, NOTHING),
)
ESTIMATES = (
    Law(
        "inside_interval", "An estimate outside its own interval is an error of computation.", inside_interval, NOTHING
    ),
    Law("no_small_cell", "A small count can name a person.", no_small_cell, NOTHING),
)
FAMILY = Law("adjustment", "Many tests at once find something by chance.", adjustment_is_fair, NOTHING)


def sum_law(why: str, value: str, by: Sequence[str], rows: pl.Expr, detail: str) -> Law:
    return Law(f"{value}_sums_to_1", why, lambda context: shares_sum(context, value, by, rows, detail), NOTHING)


def hidden_law(by: Sequence[str], cell: tuple[str, str, str | None], count: str = "n") -> Law:
    why = "A hidden count that follows from the totals is not hidden."
    return Law("hidden_stays_hidden", why, lambda context: hidden_stays_hidden(context, count, by, cell), PRODUCTS)


def side_law(ratio: str) -> Law:
    why = "A verdict is a test's, in its direction."
    return Law("verdicts", why, lambda context: sides_are_earned(context, ratio), NOTHING)


def registry_law(column: str) -> Law:
    why = "A number without a definition is no metric."
    return Law("metrics_registered", why, lambda context: metrics_are_registered(context, column), REGISTRY)
