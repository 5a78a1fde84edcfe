"""Paths, funnels and the log are one set of people and steps: every step of the shipped funnels, row for row.

The funnels are walked again here, over the steps paths are made of, by a plain loop that shares nothing with the
warehouse's own way of finding levels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import pytest

from pipelines import warehouse

Step = tuple[datetime, int]


def walked(steps: Iterable[Step], window: timedelta) -> int:
    """The level of one unit: for each step the latest start of a chain that reaches it; equal times in step order."""
    starts: dict[int, datetime] = {}
    level = 0
    for at, step in sorted(steps):
        if step == 1:
            starts[1] = at
        elif step - 1 in starts and at <= starts[step - 1] + window:
            starts[step] = max(starts.get(step, starts[step - 1]), starts[step - 1])
        else:
            continue
        level = max(level, step)
    return level


@pytest.mark.parametrize(
    ("steps", "level"),
    [
        ([(0, 1), (1, 2), (2, 3)], 3),
        ([(0, 1), (6, 1), (7, 2), (12, 3)], 2),
        ([(0, 1), (4, 1), (5, 2), (9, 3)], 3),
        ([(0, 2), (0, 1)], 2),
        ([(0, 2), (1, 1)], 1),
    ],
)
def test_the_walk_itself(steps: list[tuple[int, int]], level: int) -> None:
    hour = datetime(2026, 1, 1)  # noqa: DTZ001 (the warehouse keeps UTC without a zone)
    assert walked([(hour + timedelta(hours=t), k) for t, k in steps], timedelta(hours=5)) == level


Funnel = tuple[str, str, timedelta, dict[str, int]]


def plain_funnels(con) -> list[Funnel]:
    """Name, unit, window and the step of each event type, of the shipped funnels whose level follows from steps alone.

    Further modes, where a run wrote definitions that have them, are held against brute force elsewhere.
    """
    written = "select count(*) from information_schema.tables where table_name = 'funnel_matches'"
    if con.execute(written).fetchone() == (1,):
        rows = con.execute(
            """
            select distinct d.funnel_id, d.unit, d.window_seconds, m.event_type, m.step_order
            from raw.funnel_definitions as d
            inner join raw.funnel_matches as m on d.funnel_number = m.funnel_number
            where
                d.mode = 'default'
                and d.unit in ('customer', 'cart')
                and not d.is_open
                and d.hold_constant is null
                and d.funnel_number not in (
                    select funnel_number from raw.funnel_matches where role <> 'step' or event_type is null
                )
            """
        ).fetchall()
    else:
        rows = con.execute(
            "select funnel_id, unit, window_hours * 3600, event_type, step_order from seeds.funnels"
        ).fetchall()
    found: dict[tuple[str, str, int], dict[str, int]] = defaultdict(dict)
    for funnel_id, unit, seconds, event_type, step in rows:
        found[funnel_id, unit, seconds][event_type] = step
    return [(name, unit, timedelta(seconds=seconds), steps) for (name, unit, seconds), steps in found.items()]


def units(con, unit: str, wanted: Mapping[str, int]) -> Mapping[str, list[Step]]:
    """The steps of each unit of a funnel, from the steps of paths."""
    key, cart = "p.customer_id", ""
    if unit == "cart":
        key = "c.cart_id"
        cart = """
        inner join (
            select
                cart_id,
                coalesce(first_cart_ref, customer_id) as cart_key,
                started_at,
                lead(started_at) over (partition by cart_key order by started_at, cart_id) as next_started_at
            from journey.fct_carts
        ) as c
            on
                coalesce(p.cart_ref, p.customer_id) = c.cart_key
                and p.event_at >= c.started_at
                and (p.event_at < c.next_started_at or c.next_started_at is null)
        """
    rows = con.execute(
        f"select {key}, p.event_at, p.event_type from journey.fct_path_steps as p {cart} where p.event_type in ?",
        [list(wanted)],
    ).fetchall()
    found: dict[str, list[Step]] = defaultdict(list)
    for who, at, event_type in rows:
        found[who].append((at, wanted[event_type]))
    return found


def test_every_step_of_every_funnel_is_a_step_of_the_paths(full_demo) -> None:
    with warehouse.connect(full_demo.settings) as con:
        shipped = plain_funnels(con)
        assert {unit for _, unit, *_ in shipped} == {"customer", "cart"}
        for funnel_id, unit, window, wanted in shipped:
            held = dict(
                con.execute(
                    "select unit_id, level from journey.agg_funnel_levels where funnel_id = ?", [funnel_id]
                ).fetchall()
            )
            again = {who: walked(steps, window) for who, steps in units(con, unit, wanted).items()}
            assert held == {who: level for who, level in again.items() if level > 0}
            assert len(set(held.values())) > 3


def test_paths_count_each_step_of_the_log_once(full_demo) -> None:
    with warehouse.connect(full_demo.settings) as con:
        log = con.execute(
            """
            select t.path_step, count(*)
            from core.fct_events as e
            inner join seeds.touchpoints as t on e.event_type = t.event_type and t.path_step is not null
            where e.customer_id is not null and not e.is_bot and not e.is_staff
            group by 1
            """
        ).fetchall()
        paths = con.execute(
            """
            select to_step, sum(n_transitions)::bigint from journey.agg_path_transitions
            where to_step <> 'END' group by 1
            """
        ).fetchall()
        assert sorted(log) == sorted(paths)
        published = con.execute(
            """
            select from_step, any_value(n), sum(n_transitions)::bigint from analytics.path_transitions
            where scheme_id = 'company' and not suppressed group by 1
            """
        ).fetchall()
        left = con.execute(
            "select from_step, sum(n_transitions)::bigint from journey.agg_path_transitions group by 1"
        ).fetchall()
        assert len(published) > 15
        assert all(n == total == dict(left)[step] for step, n, total in published)
