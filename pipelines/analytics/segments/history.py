"""Since when each customer is in which segment, and what moved those who moved.

Belongs here: the history after a run, from the history before it. Stays out: the matrix of moves (migration.py) and
where the history is kept (``pipelines.defs.segment_state``).

Valid time is when it is true of the person: ``valid_from`` the as-of date at which a run found the segment,
``valid_to`` the date at which a later one found another. Known time is when the house believed it: ``known_from`` the
run that said so, ``known_to`` the run that took it back, which happens where one date is computed again from other
data. Rows are added and closed, never taken out. The same members add nothing, and a run as of an earlier date than the
last adds nothing either: what was found since is not unlearnt.

Why a person moved: a fact is named if the person would still be in the old segment had that fact alone not changed.
Where no fact alone keeps them there, all facts of the scheme that changed are named, joined by ``+``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from pipelines.analytics.segments.facts import FACTS, TYPES
from pipelines.analytics.segments.schemes import Scheme, assign, schemes_of
from pipelines.analytics.tables import TABLES

TIME = pl.Datetime("us")
HISTORY = {
    "scheme_id": pl.String(),
    "customer_id": pl.String(),
    "segment_id": pl.String(),
    "previous_segment": pl.String(),
    "moved_by": pl.String(),
    "valid_from": pl.Date(),
    "valid_to": pl.Date(),
    "known_from": TIME,
    "known_to": TIME,
    "found_by_run": pl.String(),
}
"""Columns of the kept history."""
LAST_FACTS = {"as_of": pl.Date(), "customer_id": pl.String(), **{f.name: TYPES[f.kind] for f in FACTS.values()}}
"""Columns of the facts the last run decided from, kept to tell what changed."""

MEMBER = ["scheme_id", "customer_id"]
DEFINITION_CHANGED, CORRECTED, CELL_SIZE = "definition", "correction", "cell size"


@dataclass(frozen=True)
class Moment:
    """The run that writes the history: the date it speaks of, the instant it knows, its id."""

    as_of: date
    known_at: datetime
    run_id: str


def history_after(
    kept: pl.DataFrame,
    last_facts: pl.DataFrame,
    *,
    membership: pl.DataFrame,
    facts: pl.DataFrame,
    definitions: pl.DataFrame,
    now: Moment,
) -> Iterator[pl.DataFrame]:
    """The whole history after this run: columns of ``HISTORY``, one row a spell in a segment; a frame a scheme.

    A row a person and scheme is the longest table there is, so it is made scheme by scheme, in the order of their ids.
    """
    schemes = pl.concat([kept["scheme_id"], membership["scheme_id"]]).unique().sort().to_list()
    before = last_facts["as_of"].max()
    if (isinstance(before, date) and now.as_of < before) or not schemes:
        yield kept
        return
    changes = {
        scheme: _changes(*(frame.filter(pl.col("scheme_id") == scheme) for frame in (kept, membership)), now=now)
        for scheme in schemes
    }
    moved = pl.concat([change.moved for change in changes.values()])
    told = moved.join(
        reasons(moved.filter(~pl.col("_corrected")), last_facts, facts=facts, schemes=schemes_of(definitions)),
        on=MEMBER,
        how="left",
    ).with_columns(pl.when("_corrected").then(pl.lit(CORRECTED)).otherwise("moved_by").alias("moved_by"))
    for scheme in schemes:
        change = changes.pop(scheme)
        yield pl.concat([change.stays, change.added, _found(told.filter(pl.col("scheme_id") == scheme), now)])


@dataclass(frozen=True)
class _Changes:
    """Of one scheme: rows that stay or were closed, rows of people new to it (both ``HISTORY``), and who moved."""

    stays: pl.DataFrame
    added: pl.DataFrame
    moved: pl.DataFrame


def _changes(kept: pl.DataFrame, membership: pl.DataFrame, *, now: Moment) -> _Changes:
    is_open = pl.col("valid_to").is_null() & pl.col("known_to").is_null()
    spells = kept.filter(is_open).join(
        membership.select(*MEMBER, pl.col("segment_id").alias("_now")), on=MEMBER, how="left"
    )
    over = spells.filter(pl.col("segment_id").ne_missing(pl.col("_now")))
    closed = kept.join(over.select(*MEMBER, "valid_from", "known_from"), on=[*MEMBER, "valid_from", "known_from"])
    is_corrected = pl.col("valid_from") == now.as_of
    ended = closed.with_columns(
        pl.when(is_corrected).then("valid_to").otherwise(pl.lit(now.as_of)).alias("valid_to"),
        pl.when(is_corrected).then(pl.lit(now.known_at, dtype=TIME)).otherwise("known_to").alias("known_to"),
    )
    rest = kept.join(closed, on=[*MEMBER, "valid_from", "known_from"], how="anti")
    moved = over.filter(pl.col("_now").is_not_null()).select(
        *MEMBER,
        pl.when(is_corrected).then("previous_segment").otherwise("segment_id").alias("previous_segment"),
        is_corrected.alias("_corrected"),
        pl.col("_now").alias("segment_id"),
    )
    nothing = pl.lit(None, pl.String)
    new = membership.join(spells, on=MEMBER, how="anti").select(
        *MEMBER, "segment_id", nothing.alias("previous_segment"), nothing.alias("moved_by")
    )
    return _Changes(pl.concat([_typed(rest), _typed(ended)]), _found(new, now), moved)


def _found(rows: pl.DataFrame, now: Moment) -> pl.DataFrame:
    """Rows of ``HISTORY`` that this run found: true from its date on, known from now on."""
    return _typed(
        rows.with_columns(
            pl.lit(now.as_of).alias("valid_from"),
            pl.lit(None, pl.Date).alias("valid_to"),
            pl.lit(now.known_at, dtype=TIME).alias("known_from"),
            pl.lit(None, TIME).alias("known_to"),
            pl.lit(now.run_id).alias("found_by_run"),
        )
    )


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) for name, kind in HISTORY.items())


def facts_to_keep(last_facts: pl.DataFrame, facts: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Columns of ``LAST_FACTS``: the facts of this run, unless the last one spoke of a later date."""
    before = last_facts["as_of"].max()
    if isinstance(before, date) and as_of < before:
        return last_facts
    return facts.select(pl.lit(as_of).alias("as_of"), "customer_id", *FACTS)


def reasons(
    moved: pl.DataFrame, last_facts: pl.DataFrame, *, facts: pl.DataFrame, schemes: Sequence[Scheme]
) -> pl.DataFrame:
    """scheme_id, customer_id, moved_by of people who moved (with ``previous_segment``)."""
    parts: list[pl.DataFrame] = []
    for scheme in schemes:
        movers = moved.filter(pl.col("scheme_id") == scheme.scheme_id)
        if movers.is_empty():
            continue
        if scheme.form == "crossed":
            parents = moved.filter(pl.col("scheme_id").is_in(scheme.source)).group_by("customer_id")
            of_parents = parents.agg(pl.col("scheme_id").sort().str.join(", ").alias("moved_by"))
            found = movers.join(of_parents, on="customer_id", how="left").with_columns(
                pl.col("moved_by").fill_null(CELL_SIZE)
            )
        else:
            found = _reasons_of(movers, last_facts, facts, scheme)
        parts.append(found.select(*MEMBER, "moved_by"))
    return pl.concat(parts) if parts else moved.select(*MEMBER, pl.lit(None, pl.String).alias("moved_by"))


def _reasons_of(movers: pl.DataFrame, last_facts: pl.DataFrame, facts: pl.DataFrame, scheme: Scheme) -> pl.DataFrame:
    """``movers`` of one scheme with what moved each."""
    used = set(scheme.source).union(*(rule.condition.facts for rule in scheme.rules if rule.condition))
    names = [name for name in FACTS if name in used]
    people = movers.select("customer_id", "previous_segment")
    today = people.join(facts, on="customer_id")
    then = today.select("customer_id").join(
        last_facts.drop("as_of"), on="customer_id", how="left", maintain_order="left"
    )

    def stays(frame: pl.DataFrame) -> pl.Series:
        found = today.select("customer_id", "previous_segment").join(
            assign(frame, scheme), on="customer_id", maintain_order="left"
        )
        return found["segment_id"] == found["previous_segment"]

    told = today.select("customer_id").with_columns(
        stays(then).alias("_by_facts"),
        *(today[name].ne_missing(then[name]).alias(f"changed_{name}") for name in names),
        *(stays(today.with_columns(then[name])).alias(f"alone_{name}") for name in names),
    )

    def listed(prefix: str, separator: str) -> pl.Expr:
        return pl.concat_str(
            [pl.when(f"{prefix}_{name}").then(pl.lit(name)) for name in names], separator=separator, ignore_nulls=True
        )

    alone, changed = listed("alone", ", "), listed("changed", " + ")
    return movers.join(
        told.select(
            "customer_id",
            pl.when(~pl.col("_by_facts"))
            .then(pl.lit(DEFINITION_CHANGED))
            .when(alone != "")
            .then(alone)
            .otherwise(changed)
            .alias("moved_by"),
        ),
        on="customer_id",
        how="left",
    )


def build_segment_history(
    kept: pl.DataFrame,
    last_facts: pl.DataFrame,
    *,
    membership: pl.DataFrame,
    facts: pl.DataFrame,
    definitions: pl.DataFrame,
    known_at: datetime,
    as_of: date,
    run_id: str,
) -> pl.DataFrame:
    """One row per scheme, customer and spell in a segment, as the house believed it then and believes it now."""
    parts = history_after(
        kept,
        last_facts,
        membership=membership,
        facts=facts,
        definitions=definitions,
        now=Moment(as_of, known_at, run_id),
    )
    # Sorted part by part: the key begins with the scheme.
    return pl.concat(TABLES["segment_history"].conform(part, as_of=as_of, run_id=run_id) for part in parts)
