"""The laws hold on any data, and each is able to fail."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from analytics_frames import built, company, reader
from polars.testing import assert_frame_equal

from pipelines.analytics.build import BUILDS
from pipelines.analytics.laws import LAWS, check, check_table
from pipelines.analytics.metrics import DEFINITIONS
from pipelines.analytics.tables import TABLES

MIN_CELL = 11


@pytest.fixture(scope="module")
def frames():
    return built(company())


@pytest.mark.parametrize("name", BUILDS)
def test_laws_hold(name, frames):
    assert not frames[f"analytics.{name}"].is_empty()
    assert check_table(name, reader(frames), min_cell=MIN_CELL) == []


def test_laws_hold_where_there_is_nothing():
    nothing = reader(built({}))
    assert [violation for name in BUILDS for violation in check_table(name, nothing, min_cell=MIN_CELL)] == []


def test_the_order_of_rows_changes_nothing(frames):
    shuffled = {
        name: frame.sample(fraction=1.0, shuffle=True, seed=3)
        for name, frame in frames.items()
        if "analytics." not in name
    }
    again = built(shuffled)
    for name in BUILDS:
        assert_frame_equal(again[f"analytics.{name}"], frames[f"analytics.{name}"], rel_tol=1e-9, abs_tol=1e-9)


def test_every_table_has_a_build_and_a_law():
    assert set(BUILDS) == set(TABLES) == set(LAWS)


def test_inputs_are_built_before_they_are_read():
    done = set()
    for name, build in BUILDS.items():
        assert {table for table in build.inputs if table.startswith("analytics.")} <= done, name
        done.add(f"analytics.{name}")


def first(frame, condition=None):
    """Index of the first row under a condition."""
    rows = frame.with_row_index("_row")
    return rows.filter(condition if condition is not None else pl.lit(value=True))["_row"][0]


def put(frame, where, **values):
    """The frame with some values of one row replaced."""
    here = pl.int_range(pl.len()) == first(frame, where)
    return frame.with_columns(
        pl.when(here).then(pl.lit(value, frame.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


SHOWN = ~pl.col("suppressed") & pl.col("value").is_not_null() & pl.col("lo").is_not_null()
SUPPRESSED = pl.col("suppressed")
TESTED = pl.col("family_id").is_not_null()


def reveal(frame, where, **columns):
    return put(frame, where & SUPPRESSED, suppressed=False, **columns)


def lone_secret(frame):
    """Show every hidden row but the first, so that it follows from the totals."""
    keep = first(frame, SUPPRESSED)
    return frame.with_columns((pl.col("suppressed") & (pl.int_range(pl.len()) == keep)).alias("suppressed"))


DIRTY = {
    ("segment_membership", "schema"): lambda f: f.rename({"reason": "why"}),
    ("segment_membership", "key_unique"): lambda f: pl.concat([f, f.head(1)]),
    ("segment_membership", "one_run"): lambda f: put(f, None, as_of=date(2020, 1, 1)),
    ("segment_membership", "partition"): lambda f: f.slice(1),
    ("segment_schemes", "as_defined"): lambda f: f.slice(1),
    ("segment_rules", "add_up"): lambda f: put(f, SHOWN & (pl.col("n") > 11), n=10**6),
    ("segment_history", "agrees"): lambda f: put(f, None, segment_id="vip"),
    ("segment_migration", "value_sums_to_1"): lambda f: put(f, SHOWN, value=2.0, hi=2.0),
    ("scheme_quality", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("customer_tags", "tags_declared"): lambda f: put(f, None, tag="vip"),
    ("customer_needs", "evidence"): lambda f: put(f, pl.col("need") != "mixed", need_basis="none"),
    ("segment_profiles", "inside_interval"): lambda f: put(f, SHOWN, lo=1e9),
    ("segment_profiles", "no_small_cell"): lambda f: put(f, SHOWN, n=MIN_CELL - 1),
    ("segment_profiles", "value_sums_to_1"): lambda f: put(
        f, (pl.col("scheme_id") == "business") & (pl.col("measure") == "share"), value=0.99
    ),
    ("segment_profiles", "hidden_stays_hidden"): lambda f: put(
        f, (pl.col("scheme_id") == "business") & (pl.col("measure") == "share"), suppressed=True
    ),
    ("segment_profiles", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("customer_value", "inside_interval"): lambda f: put(f, pl.col("clv").is_not_null(), clv_lo=1e9),
    ("customer_value", "forecasts_possible"): lambda f: put(f, pl.col("clv").is_not_null(), p_alive=1.1),
    ("value_model", "fits_told"): lambda f: f.filter(pl.col("parameter") != "alpha"),
    ("value_model", "metrics_registered"): lambda f: put(f, None, model="happiness"),
    ("value_concentration", "top_share"): lambda f: put(
        f, SHOWN & (pl.col("measure") == "top_decile_revenue_share"), value=0.05, lo=0.0
    ),
    ("value_concentration", "hidden_stays_hidden"): lone_secret,
    ("value_concentration", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("customer_gaps", "gaps"): lambda f: put(f, SHOWN, value=50.0, hi=60.0),
    ("customer_gaps", "gaps_earned"): lambda f: put(f, SHOWN, verdict="higher", p_adj=0.5),
    ("customer_gaps", "adjustment"): lambda f: put(f, TESTED, family_size=99),
    ("customer_gaps", "hidden_stays_hidden"): lone_secret,
    ("segment_affinity", "quotients"): lambda f: put(f, SHOWN, value=500.0, hi=600.0),
    ("segment_affinity", "affinities_earned"): lambda f: put(f, TESTED, verdict="over_used", p_adj=0.9),
    ("segment_affinity", "adjustment"): lambda f: put(f, TESTED, family_size=99),
    ("segment_affinity", "hidden_stays_hidden"): lone_secret,
    ("lookalike_model", "tells"): lambda f: put(
        f, pl.col("feature") == "company", value=0.6, lo=0.4, status="better_than_chance"
    ),
    ("lookalike_model", "hidden_stays_hidden"): lone_secret,
    ("customer_lookalikes", "allowed"): lambda f: put(f, None, customer_id="nobody we know"),
    ("personas", "kinds_apart"): lambda f: put(f, pl.col("source_kind") == "measured", source_kind="judgement"),
    ("niches", "niches_earned"): lambda f: put(f, SHOWN, verdict="niche"),
    ("niches", "adjustment"): lambda f: put(f, TESTED, family_size=99),
    ("niches", "hidden_stays_hidden"): lone_secret,
    ("segment_priority", "scores"): lambda f: put(f, None, verdict="leads"),
    ("cost_to_serve", "costs_add_up"): lambda f: put(
        f, SHOWN & (pl.col("measure") == "service_cost_per_customer"), value=1e6, hi=1e7
    ),
    ("cost_to_serve", "hidden_stays_hidden"): lone_secret,
    ("cost_to_serve", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("price_dispersion", "adjustment"): lambda f: put(f, TESTED, p_adj=-0.5),
    ("price_dispersion", "verdicts"): lambda f: put(
        f, TESTED, verdict="higher", difference=-1.0, difference_lo=-2.0, difference_hi=0.0
    ),
    ("price_dispersion", "hidden_stays_hidden"): lone_secret,
    ("price_dispersion", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("value_backtest", "adjustment"): lambda f: put(f, TESTED, family_size=99),
    ("value_backtest", "tenths_add_up"): lambda f: put(f, SHOWN & (pl.col("decile") == "03"), n=10**6),
    ("value_backtest", "verdicts"): lambda f: put(f, TESTED, verdict="model_better", to_model=-1.0, to_model_lo=-2.0),
    ("value_backtest", "metrics_registered"): lambda f: put(f, None, statistic="happiness"),
    ("feedback_labels", "ratings_win"): lambda f: put(f, pl.col("polarity_basis") == "stars", polarity="unknown"),
    ("feedback_labels", "judged_later"): lambda f: put(f, pl.col("sample") == "judged", feedback_date=date(2020, 1, 1)),
    ("feedback_labels", "gate_holds"): lambda f: put(f, pl.col("topic_basis") == "rules", language="fr"),
    ("feedback_labels", "one_label"): lambda f: pl.concat(
        [f, f.head(1).with_columns(topic=pl.lit("more"), language=pl.lit("nl"))]
    ),
    ("feedback_topics", "topics_fit"): lambda f: put(f, SHOWN, n=10**6),
    ("feedback_topics", "verdicts"): lambda f: put(f, TESTED, verdict="more", change=-1.0),
    ("feedback_topics", "adjustment"): lambda f: put(f, TESTED, p_adj=-0.5),
    ("feedback_topics", "hidden_stays_hidden"): lone_secret,
    ("product_feedback", "topics_fit"): lambda f: put(f, SHOWN, n=10**6),
    ("product_feedback", "lines_hold"): lambda f: f.with_columns(
        pl.col("n") + (pl.col("breakdown") == "product_line").cast(pl.Int64)
    ),
    ("product_feedback", "verdicts"): lambda f: put(f, TESTED, verdict="more", change=-1.0),
    ("product_feedback", "adjustment"): lambda f: put(f, TESTED, p_adj=-0.5),
    ("product_feedback", "hidden_stays_hidden"): lone_secret,
    ("feedback_themes", "themes_add_up"): lambda f: put(f, SHOWN, n=10**6),
    ("share_of_voice", "topics_fit"): lambda f: put(f, SHOWN, n=10**6),
    ("information_gaps", "subjects_fit"): lambda f: put(f, SHOWN, n=10**6),
    ("information_gaps", "grades_counted"): lambda f: put(f, None, evidence_grade="proved"),
    ("information_gaps", "verdicts"): lambda f: put(f, TESTED, verdict="more", change=-1.0),
    ("information_gaps", "hidden_stays_hidden"): lone_secret,
    ("sentiment_model", "model_told"): lambda f: put(f, SHOWN, status="too_few_ratings"),
    ("sentiment_model", "inside_interval"): lambda f: put(f, SHOWN, lo=1e9),
    ("sentiment_model", "no_small_cell"): lambda f: put(f, SHOWN, n=MIN_CELL - 1),
    ("sentiment_model", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("funnel_steps", "never_widen"): lambda f: put(f, SHOWN & (pl.col("step_order") == 3), n_reached=10**6),
    ("funnel_steps", "hidden_stays_hidden"): lone_secret,
    ("path_transitions", "value_sums_to_1"): lambda f: put(f, SHOWN, value=2.0, hi=2.0),
    ("path_transitions", "no_circle"): lambda f: put(f, pl.col("direction") == "loop", flow_rank=1),
    ("path_differences", "adjustment"): lambda f: put(f, TESTED, p_adj=-0.5),
    ("channel_behaviour", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("retention", "begins_whole"): lambda f: put(
        f, SHOWN & (pl.col("metric_id") == "order_retention") & (pl.col("months_since") == 0), value=0.5
    ),
    ("retention", "metrics_registered"): lambda f: put(f, None, metric_id="happiness"),
    ("attribution", "allotted_whole"): lambda f: put(f, pl.col("n") > 0, n=10**6),
    ("attribution", "value_sums_to_1"): lambda f: put(f, SHOWN, value=1.5, hi=1.5),
    ("attribution", "amount_share_sums_to_1"): lambda f: put(f, SHOWN, amount_share=1.5, amount_share_hi=1.5),
    ("attribution", "hidden_stays_hidden"): lone_secret,
    ("journey_flow", "stock_flow"): lambda f: put(f, pl.col("n_stock_end").is_not_null(), n_entered=10**6),
    ("journey_flow", "hidden_stays_hidden"): lone_secret,
    ("cart_abandonment", "hidden_stays_hidden"): lone_secret,
    ("cart_abandonment", "metrics_registered"): lambda f: put(f, None, metric_id="happiness"),
    ("cart_session_rule", "rules_add_up"): lambda f: put(f, SHOWN, n=10**6),
    ("cart_abandonment_causes", "primary_share_sums_to_1"): lambda f: put(
        f, (pl.col("scheme_id") == "company") & (pl.col("cause") == "browsing"), primary_share=1.5
    ),
    ("cart_abandonment_causes", "adjustment"): lambda f: put(f, TESTED, p_adj=-0.5),
    ("cart_abandonment_causes", "verdicts"): lambda f: put(
        f, pl.col("verdict") == "no_evidence", verdict="higher", p_adj=0.5
    ),
    ("cart_abandonment_causes", "hidden_stays_hidden"): lone_secret,
    ("segment_contrasts", "adjustment"): lambda f: put(f, TESTED, p_adj=-0.5),
    ("segment_contrasts", "verdicts"): lambda f: put(f, TESTED, verdict="higher", ratio=0.5),
    ("segment_contrasts", "hidden_stays_hidden"): lambda f: put(f, pl.col("scheme_id") == "region", suppressed=True),
    ("segment_contrasts", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("pain_points", "multiplies"): lambda f: put(f, pl.col("severity").abs() > 0.001, value=-1e6, severity=0.5),
    ("pain_points", "hidden_stays_hidden"): lone_secret,
    ("pain_quarters", "counted"): lambda f: put(f, SHOWN, n_affected=10**6),
    ("journey_map", "judgement_apart"): lambda f: put(f, pl.col("source_kind") == "judgement", value=1.0),
    ("journey_map", "columns_in_order"): lambda f: put(f, pl.col("lane") == "people", stage_order=99),
    ("journey_map", "hidden_stays_hidden"): lone_secret,
    ("opportunities", "plans_are_kept"): lambda f: f.filter(pl.col("status") == "idea"),
    ("opportunities", "counted_once"): lambda f: put(f, None, value=1e9, hi=1e9),
    ("opportunities", "grade_is_earned"): lambda f: put(f, None, evidence_sources=7),
    ("opportunities", "case_adds_up"): lambda f: put(f, None, payback_months_best=9.0, payback_months_worst=1.0),
    ("customer_offers", "consent_holds"): lambda f: f.with_columns(status=pl.lit("offered")),
    ("offer_results", "statuses_add_up"): lambda f: put(f, SHOWN & (pl.col("group_id") == "all"), n=11),
    ("offer_results", "uplifts_earned"): lambda f: put(
        f, pl.col("measure") == "offer_buyers_uplift", verdict="more", value=0.1, lo=0.0, hi=0.2
    ),
    ("offer_results", "adjustment"): lambda f: put(f, None, p_raw=0.5),
    ("offer_results", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("shipping_what_if", "parts_sum"): lambda f: put(f, pl.col("verdict") != "current", subsidy_year=1e6),
    ("satisfaction_scores", "hidden_stays_hidden"): lone_secret,
    ("satisfaction_scores", "metrics_registered"): lambda f: put(f, None, metric_id="happiness"),
    ("satisfaction_deltas", "rate_and_mix"): lambda f: put(f, pl.col("mix_effect").is_not_null(), mix_effect=50.0),
    ("satisfaction_deltas", "verdicts"): lambda f: put(f, TESTED, verdict="better"),
    ("satisfaction_deltas", "adjustment"): lambda f: put(f, TESTED, family_size=99),
    ("satisfaction_deltas", "metrics_registered"): lambda f: put(f, None, metric_id="happiness"),
    ("satisfaction_delta_pairs", "pairs"): lambda f: put(f, SHOWN, value=50.0, hi=60.0),
    ("satisfaction_delta_pairs", "differences_earned"): lambda f: put(f, SHOWN, verdict="higher", p_adj=0.5),
    ("satisfaction_benchmark", "gaps"): lambda f: put(f, SHOWN, value=50.0, hi=60.0),
    ("satisfaction_drivers", "value_sums_to_1"): lambda f: put(f, SHOWN, value=0.99, hi=1.0),
    ("satisfaction_drivers", "ranks_told"): lambda f: put(f, SHOWN, rank=9, rank_hi=9),
    ("satisfaction_drivers", "hidden_stays_hidden"): lambda f: f.with_columns(
        ((pl.col("dimension") == "division") & (pl.col("group_id") == "Home")).alias("suppressed")
    ),
    ("satisfaction_value", "impacts_multiply"): lambda f: put(
        f, pl.col("measure") == "value_of_point_year", value=1e9, hi=2e9
    ),
    ("satisfaction_value", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("support_kpis", "hidden_stays_hidden"): lone_secret,
    ("support_kpis", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("service_policies", "verdicts"): lambda f: put(f, SHOWN, verdict="kept"),
    ("service_policies", "hidden_stays_hidden"): lone_secret,
    ("agent_quality", "enough_agents"): lambda f: put(f, SHOWN, agents=4),
    ("agent_quality", "hidden_stays_hidden"): lone_secret,
    ("agent_quality", "metrics_registered"): lambda f: put(f, None, measure="happiness"),
    ("employee_links", "verdicts"): lambda f: put(f, TESTED, verdict="lower", value=0.5, hi=0.6),
    ("employee_links", "adjustment"): lambda f: put(f, TESTED, p_adj=-0.5),
    ("support_backlog", "stock_flow"): lambda f: put(f, pl.col("n_closing").is_not_null(), n_created=10**6),
    ("support_backlog", "hidden_stays_hidden"): lone_secret,
    ("service_coverage", "gaps"): lambda f: put(f, SHOWN & (pl.col("value") > 0), is_gap=True),
}


@pytest.mark.parametrize(("name", "law"), DIRTY)
def test_each_law_is_able_to_fail(name, law, frames):
    dirty = DIRTY[name, law](frames[f"analytics.{name}"])
    others = {table: frames[table] for each in LAWS[name] for table in each.reads}
    broken = {violation.law for violation in check(name, dirty, others, min_cell=MIN_CELL)}
    assert law in broken


def test_every_kind_of_law_has_a_dirty_case():
    assert {law.name for laws in LAWS.values() for law in laws} == {law for _, law in DIRTY}


@pytest.mark.parametrize(
    ("mutation", "law"),
    [
        (lambda f: put(f, SUPPRESSED, value=1.0), "no_small_cell"),
        (lambda f: put(f, pl.col("verdict") == "no_evidence", verdict="improved", value=-5.0), "verdicts"),
        (lambda f: put(f, pl.col("verdict") == "insufficient_n", verdict="declined", value=-5.0), "verdicts"),
        (lambda f: put(f, SUPPRESSED, verdict="no_evidence"), "verdicts"),
        (lambda f: put(f, TESTED, family_id=None), "adjustment"),
        (lambda f: put(f, pl.col("mix_effect").is_not_null(), rate_effect=None), "rate_and_mix"),
        (lambda f: put(f, SHOWN, run_id=None), "one_run"),
    ],
)
def test_further_ways_to_break_a_change(mutation, law, frames):
    dirty = mutation(frames["analytics.satisfaction_deltas"])
    others = {"analytics.metrics": frames["analytics.metrics"]}
    assert law in {violation.law for violation in check("satisfaction_deltas", dirty, others, min_cell=MIN_CELL)}


@pytest.mark.parametrize(
    "mutation",
    [
        lambda f: put(f, pl.col("verdict") == "no_evidence", verdict="worse"),
        lambda f: put(f, pl.col("verdict") == "insufficient_n", verdict="higher"),
        lambda f: put(f, pl.col("p_adj") < 1, verdict="lower", p_adj=0.01, model_odds_ratio=2.0),
        lambda f: put(f, SUPPRESSED, verdict="no_evidence"),
    ],
)
def test_further_ways_to_break_the_verdict_on_a_cause(mutation, frames):
    dirty = mutation(frames["analytics.cart_abandonment_causes"])
    assert "verdicts" in {v.law for v in check("cart_abandonment_causes", dirty, frames, min_cell=MIN_CELL)}


@pytest.mark.parametrize(
    "mutation",
    [
        lambda f: pl.concat([f, f.head(1).with_columns(pl.lit("champion").alias("segment_id"))]),
        lambda f: pl.concat([f, f.head(1).with_columns(pl.lit("stranger").alias("customer_id"))]),
        lambda f: put(f, None, segment_id="vip"),
        lambda f: put(f, None, segment_id=None),
        lambda f: pl.concat([f, f.head(1).with_columns(pl.lit("shoe_size").alias("scheme_id"))]),
    ],
)
def test_further_ways_to_break_a_partition(mutation, frames):
    dirty = mutation(frames["analytics.segment_membership"])
    assert "partition" in {v.law for v in check("segment_membership", dirty, frames, min_cell=MIN_CELL)}


@pytest.mark.parametrize(
    "mutation",
    [
        lambda f: put(f, pl.col("clv").is_not_null(), expected_orders=-1.0, expected_orders_lo=-2.0),
        lambda f: put(f, pl.col("clv").is_not_null(), clv=None),
        lambda f: put(f, pl.col("clv").is_not_null(), clv_basis=None),
        lambda f: put(f, pl.col("clv").is_null(), clv_status="converged"),
    ],
)
def test_further_ways_to_break_a_forecast(mutation, frames):
    dirty = mutation(frames["analytics.customer_value"])
    assert "forecasts_possible" in {v.law for v in check("customer_value", dirty, frames, min_cell=MIN_CELL)}


@pytest.mark.parametrize(
    "mutation",
    [
        lambda f: put(f, pl.col("parameter") == "alpha", status="not_converged"),
        lambda f: put(f, pl.col("parameter") == "q", log_likelihood=1.0),
        lambda f: put(f, pl.col("parameter") == "q", value=-1.0, lo=-2.0),
        lambda f: f.with_columns(pl.lit("converged").alias("status"), pl.lit(None, pl.Float64).alias("lo")),
    ],
)
def test_further_ways_to_break_a_model(mutation, frames):
    dirty = mutation(frames["analytics.value_model"])
    assert "fits_told" in {v.law for v in check("value_model", dirty, frames, min_cell=MIN_CELL)}


@pytest.mark.parametrize(
    ("name", "law", "mutation"),
    [
        ("satisfaction_delta_pairs", "pairs", lambda f: put(f, SHOWN, group_id="z", other_group="a")),
        ("satisfaction_delta_pairs", "differences_earned", lambda f: put(f, SHOWN, verdict="better")),
        ("satisfaction_benchmark", "gaps", lambda f: put(f, SHOWN, verdict="above", lo=-1.0)),
        ("satisfaction_benchmark", "gaps", lambda f: put(f, SHOWN, verdict="better")),
        ("satisfaction_drivers", "ranks_told", lambda f: put(f, SHOWN, tangled_with="ease", is_separable=True)),
        ("satisfaction_drivers", "ranks_told", lambda f: put(f, SHOWN, status="insufficient_n")),
        (
            "satisfaction_value",
            "impacts_multiply",
            lambda f: put(f, pl.col("placebo").is_not_null(), placebo_verdict="none"),
        ),
        (
            "satisfaction_value",
            "impacts_multiply",
            lambda f: put(f, pl.col("measure") == "impact_of_change", basis="survey3"),
        ),
    ],
)
def test_further_ways_to_break_what_satisfaction_goes_with(name, law, mutation, frames):
    dirty = mutation(frames[f"analytics.{name}"])
    assert law in {violation.law for violation in check(name, dirty, frames, min_cell=MIN_CELL)}


def test_main_causes_that_do_not_share_out_every_cart_break_the_law(frames):
    causes = frames["analytics.cart_abandonment_causes"]
    complete = causes.filter((pl.col("scheme_id") == "company") & ~pl.col("suppressed"))
    whole = complete.with_columns(pl.col("primary_share") / pl.col("primary_share").sum())
    laws = {"less": put(whole, pl.col("cause") == "browsing", primary_share=0.1), "whole": whole}
    broken = {
        name: {violation.law for violation in check("cart_abandonment_causes", frame, frames, min_cell=MIN_CELL)}
        for name, frame in laws.items()
    }
    assert "primary_share_sums_to_1" in broken["less"]
    assert "primary_share_sums_to_1" not in broken["whole"]


def test_every_definition_stands_in_a_table_it_names():
    for definition in DEFINITIONS:
        assert all(name in TABLES for name in definition.source.split(", ")), definition.metric_id
