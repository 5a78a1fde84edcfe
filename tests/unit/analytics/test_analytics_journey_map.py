"""The journey map on a company small enough to count by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from analytics_frames import AS_OF, mart, reader

from pipelines.analytics.build import build_table
from pipelines.analytics.maps.journey_map import key_scheme

STAGES = [
    {"stage": "research", "map_stage": "look", "map_stage_name": "Look", "map_stage_order": 1},
    {"stage": "support", "map_stage": "help", "map_stage_name": "Get help", "map_stage_order": 2},
]


def built(frames=None, *, active=60, lapsed=40):
    """The table for two segments, from the frames given."""
    members = [
        {"scheme_id": "lifecycle", "customer_id": f"{segment}{number}", "segment_id": segment, "reason": ""}
        for segment, size in (("active", active), ("lapsed", lapsed))
        for number in range(size)
    ]
    customers = mart("core.dim_customers", [{"customer_id": member["customer_id"]} for member in members])
    given = {
        "core.dim_customers": customers,
        "analytics.segment_membership": pl.DataFrame(members),
        "seeds.map_stages": mart("seeds.map_stages", STAGES),
        **(frames or {}),
    }
    return build_table("journey_map", reader(given), as_of=AS_OF, run_id="r", min_cell=11)


def steps(*groups):
    """(segment, number of persons, step) in the column look."""
    rows = [
        {"customer_id": f"{segment}{number}", "map_stage": "look", "path_step": step, "channel": "web"}
        for segment, size, step in groups
        for number in range(size)
    ]
    return {"journey.agg_customer_map_steps": mart("journey.agg_customer_map_steps", rows)}


def row(table, **wanted):
    found = table.filter(**wanted).to_dicts()
    assert len(found) == 1, found
    return found[0]


def test_shares_are_of_the_people_in_the_column():
    table = built(steps(("active", 40, "search"), ("active", 20, "cart"), ("lapsed", 20, "search")))
    people = row(table, segment_id="active", stage="look", lane="people")
    assert (people["value"], people["n"]) == (pytest.approx(40 / 60), 60)
    done = row(table, segment_id="active", lane="actions", item="cart")
    assert (done["value"], done["n"], done["item_order"]) == (0.5, 40, 2)
    assert row(table, segment_id="all", lane="actions", item="search")["n"] == 60
    assert row(table, segment_id="active", stage="help", lane="people")["value"] == 0


def test_few_who_did_it_are_hidden_and_so_is_who_gives_them_away():
    table = built(
        steps(("active", 40, "search"), ("active", 20, "cart"), ("lapsed", 20, "search"), ("lapsed", 5, "cart"))
    )
    carts = table.filter(lane="actions", item="cart")
    assert carts.filter(segment_id="lapsed")["suppressed"].item()
    assert carts.filter("suppressed")["value"].null_count() == carts.filter("suppressed").height >= 2


def test_few_who_did_not_are_hidden_too():
    table = built(steps(("active", 58, "search"), ("active", 60, "cart"), ("lapsed", 40, "cart")))
    assert row(table, segment_id="active", stage="look", lane="actions", item="search")["suppressed"]


def test_mood_is_the_scale_around_its_middle_with_persons_as_clusters():
    answers = [
        {
            "response_id": f"r{n}{again}",
            "customer_id": f"active{n}",
            "map_stage": "look",
            "sat_overall": 1 + 9 * (n % 2),
        }
        for n in range(40)
        for again in (0, 1)
    ]
    answers.append({"response_id": "x", "customer_id": "nobody", "map_stage": "look", "sat_overall": 1})
    table = built({"journey.fct_answer_stages": mart("journey.fct_answer_stages", answers)})
    mood = row(table, segment_id="active", lane="emotions", item="mood")
    assert (mood["value"], mood["n"], mood["source_kind"]) == (0, 80, "survey")
    # Twice the same answer says nothing new: the interval is that of 40 persons.
    assert mood["hi"] == pytest.approx(1.96 * 2 / 40**0.5, rel=0.03)


def test_a_segment_s_own_judgement_takes_the_place_of_the_one_for_all_and_no_number_s():
    said = {"company": "demo", "map_stage": "look", "lane": "actions", "item": "search", "owner": "crm"}
    judged = mart(
        "seeds.journey_judgements",
        [
            {**said, "scheme_id": "all", "segment_id": "all", "text": "Searches"},
            {**said, "scheme_id": "lifecycle", "segment_id": "active", "text": "Searches long"},
        ],
    )
    table = built({**steps(("active", 40, "search")), "seeds.journey_judgements": judged})
    cell = table.filter(lane="actions", item="search")
    assert row(cell, segment_id="active", source_kind="judgement")["text"] == "Searches long"
    assert row(cell, segment_id="lapsed", source_kind="judgement")["text"] == "Searches"
    assert row(cell, segment_id="active", source_kind="measured")["value"] == 1
    assert cell.filter(source_kind="judgement")["value"].null_count() == 2


def test_headers_stand_beside_their_segment_alone():
    head = {
        "company": "demo",
        "scheme_id": "lifecycle",
        "segment_id": "active",
        "name": "Active customers",
        "goal": "Find it",
    }
    head |= {"scenario": "Again", "owner": "crm", "review_by": date(2026, 12, 1)}
    table = built({"seeds.journey_maps": mart("seeds.journey_maps", [head])})
    headers = table.filter(lane="header")
    assert dict(headers.select("item", "text").rows()) == {
        "actor": "Active customers",
        "goal": "Find it",
        "scenario": "Again",
        "owner": "crm",
    }
    assert set(headers["segment_id"]) == {"active"}


@pytest.mark.parametrize(
    ("key", "groups", "drawn"),
    [("needs", 3, "needs"), ("needs", 2, "lifecycle"), ("nothing_else_knows_it", 3, "lifecycle")],
)
def test_maps_are_drawn_for_the_key_scheme_where_it_is_broken_down_by_and_divides(key, groups, drawn):
    definitions = pl.DataFrame({"scheme_id": [key, key, "region"], "is_key": [True, True, False]})
    people = [{"scheme_id": key, "segment_id": f"group_{n % groups}"} for n in range(11 * groups)]
    crowd = [{"scheme_id": key, "segment_id": "group_0"}] * 100
    membership = pl.DataFrame([*people, {"scheme_id": key, "segment_id": "one_person"}])
    assert key_scheme(definitions, membership, 11) == drawn
    # Where nearly everybody is in one group, the scheme tells nobody apart.
    assert key_scheme(definitions, pl.DataFrame([*people, *crowd]), 11) == "lifecycle"
    assert key_scheme(definitions.filter(~pl.col("is_key")), membership, 11) == "lifecycle"


def test_what_another_company_s_team_says_is_in_no_map():
    head = {"scheme_id": "lifecycle", "segment_id": "active", "name": "Active", "goal": "Find it", "owner": "crm"}
    said = {"scheme_id": "all", "segment_id": "all", "map_stage": "look", "lane": "actions", "item": "search"}
    frames = {
        "seeds.journey_maps": mart("seeds.journey_maps", [{**head, "company": "acme"}]),
        "seeds.journey_judgements": mart("seeds.journey_judgements", [{**said, "company": "acme", "text": "Searches"}]),
    }
    table = built({**steps(("active", 40, "search")), **frames})
    assert table.filter(source_kind="judgement").is_empty()
    assert row(table, segment_id="active", lane="actions", item="search")["value"] == 1
