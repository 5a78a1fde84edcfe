"""The history of segments: what adds rows, what closes them, what adds nothing, and why people moved."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
from test_analytics_schemes import defined, facts, scheme

from pipelines.analytics.segments.history import HISTORY, LAST_FACTS, Moment, facts_to_keep, history_after
from pipelines.analytics.segments.membership import build_segment_membership
from pipelines.analytics.segments.migration import build_segment_migration, hidden_moves

RULES = [("many", "n_orders >= 3 and recency_days <= 90"), ("few", "n_orders >= 1")]
FIRST, SECOND = date(2026, 6, 1), date(2026, 9, 1)


class House:
    """What runs keep from one to the next."""

    def __init__(self) -> None:
        self.history = pl.DataFrame(schema=HISTORY)
        self.facts = pl.DataFrame(schema=LAST_FACTS)

    def run(self, rows, as_of, *, day=0, rules=RULES):
        definitions = defined(
            scheme(1, "s", rules=rules), scheme(2, "place", form="values", source="region", otherwise="unknown")
        )
        people = facts(rows)
        members = build_segment_membership(facts=people, definitions=definitions, as_of=as_of, run_id="r", min_cell=1)
        now = Moment(as_of, datetime(2026, 12, 1) + timedelta(days=day), f"run {day}")  # noqa: DTZ001 (UTC throughout)
        after = history_after(
            self.history, self.facts, membership=members, facts=people, definitions=definitions, now=now
        )
        self.history = pl.concat(after)
        self.facts = facts_to_keep(self.facts, people, as_of)
        return self

    def of(self, customer, name="s"):
        rows = self.history.filter((pl.col("customer_id") == customer) & (pl.col("scheme_id") == name))
        return (
            rows.sort("valid_from", "known_from")
            .select(
                "segment_id",
                "previous_segment",
                "moved_by",
                "valid_from",
                "valid_to",
                pl.col("known_to").is_not_null(),
            )
            .rows()
        )


def buyer(orders, recency=10, region="N"):
    return {"n_orders": orders, "recency_days": recency, "region": region}


def test_the_same_members_add_nothing_on_whatever_day():
    rows = [buyer(1), buyer(5), {}]
    house = House().run(rows, FIRST)
    assert house.history.height == 6
    before = house.history
    assert house.run(rows, FIRST, day=1).history.sort(before.columns).equals(before.sort(before.columns))
    assert house.run(rows, SECOND, day=2).history.sort(before.columns).equals(before.sort(before.columns))


def test_a_move_closes_one_spell_and_opens_another_with_its_reason():
    house = House().run([buyer(2), buyer(5), buyer(5), buyer(2, 200)], FIRST)
    house.run([buyer(3), buyer(5, 120), buyer(5, 20), buyer(3, 10)], SECOND, day=1)
    assert house.of("c0") == [
        ("few", None, None, FIRST, SECOND, False),
        ("many", "few", "n_orders", SECOND, None, False),
    ]
    assert house.of("c1")[1][:3] == ("few", "many", "recency_days")
    assert len(house.of("c2")) == 1
    # Neither fact alone: with either as it was, the person would have stayed.
    assert house.of("c3")[1][:3] == ("many", "few", "n_orders, recency_days")


def test_facts_that_only_count_together_are_joined():
    either = [("many", "n_orders >= 3 or recency_days <= 20"), ("few", "n_orders >= 1")]
    house = House().run([buyer(2, 50)], FIRST, rules=either).run([buyer(3, 10)], SECOND, day=1, rules=either)
    assert house.of("c0")[1][2] == "n_orders + recency_days"


def test_a_changed_definition_is_the_reason_where_the_facts_are_not():
    house = House().run([buyer(2)], FIRST)
    house.run([buyer(2)], SECOND, day=1, rules=[("many", "n_orders >= 2"), ("few", "n_orders >= 1")])
    assert house.of("c0")[1][:3] == ("many", "few", "definition")


def test_the_same_date_computed_again_takes_back_what_was_believed():
    house = House().run([buyer(2)], FIRST).run([buyer(5)], FIRST, day=1)
    assert house.of("c0") == [("few", None, None, FIRST, None, True), ("many", None, "correction", FIRST, None, False)]


def test_people_come_and_go_and_an_earlier_date_adds_nothing():
    house = House().run([buyer(2), buyer(2)], FIRST).run([buyer(2)], SECOND, day=1)
    assert house.of("c1") == [("few", None, None, FIRST, SECOND, False)]
    before = house.history
    assert house.run([buyer(9), buyer(9)], FIRST, day=2).history is before


def test_a_move_of_a_value_names_its_fact():
    house = House().run([buyer(1, region="N")], FIRST).run([buyer(1, region="S")], SECOND, day=1)
    assert house.of("c0", "place")[1][:3] == ("S", "N", "region")


def test_the_matrix_counts_stays_moves_and_those_who_are_new():
    house = House().run([buyer(2)] * 40, FIRST)
    house.run([buyer(3)] * 15 + [buyer(2)] * 25 + [buyer(1)] * 12, SECOND, day=1)
    found = build_segment_migration(history=house.history, as_of=SECOND, run_id="r", min_cell=11)
    of_rules = found.filter(pl.col("scheme_id") == "s").select("from_segment", "to_segment", "n", "moved_by")
    assert of_rules.rows() == [("(new)", "few", 12, None), ("few", "few", 25, None), ("few", "many", 15, "n_orders")]


def test_a_small_move_is_hidden_where_a_sum_would_give_it():
    counted = pl.DataFrame(
        {"from_segment": ["a", "a", "b", "b"], "to_segment": ["a", "b", "a", "b"], "n": [50, 3, 40, 60]}
    )
    assert hidden_moves(counted, 11).to_list() == [True, True, True, True]
