"""The registry of schemes, and what each rule does: matches, matches first, narrowly misses, takes from others.

Belongs here: the two tables that tell how segments come about. Stays out: how good a scheme is (scheme_quality.py) and
what its segments look like (profiles.py).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics import cells, disclosure, stats
from pipelines.analytics.segments.schemes import TAG, Rule, Scheme, schemes_of
from pipelines.analytics.tables import TABLES

AT = ["scheme_id", "rule_number"]


def build_segment_schemes(
    *, membership: pl.DataFrame, definitions: pl.DataFrame, as_of: date, run_id: str
) -> pl.DataFrame:
    """One row per scheme: what it is for, who answers for it, how it is made, how many segments it has."""
    first = definitions.filter((pl.col("form") != TAG) & (pl.col("rule_number") == 1)).rename(
        {"is_key": "is_key_scheme"}
    )
    found = membership.group_by("scheme_id").agg(pl.col("segment_id").n_unique().cast(pl.Int64).alias("segments"))
    frame = first.join(found, on="scheme_id", how="left").with_columns(pl.col("segments").fill_null(0))
    return TABLES["segment_schemes"].conform(frame, as_of=as_of, run_id=run_id)


def build_segment_rules(
    *,
    facts: pl.DataFrame,
    membership: pl.DataFrame,
    definitions: pl.DataFrame,
    as_of: date,
    run_id: str,
    min_cell: int,
) -> pl.DataFrame:
    """One row per scheme and rule, ``otherwise`` last; schemes of values and crossed ones have two: named and the rest.

    Rules of one segment are hidden together with it, so that no hidden size of ``segment_profiles`` follows from them.
    """
    table = TABLES["segment_rules"]
    if membership.is_empty():
        return table.empty()
    counted = pl.concat(
        _tried(facts, scheme) if scheme.form == "rules" else _named(membership, scheme)
        for scheme in schemes_of(definitions)
    )
    told = definitions.filter(pl.col("form") != TAG).select(*AT, "segment_id", "condition", "words", "is_otherwise")
    frame = _protected(told.join(counted, on=AT, how="left"), facts.height, min_cell)
    share = stats.wilson(frame["n"].cast(pl.Float64).fill_null(0).to_numpy(), [facts.height] * frame.height)
    frame = frame.with_columns(
        *(pl.Series(name, getattr(share, name), pl.Float64) for name in ("value", "lo", "hi")),
        pl.lit("customers").alias("basis"),
    )
    return table.conform(disclosure.blank(frame, table, pl.col("_hide")), as_of=as_of, run_id=run_id)


def _tried(facts: pl.DataFrame, scheme: Scheme) -> pl.DataFrame:
    """Counts of a scheme of rules: every rule on its own, and in its turn."""

    def matches(rule: Rule) -> pl.Expr:
        return pl.lit(value=True) if rule.condition is None else rule.condition.matches

    numbers = range(1, len(scheme.rules) + 1)
    first = pl.coalesce(
        pl.when(matches(rule)).then(pl.lit(number)) for number, rule in zip(numbers, scheme.rules, strict=True)
    )
    tried = facts.select(
        first.alias("_first"),
        *(
            matches(rule).alias(f"raw_{number}")
            for number, rule in zip(numbers, scheme.rules, strict=True)
            if rule.condition is not None
        ),
        *(
            rule.condition.narrowly_missed.alias(f"near_{number}")
            for number, rule in zip(numbers, scheme.rules, strict=True)
            if rule.condition is not None
        ),
    )
    by_first = tried.group_by("_first").agg(pl.len(), pl.exclude("_first").sum()).sort("_first")
    rows = []
    for number, rule in zip(numbers, scheme.rules, strict=True):
        own = by_first.filter(pl.col("_first") == number)
        n = int(own["len"].sum())
        row: dict[str, object] = {"scheme_id": scheme.scheme_id, "rule_number": number, "n": n}
        if rule.condition is not None:
            taken = by_first.filter((pl.col("_first") < number) & (pl.col(f"raw_{number}") > 0))
            most = taken.sort(f"raw_{number}", "_first", descending=[True, False])["_first"].to_list()
            row |= {
                "n_raw": int(by_first[f"raw_{number}"].sum()),
                "n_near": int(by_first[f"near_{number}"].sum()),
                "n_taken_before": int(taken[f"raw_{number}"].sum()),
                "most_taken_by": scheme.rules[most[0] - 1].segment_id if most else None,
            }
        rows.append(row)
    return pl.DataFrame(rows, schema=_COUNTED)


def _named(membership: pl.DataFrame, scheme: Scheme) -> pl.DataFrame:
    """Counts of a scheme made of values or of two others: those it names, and those it cannot."""
    segments = membership.filter(pl.col("scheme_id") == scheme.scheme_id)["segment_id"]
    rest = int((segments == scheme.otherwise.segment_id).sum())
    return pl.DataFrame(
        [
            {"scheme_id": scheme.scheme_id, "rule_number": number, "n": n}
            for number, n in ((1, segments.len() - rest), (2, rest))
        ],
        schema=_COUNTED,
    )


_COUNTED = {
    "scheme_id": pl.String(),
    "rule_number": pl.Int32(),
    "n": pl.Int64(),
    "n_raw": pl.Int64(),
    "n_near": pl.Int64(),
    "n_taken_before": pl.Int64(),
    "most_taken_by": pl.String(),
}


def _protected(frame: pl.DataFrame, base: int, min_cell: int) -> pl.DataFrame:
    """Add ``_hide`` for rules whose size must not be seen, and blank the further counts that are small or give one."""
    segment = pl.col("segment_id").fill_null("named")
    sizes = frame.group_by("scheme_id", segment).agg(pl.col("n").sum())
    company = pl.DataFrame({"scheme_id": [cells.COMPANY], "segment_id": [cells.ALL], "n": [base]}, schema=sizes.schema)
    hidden = disclosure.protect(
        pl.concat([company, sizes]),
        ("n",),
        table_by=(),
        dimension="scheme_id",
        group="segment_id",
        period=None,
        min_cell=min_cell,
    ).select("scheme_id", "segment_id", "hide_n")
    within = ("scheme_id", segment)
    small = disclosure.is_small(pl.col("n"), min_cell).any().over(within)
    marked = (
        frame.with_columns(segment.alias("_segment"), small.alias("_small"))
        .join(hidden, left_on=["scheme_id", "_segment"], right_on=["scheme_id", "segment_id"], how="left")
        .with_columns((pl.col("hide_n").fill_null(value=False) | pl.col("_small")).alias("_hide"))
    )
    gives = disclosure.is_small(pl.col("n_raw"), min_cell) | disclosure.is_small(pl.col("n_taken_before"), min_cell)
    near = disclosure.is_small(pl.col("n_near"), min_cell)
    return marked.with_columns(
        *(pl.when(~gives.fill_null(value=False)).then(name).alias(name) for name in ("n_raw", "n_taken_before")),
        pl.when(~near.fill_null(value=False)).then("n_near").alias("n_near"),
        pl.when(~gives.fill_null(value=False)).then("most_taken_by").alias("most_taken_by"),
    )
