"""Funnels, carts and causes on data small enough to count by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart, reader

from pipelines.analytics.build import build_table
from pipelines.analytics.carts.causes import CAUSES, REALISATION
from pipelines.analytics.journey.funnel_times import time_quantiles
from pipelines.analytics.tables import TABLES

AT = datetime.fromisoformat("2026-08-15T12:00:00")
DAY = AT.date()


def table(name, frames, min_cell=11):
    return build_table(name, reader(frames), as_of=AS_OF, run_id="r", min_cell=min_cell)


def row(frame, **wanted):
    found = frame.filter(*(pl.col(name) == value for name, value in wanted.items())).to_dicts()
    assert len(found) == 1, found
    return found[0]


def defined(*, is_open=False):
    """The three steps of funnel ``f``."""
    return mart(
        "journey.dim_funnel_steps",
        funnel_id=["f"] * 3,
        is_open=[is_open] * 3,
        breakdowns=["region period"] * 3,
        n_steps=[3] * 3,
        step_order=[1, 2, 3],
        step=["view", "cart", "order"],
    )


def levels(*groups):
    """Funnel entries from (number, level, minutes to each step, region, mature)."""
    rows = []
    for number, level, minutes, region, mature in groups:
        for _ in range(number):
            steps = {f"step_{step}_at": AT + timedelta(minutes=minutes * (step - 1)) for step in range(2, level + 1)}
            rows.append(
                {
                    "funnel_id": "f",
                    "unit_id": f"u{len(rows)}",
                    "customer_id": f"c{len(rows)}",
                    "entered_at": AT,
                    "entered_date": DAY,
                    "entry_step": 1,
                    "level": level,
                    "region": region,
                    "is_mature": mature,
                    **steps,
                }
            )
    return {"journey.agg_funnel_levels": mart("journey.agg_funnel_levels", rows), "journey.dim_funnel_steps": defined()}


def test_funnel_counts_conversions_and_times():
    steps = table(
        "funnel_steps", levels((100, 1, 0, "North", True), (60, 2, 10, "North", True), (40, 3, 30, "North", True))
    )
    entry, cart, order = (row(steps, breakdown="company", step_order=number) for number in (1, 2, 3))
    assert [step["n_reached"] for step in (entry, cart, order)] == [200, 100, 40]
    assert [step["step"] for step in (entry, cart, order)] == ["view", "cart", "order"]
    assert (entry["value"], cart["value"], order["value"]) == (1.0, 0.5, 0.4)
    assert (order["overall_value"], order["n"], order["drop_off"]) == (0.2, 100, pytest.approx(0.6))
    assert (cart["median_seconds"], order["median_seconds"]) == (600.0, 3600.0)


def test_immature_entries_are_counted_aside():
    steps = table(
        "funnel_steps", levels((50, 1, 0, "North", True), (50, 3, 1, "North", True), (30, 1, 0, "North", False))
    )
    order = row(steps, breakdown="company", step_order=3)
    assert (order["n_entered"], order["n_immature"], order["overall_value"]) == (100, 30, 0.5)


def test_a_small_step_hides_itself_its_companion_and_what_stands_on_it():
    steps = table(
        "funnel_steps",
        levels(
            (50, 1, 0, "North", True),
            (5, 3, 1, "North", True),
            (50, 2, 1, "South", True),
            (50, 3, 1, "South", True),
            (90, 2, 1, "West", True),
        ),
    )
    hidden = set(
        steps.filter((pl.col("breakdown") == "region") & pl.col("suppressed"))
        .select("group_id", "step_order")
        .iter_rows()
    )
    # Step 2: five in North, with West's 90 as the smallest companion. Step 3 stands on it, and the company's 55 take
    # South's 50 along because nobody in West came so far.
    assert hidden == {("North", 2), ("West", 2), ("North", 3), ("West", 3), ("South", 3)}


def with_columns(frames, *columns, **others):
    """The frames with other columns of the levels, or another definition."""
    frames["journey.agg_funnel_levels"] = frames["journey.agg_funnel_levels"].with_columns(*columns)
    return frames | others


def test_who_joins_an_open_funnel_late_is_no_success_of_the_step_before():
    frames = levels((60, 1, 0, "North", True), (40, 3, 1, "North", True), (100, 3, 1, "North", True))
    late = pl.int_range(pl.len()) >= 100
    steps = table(
        "funnel_steps",
        with_columns(
            frames,
            pl.when(late).then(3).otherwise(1).cast(pl.Int32).alias("entry_step"),
            pl.when(late).then(None).otherwise(pl.col("step_2_at")).alias("step_2_at"),
            **{"journey.dim_funnel_steps": defined(is_open=True)},
        ),
    )
    view, cart, order = (row(steps, breakdown="company", step_order=number) for number in (1, 2, 3))
    assert [(step["n_reached"], step["n_joined"]) for step in (view, cart, order)] == [(100, 100), (40, 0), (140, 100)]
    assert (view["overall_value"], cart["value"], order["value"], order["n"]) == (0.5, 0.4, 1.0, 40)
    assert {step["n_entered"] for step in (view, cart, order)} == {200}


def test_few_who_join_an_open_funnel_late_hide_their_number_and_nothing_else():
    frames = levels((100, 3, 1, "North", True), (5, 3, 1, "South", True), (95, 3, 1, "South", True))
    late = pl.int_range(pl.len()).is_between(100, 104)
    steps = table(
        "funnel_steps",
        with_columns(
            frames,
            pl.when(late).then(2).otherwise(1).cast(pl.Int32).alias("entry_step"),
            **{"journey.dim_funnel_steps": defined(is_open=True)},
        ),
    ).filter(breakdown="region")
    south, north = (steps.filter(group_id=name).sort("step_order") for name in ("South", "North"))
    assert south["n_joined"].to_list() == [None, None, None]
    assert (south["n_reached"].to_list(), south["suppressed"].any()) == ([95, 100, 100], False)
    assert (north["n_reached"].to_list(), north["suppressed"].any()) == ([100, 100, 100], False)


def test_few_who_enter_an_open_funnel_after_its_first_step_are_hidden():
    frames = levels((100, 3, 1, "North", True), (100, 3, 1, "West", True), (5, 3, 1, "South", True))
    late = pl.int_range(pl.len()) >= 200
    steps = table(
        "funnel_steps",
        with_columns(
            frames,
            pl.when(late).then(2).otherwise(1).cast(pl.Int32).alias("entry_step"),
            **{"journey.dim_funnel_steps": defined(is_open=True)},
        ),
    ).filter(breakdown="region")
    # South's five are nobody's at the first step; the company's total would tell them beside one group more.
    assert steps.filter(group_id="South")["suppressed"].all()
    assert steps.filter(pl.col("n_entered").is_between(1, 10)).is_empty()
    assert steps.filter("suppressed")["group_id"].n_unique() == 2


def test_excluded_units_are_counted_aside():
    frames = levels((50, 1, 0, "North", True), (50, 3, 1, "North", True), (30, 3, 1, "North", True))
    steps = table("funnel_steps", with_columns(frames, (pl.int_range(pl.len()) >= 100).alias("is_excluded")))
    order = row(steps, breakdown="company", step_order=3)
    assert (order["n_entered"], order["n_reached"], order["n_excluded"]) == (100, 50, 30)


def test_a_group_is_held_against_the_rest_and_corrected_for_the_family():
    frames = levels(
        (100, 1, 0, "North", True),
        (100, 3, 1, "North", True),
        (60, 1, 0, "South", True),
        (140, 3, 1, "South", True),
        (20, 1, 0, "West", True),
    )
    steps = table("funnel_steps", frames)
    north = row(steps, breakdown="region", group_id="North", step_order=2)
    # 100 of 200 against 140 of 220, by statsmodels: interval newcomb of the difference, test log of the ratio.
    assert north["vs_rest_value"] == pytest.approx(100 / 200 - 140 / 220)
    assert (north["vs_rest_lo"], north["vs_rest_hi"]) == pytest.approx((-0.22801, -0.04155), abs=1e-4)
    assert north["p_raw"] == pytest.approx(0.00566, abs=1e-5)
    tests = steps.filter((pl.col("breakdown") == "region") & pl.col("p_raw").is_not_null())
    assert set(tests["family_size"]) == {tests.height}
    assert (tests["p_adj"] >= tests["p_raw"]).all()
    assert steps.filter((pl.col("group_id") == "West") & pl.col("p_raw").is_not_null()).is_empty()


def test_visitors_nobody_can_place_are_in_no_rest_and_are_compared_with_nobody():
    frames = levels(
        (100, 1, 0, "North", True),
        (100, 3, 1, "North", True),
        (60, 1, 0, "South", True),
        (140, 3, 1, "South", True),
        (900, 1, 0, None, True),
    )
    steps = table("funnel_steps", frames)
    north = row(steps, breakdown="region", group_id="North", step_order=2)
    assert north["vs_rest_value"] == pytest.approx(100 / 200 - 140 / 200)
    unknown = row(steps, breakdown="region", group_id="unknown", step_order=2)
    assert (unknown["n"], unknown["vs_rest_value"], unknown["p_raw"]) == (900, None, None)
    assert row(steps, breakdown="company", step_order=2)["n"] == 1300


def test_a_breakdown_is_there_only_where_the_definition_asks():
    steps = table("funnel_steps", levels((50, 3, 1, "North", True)))
    assert set(steps["breakdown"]) == {"company", "region", "period"}
    assert set(steps.filter(pl.col("breakdown") == "period")["group_id"]) == {"2026Q3"}


def test_times_give_the_share_of_the_censored_to_those_who_took_longer():
    """Kaplan-Meier's known answer, 1, 2, 2+, 3, 4+: 0.2, 0.4 and 0.7 have converted, so half of them by 2."""
    found = time_quantiles([1, 2, 3], [2, 4])
    assert (found["median"][0], found["p90"][0]) == (2.0, 3.0)
    # Without the censored both would be weighted alike.
    assert time_quantiles([1, 2, 3, 4], [])["median"][0] == 2.0
    assert time_quantiles([1, 2, 3, 4], [1.5] * 8)["median"][0] == 3.0
    assert all(np.isnan(time_quantiles([], [1.0])["median"]))


def test_the_interval_of_a_time_covers_the_truth():
    rng = np.random.default_rng(1)
    waits, windows = rng.exponential(1.0, (400, 200)), rng.uniform(0.5, 4.0, (400, 200))
    horizon = 4.0
    truth = -np.log(1 - 0.5 * (1 - np.exp(-horizon)))
    inside = 0
    for wait, window in zip(waits, windows, strict=True):
        window[:100] = horizon
        _, lo, hi = time_quantiles(wait[wait <= window], window[(wait > window) & (window < horizon)])["median"]
        inside += lo <= truth <= hi
    assert inside / 400 >= 0.92


def carts(*groups, **flags):
    """Carts from (number, abandoned, further columns)."""
    rows = []
    for number, abandoned, columns in groups:
        for _ in range(number):
            rows.append(
                {
                    "cart_id": f"k{len(rows)}",
                    "customer_id": f"c{len(rows)}",
                    "cart_date": DAY,
                    "last_activity_at": AT,
                    "region": "North",
                    "value_amount_reporting": 100,
                    "is_mature": True,
                    "is_abandoned": abandoned,
                    "state": "abandoned" if abandoned else "purchased",
                    **flags,
                    **columns,
                }
            )
    return {"journey.fct_carts": mart("journey.fct_carts", rows)}


def test_cart_rates_count_what_their_window_allows():
    frames = carts(
        (60, True, {}),
        (20, True, {"state": "recovered", "recovery_type": "same_basket", "has_checkout": True}),
        (20, False, {"has_checkout": True}),
        (30, True, {"is_mature": False}),
        (30, True, {"value_amount_reporting": 0}),
        # Abandoned, but with days left to be recovered.
        (40, True, {"last_activity_at": AT + timedelta(days=70), "cart_date": date(2026, 10, 24)}),
    )
    rates = table("cart_abandonment", frames)
    everything = {"breakdown": "company", "period": "all"}
    cart = row(rates, metric_id="cart_abandonment_rate", **everything)
    assert (cart["n"], cart["value"], cart["abandoned_amount_reporting"]) == (140, pytest.approx(120 / 140), 12000)
    assert row(rates, metric_id="checkout_abandonment_rate", **everything)["value"] == 0.5
    recovered = row(rates, metric_id="recovery_rate", **everything)
    assert (recovered["n"], recovered["value"]) == (80, 0.25)
    assert row(rates, metric_id="cart_abandonment_rate", breakdown="company", period="2026Q4")["n"] == 40


def causes(frames, **customers):
    people = mart("core.dim_customers", [{"customer_id": "c0", "is_identified": True, **customers}])
    return table("cart_abandonment_causes", {**frames, "core.dim_customers": people})


def test_effect_of_a_cause_known_answer():
    met, spared = {"has_shipping": True, "saw_shipping_cost": True}, {"has_shipping": True}
    frames = carts((420, True, met), (80, False, met), (560, True, spared), (240, False, spared), (500, True, {}))
    found = causes(frames, net_amount_reporting=1000, margin_amount_reporting=400)
    shipping = row(found, scheme_id="company", cause="shipping_cost")
    # Carts that never came to the shipping step are not at risk.
    assert (shipping["n_at_risk"], shipping["n_exposed"], shipping["n_abandoned_exposed"]) == (1300, 500, 420)
    assert (shipping["value"], shipping["lo"], shipping["hi"]) == pytest.approx((1.2, 1.1309, 1.2734), abs=5e-5)
    assert shipping["odds_ratio"] == pytest.approx(2.25)
    assert shipping["risk_difference"] == pytest.approx(0.14)
    assert shipping["attributable_fraction"] == pytest.approx(0.0714, abs=5e-5)
    assert shipping["basis"].startswith("association")
    # With nothing else that differs between the carts, the model says the same.
    assert shipping["model_odds_ratio"] == pytest.approx(2.25)
    assert shipping["model_risk_difference"] == pytest.approx(0.14)
    assert shipping["verdict"] == "higher"
    # All carts are of one day: a year has 365 of them.
    assert shipping["attributable_carts_year"] == pytest.approx(500 * 0.14 * 365)
    assert shipping["recoverable_revenue_year"] == pytest.approx(500 * 0.14 * 100 * 365 * REALISATION)
    assert shipping["recoverable_margin_year"] == pytest.approx(500 * 0.14 * 100 * 365 * REALISATION * 0.4)
    assert (shipping["margin_rate"], shipping["realisation"], shipping["observed_days"]) == (0.4, REALISATION, 1)


def test_recoverable_margin_needs_a_margin():
    met = {"saw_slow_page": True}
    found = causes(carts((50, True, met), (50, False, met), (20, True, {}), (80, False, {})))
    slow = row(found, scheme_id="company", cause="slow_page")
    assert slow["value"] == pytest.approx(2.5)
    assert slow["recoverable_revenue_year"] > 0
    assert slow["recoverable_margin_year"] is None


def test_what_lowers_abandonment_brings_nothing_back():
    met = {"saw_slow_page": True}
    slow = row(
        causes(carts((50, True, met), (150, False, met), (100, True, {}), (100, False, {}))),
        scheme_id="company",
        cause="slow_page",
    )
    assert (slow["verdict"], slow["recoverable_revenue_year"]) == ("lower", 0)
    assert slow["attributable_carts_year"] < 0


@pytest.mark.parametrize(
    "groups",
    [
        # Everybody who met it left; nobody did; too few carts altogether.
        ((40, True, {"saw_slow_page": True}), (40, True, {}), (40, False, {})),
        ((40, False, {"saw_slow_page": True}), (40, True, {}), (40, False, {})),
        ((12, True, {"saw_slow_page": True}), (4, False, {"saw_slow_page": True}), (11, True, {}), (4, False, {})),
    ],
)
def test_too_little_data_is_said_and_breaks_nothing(groups):
    slow = row(causes(carts(*groups)), scheme_id="company", cause="slow_page")
    assert slow["verdict"] == "insufficient_n"
    assert slow["value"] is not None
    assert slow["model_odds_ratio"] is None
    assert slow["recoverable_revenue_year"] is None


def test_a_covariate_that_explains_a_difference_takes_it_away():
    # Phones leave more and meet slow pages more; on either device the page changes nothing.
    phone, desk = {"device_category": "mobile"}, {"device_category": "desktop"}
    slow = row(
        causes(
            carts(
                (240, True, {**phone, "saw_slow_page": True}),
                (60, False, {**phone, "saw_slow_page": True}),
                (80, True, phone),
                (20, False, phone),
                (40, True, {**desk, "saw_slow_page": True}),
                (60, False, {**desk, "saw_slow_page": True}),
                (120, True, desk),
                (180, False, desk),
            )
        ),
        scheme_id="company",
        cause="slow_page",
    )
    assert slow["risk_ratio_lo"] > 1.2
    assert slow["model_odds_ratio"] == pytest.approx(1.0)
    assert slow["verdict"] == "no_evidence"


def test_an_effect_in_one_region_only_is_an_interaction():
    met = {"saw_slow_page": True}
    south = {"region": "South"}
    found = causes(
        carts(
            (240, True, met),
            (60, False, met),
            (150, True, {}),
            (150, False, {}),
            (150, True, {**met, **south}),
            (150, False, {**met, **south}),
            (150, True, south),
            (150, False, south),
        )
    )
    effects = {name: row(found, scheme_id="region", segment_id=name, cause="slow_page") for name in ("North", "South")}
    assert [effects[name]["verdict"] for name in ("North", "South")] == ["higher", "no_evidence"]
    assert effects["North"]["interaction"] == "differs"
    assert effects["North"]["odds_ratio_to_others"] == pytest.approx(4.0)
    assert effects["North"]["interaction_df"] == 1
    # The carts without a value of the other covariates share one level, so North's odds are its own four counts.
    assert effects["North"]["model_odds_ratio"] == pytest.approx(4.0)


def test_main_causes_share_out_the_abandoned_carts():
    found = causes(
        carts(
            (50, True, {"primary_cause": "browsing"}),
            (30, True, {"primary_cause": "slow_page", "saw_slow_page": True}),
            (20, True, {}),
            (40, False, {}),
        )
    )
    company = found.filter(pl.col("scheme_id") == "company")
    shares = dict(company.filter(pl.col("primary_share") > 0).select("cause", "primary_share").iter_rows())
    assert shares == pytest.approx({"browsing": 0.5, "slow_page": 0.3, "unknown": 0.2})


def test_a_cause_few_met_is_hidden():
    met = {"saw_error": True, "has_checkout": True}
    found = causes(carts((9, True, met), (15, False, met), (80, True, {"has_checkout": True})))
    error = row(found, scheme_id="company", cause="error")
    assert error["suppressed"]
    assert all(error[name] is None for name in TABLES["cart_abandonment_causes"].counts)


def test_every_exposure_of_a_cart_is_a_cause():
    flags = [name for name in mart("journey.fct_carts").columns if name.startswith("saw_") or name == "asked_support"]
    assert sorted(cause.exposure for cause in CAUSES) == sorted(flags)
