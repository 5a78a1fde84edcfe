"""Attribution: published known answers, credits that sum to the orders whatever the paths, and what may not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart, reader
from hypothesis import given, settings
from hypothesis import strategies as st
from touch_frames import Path, added_up

from pipelines.analytics.build import build_table
from pipelines.analytics.journey.attribution import allotted
from pipelines.analytics.journey.attribution_rules import RULES, credits_of, removal_effects, touch_share


def built(paths, spend=(), min_cell=1):
    frames = {
        "journey.agg_touch_paths": mart("journey.agg_touch_paths", added_up(paths)),
        "journey.agg_channel_spend": mart("journey.agg_channel_spend", spend),
    }
    return build_table("attribution", reader(frames), as_of=AS_OF, run_id="r", min_cell=min_cell)


def company(table, rule, column="credited_orders"):
    return dict(table.filter(rule=rule, breakdown="company").select("channel", column).iter_rows())


def to_none(*channels):
    return Path(channels, "none")


def test_markov_three_channels():
    table = built([Path(["C1", "C2", "C3"]), to_none("C1"), to_none("C2", "C3")])
    assert company(table, "markov", "removal_effect") == pytest.approx({"C1": 0.5, "C2": 1, "C3": 1})
    assert company(table, "markov") == pytest.approx({"C1": 0.2, "C2": 0.4, "C3": 0.4})


def test_markov_two_channels():
    table = built([Path(["Ads"]), Path(["Ads"]), Path(["Mail"]), Path(["Ads", "Mail"]), to_none("Ads")])
    assert company(table, "markov", "removal_effect") == pytest.approx({"Ads": 0.75, "Mail": 0.5})
    assert company(table, "markov") == pytest.approx({"Ads": 2.4, "Mail": 1.6})


def test_removal_is_what_is_lost_without_the_channel():
    """Against the definition: the chain solved again without the channel, where going there leads to nothing."""
    steps = np.random.default_rng(5).integers(0, 9, (6, 7)).astype(float)
    steps[0, 5:] = 0
    chain = steps / steps.sum(axis=1, keepdims=True)

    def orders(kept):
        states = [0, *(channel + 1 for channel in kept)]
        inner = np.column_stack([np.zeros(len(states)), chain[np.ix_(states, kept)]])
        return np.linalg.solve(np.eye(len(states)) - inner, chain[states, 5])[0]

    lost = [1 - orders([c for c in range(5) if c != gone]) / orders(range(5)) for gone in range(5)]
    assert removal_effects(steps) == pytest.approx(lost)


@pytest.mark.parametrize(("n", "shares"), [(1, [1]), (2, [0.5, 0.5]), (3, [0.4, 0.2, 0.4]), (4, [0.4, 0.1, 0.1, 0.4])])
def test_position_40_20_40(n, shares):
    path = pl.DataFrame(
        {"touch_position": range(1, n + 1), "n_touches": [n] * n, "channel": ["a"] * n, "_path": [1] * n}
    )
    assert path.select(touch_share("position")).to_series().to_list() == pytest.approx(shares)


def test_each_rule_on_one_path():
    table = built([Path(["social", "email", "direct"], amount=100.0)])
    assert company(table, "first") == {"social": 1, "email": 0, "direct": 0}
    assert company(table, "last") == {"social": 0, "email": 0, "direct": 1}
    assert company(table, "last_non_direct") == {"social": 0, "email": 1, "direct": 0}
    assert company(table, "linear") == pytest.approx(dict.fromkeys(("social", "email", "direct"), 1 / 3))
    assert company(table, "position", "credited_amount_reporting") == pytest.approx(
        {"social": 40, "email": 20, "direct": 40}
    )
    halves = company(table, "time_decay")
    assert halves["direct"] / halves["email"] == pytest.approx(2 ** (1 / 7))


def test_all_direct_stays_direct():
    assert company(built([Path(["direct", "direct"])]), "last_non_direct") == {"direct": 1}


def test_an_order_without_a_touch_is_its_own_class():
    table = built([Path([], "store"), Path([], "store", "unknown"), Path(["email"]), to_none("social")])
    for rule in RULES:
        assert company(table, rule) == {"email": 1, "none": 1, "social": 0, "unknown": 1}
        assert set(company(table, rule, "value").values()) == {0, 1 / 3}


def test_an_order_elsewhere_is_none_of_this_channel():
    table = built([Path(["email"]), Path(["email"], "store"), Path(["social"], "store")])
    web = table.filter(breakdown="order_channel", group_id="web")
    assert set(web["n"]) == {1}
    assert dict(web.filter(rule="markov").select("channel", "removal_effect").iter_rows()) == {"email": 1, "social": 0}
    assert set(web.filter(channel="email")["n_paths"]) == {2}


def test_new_and_repeat_are_told_apart():
    table = built([Path(["email"]), Path(["social"], buyer="repeat"), Path(["social"], "none", "repeat")])
    new = table.filter(breakdown="buyer_kind", group_id="new", rule="linear")
    assert dict(new.select("channel", "credited_orders").iter_rows()) == {"email": 1, "social": 0}


def test_costs_stand_where_every_campaign_has_one():
    paths = [*[Path(["email"])] * 20, *[Path(["sms"])] * 5, Path(["social"]), Path([])]
    spend = [
        {"channel": "email", "n_campaigns": 2, "spend_amount_reporting": 500},
        {"channel": "sms", "n_campaigns": 2, "n_campaigns_without_cost": 1, "spend_amount_reporting": 100},
    ]
    table = built(paths, spend).filter(rule="last")
    rows = {row["channel"]: row for row in table.filter(breakdown="company").iter_rows(named=True)}
    assert rows["email"]["cost_per_order"] == pytest.approx(25)
    assert {name: row["spend_status"] for name, row in rows.items()} == {
        "email": "known",
        "sms": "incomplete",
        "social": "not_recorded",
        "none": "no_channel",
    }
    assert [row["spend_amount_reporting"] for name, row in rows.items() if name != "email"] == [None] * 3
    assert set(table.filter(breakdown="buyer_kind", channel="email")["spend_status"]) == {"not_split"}


def test_small_channels_are_hidden_and_do_not_follow():
    paths = [
        Path([channel]) for channel, n in (("email", 40), ("social", 30), ("direct", 20), ("sms", 2)) for _ in range(n)
    ]
    table = built(paths, min_cell=11).filter(breakdown="company")
    assert set(table.filter("suppressed", rule="last")["channel"]) == {"sms", "direct"}
    # Where an order counts for each of its channels, no sum gives the number away.
    assert set(table.filter("suppressed", rule="linear")["channel"]) == {"sms"}


def test_intervals_widen_with_whole_persons():
    """The same orders from fewer persons say less."""
    rng = np.random.default_rng(1)
    taken = rng.choice(["email", "social"], 200)
    apart = [Path([str(channel)], person=f"p{number}") for number, channel in enumerate(taken)]
    together = [Path([str(taken[number // 10])], person=f"p{number // 10}") for number in range(200)]
    (alone,), (by_ten,) = (
        built(paths).filter(rule="linear", breakdown="company", channel="email").to_dicts()
        for paths in (apart, together)
    )
    assert alone["hi"] - alone["lo"] == pytest.approx(2 * 1.96 * (0.25 / 200) ** 0.5, rel=0.2)
    assert by_ten["hi"] - by_ten["lo"] > 2 * (alone["hi"] - alone["lo"])


CHANNELS = st.lists(st.sampled_from(["direct", "b", "c", "d"]), max_size=4)
PATHS = st.lists(
    st.builds(
        Path,
        CHANNELS.map(tuple),
        st.sampled_from(["web", "store"]),
        st.sampled_from(["new", "repeat"]),
        st.sampled_from("pqr"),
        st.integers(0, 90).map(float),
    )
    | st.builds(Path, CHANNELS.filter(bool).map(tuple), st.just("none"), st.just("new"), st.sampled_from("pqr")),
    min_size=1,
    max_size=12,
)


def lean(paths):
    """Credits and removal effects of the company by rule and channel, without intervals."""
    rows = mart("journey.agg_touch_paths", added_up(paths))
    found = credits_of(rows, rows["channel"].unique().to_list())
    led = np.array([channel != "none" for _, channel in found.outcomes])
    return allotted(found, np.ones_like(led), led, np.ones((2, found.sums.shape[1])))


def column(frame, rule, name="credited_orders"):
    return dict(frame.filter(rule=rule).select("channel", name).iter_rows())


@settings(max_examples=6)
@given(PATHS)
def test_credits_sum_and_only_the_channels_of_paths_matter(paths):
    found = lean(paths)
    orders = [path for path in paths if path.order != "none"]
    other = {"b": "z", "c": "a", "d": "m"}
    renamed = lean([replace(path, channels=[other.get(c, c) for c in path.channels]) for path in paths])
    doubled = lean([replace(path, channels=[c for c in path.channels for _ in "12"]) for path in paths])
    for rule in RULES:
        credit = column(found, rule)
        assert sum(credit.values()) == pytest.approx(len(orders))
        assert min(credit.values()) >= 0
        amounts = column(found, rule, "credited_amount_reporting").values()
        assert sum(amounts) == pytest.approx(sum(path.amount for path in orders), abs=1e-9)
        # Another name changes nothing but the name.
        assert column(renamed, rule) == pytest.approx({other.get(c, c): value for c, value in credit.items()}, abs=1e-9)
    # Walking on from a channel to itself changes nothing for the chain, nor what is first and last.
    for rule in ("first", "last", "last_non_direct", "markov"):
        assert column(doubled, rule) == pytest.approx(column(found, rule), abs=1e-9)


def test_a_channel_in_no_path_gets_nothing():
    rows = mart("journey.agg_touch_paths", added_up([Path(["a"]), to_none("a", "b")]))
    found = credits_of(rows, ["a", "b", "never"])
    led = np.array([channel != "none" for _, channel in found.outcomes])
    table = allotted(found, np.ones_like(led), led, np.ones((2, found.sums.shape[1])))
    assert set(table.filter(channel="never")["credited_orders"]) == {0}
    assert column(table, "markov") == {"a": 1, "b": 0, "never": 0}
