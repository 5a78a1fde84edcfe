"""Laws every analytics table must keep, as pure checks that return what breaks them.

Belongs here: conditions that hold by definition, whatever the data (funnels never widen, segments partition, shares
sum to 1, mix + rate = total …). Stays out: distributions and thresholds on data, which are the quality suites'.

A law takes the frames of its tables and returns violations; none means it holds. Orchestration turns each into a check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.analytics import cells, disclosure
from pipelines.analytics.build import Read, as_float
from pipelines.analytics.causes import FALSE_DISCOVERIES
from pipelines.analytics.segments import RULE_SCHEMES, SCHEME_IDS
from pipelines.analytics.tables import TABLES, Table
from pipelines.analytics.value import base_customers

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


def _found(rows: pl.DataFrame, detail: str) -> list[tuple[int, str]]:
    return [(rows.height, detail)] if rows.height else []


def schema_holds(context: Context) -> list[tuple[int, str]]:
    """The frame has the declared columns, in order, with the declared types."""
    declared, actual = context.table.schema, dict(context.frame.schema)
    wrong = [name for name, dtype in declared.items() if actual.get(name) != dtype]
    extra = [name for name in actual if name not in declared]
    return [(len(wrong) + len(extra), f"columns not as declared: {', '.join(wrong + extra)}")] if wrong or extra else []


def key_is_unique(context: Context) -> list[tuple[int, str]]:
    """No two rows share the key, and no part of it is null."""
    key = list(context.table.key)
    doubled = context.frame.group_by(key).len().filter(pl.col("len") > 1)
    null = context.frame.filter(pl.any_horizontal(pl.col(key).is_null()))
    return _found(doubled, "keys with more than one row") + _found(null, "rows with a null in the key")


def one_run(context: Context) -> list[tuple[int, str]]:
    """Every row carries the same as_of and run_id."""
    stamps = context.frame.select("as_of", "run_id").unique()
    null = stamps.filter(pl.any_horizontal(pl.all().is_null()))
    return _found(stamps if stamps.height > 1 else stamps.clear(), "stamps in one table") + _found(
        null, "rows unstamped"
    )


def inside_interval(context: Context) -> list[tuple[int, str]]:
    """Every estimate lies in its interval, ends included; so do the further ones named <x>, <x>_lo, <x>_hi."""
    columns = set(context.table.schema)
    triples = [("value", "lo", "hi")]
    triples += [(name, f"{name}_lo", f"{name}_hi") for name in columns if {f"{name}_lo", f"{name}_hi"} <= columns]
    triples += [(f"{n}_value", f"{n}_lo", f"{n}_hi") for n in ("overall", "vs_rest") if f"{n}_value" in columns]
    broken = []
    for value, lo, hi in sorted(triples):
        slack = TOLERANCE * pl.max_horizontal(pl.col(value).abs(), pl.lit(1.0))
        rows = context.frame.filter((pl.col(lo) > pl.col(value) + slack) | (pl.col(hi) < pl.col(value) - slack))
        broken += _found(rows, f"rows whose {value} is outside {lo} to {hi}")
    return broken


def no_small_cell(context: Context) -> list[tuple[int, str]]:
    """No published count is 1 to min_cell - 1, and a suppressed row has no number but its key."""
    broken = []
    for count in context.table.counts:
        small = context.frame.filter(disclosure.is_small(pl.col(count), context.min_cell))
        broken += _found(small, f"rows with {count} below {context.min_cell}")
    numbers = [n for n, t in context.table.schema.items() if t.is_numeric() and n not in context.table.key]
    shown = context.frame.filter(pl.col("suppressed") & pl.any_horizontal(pl.col(numbers).is_not_null()))
    null = context.frame.filter(pl.col("suppressed").is_null())
    return broken + _found(shown, "suppressed rows that show a number") + _found(null, "rows without suppressed")


def shares_sum(context: Context, value: str, by: Sequence[str], rows: pl.Expr, detail: str) -> list[tuple[int, str]]:
    """The sum of ``value`` over ``by`` is 1, or at most 1 where a row of it is hidden."""
    is_hidden = pl.col(value).is_null() | pl.col("suppressed")
    sums = context.frame.filter(rows).group_by(by).agg(pl.col(value).sum(), is_hidden.any().alias("_hidden"))
    excess = pl.col(value) - 1
    return _found(sums.filter((excess > TOLERANCE) | (~pl.col("_hidden") & (excess < -TOLERANCE))), detail)


def segments_partition(context: Context) -> list[tuple[int, str]]:
    """Every base customer is in exactly one segment of every scheme, nobody else is, and segments are declared ones."""
    base = base_customers(context.others["core.dim_customers"]).select("customer_id")
    broken = []
    for scheme in SCHEME_IDS:
        members = context.frame.filter(pl.col("scheme_id") == scheme)
        broken += _found(base.join(members, on="customer_id", how="anti"), f"customers in no segment of {scheme}")
        broken += _found(members.join(base, on="customer_id", how="anti"), f"members of {scheme} outside the base")
        twice = members.group_by("customer_id").len().filter(pl.col("len") > 1)
        broken += _found(twice, f"customers in more than one segment of {scheme}")
    for named in RULE_SCHEMES:
        rows = context.frame.filter(
            (pl.col("scheme_id") == named.scheme_id) & ~pl.col("segment_id").is_in(named.segment_ids)
        )
        broken += _found(rows, f"members of {named.scheme_id} in a segment the scheme does not have")
    null = context.frame.filter(pl.col("segment_id").is_null())
    unknown = context.frame.filter(~pl.col("scheme_id").is_in(SCHEME_IDS))
    return broken + _found(null, "members without a segment") + _found(unknown, "members of a scheme not declared")


def funnels_narrow(context: Context) -> list[tuple[int, str]]:
    """No step is reached from the one before by more units than that one; who joins at the steps is who entered."""
    group = ["funnel_id", "breakdown", "group_id"]
    before = pl.col("n_reached").shift(1).over(group, order_by="step_order").fill_null(0)
    rows = context.frame.with_columns(before.alias("_before"))
    wider = rows.filter(pl.col("n_reached") - pl.col("n_joined") > pl.col("_before"))
    entries = (
        rows.filter(~pl.col("suppressed").any().over(group))
        .group_by(group)
        .agg(pl.col("n_joined").sum(), pl.col("n_entered").first())
    )
    return _found(wider, "steps reached by more units than the step before") + _found(
        entries.filter(pl.col("n_joined") != pl.col("n_entered")), "funnels whose entries are not n_entered"
    )


def stocks_and_flows_add_up(context: Context) -> list[tuple[int, str]]:
    """End = start + entered - advanced - lost + recovered where all are shown; an end is the next quarter's start."""
    flow = pl.col("n_stock_start") + pl.col("n_entered") - pl.col("n_advanced") - pl.col("n_lost")
    rows = context.frame.filter(pl.col("n_stock_end") != flow + pl.col("n_recovered"))
    before = pl.col("n_stock_end").shift(1).over("phase", "breakdown", "group_id", order_by="period")
    chained = context.frame.filter(pl.col("n_stock_start") != before)
    return _found(rows, "rows whose stock does not follow from its flows") + _found(
        chained, "quarters that begin with another stock than the last one ended with"
    )


def cohorts_begin_whole(context: Context) -> list[tuple[int, str]]:
    """Every buyer of a cohort ordered in its first month; a sum over cohorts loses persons as the months go on."""
    begun = (pl.col("metric_id") == "order_retention") & (pl.col("months_since") == 0)
    partial = context.frame.filter(begun & (pl.col("value") < 1 - TOLERANCE))
    before = pl.col("n").shift(1).over("metric_id", "breakdown", "group_id", "cohort", order_by="months_since")
    grown = context.frame.filter(pl.col("n") > before)
    return _found(partial, "order cohorts not whole in their first month") + _found(grown, "cohorts that grow")


def rate_and_mix_add_up(context: Context) -> list[tuple[int, str]]:
    """Where a change is split, rate and mix sum to it."""
    gap = (pl.col("rate_effect") + pl.col("mix_effect") - pl.col("value")).abs()
    rows = context.frame.filter(gap > TOLERANCE * pl.max_horizontal(pl.col("value").abs(), pl.lit(1.0)))
    half = context.frame.filter(pl.col("rate_effect").is_null() != pl.col("mix_effect").is_null())
    return _found(rows, "changes that rate and mix do not add up to") + _found(half, "changes split by half")


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
        _found(below, "adjusted p below raw p")
        + _found(loose, "rows with a p but no family, or the reverse")
        + _found(sizes, "families whose size is not their number of tests")
    )


def verdicts_are_earned(context: Context) -> list[tuple[int, str]]:
    """Improved and declined need the sign and a family; suppressed rows say so; the five words are the only ones."""
    words = ("improved", "declined", "no_evidence", "insufficient_n", "suppressed")
    verdict, is_change = pl.col("verdict"), pl.col("verdict").is_in(("improved", "declined"))
    other = context.frame.filter(~verdict.is_in(words) | verdict.is_null())
    sign = context.frame.filter(
        is_change & (pl.col("value") * pl.when(verdict == "improved").then(1).otherwise(-1) <= 0)
    )
    untested = context.frame.filter(is_change & pl.col("p_adj").is_null())
    hidden = context.frame.filter((verdict == "suppressed") != pl.col("suppressed"))
    return (
        _found(other, "verdicts that are not one of the five")
        + _found(sign, "verdicts against the sign of the change")
        + _found(untested, "verdicts without a test")
        + _found(hidden, "verdicts that do not say suppressed, or wrongly do")
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
        _found(other, "verdicts that are not one of the six")
        + _found(unearned, "verdicts without a test or against its side")
        + _found(hidden, "verdicts that do not say suppressed, or wrongly do")
    )


def pains_multiply(context: Context) -> list[tuple[int, str]]:
    """An amount is on the side of its severity, and nobody is more than everybody."""
    rows = context.frame
    side = rows.filter(pl.col("value") * pl.col("severity") < -TOLERANCE)
    parts = rows.filter((pl.col("n_affected") > pl.col("n")) | ~pl.col("frequency").is_between(0, 1))
    return _found(side, "amounts against the side of their severity") + _found(parts, "more affected than there are")


def parts_add_up(context: Context) -> list[tuple[int, str]]:
    """The three parts of a what-if sum to it, and today's threshold changes nothing."""
    parts = pl.col("conversion_year") + pl.col("top_up_year") + pl.col("subsidy_year")
    gap = (parts - pl.col("value")).abs() > TOLERANCE * pl.max_horizontal(pl.col("value").abs(), pl.lit(1.0))
    today = context.frame.filter((pl.col("verdict") == "current") & (pl.col("value").abs() > TOLERANCE))
    return _found(context.frame.filter(gap), "candidates whose parts do not add up") + _found(today, "changes by none")


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


def rules_add_up(context: Context) -> list[tuple[int, str]]:
    """The outcomes of each rule are all its abandonments, and those are the warehouse's."""
    carts = cells.without_staff(context.others["journey.fct_carts"], context.others["core.dim_customers"])
    totals = {"cart_only": carts["is_abandoned"].sum(), "session_only": carts["n_session_exits"].sum()}
    broken = []
    for rule, total in totals.items():
        rows = context.frame.filter(pl.col("counted_by").is_in(["both", rule]))
        if not rows["suppressed"].any() and rows["n_outcome"].sum() != total:
            broken.append((1, f"abandonments of rule {rule} are not the sum of their outcomes"))
    shown = context.frame.filter(pl.col("counted_by").is_in(["both", "cart_only"]) & ~pl.col("suppressed"))
    broken += _found(shown.filter(pl.col("n") != totals["cart_only"]), "rows whose n is not the abandoned carts")
    return broken


def metrics_are_registered(context: Context, column: str) -> list[tuple[int, str]]:
    """Every metric of the table stands in the registry."""
    known = context.others["analytics.metrics"]["metric_id"]
    return _found(
        context.frame.filter(~pl.col(column).is_in(known.implode())), f"rows whose {column} is in no registry"
    )


def flow_has_no_circle(context: Context) -> list[tuple[int, str]]:
    """Following the ranked transitions, nobody comes back to where they were."""
    broken = 0
    ranked = context.frame.filter(pl.col("flow_rank").is_not_null())
    for part in ranked.partition_by("scheme_id", "segment_id"):
        left = part.select("from_step", "to_step")
        while not left.is_empty():
            # A step that nothing leads to any more is on no circle; what it leads to is looked at next.
            kept = left.filter(pl.col("from_step").is_in(left["to_step"].implode()))
            if kept.height == left.height:
                broken += kept.height
                break
            left = kept
    return [(broken, "ranked transitions on a circle")] if broken else []


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


def _sum_law(why: str, value: str, by: Sequence[str], rows: pl.Expr, detail: str) -> Law:
    return Law(f"{value}_sums_to_1", why, lambda context: shares_sum(context, value, by, rows, detail), NOTHING)


def _hidden_law(by: Sequence[str], cell: tuple[str, str, str | None], count: str = "n") -> Law:
    why = "A hidden count that follows from the totals is not hidden."
    return Law("hidden_stays_hidden", why, lambda context: hidden_stays_hidden(context, count, by, cell), PRODUCTS)


def _side_law(ratio: str) -> Law:
    why = "A verdict is a test's, in its direction."
    return Law("verdicts", why, lambda context: sides_are_earned(context, ratio), NOTHING)


def _registry_law(column: str) -> Law:
    why = "A number without a definition is no metric."
    return Law("metrics_registered", why, lambda context: metrics_are_registered(context, column), REGISTRY)


SPECIAL: dict[str, tuple[Law, ...]] = {
    "segment_membership": (
        Law("partition", "Segments divide the base: nobody is left out or counted twice.", segments_partition, BASE),
    ),
    "segment_profiles": (
        _sum_law(
            "Segments divide the base, so their shares of it sum to 1.",
            "value",
            ("scheme_id", "measure"),
            pl.col("measure").is_in(("share", "revenue_share")),
            "schemes whose shares do not sum to 1",
        ),
        _hidden_law(("measure",), ("scheme_id", "segment_id", None)),
        _registry_law("measure"),
    ),
    "funnel_steps": (
        Law("never_widen", "Nobody reaches a step without the step before.", funnels_narrow, NOTHING),
        FAMILY,
        _hidden_law(("funnel_id", "step_order"), ("breakdown", "group_id", None), "n_reached"),
    ),
    "path_transitions": (
        _sum_law(
            "Every exit from a step goes somewhere, if only to END.",
            "value",
            ("scheme_id", "segment_id", "from_step"),
            pl.lit(value=True),
            "steps whose next steps do not sum to 1",
        ),
        Law("no_circle", "The picture of the flow shows each way once, forward.", flow_has_no_circle, NOTHING),
    ),
    "path_differences": (FAMILY,),
    "channel_behaviour": (
        _hidden_law(("measure",), ("breakdown", "group_id", None)),
        _registry_law("measure"),
    ),
    "journey_flow": (
        Law("stock_flow", "Nobody comes or goes uncounted.", stocks_and_flows_add_up, NOTHING),
        _hidden_law(("phase", "period"), ("breakdown", "group_id", None), "n_entered"),
    ),
    "retention": (
        Law("begins_whole", "A cohort is who was there at its beginning.", cohorts_begin_whole, NOTHING),
        _registry_law("metric_id"),
    ),
    "cart_abandonment": (
        _hidden_law(("metric_id",), ("breakdown", "group_id", "period")),
        _registry_law("metric_id"),
    ),
    "cart_session_rule": (
        Law(
            "rules_add_up",
            "An abandonment counted by either rule has one outcome: none is lost, none is told twice.",
            rules_add_up,
            {
                "journey.fct_carts": ("customer_id", "is_abandoned", "n_session_exits"),
                "core.dim_customers": ("customer_id", "is_staff"),
            },
        ),
    ),
    "cart_abandonment_causes": (
        _sum_law(
            "Each abandoned cart has one main cause.",
            "primary_share",
            ("scheme_id", "segment_id"),
            pl.lit(value=True),
            "segments whose main causes do not sum to 1",
        ),
        FAMILY,
        _side_law("model_odds_ratio"),
        _hidden_law(("cause",), ("scheme_id", "segment_id", None), "n_at_risk"),
    ),
    "segment_contrasts": (
        FAMILY,
        _side_law("ratio"),
        _hidden_law(("measure",), ("scheme_id", "group_id", None)),
        _registry_law("measure"),
    ),
    "pain_points": (
        Law("multiplies", "The amount is frequency x severity x value.", pains_multiply, NOTHING),
        _hidden_law(("kind", "pain"), ("scheme_id", "segment_id", None)),
    ),
    "shipping_what_if": (Law("parts_sum", "Conversion, top-up and subsidy are all there is.", parts_add_up, NOTHING),),
    "satisfaction_scores": (
        _hidden_law(("metric_id", "basis"), ("dimension", "group_id", "period")),
        _registry_law("metric_id"),
    ),
    "satisfaction_deltas": (
        Law(
            "rate_and_mix", "Rate and mix are parts of the change, nothing is left over.", rate_and_mix_add_up, NOTHING
        ),
        Law("verdicts", "A verdict is a test's, in its direction.", verdicts_are_earned, NOTHING),
        FAMILY,
        _registry_law("metric_id"),
    ),
    "support_kpis": (
        _hidden_law(("measure", "clock"), ("breakdown", "group_id", "period")),
        _registry_law("measure"),
    ),
}

LAWS: dict[str, tuple[Law, ...]] = {
    name: (*ALWAYS, *(ESTIMATES if table.is_estimate else ()), *SPECIAL.get(name, ())) for name, table in TABLES.items()
}
"""The laws of every analytics table; names are unique within a table."""


def check(name: str, frame: pl.DataFrame, others: Mapping[str, pl.DataFrame], *, min_cell: int) -> list[Violation]:
    """Hold one table against its laws. A frame whose columns are wrong is held against the first law only."""
    context = Context(TABLES[name], frame, others, min_cell)
    violations: list[Violation] = []
    for law in LAWS[name]:
        violations += [Violation(law.name, name, count, detail) for count, detail in law.check(context)]
        if law is ALWAYS[0] and violations:
            break
    return violations


def check_table(name: str, read: Read, *, min_cell: int) -> list[Violation]:
    """Read ``analytics.<name>`` and what its laws need, and hold it against them."""
    needed: dict[str, tuple[str, ...]] = {}
    for law in LAWS[name]:
        needed |= law.reads
    frame = read(f"analytics.{name}", tuple(TABLES[name].schema))
    return check(
        name, frame, {table: as_float(read(table, columns)) for table, columns in needed.items()}, min_cell=min_cell
    )
