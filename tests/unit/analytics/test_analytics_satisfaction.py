"""Scores, their bases and response rates; changes, their verdicts and what explains them."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from analytics_frames import mart
from hypothesis import given
from hypothesis import strategies as st
from satisfaction_frames import Q2, Q3, answers, row, table

from pipelines.analytics.satisfaction.scores import ITEMS, WEIGHTS, index_score


@pytest.mark.parametrize(
    ("items", "weights", "expected"),
    [
        ((8, 7, 6), WEIGHTS, 66.667),
        ((8, 7, 6), (0.3885, 0.3190, 0.2925), 67.733),
        ((1, 1, 1), WEIGHTS, 0.0),
        ((10, 10, 10), WEIGHTS, 100.0),
    ],
)
def test_index_known_answers(items, weights, expected):
    frame = pl.DataFrame(dict(zip(ITEMS, items, strict=True)))
    assert frame.select(index_score(ITEMS, weights)).item() == pytest.approx(expected, abs=5e-4)


answer = st.integers(1, 10)


@given(answer, answer, answer, st.integers(0, 2))
def test_index_rises_with_each_answer_and_stays_in_its_scale(a, b, c, raised):
    items = [a, b, c]
    higher = [min(10, value + 1) if place == raised else value for place, value in enumerate(items)]
    frame = pl.DataFrame([items, higher], schema=list(ITEMS), orient="row")
    low, high = frame.select(index_score(ITEMS, WEIGHTS)).to_series()
    assert 0 <= low <= high <= 100 + 1e-9
    assert (high > low) == (higher != items)


def test_bases_are_never_mixed_and_partial_answers_are_counted_aside():
    complete = answers([(Q3, "Sofas", 70, 40)])
    partial = complete.head(15).with_columns(pl.lit(None, pl.Int32).alias("sat_ideal"))
    reviews = mart(
        "feedback.fct_feedback",
        [
            {
                "feedback_id": f"f{n}",
                "customer_id": "c1",
                "feedback_date": Q3,
                "channel": "web",
                "stars": 5 if n < 30 else 2,
                "region": "North",
            }
            for n in range(40)
        ],
    )
    scores = table("satisfaction_scores", survey=pl.concat([complete, partial]), reviews=reviews)
    company = {"dimension": "company", "period": "all"}
    index = row(scores, metric_id="acsi_style_index", basis="survey3", **company)
    assert (index["n"], index["n_complete"], index["n_partial"]) == (40, 40, 15)
    assert index["value"] == pytest.approx(70, abs=0.5)
    assert row(scores, metric_id="acsi_style_index", basis="single_item", **company)["n"] == 15
    stars = row(scores, metric_id="acsi_style_index", basis="stars", **company)
    assert (stars["n"], stars["value"]) == (40, pytest.approx(0.75 * 100 + 0.25 * 25))
    assert row(scores, metric_id="csat_top2", basis="stars", **company)["value"] == pytest.approx(0.75)


def test_nps_and_effort_known_answers():
    survey = mart(
        "feedback.fct_survey_answers",
        [
            {
                "response_id": f"n{n}",
                "customer_id": f"c{n}",
                "survey_ref": "SV",
                "answer_date": Q3,
                "is_customer": True,
                "nps": 10 if n < 162 else 8 if n < 270 else 3,
            }
            for n in range(324)
        ]
        + [
            {
                "response_id": f"e{score}-{n}",
                "customer_id": f"c{n}",
                "survey_ref": "SV",
                "answer_date": Q3,
                "is_customer": True,
                "ces": score,
            }
            for score, count in zip(range(1, 8), (80, 210, 140, 110, 160, 180, 120), strict=True)
            for n in range(count)
        ],
    )
    scores = table("satisfaction_scores", survey=survey)
    company = {"dimension": "company", "period": "2026Q3"}
    nps = row(scores, metric_id="nps", **company)
    assert (nps["value"], nps["lo"], nps["hi"]) == pytest.approx((33.33, 24.95, 41.11), abs=6e-3)
    assert row(scores, metric_id="ces_mean", **company)["value"] == pytest.approx(4.08)
    assert row(scores, metric_id="ces_net", **company)["value"] == pytest.approx(-13)
    assert row(scores, metric_id="ces_top3", **company)["value"] == pytest.approx(0.46)


def test_staff_and_non_customers_do_not_answer():
    survey = answers([(Q3, "Sofas", 70, 60)]).with_columns(
        (pl.int_range(pl.len()) >= 20).alias("is_customer"),
    )
    staff = mart(
        "core.dim_customers", [{"customer_id": f"c{n}", "is_identified": True, "is_staff": n >= 45} for n in range(60)]
    )
    scores = table("satisfaction_scores", survey=survey, customers=staff)
    assert row(scores, basis="survey3", dimension="company", period="all")["n"] == 25


def test_response_rate_leaves_bounced_invitations_and_other_surveys_out():
    def sent(number, status, survey="SV", answered=False):
        return [
            {
                "invitation_id": f"{status}{survey}{answered}{n}",
                "survey_ref": survey,
                "response_id": "r" if answered else None,
                "sent_date": Q3,
                "status": status,
                "region": "North",
            }
            for n in range(number)
        ]

    invitations = mart(
        "feedback.fct_survey_invitations",
        sent(40, "finished", answered=True) + sent(60, "sent") + sent(25, "bounced") + sent(99, "sent", survey="other"),
    )
    scores = table("satisfaction_scores", survey=answers([(Q3, "Sofas", 70, 40)]), invitations=invitations)
    north = row(scores, basis="survey3", dimension="region", group_id="North", period="2026Q3")
    assert (north["n_invited"], north["response_rate"]) == (100, pytest.approx(0.4))
    assert row(scores, basis="survey3", dimension="channel", period="2026Q3")["n_invited"] is None


PLANTED = answers(
    [
        (Q2, "Sofas", 70, 400),
        (Q3, "Sofas", 74, 400),
        (Q2, "Kitchen", 80, 300),
        (Q3, "Kitchen", 81, 300),
        # Simpson: the lines stay, their shares turn from 70 % to 35 % Garden.
        (Q2, "Garden", 82, 280),
        (Q2, "Balcony", 68, 120),
        (Q3, "Garden", 82, 140),
        (Q3, "Balcony", 68, 260),
    ]
)


def test_verdicts_tell_an_improvement_no_evidence_and_a_shift_of_mix_apart():
    deltas = table("satisfaction_deltas", survey=PLANTED)
    by = {"metric_id": "acsi_style_index", "basis": "survey3", "dimension": "division", "period": "2026Q3"}
    home, kitchen, outdoor = (row(deltas, group_id=name, **by) for name in ("Home", "Table", "Outdoor"))
    assert (home["verdict"], home["explained_by"]) == ("improved", "rate")
    assert home["value"] == pytest.approx(4, abs=0.3)
    assert kitchen["verdict"] == "no_evidence"
    assert (outdoor["verdict"], outdoor["explained_by"]) == ("declined", "mix")
    assert outdoor["mix_effect"] == pytest.approx(-0.35 * 14, abs=0.3)
    assert outdoor["rate_effect"] == pytest.approx(0, abs=0.3)
    assert outdoor["rate_effect_lo"] < 0 < outdoor["rate_effect_hi"]
    assert home["family_size"] == 3
    assert home["previous_period"] == "2026Q2"
    company = row(deltas, **{**by, "dimension": "company"})
    assert company["rate_effect"] + company["mix_effect"] == pytest.approx(company["value"], abs=1e-9)
    # Against the rest: Home rose while the rest fell.
    assert home["vs_rest_value"] > home["value"]
    assert home["vs_rest_lo"] > 0
    assert company["vs_rest_value"] is None


def test_a_quarter_still_running_has_scores_but_no_change():
    survey = answers([(Q3, "Sofas", 70, 60), (date(2026, 10, 10), "Sofas", 90, 60)])
    assert "2026Q4" in set(table("satisfaction_scores", survey=survey)["period"])
    assert table("satisfaction_deltas", survey=survey).is_empty()
    assert not table("satisfaction_deltas", survey=survey, as_of=date(2026, 12, 31)).is_empty()


def test_below_thirty_answers_there_is_an_interval_but_no_verdict():
    deltas = table("satisfaction_deltas", survey=answers([(Q2, "Sofas", 50, 29), (Q3, "Sofas", 90, 80)]))
    home = row(deltas, basis="survey3", dimension="division", group_id="Home")
    assert (home["verdict"], home["p_raw"], home["family_id"]) == ("insufficient_n", None, None)
    assert home["lo"] < home["value"] < home["hi"]


def test_changes_of_wording_are_no_changes_of_score():
    survey = answers([(Q2, "Sofas", 50, 60), (Q3, "Sofas", 90, 60)]).with_columns(
        pl.when(pl.col("answer_date") == Q3).then(pl.lit("v2")).otherwise("wording_version").alias("wording_version")
    )
    assert table("satisfaction_deltas", survey=survey).is_empty()


def test_two_wordings_in_one_quarter_are_cut_on_both_sides():
    survey = answers([(Q2, "Sofas", 50, 60), (Q3, "Sofas", 90, 60)]).with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0)
        .then(pl.lit("v2"))
        .otherwise("wording_version")
        .alias("wording_version")
    )
    assert (
        row(table("satisfaction_scores", survey=survey), basis="survey3", dimension="company", period="2026Q3")[
            "wording_version"
        ]
        == "v1+v2"
    )
    assert table("satisfaction_deltas", survey=survey).is_empty()


def test_answers_are_scored_by_the_stage_they_were_given_in():
    survey = answers([(Q2, "Sofas", 70, 60), (Q3, "Sofas", 70, 60), (Q2, "Kitchen", 70, 60), (Q3, "Kitchen", 50, 60)])
    stages = survey.select(
        pl.col("response_id").alias("answer_id"),
        pl.when(pl.col("product_line") == "Sofas").then(pl.lit("receive")).otherwise(pl.lit("support")).alias("stage"),
    )
    deltas = table("satisfaction_deltas", survey=survey, stages=stages)
    verdicts = {
        group: row(deltas, basis="survey3", dimension="stage", group_id=group)["verdict"]
        for group in ("receive", "support")
    }
    assert verdicts == {"receive": "no_evidence", "support": "declined"}
    unknown = row(table("satisfaction_scores", survey=survey), basis="survey3", dimension="stage", period="all")
    assert (unknown["group_id"], unknown["n"]) == ("unknown", 240)


def test_nine_answers_are_hidden_with_their_companions_and_so_is_their_change():
    survey = answers(
        [
            (Q2, "Sofas", 70, 9),
            (Q3, "Sofas", 70, 50),
            (Q2, "Kitchen", 70, 60),
            (Q3, "Kitchen", 70, 60),
            (Q2, "Garden", 70, 80),
        ]
    )
    scores = table("satisfaction_scores", survey=survey).filter(
        (pl.col("basis") == "survey3") & (pl.col("dimension") == "division")
    )
    hidden = set(scores.filter("suppressed").select("group_id", "period").iter_rows())
    assert hidden == {("Home", "2026Q2"), ("Home", "2026Q3"), ("Table", "2026Q2"), ("Table", "2026Q3")}
    assert row(scores, group_id="Home", period="2026Q2")["n"] is None
    assert row(scores, group_id="Home", period="all")["n"] == 59
    change = row(table("satisfaction_deltas", survey=survey), basis="survey3", dimension="division", group_id="Home")
    assert (change["verdict"], change["value"], change["n"]) == ("suppressed", None, None)


def test_all_suppressed():
    survey = answers([(Q2, "Sofas", 70, 5), (Q3, "Kitchen", 70, 4)])
    scores = table("satisfaction_scores", survey=survey)
    assert scores.height > 0
    assert scores["suppressed"].all()
    assert scores["value"].null_count() == scores.height
