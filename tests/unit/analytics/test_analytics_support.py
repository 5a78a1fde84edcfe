"""Support on tickets few enough to count by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart, reader

from pipelines.analytics import stats
from pipelines.analytics.build import build_table
from pipelines.analytics.support.times import DURATIONS, QUANTILES, survival_quantiles, timed

AT = datetime.fromisoformat("2026-08-15T12:00:00")
DAY = AT.date()


def table(name, frames, min_cell=11):
    return build_table(name, reader(frames), as_of=AS_OF, run_id="r", min_cell=min_cell)


def row(frame, **wanted):
    found = frame.filter(*(pl.col(name) == value for name, value in wanted.items())).to_dicts()
    assert len(found) == 1, wanted
    return found[0]


def tickets(*groups):
    """Tickets from (number, further columns)."""
    rows = []
    for number, columns in groups:
        rows += [
            {
                "ticket_id": f"t{len(rows) + n}",
                "customer_id": f"c{n}",
                "opened_at": AT,
                "opened_date": DAY,
                "channel": "email",
                "region": "South",
                **columns,
            }
            for n in range(number)
        ]
    judged = pl.Series("is_first_contact_resolution", [each.get("is_first_contact_resolution") for each in rows])
    return mart("feedback.fct_tickets", rows).with_columns(judged.cast(pl.Boolean))


def orders(number, region):
    rows = [
        {"order_id": f"{region}{n}", "customer_id": f"c{n}", "order_date": DAY, "region": region, "is_valid": True}
        for n in range(number)
    ]
    return mart("core.fct_orders", rows)


def kpi(kpis, measure, clock="none", **wanted):
    return row(kpis, measure=measure, clock=clock, **({"breakdown": "company", "period": "all"} | wanted))


def test_contact_rate_by_region_and_by_topic():
    frames = {
        "feedback.fct_tickets": tickets((60, {"topic": "price"}), (25, {"region": "North"}), (5, {"topic": "Mr X"})),
        "core.fct_orders": pl.concat([orders(200, "South"), orders(300, "North")]),
    }
    kpis = table("support_kpis", frames)
    assert kpi(kpis, "tickets_per_100_orders")["value"] == 18
    south = kpi(kpis, "tickets_per_100_orders", breakdown="region", group_id="South")
    assert (south["value"], south["n"]) == (32.5, 200)
    assert south["lo"] == pytest.approx(25.083, abs=0.001)
    about = kpi(kpis, "tickets_per_100_orders", breakdown="topic", group_id="price")
    assert (about["value"], about["n"]) == (12, 500)
    # A topic of five tickets is nobody's to read.
    assert set(kpis.filter(pl.col("breakdown") == "topic")["group_id"]) == {"price", "other", "unknown"}
    assert kpi(kpis, "tickets_per_100_orders", breakdown="topic", group_id="other")["suppressed"]


def test_shares_of_tickets():
    solved = {"solved_at": AT + timedelta(hours=1)}
    first = {"is_first_contact_resolution": True, "is_out_of_hours": True, "n_stations": 1}
    later = {"is_first_contact_resolution": False, "is_out_of_hours": False, "n_stations": 2}
    frames = {
        "feedback.fct_tickets": tickets(
            (40, {**solved, **first, "is_one_touch": True, "rating": "good"}),
            (40, {**solved, **later, "n_reopens": 2, "rating": "bad"}),
            (15, {"is_open": True, "is_repeat_contact": True, "is_channel_switch": True}),
            (5, {"is_open": True, "is_repeat_contact": True}),
        )
    }
    kpis = table("support_kpis", frames)
    found = {name: kpi(kpis, name) for name in kpis["measure"].unique() if name.endswith("share")}
    assert {name: (each["value"], each["n"]) for name, each in found.items()} == {
        "one_touch_share": (0.5, 80),
        "reopen_share": (0.5, 80),
        "first_contact_resolution_share": (0.5, 80),
        "repeat_contact_share": (0.2, 100),
        "channel_switch_share": (0.15, 100),
        "transfer_share": (0.4, 100),
        "out_of_hours_share": (0.4, 100),
        "csat_good_share": (0.5, 80),
    }


def test_times_are_by_clock_and_tickets_that_wait_are_not_left_out():
    rows = [
        {
            "resolution_minutes_calendar": 60.0 * (n + 1),
            "resolution_minutes_business": 20.0 * (n + 1),
            "first_resolution_minutes_calendar": 50.0 * (n + 1),
            "first_reply_minutes_calendar": 6.0 * (n + 1),
        }
        for n in range(20)
    ]
    waiting = {"is_open": True, "age_minutes_calendar": 5000.0, "age_minutes_business": 900.0}
    closed_unanswered = {"resolution_minutes_calendar": 10.0, "resolution_minutes_business": 10.0}
    groups = [(1, each) for each in rows] + [(20, waiting)]
    kpis = table("support_kpis", {"feedback.fct_tickets": tickets(*groups)})
    # Among all forty the median is the last of those solved; among the solved alone it would be half as long.
    assert kpi(kpis, "resolution_median", "calendar")["value"] == 60.0 * 20
    assert kpi(kpis, "resolution_median", "business")["value"] == 20.0 * 20
    assert kpi(kpis, "first_resolution_median", "calendar")["value"] == 50.0 * 20
    assert kpi(kpis, "first_reply_median", "calendar")["value"] == 6.0 * 20
    p90 = kpi(kpis, "resolution_p90", "calendar")
    assert (p90["value"], p90["n"], p90["suppressed"]) == (None, 40, False)
    # Closed without a reply: it waited for one until then, and is no fast reply.
    answered = table("support_kpis", {"feedback.fct_tickets": tickets(*groups[:20], (20, closed_unanswered))})
    assert kpi(answered, "first_reply_median", "calendar")["value"] == pytest.approx(6.0 * 11)


def test_quantiles_of_all_groups_at_once_are_those_of_one_curve_each():
    rng = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "group": [["a", "b", None][number] for number in rng.integers(0, 3, 400)],
            "_minutes": rng.integers(1, 60, 400).astype(float),
            "_done": rng.random(400) < 0.8,
        }
    )
    found = survival_quantiles(frame, ["group"])
    assert found.height == 3
    for (group,), part in frame.partition_by("group", as_dict=True).items():
        curve = stats.kaplan_meier(part["_minutes"].to_numpy(), part["_done"].to_numpy())
        one = found.filter(pl.col("group").eq_missing(pl.lit(group)))
        assert one["n"].item() == part.height
        for name, q in QUANTILES.items():
            told = [one[f"{name}_{end}"].item() for end in ("value", "lo", "hi")]
            wanted = [None if np.isnan(number) else number for number in stats.survival_quantile(curve, q)]
            assert told == wanted


def test_a_reopened_ticket_of_unknown_first_solution_says_nothing_about_it():
    known = {"resolution_minutes_calendar": 90.0, "first_resolution_minutes_calendar": 30.0}
    still_open = {"is_open": True, "age_minutes_calendar": 500.0, "n_reopens": 1}
    frame = tickets((3, known), (2, {"resolution_minutes_calendar": 90.0, "n_reopens": 1}), (1, still_open))
    first_reply, first_resolution, resolution = (timed(frame, duration, "calendar") for duration in DURATIONS)
    assert first_resolution.select("_minutes", "_done").rows() == [(30.0, True)] * 3
    assert resolution.height == 6
    assert first_reply["_done"].sum() == 0


def policy(name, order, target, **scope):
    own = {"policy": name, "policy_order": order, "target_minutes": target, "policy_name": name}
    return own | {"measure": "first_reply", "clock": "calendar", "target_share": 0.9, "owner": "care"} | scope


def promised(groups, *policies, name="service_policies"):
    topics = {"topic": ["price", "staff"], "stage": ["research", "support"]}
    frames = {
        "feedback.fct_tickets": tickets(*groups),
        "seeds.service_policies": mart("seeds.service_policies", policies),
        "seeds.topic_stages": mart("seeds.topic_stages", **topics),
    }
    return table(name, frames)


def replied(minutes, age=10_000.0, **further):
    return {"first_reply_minutes_calendar": minutes, "age_minutes_calendar": age, **further}


def test_a_promise_is_judged_when_its_time_is_up_and_the_first_policy_that_fits_holds():
    groups = [
        (60, replied(5.0, priority="urgent")),
        # On the minute is in time; the general policy, which would be kept as well, is not asked.
        (40, replied(30.0, priority="urgent")),
        (50, replied(31.0, priority="urgent")),
        (100, replied(500.0)),
        # Nobody answered, and the time is up.
        (20, {"is_open": True, "age_minutes_calendar": 31.0, "priority": "urgent"}),
        # Too young to be judged, answered or not; closed in time without a reply.
        (70, replied(5.0, age=30.0, priority="urgent")),
        (70, {"is_open": True, "age_minutes_calendar": 30.0, "priority": "urgent"}),
        (70, {"resolution_minutes_calendar": 20.0, "age_minutes_calendar": 9e9, "priority": "urgent"}),
    ]
    found = promised(groups, policy("all", 2, 600.0), policy("urgent", 1, 30.0, priority="urgent"))
    urgent = row(found, policy="urgent", period="all")
    assert (urgent["value"], urgent["n"], urgent["verdict"], urgent["topic"]) == (100 / 170, 170, "missed", "any")
    every = row(found, policy="all", period="2026Q3")
    assert (every["value"], every["n"], every["verdict"]) == (1.0, 100, "met")


def test_few_tickets_neither_keep_nor_break_a_promise():
    found = promised([(12, replied(5.0))], policy("all", 1, 600.0))
    assert row(found, policy="all", period="all")["verdict"] == "unclear"
    few = promised([(9, replied(5.0))], policy("all", 1, 600.0))
    assert row(few, policy="all", period="all")["verdict"] == "suppressed"


def test_a_topic_without_a_promise_is_a_gap():
    groups = [(30, {"topic": "price", "priority": "urgent"}), (10, {"topic": "price"}), (20, {"topic": "size_fit"})]
    urgent = [policy("urgent", 1, 30.0, topic="price", priority="urgent")]
    found = promised(groups, *urgent, name="service_coverage")
    price = row(found, topic="price", measure="first_reply")
    assert (price["value"], price["n"], price["is_gap"], price["policies"]) == (0.75, 40, False, "urgent")
    assert row(found, topic="price", measure="resolution")["is_gap"]
    # One urgent ticket in three has a promise, and no other: most of the topic is a gap.
    more = promised([groups[0], (60, {"topic": "price"})], *urgent, name="service_coverage")
    assert row(more, topic="price", measure="first_reply")["is_gap"]
    assert row(found, topic="size_fit", measure="first_reply")["is_gap"]
    assert row(found, topic="size_fit", measure="first_reply")["stage"] == "unknown"
    # Nobody wrote about it: neither covered nor a gap.
    nobody = row(found, topic="staff", measure="first_reply")
    assert (nobody["n"], nobody["is_gap"], nobody["stage"]) == (0, None, "support")
