"""Schemes as the run read them: rows of rules turned into rules that can be tried on facts.

Belongs here: the columns of ``raw.segment_definitions``, the parsed scheme, and trying its rules. Stays out: reading
the file (``pipelines.segments``), the grammar (``conditions.py``) and the table of members (``membership.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.analytics.cells import UNKNOWN
from pipelines.analytics.segments.conditions import Condition, parse
from pipelines.analytics.segments.facts import FACTS

DEFINITION = {
    "scheme_number": pl.Int32(),
    "scheme_id": pl.String(),
    "form": pl.String(),
    "goal": pl.String(),
    "owner": pl.String(),
    "basis": pl.String(),
    "refresh": pl.String(),
    "is_key": pl.Boolean(),
    "source": pl.String(),
    "rule_number": pl.Int32(),
    "segment_id": pl.String(),
    "condition": pl.String(),
    "words": pl.String(),
    "is_otherwise": pl.Boolean(),
}
"""Columns of the definitions: one row per scheme and rule, the one of ``otherwise`` last."""

TAG = "tag"
"""Form of a definition that is no scheme: people may have many tags or none."""

REST = "other"
"""Ending of a crossed segment that gathers what is too small, and the segment of what is too small even then."""


@dataclass(frozen=True)
class Rule:
    """``condition`` puts a person in ``segment_id``; none for otherwise, and for schemes without rules."""

    segment_id: str | None
    condition: Condition | None
    text: str | None
    words: str


@dataclass(frozen=True)
class Scheme:
    """One exclusive and complete way to divide customers. ``rules`` are tried in order; the last takes who is left."""

    scheme_id: str
    form: str
    source: tuple[str, ...]
    rules: tuple[Rule, ...]

    @property
    def otherwise(self) -> Rule:
        return self.rules[-1]

    @property
    def segment_ids(self) -> tuple[str, ...]:
        """Segments by name; none for those made of values or of other schemes."""
        return tuple(dict.fromkeys(rule.segment_id for rule in self.rules if rule.segment_id))


def schemes_of(definitions: pl.DataFrame) -> tuple[Scheme, ...]:
    """The schemes of the definitions, in the order of the file."""
    ordered = definitions.filter(pl.col("form") != TAG).sort("scheme_number", "rule_number")
    found = []
    for part in ordered.partition_by("scheme_number", maintain_order=True):
        first = part.row(0, named=True)
        rules = tuple(_rule(row) for row in part.iter_rows(named=True))
        found.append(Scheme(first["scheme_id"], first["form"], tuple((first["source"] or "").split()), rules))
    return tuple(found)


def tags_of(definitions: pl.DataFrame) -> tuple[Rule, ...]:
    """The tags of the definitions, in the order of the file."""
    rows = definitions.filter(pl.col("form") == TAG).sort("scheme_number")
    return tuple(_rule(row) for row in rows.iter_rows(named=True))


def _rule(row: dict[str, Any]) -> Rule:
    condition = parse(row["condition"], FACTS) if row["condition"] else None
    return Rule(row["segment_id"], condition, row["condition"], row["words"])


def assign(facts: pl.DataFrame, scheme: Scheme) -> pl.DataFrame:
    """customer_id, segment_id, reason of one scheme of rules or values. The first rule that matches wins."""
    if scheme.form == "values":
        return _by_value(facts, scheme)
    tried = [
        pl.when(rule.condition.matches).then(pl.lit(number))
        for number, rule in enumerate(scheme.rules)
        if rule.condition is not None
    ]
    numbers = range(len(scheme.rules))
    first = pl.coalesce(*tried, pl.lit(len(scheme.rules) - 1))
    return facts.select("customer_id", first.alias("_rule")).select(
        "customer_id",
        pl.col("_rule")
        .replace_strict(numbers, [r.segment_id for r in scheme.rules], return_dtype=pl.String)
        .alias("segment_id"),
        pl.col("_rule")
        .replace_strict(numbers, [r.words for r in scheme.rules], return_dtype=pl.String)
        .alias("reason"),
    )


def _by_value(facts: pl.DataFrame, scheme: Scheme) -> pl.DataFrame:
    known, unknown = scheme.rules
    value = pl.col(scheme.source[0])
    return facts.select(
        "customer_id",
        value.fill_null(unknown.segment_id or UNKNOWN).alias("segment_id"),
        pl.when(value.is_not_null()).then(pl.lit(known.words)).otherwise(pl.lit(unknown.words)).alias("reason"),
    )


def cross(first: pl.DataFrame, second: pl.DataFrame, scheme: Scheme, minimum: int) -> pl.DataFrame:
    """customer_id, segment_id, reason of two schemes crossed: cells below ``minimum`` become ``<first>__other``.

    What is still too small is gathered in the scheme's otherwise.
    """
    joined = first.join(second, on="customer_id", suffix="_2").with_columns(
        pl.concat_str("segment_id", "segment_id_2", separator="__").alias("_cell"),
        pl.concat_str("segment_id", pl.lit(REST), separator="__").alias("_rest"),
    )
    kept = pl.len().over("_cell") >= minimum
    joined = joined.with_columns(kept.alias("_kept"))
    rest_is_enough = pl.len().over("_rest", "_kept") >= minimum
    crossed, otherwise = scheme.rules
    return joined.select(
        "customer_id",
        pl.when("_kept")
        .then("_cell")
        .when(rest_is_enough)
        .then("_rest")
        .otherwise(pl.lit(otherwise.segment_id))
        .alias("segment_id"),
        pl.when("_kept").then(pl.lit(crossed.words)).otherwise(pl.lit(otherwise.words)).alias("reason"),
    )


def memberships(facts: pl.DataFrame, schemes: Sequence[Scheme], *, min_cell: int) -> pl.DataFrame:
    """scheme_id, customer_id, segment_id, reason: everybody once in every scheme."""
    found: dict[str, pl.DataFrame] = {}
    for scheme in schemes:
        if scheme.form == "crossed":
            first, second = (found[name] for name in scheme.source)
            found[scheme.scheme_id] = cross(first, second, scheme, min_cell)
        else:
            found[scheme.scheme_id] = assign(facts, scheme)
    return pl.concat(
        frame.select(pl.lit(name).alias("scheme_id"), "customer_id", "segment_id", "reason")
        for name, frame in found.items()
    )
