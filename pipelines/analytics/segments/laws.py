"""Laws of the tables of who customers are and what they are worth.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import (
    BASE,
    FAMILY,
    Context,
    Law,
    breaches,
    hidden_law,
    registry_law,
    side_law,
    sum_law,
)
from pipelines.analytics.segments import value_laws
from pipelines.analytics.segments.schemes import DEFINITION, REST, Scheme, schemes_of
from pipelines.analytics.segments.value import base_customers

DEFINED = {"raw.segment_definitions": tuple(DEFINITION)}


def segments_partition(context: Context) -> list[tuple[int, str]]:
    """Every base customer is in exactly one segment of every scheme, nobody else is, and segments are declared ones."""
    base = base_customers(context.others["core.dim_customers"]).select("customer_id")
    broken = []
    schemes = schemes_of(context.others["raw.segment_definitions"])
    for defined in schemes:
        scheme = defined.scheme_id
        members = context.frame.filter(pl.col("scheme_id") == scheme)
        broken += breaches(base.join(members, on="customer_id", how="anti"), f"customers in no segment of {scheme}")
        broken += breaches(members.join(base, on="customer_id", how="anti"), f"members of {scheme} outside the base")
        twice = members.group_by("customer_id").len().filter(pl.col("len") > 1)
        broken += breaches(twice, f"customers in more than one segment of {scheme}")
        strange = members.filter(~_is_declared(defined, context.frame))
        broken += breaches(strange, f"members of {scheme} in a segment the scheme does not have")
    null = context.frame.filter(pl.col("segment_id").is_null())
    unknown = context.frame.filter(~pl.col("scheme_id").is_in([scheme.scheme_id for scheme in schemes]))
    return broken + breaches(null, "members without a segment") + breaches(unknown, "members of a scheme not declared")


def _is_declared(scheme: Scheme, members: pl.DataFrame) -> pl.Expr:
    """Whether a segment is one of the scheme's own; of a crossed one, whether both its parts are of their schemes."""
    named = pl.col("segment_id").is_in(scheme.segment_ids)
    if scheme.form == "rules":
        return named
    if scheme.form == "values":
        return pl.lit(value=True)
    parts = pl.col("segment_id").str.split_exact("__", 1).struct
    first, second = (
        members.filter(pl.col("scheme_id") == crossed)["segment_id"].unique().to_list() for crossed in scheme.source
    )
    return named | (parts[0].is_in(first) & parts[1].is_in([*second, REST]))


LAWS: dict[str, tuple[Law, ...]] = {
    "segment_membership": (
        Law(
            "partition",
            "Segments divide the base: nobody is left out or counted twice.",
            segments_partition,
            BASE | DEFINED,
        ),
    ),
    "segment_profiles": (
        sum_law(
            "Segments divide the base, so their shares of it sum to 1.",
            "value",
            ("scheme_id", "measure"),
            pl.col("measure").is_in(("share", "revenue_share")),
            "schemes whose shares do not sum to 1",
        ),
        hidden_law(("measure",), ("scheme_id", "segment_id", None)),
        registry_law("measure"),
    ),
    "segment_contrasts": (
        FAMILY,
        side_law("ratio"),
        hidden_law(("measure",), ("scheme_id", "group_id", None)),
        registry_law("measure"),
    ),
    **value_laws.LAWS,
}
