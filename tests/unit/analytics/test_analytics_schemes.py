"""Schemes: rules in their turn, crossed cells, needs and what is told of all of it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF
from scipy import stats as scipy_stats

from pipelines.analytics.segments import needs
from pipelines.analytics.segments.facts import FACTS, TYPES
from pipelines.analytics.segments.membership import build_segment_membership
from pipelines.analytics.segments.preview import preview_segments
from pipelines.analytics.segments.registry import build_segment_rules
from pipelines.analytics.segments.scheme_quality import eta_squared
from pipelines.analytics.segments.schemes import DEFINITION

RUN = {"as_of": AS_OF, "run_id": "r"}


def facts(rows):
    """Facts of some people; what a row does not say is unknown."""
    schema = {"customer_id": pl.String(), **{fact.name: TYPES[fact.kind] for fact in FACTS.values()}}
    return pl.DataFrame([{"customer_id": f"c{n}", **row} for n, row in enumerate(rows)], schema=schema)


def scheme(number, name, *, form="rules", source=None, rules=(), otherwise="other"):
    told = [(segment, condition) for segment, condition in rules] or [(None, None)]
    rows = [*told, (otherwise, None)]
    return [
        {
            "scheme_number": number,
            "scheme_id": name,
            "form": form,
            "source": source,
            "is_key": False,
            "rule_number": place,
            "segment_id": segment,
            "condition": condition,
            "words": f"{name} {place}",
            "is_otherwise": place == len(rows),
        }
        for place, (segment, condition) in enumerate(rows, 1)
    ]


def defined(*schemes):
    return pl.DataFrame([row for rows in schemes for row in rows], schema=DEFINITION)


def test_the_first_rule_wins_and_the_rest_goes_to_otherwise():
    rules = scheme(1, "s", rules=[("few", "n_orders <= 1"), ("some", "n_orders <= 3")])
    found = build_segment_membership(
        facts=facts([{"n_orders": n} for n in (1, 3, 9, None)]), definitions=defined(rules), min_cell=1, **RUN
    )
    assert found["segment_id"].to_list() == ["few", "some", "other", "other"]
    assert found["reason"].to_list() == ["s 1", "s 2", "s 3", "s 3"]


def test_crossed_cells_below_the_minimum_are_gathered_twice():
    first = scheme(1, "a", rules=[("x", "is_business")], otherwise="y")
    second = scheme(2, "b", form="values", source="region", otherwise="unknown")
    crossed = scheme(3, "c", form="crossed", source="a b")
    people = [(True, "N")] * 3 + [(True, "S")] * 2 + [(True, "W")] + [(False, "N")] * 3 + [(False, None)]
    found = build_segment_membership(
        facts=facts([{"is_business": a, "region": b} for a, b in people]),
        definitions=defined(first, second, crossed),
        min_cell=3,
        **RUN,
    )
    sizes = found.filter(pl.col("scheme_id") == "c")["segment_id"].value_counts()
    assert dict(sizes.iter_rows()) == {"x__N": 3, "x__other": 3, "y__N": 3, "other": 1}


def test_what_rules_match_take_and_narrowly_miss():
    rules = scheme(1, "s", rules=[("a", "n_orders >= 20"), ("b", "is_business"), ("c", "n_orders >= 10")])
    people = facts(
        [{"n_orders": 30, "is_business": True}] * 12
        + [{"n_orders": 19, "is_business": True}] * 13
        + [{"n_orders": 9, "is_business": False}] * 14
    )
    definitions = defined(rules)
    members = build_segment_membership(facts=people, definitions=definitions, min_cell=11, **RUN)
    found = build_segment_rules(facts=people, membership=members, definitions=definitions, min_cell=11, **RUN)
    counts = found.select("n", "n_raw", "n_taken_before", "most_taken_by", "n_near").rows()
    assert counts == [(12, 12, 0, None, 13), (13, 25, 12, "a", 0), (0, 25, 25, "b", 14), (14, None, None, None, None)]


def test_a_small_rule_is_hidden_with_a_companion():
    rules = scheme(1, "s", rules=[("a", "n_orders = 1"), ("b", "n_orders = 2")])
    people = facts([{"n_orders": 1}] * 5 + [{"n_orders": 2}] * 20 + [{"n_orders": 3}] * 30)
    definitions = defined(rules)
    members = build_segment_membership(facts=people, definitions=definitions, min_cell=11, **RUN)
    found = build_segment_rules(facts=people, membership=members, definitions=definitions, min_cell=11, **RUN)
    assert found["n"].to_list() == [None, None, 30]
    assert found.filter("suppressed")["value"].null_count() == 2


def test_eta_squared_is_that_of_an_analysis_of_variance():
    rng = np.random.default_rng(3)
    groups = [rng.normal(shift, 1.0, size) for shift, size in ((0, 40), (0.5, 60), (1, 50))]
    values = np.concatenate(groups)
    total = float(((values - values.mean()) ** 2).sum())
    between = float(sum(len(part) * (part.mean() - values.mean()) ** 2 for part in groups))
    value, lo, hi = eta_squared(between, total, 3, 150)
    statistic = scipy_stats.f_oneway(*groups).statistic
    assert value == pytest.approx(2 * statistic / (2 * statistic + 147))
    assert 0 < lo < value < hi < 1
    assert np.isnan(eta_squared(0.0, 0.0, 1, 150)[0])


def person(**known):
    empty = dict.fromkeys((*needs.NEED_PURCHASES, *needs.NEED_HABITS))
    return {**empty, "n_valid_orders": 0, "n_texts": 0, "n_importance_answers": 0, "n_sessions": 0, **known}


def needs_of(people):
    frame = pl.DataFrame(people, infer_schema_length=None).with_columns(
        pl.col(pl.Null).cast(pl.Float64), pl.col("n_importance_answers").cast(pl.Int64)
    )
    return needs.primary_needs(needs.need_scores(frame)).select("need", "need_basis").rows()


def says(**high):
    return {"n_importance_answers": 1, **{f"importance_{need}": high.get(need, 5.0) for need in needs.NEEDS}}


def test_a_need_is_what_a_person_says_matters_beyond_the_rest():
    found = needs_of([person(**says(price=9.0)), person(**says(design=9.0)), person(**says()), person()])
    assert found == [("price", "stated"), ("design", "stated"), ("mixed", "stated"), ("mixed", "none")]


def test_deeds_count_from_three_orders_or_two_texts_on():
    deals = {"discount_share": 0.5, "coupon_order_share": 1.0}
    plain = {"discount_share": 0.0, "coupon_order_share": 0.0}
    rest = [person(n_valid_orders=3, price_index=1.0, **plain) for _ in range(4)]
    found = needs_of(
        [
            person(n_valid_orders=3, price_index=1.0, **deals),
            person(n_valid_orders=2, price_index=1.0, **deals),
            person(n_valid_orders=2, n_texts=2, price_index=1.0, **deals),
            *rest,
        ]
    )
    assert found[:3] == [("price", "observed"), ("mixed", "none"), ("price", "observed")]


def test_a_preview_tells_sizes_and_movers_of_what_changed():
    people = facts([{"n_orders": 1, "region": "N"}] * 12 + [{"n_orders": 2}] * 15 + [{"n_orders": 3}] * 5)
    same = scheme(2, "same", form="values", source="region", otherwise="unknown")
    before = defined(scheme(1, "s", rules=[("few", "n_orders <= 1")]), same)
    after = defined(scheme(1, "s", rules=[("few", "n_orders <= 2")]), same)
    found = preview_segments(people, before, after, as_of=AS_OF, min_cell=11)
    assert found.unchanged == ("same",)
    assert found.sizes.rows() == [("s", "few", 12, 27), ("s", "other", 20, None)]
    assert found.movers.rows() == [("s", "other", "few", 15)]
