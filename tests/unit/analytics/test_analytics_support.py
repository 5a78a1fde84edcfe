"""Support on tickets few enough to count by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

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


def test_orders_before_the_first_ticket_are_no_proof_of_no_contacts():
    asked = tickets((20, {}))
    placed = orders(200, "South")
    long_ago = placed.with_columns(pl.col("order_date") - timedelta(days=400))
    frames = {"feedback.fct_tickets": asked, "core.fct_orders": pl.concat([placed, long_ago])}
    assert kpi(table("support_kpis", frames), "tickets_per_100_orders")["n"] == 200
    assert table("support_kpis", frames | {"feedback.fct_tickets": asked.clear()}).is_empty()


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


def weeks_of(*agents, n_weeks=10, first=date(2026, 7, 6)):
    """Weeks of (team, further columns) agents."""
    rows = [
        {"agent_id": f"z:{number}", "team_ref": team, "team_name": f"Team {team}", **columns}
        | {"week_start_date": first + timedelta(days=7 * week)}
        for number, (team, columns) in enumerate(agents)
        for week in range(n_weeks)
    ]
    return mart("feedback.fct_agent_weeks", rows).with_columns(
        pl.Series(name, [each.get(name) for each in rows], dtype)
        for name, dtype in (("qa_score", pl.Float64), ("enps_score", pl.Int32))
    )


def test_a_team_is_the_mean_of_its_agents_and_a_small_one_is_not_shown():
    agents = [("1", {"qa_score": score}) for score in (70.0, 75.0, 80.0, 85.0, 90.0)]
    agents += [("2", {"qa_score": 60.0})] * 4 + [("3", {"qa_score": 95.0})] * 5
    weeks = weeks_of(*agents).with_columns(pl.col("qa_score") + pl.col("week_start_date").rank("dense") % 2 * 2 - 1)
    last = pl.col("week_start_date") == pl.col("week_start_date").max()
    weeks = weeks.filter(~((pl.col("team_ref") == "3") & last))
    found = table("agent_quality", {"feedback.fct_agent_weeks": weeks})
    team = row(found, measure="qa_score", group_id="Team 1", period="all")
    assert (team["value"], team["median"], team["agents"], team["n"]) == (80, 80, 5, 50)
    # Five agents, not fifty weeks: their sd is 7.9057, t(4) 2.7764.
    assert team["lo"] == pytest.approx(80 - 2.77645 * 7.90569 / 5**0.5, abs=1e-3)
    # Each scatters by 10 / 9 over ten weeks around its own mean: 62.5 less 1 / 9 is between agents.
    assert team["between_agents_sd"] == pytest.approx((62.5 - 1 / 9) ** 0.5, abs=1e-3)
    assert team["reliability"] == pytest.approx(1 - (1 / 9) / 62.5, abs=1e-6)
    assert row(found, measure="qa_score", group_id="Team 2", period="all")["suppressed"]
    # Nor may all teams and the other two give it away.
    assert found.filter((pl.col("period") == "all") & pl.col("suppressed")).height == 2


def test_agents_who_differ_by_chance_alone_have_no_spread():
    rng = np.random.default_rng(3)
    whose = [{"agent_ref": str(agent), "system": "z", "team_ref": "1"} for agent in range(12)]
    alike = tickets(*((200, each) for each in whose)).with_columns(
        pl.Series("rating", np.where(rng.random(2400) < 0.8, "good", "bad"))
    )
    here = {"measure": "agent_csat_good_share", "breakdown": "company", "period": "all"}
    roster = {"feedback.fct_agent_weeks": weeks_of(*[("1", {})] * 12)}
    chance = row(table("agent_quality", roster | {"feedback.fct_tickets": alike}), **here)
    assert (chance["agents"], chance["n"]) == (12, 2400)
    assert chance["between_agents_sd"] < 0.03
    # Half of them always good, the other half three times in five.
    is_good = (pl.col("agent_ref").cast(pl.Int64) < 6) | (pl.int_range(pl.len()) % 5 < 3)
    apart = alike.with_columns(pl.when(is_good).then(pl.lit("good")).otherwise(pl.lit("bad")).alias("rating"))
    spread = row(table("agent_quality", roster | {"feedback.fct_tickets": apart}), **here)
    assert spread["value"] == pytest.approx(0.8)
    assert spread["between_agents_sd"] == pytest.approx(0.2 * (12 / 11) ** 0.5, abs=0.01)
    assert spread["reliability"] > 0.95


def test_ratings_after_bad_weeks_are_told_from_those_before_and_too_little_is_said_so():
    rng = np.random.default_rng(7)
    n_weeks, teams, first = 60, 5, date(2025, 7, 7)
    down = rng.random((teams, n_weeks)) < 0.3
    weeks = weeks_of(*[(str(n % teams), {}) for n in range(teams * 5)], n_weeks=n_weeks, first=first)
    hours = [2.0 * down[n % teams, week] for n in range(teams * 5) for week in range(n_weeks)]
    weeks = weeks.with_columns(pl.Series("tool_downtime_minutes", hours) * 60)
    rows = []
    for team in range(teams):
        for week in range(1, n_weeks):
            good = 6 if down[team, week - 1] else 9
            at = {"team_ref": str(team), "opened_date": first + timedelta(days=7 * week + 6)}
            rows += [(good, {**at, "rating": "good"}), (10 - good, {**at, "rating": "bad"})]
    found = table("employee_links", {"feedback.fct_tickets": tickets(*rows), "feedback.fct_agent_weeks": weeks})
    before = row(found, exposure="tool_downtime", timing="before")
    assert (before["verdict"], before["value"]) == ("lower", pytest.approx(-0.15))
    assert (before["team_periods"], before["n"]) == (teams * (n_weeks - 1), teams * (n_weeks - 1) * 10)
    for timing in ("same", "after"):
        assert row(found, exposure="tool_downtime", timing=timing)["verdict"] == "no_evidence"
    # Nobody was asked: nothing is made up.
    nobody = row(found, exposure="enps_score", timing="before")
    assert (nobody["verdict"], nobody["value"], nobody["n"]) == ("too_little_data", None, 0)


def test_a_backlog_is_stock_and_flow_by_quarter_and_small_stocks_are_hidden_with_what_tells_them():
    start, days = date(2026, 6, 29), []
    for day in range(4):
        flows = {"n_created": 40, "n_reopened": 12, "n_solved": 32}
        where = {"calendar_date": start + timedelta(days=day), "channel": "email", "region": "South"}
        days.append(where | flows | {"n_opening": 20 * day, "n_closing": 20 * (day + 1)})
        small = {"n_created": 30, "n_reopened": 0, "n_solved": 29}
        days.append(where | small | {"region": "North", "n_opening": day, "n_closing": day + 1})
        third = {"n_created": 30, "n_reopened": 15, "n_solved": 20}
        days.append(where | third | {"region": "East", "n_opening": 25 * day, "n_closing": 25 * (day + 1)})
    found = table("support_backlog", {"feedback.agg_support_backlog": mart("feedback.agg_support_backlog", days)})
    company = row(found, breakdown="company", period="2026Q3")
    stock = [company[name] for name in ("n_opening", "n_created", "n_reopened", "n_solved", "n_closing")]
    assert stock == [92, 200, 54, 162, 184]
    assert company["open_median"] == (138 + 184) / 2
    north = row(found, group_id="North", period="2026Q3")
    assert (north["n_created"], north["n_opening"], north["n_closing"], north["n_reopened"]) == (60, None, None, None)
    # One more is hidden, or North would be the company less the others.
    shown = found.filter((pl.col("breakdown") == "region") & (pl.col("period") == "2026Q3"))["n_closing"]
    assert shown.null_count() == 2
