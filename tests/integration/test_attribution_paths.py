"""Touch paths walked again by hand: from sessions, clicks and orders, person by person, without the models' SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import polars as pl
import pytest

from pipelines import warehouse

GAP, WINDOW, MINUTE = timedelta(minutes=30), timedelta(days=30), timedelta(minutes=1)


@pytest.fixture(scope="module")
def read(demo):
    return lambda table, *columns: warehouse.read(demo.settings, table, columns)


@pytest.fixture(scope="module")
def touches(read):
    """Moment, id and channel of the touches of each person."""
    people = read("core.dim_customers", "customer_id", "is_identified", "is_staff").filter(~pl.col("is_staff"))
    is_known = dict(people.select("customer_id", "is_identified").iter_rows())
    sessions = defaultdict(list)
    fields = ("customer_id", "session_id", "started_at", "ended_at", "entry_channel", "entry_campaign")
    for person, *session in read("journey.fct_sessions", *fields).iter_rows():
        if person in is_known:
            sessions[person].append(session)
    fields = ("customer_id", "touch_id", "touched_at", "channel", "campaign_name", "touch_type")
    clicks = read("core.fct_campaign_touches", *fields).filter(touch_type="click").sort("touched_at", "touch_id")
    found, clicked, last = defaultdict(list), set(), {}
    for person, click, at, channel, campaign, _ in clicks.iter_rows():
        shown = any(entry == channel and start - GAP <= at <= end + GAP for _, start, end, entry, _ in sessions[person])
        if person not in is_known or shown:
            continue
        if (person, channel) not in last or at > last[person, channel] + GAP:
            found[person].append((at, click, channel))
            clicked.add((campaign, at.replace(second=0, microsecond=0)))
        last[person, channel] = at
    for person, own in sessions.items():
        for session, start, _, channel, campaign in own:
            minute = start.replace(second=0, microsecond=0)
            is_click = any((campaign, minute + shift * MINUTE) in clicked for shift in (-1, 0, 1))
            if is_known[person] or not is_click:
                found[person].append((start, session, channel))
    return {person: sorted(of) for person, of in found.items()}


def test_every_touch_is_in_the_model_once(touches, read):
    ids = read("journey.fct_marketing_touches", "touch_id")["touch_id"]
    assert sorted(ids) == sorted(touch for of in touches.values() for _, touch, _ in of)
    kinds = read("journey.fct_marketing_touches", "touch_kind")["touch_kind"].value_counts()
    assert set(kinds["touch_kind"]) == {"session", "click"}


def test_the_path_of_every_order(touches, read):
    staff = set(read("core.dim_customers", "customer_id", "is_staff").filter("is_staff")["customer_id"])
    orders = read("core.fct_orders", "customer_id", "order_id", "ordered_at", "is_valid").filter("is_valid")
    expected, before = {}, {}
    for person, order, at, _ in orders.sort("ordered_at", "order_id").iter_rows():
        if person in staff:
            continue
        if person is None:
            expected[order] = "unknown"
            continue
        since = max(at - WINDOW, before.get(person, at - WINDOW))
        path = [channel for moment, _, channel in touches.get(person, ()) if since <= moment < at]
        expected[order] = " > ".join(path) or "none"
        before[person] = at
    paths = read("journey.fct_touch_paths", "order_id", "path").drop_nulls("order_id")
    assert dict(paths.iter_rows()) == expected
    assert len({path for path in expected.values() if " > " in path}) > 20
