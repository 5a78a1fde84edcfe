"""What a changed segments file would do: sizes before and after, and who moves where.

Belongs here: comparing two sets of definitions on the same facts. Stays out: reading them, and showing the result.
Counts of 1 to ``min_cell - 1`` are null: a preview is read by more people than the warehouse.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.analytics import disclosure
from pipelines.analytics.segments.membership import build_customer_tags, build_segment_membership

NEITHER = "(none)"


@dataclass(frozen=True)
class Preview:
    """``sizes``: scheme_id, segment_id, before, after; ``movers``: scheme_id, before, after, n; ``tags``: tag, before,
    after. Schemes that stay as they are, member by member, are only in ``unchanged``.
    """

    customers: int
    unchanged: tuple[str, ...]
    sizes: pl.DataFrame
    movers: pl.DataFrame
    tags: pl.DataFrame


def preview_segments(
    facts: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, *, as_of: date, min_cell: int
) -> Preview:
    """Divide the same people by both definitions; a scheme only one of them has is ``(none)`` on the other side."""

    def members(definitions: pl.DataFrame) -> pl.DataFrame:
        found = build_segment_membership(
            facts=facts, definitions=definitions, as_of=as_of, run_id="preview", min_cell=min_cell
        )
        return found.select("scheme_id", "customer_id", "segment_id")

    def tagged(definitions: pl.DataFrame, side: str) -> pl.DataFrame:
        found = build_customer_tags(facts=facts, definitions=definitions, as_of=as_of, run_id="preview")
        return found.group_by("tag").agg(pl.len().alias(side))

    both = (
        members(before)
        .join(members(after), on=["scheme_id", "customer_id"], how="full", coalesce=True, suffix="_after")
        .with_columns(pl.col("segment_id", "segment_id_after").fill_null(NEITHER))
    )
    moves = both.group_by("scheme_id", before="segment_id", after="segment_id_after").agg(pl.len().alias("n"))
    moved = moves.filter(pl.col("before") != pl.col("after"))
    changed = set(moved["scheme_id"])
    sides = [
        moves.group_by("scheme_id", segment_id=side).agg(pl.col("n").sum().alias(side)) for side in ("before", "after")
    ]
    sizes = (
        sides[0]
        .join(sides[1], on=["scheme_id", "segment_id"], how="full", coalesce=True)
        .filter(pl.col("scheme_id").is_in(changed) & (pl.col("segment_id") != NEITHER))
        .sort("scheme_id", "segment_id")
    )
    tags = tagged(before, "before").join(tagged(after, "after"), on="tag", how="full", coalesce=True).sort("tag")
    return Preview(
        customers=facts.height,
        unchanged=tuple(sorted(set(both["scheme_id"]) - changed)),
        sizes=_shown(sizes, ("before", "after"), min_cell),
        movers=_shown(
            moved.sort("scheme_id", "n", "before", "after", descending=[False, True, False, False]), ("n",), min_cell
        ),
        tags=_shown(tags, ("before", "after"), min_cell),
    )


def _shown(frame: pl.DataFrame, counts: tuple[str, ...], min_cell: int) -> pl.DataFrame:
    """Counts as they may be shown: none is zero, a small one is null."""
    filled = frame.with_columns(pl.col(counts).fill_null(0).cast(pl.Int64))
    return filled.with_columns(
        pl.when(~disclosure.is_small(pl.col(count), min_cell)).then(count).alias(count) for count in counts
    )
