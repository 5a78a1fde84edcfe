"""Laws of segment schemes, their members and their rules.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

import polars as pl

from pipelines.analytics.law import BASE, Context, Law, breaches, registry_law, sum_law
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


def schemes_are_those_defined(context: Context) -> list[tuple[int, str]]:
    """Every scheme of the file once, at most one of them the key one, and as many segments as have members."""
    wanted = [scheme.scheme_id for scheme in schemes_of(context.others["raw.segment_definitions"])]
    sizes = context.others["analytics.segment_membership"].group_by("scheme_id").agg(pl.col("segment_id").n_unique())
    wrong = context.frame.join(sizes, on="scheme_id", how="left").filter(
        pl.col("segments") != pl.col("segment_id").fill_null(0)
    )
    missing = len(set(wanted) ^ set(context.frame["scheme_id"]))
    return [
        *([(missing, "schemes that are not those of the file")] if missing else []),
        *breaches(wrong, "schemes whose segments are not those with members"),
        *breaches(context.frame.filter("is_key_scheme").slice(1), "key schemes beside the first"),
    ]


def rules_add_up(context: Context) -> list[tuple[int, str]]:
    """Rules take everybody once, segments are what their rules take, and an overlap is what a rule does not get.

    A hidden number breaks nothing: a comparison with null is null, and filters drop it.
    """
    people = base_customers(context.others["core.dim_customers"]).height
    whole = (
        context.frame.group_by("scheme_id")
        .agg(pl.col("n").sum(), pl.col("n").is_null().any().alias("_hidden"))
        .filter((pl.col("n") > people) | (~pl.col("_hidden") & (pl.col("n") != people)))
    )
    overlap = context.frame.filter(pl.col("n_raw") != pl.col("n") + pl.col("n_taken_before"))
    sizes = context.others["analytics.segment_membership"].group_by("scheme_id", "segment_id").len()
    of_segments = (
        context.frame.filter(pl.col("segment_id").is_not_null())
        .group_by("scheme_id", "segment_id")
        .agg(pl.col("n").sum(), pl.col("suppressed").any())
        .join(sizes, on=["scheme_id", "segment_id"], how="left")
        .filter(~pl.col("suppressed") & (pl.col("n") != pl.col("len").fill_null(0)))
    )
    return (
        breaches(whole, "schemes whose rules do not take everybody once")
        + breaches(overlap, "rules whose overlap is not what others take")
        + breaches(of_segments, "segments that are not what their rules take")
    )


def history_agrees(context: Context) -> list[tuple[int, str]]:
    """The spells that last are the members of today, one each; nothing ends before it began.

    A run as of an earlier date than the last leaves the history alone, and then it speaks of a later day.
    """
    frame, members = context.frame, context.others["analytics.segment_membership"]
    is_later = frame.select((pl.max_horizontal("valid_from", "valid_to") > pl.col("as_of")).any()).item()
    member = ["customer_id", "segment_id"]
    broken = []
    # Scheme by scheme: the two longest tables there are do not stand beside each other whole.
    for scheme in pl.concat([members["scheme_id"], frame["scheme_id"]]).unique().sort():
        here, spells = (rows.filter(pl.col("scheme_id") == scheme) for rows in (members, frame))
        lasting = spells.filter(pl.col("valid_to").is_null() & pl.col("known_to").is_null())
        twice = lasting.filter(pl.col("customer_id").is_duplicated())
        backwards = spells.filter(
            (pl.col("valid_to") <= pl.col("valid_from")) | (pl.col("known_to") < pl.col("known_from"))
        )
        broken += breaches(twice, f"spells of {scheme} beside another of the member")
        broken += breaches(backwards, f"spells of {scheme} that end before they begin")
        if not is_later:
            broken += breaches(here.join(lasting, on=member, how="anti"), f"members of {scheme} without a spell")
            broken += breaches(lasting.join(here, on=member, how="anti"), f"spells of nobody in {scheme}")
    return broken


MEMBERS = {"analytics.segment_membership": ("scheme_id", "customer_id", "segment_id")}

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
    "segment_schemes": (
        Law("as_defined", "A scheme nobody defined serves nobody.", schemes_are_those_defined, DEFINED | MEMBERS),
    ),
    "segment_rules": (
        Law("add_up", "Rules that take somebody twice or not at all divide nobody.", rules_add_up, BASE | MEMBERS),
    ),
    "segment_history": (
        Law("agrees", "A history that does not end in today's members is another's.", history_agrees, MEMBERS),
    ),
    "segment_migration": (
        sum_law(
            "Everybody of a segment before stayed, moved or left.",
            "value",
            ("scheme_id", "from_segment"),
            pl.lit(value=True),
            "segments whose moves do not sum to 1",
        ),
    ),
    "scheme_quality": (registry_law("measure"),),
}
