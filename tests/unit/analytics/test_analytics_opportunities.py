"""Opportunities: what supports one, what it is worth, when it pays, and whether it helped."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart

from pipelines.analytics.opportunities.cases import build_opportunities
from pipelines.analytics.opportunities.checks import UNITS, with_checks
from pipelines.analytics.opportunities.signs import build_opportunity_evidence, complaint_signs
from pipelines.analytics.tables import TABLES

RUN = {"as_of": AS_OF, "run_id": "r1", "min_cell": 11}
STAGES = mart(
    "seeds.map_stages",
    [{"stage": "checkout", "map_stage": "buy", "map_stage_name": "Buy", "map_stage_order": 4}],
)
REMEDY = {
    "opportunity_id": "buy-errors",
    "map_stage": "buy",
    "owner": "e-commerce",
    "realisation_lo": 0.2,
    "realisation_hi": 0.4,
    "cost_lo": 1200.0,
    "cost_hi": 2400.0,
    "running_cost_lo": 0.0,
    "running_cost_hi": 100.0,
    "currency": "EUR",
    "watched_kind": "cart",
    "watched_pain": "error",
}
CAUSE = {
    "scheme_id": "company",
    "segment_id": "all",
    "cause": "error",
    "verdict": "higher",
    "suppressed": False,
    "realisation": 0.3,
    "recoverable_revenue_year": 3000.0,
    "recoverable_revenue_year_lo": 1500.0,
    "recoverable_revenue_year_hi": 4500.0,
}
PAIN = {
    "kind": "site",
    "pain": "checkout_error",
    "scheme_id": "company",
    "segment_id": "all",
    "stage": "checkout",
    "value": 20_000.0,
    "lo": 15_000.0,
    "hi": 25_000.0,
    "n": 500,
    "n_affected": 100,
    "suppressed": False,
}


def table(name, rows):
    schema = TABLES[name].schema
    return pl.DataFrame(rows, schema={key: schema[key] for row in rows[:1] for key in row}).select(
        pl.col(key) if key in (rows[0] if rows else {}) else pl.lit(None, dtype).alias(key)
        for key, dtype in schema.items()
    )


def signs(*rows):
    return mart(
        "seeds.opportunity_signs", [dict(zip(("opportunity_id", "found_in", "sign"), r, strict=True)) for r in rows]
    )


FILED = signs(
    ("buy-errors", "cart_abandonment_causes", "error"),
    ("buy-errors", "pain_points", "site:checkout_error"),
    ("buy-errors", "feedback_labels", "checkout"),
)


def evidence_of(*, causes=(CAUSE,), pains=(PAIN,), labels=None, feedback=None, filed=FILED, drivers=(), gaps=()):
    nothing = {name: TABLES[name].empty() for name in ("feedback_labels", "segment_contrasts", "satisfaction_deltas")}
    return build_opportunity_evidence(
        causes=table("cart_abandonment_causes", list(causes)),
        pains=table("pain_points", list(pains)),
        labels=nothing["feedback_labels"] if labels is None else labels,
        feedback=mart("feedback.fct_feedback") if feedback is None else feedback,
        contrasts=nothing["segment_contrasts"],
        deltas=nothing["satisfaction_deltas"],
        drivers=table("satisfaction_drivers", list(drivers)),
        gaps=table("information_gaps", list(gaps)),
        signs=filed,
        stages=STAGES,
        **RUN,
    )


def opportunities_of(evidence, *, remedies=(REMEDY,), plans=(), margin=0.5, units=None):
    people = mart(
        "core.dim_customers",
        [{"customer_id": "a", "net_amount_reporting": 100, "margin_amount_reporting": margin * 100}],
    )
    return build_opportunities(
        evidence=evidence,
        remedies=mart("seeds.opportunity_remedies", list(remedies)),
        plans=mart("seeds.opportunity_plans", list(plans)),
        stages=STAGES,
        rates=mart("core.dim_fx_rates", [{"currency": "GBP", "rate_date": AS_OF, "fx_rate": 1.2}]),
        customers=people.with_columns(pl.col("net_amount_reporting", "margin_amount_reporting").cast(pl.Float64)),
        units=pl.DataFrame(schema=UNITS) if units is None else units,
        currency="EUR",
        **RUN,
    )


def test_one_sign_counts_and_the_case_is_arithmetic():
    (row,) = opportunities_of(evidence_of()).to_dicts()
    # The cause holds other differences fixed, so it goes before the larger plain pain; 3,000 is 30 % of 10,000.
    assert row["sized_by"] == "cart_abandonment_causes:error"
    assert (row["value"], row["lo"], row["hi"]) == pytest.approx((3000, 1000, 6000))
    assert (row["benefit_year"], row["benefit_year_lo"], row["benefit_year_hi"]) == pytest.approx((1450, 400, 3000))
    assert (row["payback_months_best"], row["payback_months_worst"]) == pytest.approx((4.8, 72))
    assert row["business_case"] == "may_pay_back"
    assert (row["evidence_sources"], row["evidence_grade"], row["status"]) == (1, "single", "idea")
    assert row["felt_stage"] == "buy"
    assert row["stage_name"] == "Buy"


def test_costs_in_another_currency_are_exchanged_and_unknown_ones_are_not_costed():
    pound, franc = ({**REMEDY, "currency": currency} for currency in ("GBP", "CHF"))
    assert opportunities_of(evidence_of(), remedies=[pound])["cost_lo"].item() == pytest.approx(1440)
    assert opportunities_of(evidence_of(), remedies=[franc])["business_case"].item() == "not_costed"


def test_a_benefit_that_is_none_never_pays_back():
    (row,) = opportunities_of(evidence_of(), margin=0.0).to_dicts()
    assert row["business_case"] == "does_not_pay_back"
    assert row["payback_months_best"] is None
    assert row["payback_months_worst"] is None


def test_two_kinds_of_source_triangulate_and_two_signs_of_one_kind_do_not():
    n = 200
    ids = [f"f{number}" for number in range(n)]
    labels = pl.DataFrame({"feedback_id": ids}).with_columns(
        pl.lit(AS_OF).alias("feedback_date"),
        pl.when(pl.int_range(n) < 60).then(pl.lit("checkout")).otherwise(pl.lit("other")).alias("topic"),
        pl.lit("negative").alias("polarity"),
    )
    feedback = pl.DataFrame({"feedback_id": ids, "feedback_kind": ["ticket"] * n})
    assert opportunities_of(evidence_of())["evidence_grade"].item() == "single"
    found = opportunities_of(evidence_of(labels=labels, feedback=feedback))
    assert found["evidence_grade"].item() == "triangulated"
    assert found["source_kind"].item() == "tickets, web"


def test_a_driver_counts_where_it_is_important_poor_and_told_apart():
    filed = signs(("buy-errors", "satisfaction_drivers", "ease"))
    driver = {"driver": "ease", "dimension": "company", "group_id": "all", "suppressed": False, "status": "measured"}
    poor = {**driver, "quadrant": "concentrate_here", "is_separable": True}
    verdicts = [
        evidence_of(causes=(), pains=(), drivers=[row], filed=filed)["verdict"].item()
        for row in (poor, {**poor, "is_separable": False}, {**poor, "quadrant": "keep_up"})
    ]
    assert verdicts == ["supports", "no_evidence", "no_evidence"]


def test_what_is_asked_by_two_kinds_of_source_is_an_opportunity_with_that_grade():
    filed = signs(("buy-errors", "information_gaps", "payment"))
    asked = {"topic": "payment", "stage": "checkout", "breakdown": "company", "group_id": "all", "period": "all"}
    asked |= {"suppressed": False, "n": 40, "value": 0.04, "lo": 0.03, "hi": 0.05}
    ticket, search = ({**asked, "source": source, "subject": "payment"} for source in ("tickets", "searches"))
    gaps = [
        ticket,
        {**search, "subject": "paypal"},
        # Too seldom, too few, another quarter: none of them speaks for anything.
        {**ticket, "source": "reviews", "lo": 0.001},
        {**ticket, "source": "surveys", "n": 12},
        {**ticket, "period": "2026Q3"},
    ]
    evidence = evidence_of(causes=(), pains=(), gaps=gaps, filed=filed)
    verdicts = dict(evidence.select("finding", "verdict").rows())
    assert verdicts == {
        "tickets:payment": "supports",
        "searches:paypal": "supports",
        "reviews:payment": "no_evidence",
        "surveys:payment": "insufficient_n",
    }
    (row,) = opportunities_of(evidence).to_dicts()
    assert (row["evidence_grade"], row["source_kind"], row["felt_stage"]) == ("triangulated", "tickets, web", "buy")
    assert (row["business_case"], row["value"]) == ("not_costed", None)


def test_a_topic_of_few_complaints_is_hidden_and_supports_nothing():
    ids = [f"f{number}" for number in range(100)]
    labels = pl.DataFrame({"feedback_id": ids}).with_columns(
        pl.lit(AS_OF).alias("feedback_date"),
        pl.when(pl.int_range(100) < 9).then(pl.lit("checkout")).otherwise(pl.lit("other")).alias("topic"),
        pl.lit("negative").alias("polarity"),
    )
    feedback = pl.DataFrame({"feedback_id": ids, "feedback_kind": ["ticket"] * 100})
    rows = {row["sign"]: row for row in complaint_signs(labels, feedback, AS_OF, 11).to_dicts()}
    assert rows["checkout"]["suppressed"]
    assert rows["checkout"]["verdict"] == "suppressed"
    assert rows["other"]["verdict"] == "supports"


def test_a_costed_finding_without_a_remedy_is_listed_with_an_owner():
    loose = {**PAIN, "kind": "support", "pain": "new_topic"}
    rows = {row["opportunity_id"]: row for row in opportunities_of(evidence_of(pains=[loose])).to_dicts()}
    row = rows["buy-support_new_topic"]
    assert row["owner"] == "customer-insight"
    assert row["business_case"] == "not_costed"
    assert row["value"] is None


def test_what_does_not_support_is_no_opportunity_but_a_plan_stays():
    weak = evidence_of(causes=[{**CAUSE, "verdict": "no_evidence"}], pains=[{**PAIN, "lo": -1.0}])
    assert opportunities_of(weak).is_empty()
    plan = {
        "opportunity_id": "buy-errors",
        "owner": "crm",
        "status": "planned",
        "since": date(2026, 1, 1),
        "review_by": AS_OF - timedelta(days=1),
    }
    (row,) = opportunities_of(weak, plans=[plan]).to_dicts()
    assert (row["status"], row["owner"], row["is_overdue"], row["value"]) == ("planned", "crm", True, None)
    on_the_day = opportunities_of(weak, plans=[{**plan, "review_by": AS_OF}])
    assert not on_the_day["is_overdue"].item()
    assert row["evidence_grade"] == "none"


def test_a_plan_the_data_cannot_speak_of_is_left_out():
    plan = {"opportunity_id": "buy-errors", "owner": "crm", "status": "planned", "since": date(2026, 1, 1)}
    nothing = evidence_of(causes=(), pains=())
    assert nothing.is_empty()
    assert opportunities_of(nothing, plans=[plan]).is_empty()


DONE = date(2026, 7, 1)


def done_frame():
    return pl.DataFrame(
        {
            "opportunity_id": ["buy-errors"],
            "status": ["done"],
            "done_on": [DONE],
            "watched_kind": ["cart"],
            "watched_pain": ["error"],
        }
    )


def carts_around(rng, before, after, persons=400, each=3):
    """Carts of persons who meet the pain or do not as a person: three carts tell little more than one."""
    rows = []
    for side, share in ((-1, before), (1, after)):
        met = rng.random(persons) < share
        for _ in range(each):
            day = [DONE + timedelta(days=side * int(away)) for away in rng.integers(1, 100, persons)]
            ids = [f"{side}-{number}" for number in range(persons)]
            rows.append(pl.DataFrame({"customer_id": ids, "day": day, "exposed": met}))
    return pl.concat(rows).with_columns(pl.lit("cart").alias("kind"), pl.lit("error").alias("pain"))


def test_a_pain_that_is_met_less_is_found_and_called_an_association():
    (row,) = with_checks(done_frame(), carts_around(np.random.default_rng(1), 0.4, 0.2), AS_OF, 11).to_dicts()
    assert row["check_verdict"] == "met_less"
    assert row["check_basis"].startswith("association, not an effect")
    assert row["check_difference"] == pytest.approx(-0.2, abs=0.06)
    assert (row["n_before"], row["n_after"]) == (1200, 1200)


def test_carts_of_one_person_are_one_witness():
    (row,) = with_checks(done_frame(), carts_around(np.random.default_rng(2), 0.4, 0.3), AS_OF, 11).to_dicts()
    # Every person's three carts are alike, so the error is that of 400 persons a side, not of 1,200 carts.
    variance = sum(share * (1 - share) / 400 for share in (row["check_before"], row["check_after"]))
    half = 1.96 * variance**0.5
    assert row["check_difference_hi"] - row["check_difference"] == pytest.approx(half, rel=1e-3)


def test_the_day_itself_and_unequal_days_are_left_out():
    units = carts_around(np.random.default_rng(3), 0.3, 0.3).with_columns(
        pl.when(pl.col("day") > DONE).then(pl.lit(DONE)).otherwise(pl.col("day")).alias("day")
    )
    (row,) = with_checks(done_frame(), units, AS_OF, 11).to_dicts()
    assert row["check_verdict"] == "too_few_yet"
    assert row["check_before"] is None
    early = with_checks(done_frame(), carts_around(np.random.default_rng(3), 0.3, 0.3), DONE, 11)
    assert early["check_verdict"].item() == "too_few_yet"


def test_shares_of_few_are_hidden():
    (row,) = with_checks(done_frame(), carts_around(np.random.default_rng(4), 0.4, 0.0, 60, 1), AS_OF, 11).to_dicts()
    assert row["check_verdict"] == "met_less"
    assert row["check_after"] == 0
    few = carts_around(np.random.default_rng(4), 0.4, 0.08, 60, 1)
    hidden = with_checks(done_frame(), few, AS_OF, 11)
    assert hidden["check_verdict"].item() == "suppressed"
    assert hidden["n_after"].item() is None
