"""Laws of the tables of who customers are and what they are worth.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import (
    BASE,
    FAMILY,
    TOLERANCE,
    Context,
    Law,
    breaches,
    hidden_law,
    registry_law,
    side_law,
    sum_law,
)
from pipelines.analytics.segments import value_laws
from pipelines.analytics.segments.needs import ENOUGH_ORDERS, ENOUGH_TEXTS, MARGIN, MIXED, NEEDS
from pipelines.analytics.segments.schemes import DEFINITION, REST, Scheme, schemes_of, tags_of
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


def tags_are_declared(context: Context) -> list[tuple[int, str]]:
    """Every tag stands in the segments file, with its words, and only customers of the base have one."""
    declared = [(rule.segment_id, rule.words) for rule in tags_of(context.others["raw.segment_definitions"])]
    known = pl.DataFrame(declared, schema={"tag": pl.String, "reason": pl.String}, orient="row")
    base = base_customers(context.others["core.dim_customers"]).select("customer_id")
    return breaches(
        context.frame.join(known, on=["tag", "reason"], how="anti"), "tags not as the segments file says"
    ) + breaches(context.frame.join(base, on="customer_id", how="anti"), "tags of people outside the base")


def needs_rest_on_evidence(context: Context) -> list[tuple[int, str]]:
    """Everybody of the base once; a need but mixed leads by the margin, is the highest score, and rests on enough."""
    base = base_customers(context.others["core.dim_customers"]).select("customer_id")
    missing = base.join(context.frame, on="customer_id", how="anti")
    outside = context.frame.join(base, on="customer_id", how="anti")
    is_named = pl.col("need") != MIXED
    own = pl.coalesce(pl.when(pl.col("need") == need).then(pl.col(need)) for need in NEEDS)
    leads = (pl.col("margin") >= MARGIN) & (own >= pl.max_horizontal(NEEDS) - TOLERANCE)
    on_deeds = (pl.col("valid_orders") >= ENOUGH_ORDERS) | (pl.col("texts") >= ENOUGH_TEXTS)
    basis = pl.col("need_basis")
    is_loose = (
        ((basis == "stated") != (pl.col("importance_answers") > 0))
        | ((basis == "observed") & ~on_deeds)
        | ((basis == "none") & is_named)
    )
    trailing = context.frame.filter(is_named & ~leads.fill_null(value=False))
    return (
        breaches(missing, "customers without a need")
        + breaches(outside, "needs of people outside the base")
        + breaches(trailing, "needs that do not lead by the margin")
        + breaches(context.frame.filter(is_loose), "needs whose basis does not bear them")
    )


LAWS: dict[str, tuple[Law, ...]] = {
    "segment_membership": (
        Law(
            "partition",
            "Segments divide the base: nobody is left out or counted twice.",
            segments_partition,
            BASE | DEFINED,
        ),
    ),
    "customer_tags": (Law("tags_declared", "A tag nobody defined means nothing.", tags_are_declared, BASE | DEFINED),),
    "customer_needs": (Law("evidence", "A need without a lead or evidence is a guess.", needs_rest_on_evidence, BASE),),
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
