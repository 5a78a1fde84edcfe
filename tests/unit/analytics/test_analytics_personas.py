"""Personas: known effect sizes and shares, small cells, what a rule makes is not tested, judgements stay words."""

from __future__ import annotations

import polars as pl
import pytest
from analytics_frames import AS_OF, RUN_SETTINGS, mart, shipped
from satisfaction_frames import row

from pipelines.analytics.segments import differences
from pipelines.analytics.segments.facts import FACTS, TYPES
from pipelines.analytics.segments.personas import WORTH, build_personas, counted
from pipelines.analytics.tables import TABLES
from pipelines.analytics.told import told_by

SIZES = {"price": 60, "design": 60, "mixed": 120}
PEOPLE = [(f"{segment}{number}", segment, number) for segment, size in SIZES.items() for number in range(size)]
MEMBERS = pl.DataFrame(
    [{"scheme_id": "needs", "customer_id": customer, "segment_id": segment} for customer, segment, _ in PEOPLE]
)


def made(name, **values):
    """An analytics table by its schema; what is not given is null."""
    schema = TABLES[name].schema
    frame = pl.DataFrame(values)
    return frame.select(
        pl.col(column).cast(dtype) if column in values else pl.lit(None, dtype).alias(column)
        for column, dtype in schema.items()
    )


def facts(order_value):
    ids = [customer for customer, _, _ in PEOPLE]
    others = [pl.lit(None, TYPES[fact.kind]).alias(name) for name, fact in FACTS.items() if name != "order_value"]
    return pl.DataFrame({"customer_id": ids, "order_value": order_value}).with_columns(others)


@pytest.fixture(scope="module")
def personas():
    value = [10.0 + number % 3 + 2 * (segment == "price") for _, segment, number in PEOPLE]
    lives = dict(zip(SIZES, (30, 5, 25), strict=True))
    says = dict(zip(SIZES, (40, 12, 12), strict=True))
    placed = pl.DataFrame(
        [
            {"scheme_id": "region", "customer_id": c, "segment_id": "South" if number < lives[s] else "North"}
            for c, s, number in PEOPLE
        ]
    )
    ids = [customer for customer, _, _ in PEOPLE]
    return build_personas(
        facts=facts(value),
        needs=made("customer_needs", customer_id=ids, stated_price=[float(s == "price") for _, s, _ in PEOPLE]),
        value=made("customer_value", customer_id=ids).select("customer_id", *WORTH),
        profiles=made("segment_profiles"),
        affinities=made("segment_affinity"),
        labels=pl.DataFrame(
            {
                "feedback_id": ids,
                "topic": ["damaged" if number < says[s] else "staff" for _, s, number in PEOPLE],
                "polarity": ["negative" if number < says[s] else "neutral" for _, s, number in PEOPLE],
            }
        ),
        feedback=pl.DataFrame({"feedback_id": ids, "customer_id": ids}),
        variants=pl.DataFrame(
            {
                "customer_id": ids,
                "path": ["search > order" if number < says[s] else "store_purchase" for _, s, number in PEOPLE],
            }
        ),
        points=made(
            "pain_points",
            kind=["cart"] * 5,
            pain=["error", "error", "error", "slow_page", "error"],
            scheme_id=["needs", "company", "needs", "needs", "needs"],
            segment_id=["price", "all", "design", "design", "unknown"],
            value=[900.0, 1500.0, 10.0, 50.0, 400.0],
            lo=[500.0, 900.0, -5.0, -1.0, 300.0],
            hi=[1300.0, 2100.0, 20.0, 90.0, 500.0],
            n=[200, 900, 200, 300, 100],
            frequency=[0.3, 0.2, 0.1, 0.1, 0.5],
            n_affected=[60, 180, 20, 30, 50],
            # In design one has no rank and the other is not sure to cost anything; unknown is no segment.
            rank=[1, 1, None, 1, 1],
            suppressed=[False] * 5,
            basis=["association"] * 5,
        ),
        headers=mart(
            "seeds.journey_maps",
            [{"scheme_id": "needs", "segment_id": "price", "name": "Price seekers", "owner": "crm"}],
        ).drop("company"),
        judgements=told_by(shipped("persona_judgements"), RUN_SETTINGS),
        membership=pl.concat([MEMBERS, placed]),
        scheme="needs",
        as_of=AS_OF,
        run_id="r",
        min_cell=11,
    )


def test_known_differences(personas):
    spent = row(personas, segment_id="price", item="order_value")
    # 13 beside 11, each one below, on and above: a variance of 2 / 3, a little more by n - 1.
    assert (spent["value"], spent["everybody"], spent["n"]) == (pytest.approx(13), pytest.approx(11.5), 60)
    assert spent["effect_size"] == pytest.approx(2 / (2 / 3 * 240 / 238) ** 0.5 * (1 - 3 / (4 * 238 - 1)), rel=0.001)
    assert (spent["verdict"], spent["source_kind"], spent["unit"]) == ("higher", "measured", "reporting currency")
    south = row(personas, segment_id="price", item="region:South")
    # 5 of 60 in the second are few: they are hidden, and with them the fewest others that would tell.
    assert row(personas, segment_id="design", item="region:South")["verdict"] == "suppressed"
    assert {south["verdict"], row(personas, segment_id="mixed", item="region:South")["verdict"]} & {"suppressed"}


def test_pains_are_inferred_and_counted_of_those_who_wrote(personas):
    pain = row(personas, segment_id="price", section="pains", item="damaged")
    assert (pain["source_kind"], pain["n"], pain["value"]) == ("inferred", 60, pytest.approx(40 / 60))
    assert pain["index"] == pytest.approx(100 * (40 / 60) / (64 / 240))
    assert pain["verdict"] == "higher"


def test_the_ways_to_a_purchase_are_shares_of_the_buyers_of_the_segment(personas):
    own = personas.filter(segment_id="price", section="way").sort("value", descending=True)
    assert own["item"].to_list() == ["search > order", "store_purchase"]
    assert own["value"].to_list() == pytest.approx([40 / 60, 20 / 60])
    assert (own["n"].to_list(), own["verdict"].to_list()) == ([60, 60], ["higher", "lower"])
    assert own["lo"][0] < 40 / 60 < own["hi"][0]
    assert set(own["source_kind"]) == {"measured"}


def test_pains_that_cost_are_told_with_how_often_and_how_much(personas):
    met = row(personas, segment_id="price", section="pain_met", item="cart:error")
    assert (met["value"], met["everybody"], met["n"], met["source_kind"]) == (0.3, 0.2, 200, "measured")
    # Wilson's interval of 60 in 200.
    assert (met["lo"], met["hi"]) == pytest.approx((0.2407, 0.3668), abs=1e-4)
    cost = row(personas, segment_id="price", section="pain_cost")
    assert (cost["value"], cost["lo"], cost["hi"], cost["source_kind"]) == (900, 500, 1300, "inferred")
    assert set(personas.filter(section="pain_cost")["segment_id"]) == {"price"}
    assert set(personas["segment_id"]) == set(SIZES)


def test_what_the_segments_are_made_of_is_told_and_not_tested(personas):
    stated = row(personas, segment_id="price", item="stated_price")
    assert (stated["verdict"], stated["p_adj"], stated["value"]) == ("by_rule", None, 1)


def test_judgements_are_words_of_segments_there_are(personas):
    judged = personas.filter(source_kind="judgement")
    assert set(judged["segment_id"]) == {"price", "design"}
    assert judged["value"].null_count() == judged.height
    assert row(judged, segment_id="price", item="name")["text"] == "Price seekers"
    assert row(judged, segment_id="design", item="functional")["section"] == "job"


def test_a_sure_but_small_difference_is_named_by_nobody():
    known = pl.DataFrame(
        {
            "customer_id": [f"p{number}" for number in range(20000)],
            "section": "behaviour",
            "item": "n_orders",
            "unit": "orders",
            "score": [1.0 + number % 3 + 0.1 * (number < 10000) for number in range(20000)],
        }
    )
    members = known.select(
        pl.lit("needs").alias("scheme_id"),
        "customer_id",
        pl.when(pl.int_range(pl.len()) < 10000).then(pl.lit("price")).otherwise(pl.lit("design")).alias("segment_id"),
    )
    found = differences.means([known], members, 11)
    assert found["p_adj"].max() < 0.001
    assert set(found["verdict"]) == {"no_evidence"}


@pytest.mark.parametrize(("scheme", "verdict"), [("lifecycle", {"by_rule"}), ("needs", {"higher", "lower"})])
def test_how_often_somebody_ordered_sets_apart_by_rule_where_the_segments_are_made_of_it(scheme, verdict):
    people = [f"p{number}" for number in range(120)]
    facts = pl.DataFrame({"customer_id": people, "section": "behaviour", "item": "n_orders", "unit": "orders"})
    scored = facts.with_columns((pl.int_range(pl.len()) // 60 * 5.0 + pl.int_range(pl.len()) % 3).alias("score"))
    members = pl.DataFrame({"scheme_id": scheme, "customer_id": people, "segment_id": ["a"] * 60 + ["b"] * 60})
    nothing = pl.DataFrame(schema={"customer_id": pl.String, "dimension": pl.String, "item": pl.String})
    averaged, _ = counted([scored], nothing, members, scheme, 11)
    assert set(averaged["verdict"]) == verdict
    assert set(averaged["p_adj"].is_null()) == {scheme == "lifecycle"}
