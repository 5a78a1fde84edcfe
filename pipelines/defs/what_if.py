"""What-if: build a change of identity in a scratch copy by the steps of a refresh, and compare what comes out.

Belongs here: which assets are built, which numbers are read. Stays out: the change (``identity.proposal``), comparing
(``identity.what_if``), the copy (``scratch``). The live warehouse is copied and never opened for writing; nothing is
published.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from pipelines import warehouse
from pipelines.defs.identity import MAP
from pipelines.defs.progress import Listener
from pipelines.defs.run import Graph, RunReport
from pipelines.defs.scratch import scratch_copy
from pipelines.identity import store
from pipelines.identity.proposal import Decision, Proposal, Step, decide, enter, proposed_rules, steps
from pipelines.identity.what_if import Numbers, People, compare_links, compare_maps, compare_measures
from pipelines.publish import versions
from pipelines.publish.fingerprint import is_published
from pipelines.settings import Settings, utc_now

BUILT_ANALYTICS = (
    "customer_value",
    "customer_needs",
    "segment_membership",
    "segment_profiles",
    "funnel_steps",
    "cart_abandonment",
    "satisfaction_scores",
)
"""What the numbers below are read from, and what that is made from."""

NO_PERIOD = "cast(null as varchar) as period"
ESTIMATE = "value, lo, hi, n"
COUNT = "cast(null as double) as lo, cast(null as double) as hi, cast(null as bigint) as n"

NUMBERS = {
    "customers": f"""
        select measure, 'company' as breakdown, 'all' as group_id, {NO_PERIOD}, value, {COUNT}
        from (
            select
                count(*) as persons,
                count(*) filter (where is_identified) as identified,
                count(*) filter (where is_staff) as staff,
                count(*) filter (where n_orders > 0) as buyers
            from core.dim_customers
        )
        unpivot (value for measure in (persons, identified, staff, buyers))
    """,
    "segments": f"""
        select
            'customers' as measure, scheme_id as breakdown, segment_id as group_id, {NO_PERIOD},
            count(*) as value, {COUNT}
        from analytics.segment_membership
        group by all
    """,
    "value": f"""
        select measure, scheme_id as breakdown, segment_id as group_id, {NO_PERIOD}, {ESTIMATE}
        from analytics.segment_profiles
    """,
    "funnels": f"""
        select
            funnel_id || ' ' || step || ' ' || measure as measure, breakdown, group_id, {NO_PERIOD},
            case measure when 'reached' then n_reached else value end as value,
            case measure when 'reached' then null else lo end as lo,
            case measure when 'reached' then null else hi end as hi,
            case measure when 'reached' then n_entered else n end as n
        from analytics.funnel_steps
        cross join (values ('reached'), ('rate')) as kinds (measure)
    """,
    "carts": f"""
        select metric_id as measure, breakdown, group_id, period, {ESTIMATE} from analytics.cart_abandonment
        union all
        select metric_id || ' amount', breakdown, group_id, period, abandoned_amount_reporting, null, null, n
        from analytics.cart_abandonment
    """,
    "satisfaction": f"""
        select metric_id || ' ' || basis as measure, dimension as breakdown, group_id, period, {ESTIMATE}
        from analytics.satisfaction_scores
    """,
}
"""By topic the numbers a what-if compares, as SQL over the warehouse: the columns of ``what_if.compare_measures``.

Segments are counted from their members, so that also cells too small to be published are compared: this is for those
who may read the warehouse.
"""


@dataclass(frozen=True)
class Forecast:
    """What the change would do. ``report``: how the build in the scratch copy went; where a check failed there, a
    refresh with the change would publish nothing, and nothing is compared.

    ``is_up_to_date``: the live warehouse is the result of the code, settings and landed files as they are now. Where it
    is not, what they change comes on top when the proposal is applied; None where nothing was ever published.
    """

    proposal: Proposal
    decisions: tuple[Decision, ...]
    steps: list[Step]
    as_of: date
    is_up_to_date: bool | None
    report: RunReport
    people: People | None = None
    links: pl.DataFrame | None = None
    numbers: Numbers | None = None


@dataclass(frozen=True)
class _State:
    """One side of the comparison."""

    map: pl.DataFrame
    links: pl.DataFrame
    skipped: pl.DataFrame
    numbers: pl.DataFrame


def what_if(settings: Settings, proposal: Proposal, *, listener: Listener | None = None) -> Forecast:
    """Build the proposal in a scratch copy from identity on, as a refresh would, and compare.

    Raises:
        ProposalError: the change cannot be tried.
        LockedError: a refresh is running.
        WarehouseError: there is no warehouse or no identity in it yet; ``WarehouseInUseError``: a program holds it.
    """
    rules = proposed_rules(proposal)
    with scratch_copy(settings, "what_if") as scratch:
        _require_identity(scratch)
        before = _state(scratch)
        as_of: date = warehouse.read(scratch, "raw.run_settings", ["as_of_date"]).item()
        with warehouse.connect(scratch, read_only=False) as con:
            decisions = decide(con, proposal)
            enter(con, decisions, as_of)
        graph = Graph(scratch, rules=rules)
        report = graph.run("build", select=selection(graph), listener=listener)
        after = _state(scratch) if report.succeeded else None
    forecast = Forecast(
        proposal=proposal,
        decisions=decisions,
        steps=steps(proposal, decisions, utc_now().date()),
        as_of=as_of,
        is_up_to_date=is_published(settings) if versions.current(settings) else None,
        report=report,
    )
    return forecast if after is None else _compared(forecast, before, after)


def selection(graph: Graph) -> str:
    """The assets a what-if builds: identity, all facts made from it, the statistics the numbers come from.

    Facts are built whole, so that their tests meet no table that is still the old one.
    """
    identity = [key.to_user_string() for key in graph.defs.resolve_assets_def(MAP).keys]
    behind = graph.planned("build", f'key:"{MAP.to_user_string()}"+')
    facts = [name for name in behind if name.partition("/")[0] not in ("analytics", "published", "showroom")]
    statistics = [f"analytics/{name}" for name in BUILT_ANALYTICS]
    return " or ".join(f'key:"{name}"' for name in sorted({*identity, *facts, *statistics}))


def read_numbers(settings: Settings) -> pl.DataFrame:
    """Every number a what-if compares, as the warehouse holds it now: ``MEASURE_KEY`` and ``ESTIMATE``."""
    with warehouse.connect(settings) as con:
        frames = [
            con.sql(
                f"select '{topic}' as topic, measure, breakdown, group_id, period, cast(value as double) as value,"
                f" cast(lo as double) as lo, cast(hi as double) as hi, cast(n as bigint) as n from ({sql})"
            ).pl()
            for topic, sql in NUMBERS.items()
        ]
    return pl.concat(frames)


def _state(settings: Settings) -> _State:
    links = ["node_id_a", "node_id_b", "rule", "confidence"]
    return _State(
        map=warehouse.read(settings, store.MAP_TABLE, ["node_id", "customer_id"]),
        links=warehouse.read(settings, store.LINKS_TABLE, links),
        skipped=warehouse.read(settings, store.SKIPPED_TABLE, [*links, "reason"]),
        numbers=read_numbers(settings),
    )


def _require_identity(settings: Settings) -> None:
    needed = {
        store.MAP_TABLE,
        store.LINKS_TABLE,
        store.SKIPPED_TABLE,
        *(f"analytics.{name}" for name in BUILT_ANALYTICS),
    }
    if missing := needed - set(warehouse.tables(settings)):
        raise warehouse.WarehouseError(
            f"the warehouse has no {min(missing)} yet: run 'journeyline refresh' first, then ask what a change would do"
        )


def _compared(forecast: Forecast, before: _State, after: _State) -> Forecast:
    return replace(
        forecast,
        people=compare_maps(before.map, after.map),
        links=compare_links(
            map_before=before.map,
            map_after=after.map,
            links_before=before.links,
            links_after=after.links,
            skipped_before=before.skipped,
            skipped_after=after.skipped,
        ),
        numbers=compare_measures(before.numbers, after.numbers),
    )
