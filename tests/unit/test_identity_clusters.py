"""Clusters: fixed point, unique keys, ledger, size cap, and that every link left out is told."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest

from tests.unit.identity_kit import edges, people, resolved, shipped, switched, with_cap

ANNA, PETER = "shop:customer:1", "shop:customer:2"
SHOP = {ANNA: "1", PETER: "2"}


def skipped(resolution) -> list[tuple[str, ...]]:
    return resolution.skipped.select("node_id_a", "node_id_b", "rule", "reason").rows()


def test_a_chain_of_thousands_is_one_person_and_the_rest_stays_apart() -> None:
    chain = [f"web:user:{i:05}" for i in range(3000)]
    links = [(a, b, "email") for a, b in pairwise(chain)]
    result = resolved([*chain, "web:user:x"], links, rules=with_cap(5000), staff=["web:user:00003"])
    assert people(result) == {frozenset(chain), frozenset({"web:user:x"})}
    row = result.map.filter(pl.col("node_id") == "web:user:02999").to_dicts()[0]
    assert row["cluster_size"] == 3000
    assert row["is_staff"]
    assert not result.map.filter(pl.col("node_id") == "web:user:x")["is_staff"].item()


def test_a_value_two_people_show_links_nobody_to_either() -> None:
    """One landline: Anna is the star's centre only because her id is the smallest."""
    ids = [ANNA, PETER, "desk:user:1", "desk:user:2"]
    links = [(ANNA, other, "phone", "+49301") for other in ids[1:]]
    result = resolved(ids, links, shop=SHOP)
    assert people(result) == {frozenset({ANNA}), frozenset({PETER}), frozenset({"desk:user:1", "desk:user:2"})}
    assert skipped(result) == [
        ("desk:user:1", ANNA, "phone", "ambiguous"),
        ("desk:user:2", ANNA, "phone", "ambiguous"),
        (ANNA, PETER, "phone", "unique_key"),
    ]
    told = result.skipped.select("key_type", "key_value_a", "key_value_b").unique().rows()
    assert told == [("shop_customer", "1", "2")]
    # the two desk users are linked to each other by the phone they show
    assert result.links.select("node_id_a", "node_id_b", "rule", "identifier_value").rows() == [
        ("desk:user:1", "desk:user:2", "phone", "+49301")
    ]


def test_between_two_people_each_record_joins_the_nearer_and_the_middle_neither() -> None:
    middle = [f"desk:user:{i}" for i in range(5)]
    chain = [ANNA, *middle, PETER]
    result = resolved(chain, [(a, b, "phone") for a, b in pairwise(chain)], shop=SHOP)
    assert people(result) == {
        frozenset({ANNA, middle[0], middle[1]}),
        frozenset({middle[2]}),
        frozenset({PETER, middle[3], middle[4]}),
    }
    even = [ANNA, *middle[:4], PETER]
    result = resolved(even, [(a, b, "phone") for a, b in pairwise(even)], shop=SHOP)
    assert people(result) == {frozenset({ANNA, *middle[:2]}), frozenset({PETER, *middle[2:4]})}
    assert skipped(result) == [(middle[1], middle[2], "phone", "unique_key")]


def test_stronger_evidence_settles_what_weaker_evidence_disputes() -> None:
    card = "pos:loyalty:9"
    links = [(ANNA, card, "phone", "p"), (PETER, card, "phone", "p"), (PETER, card, "loyalty_card", "9")]
    result = resolved([ANNA, PETER, card], links, shop=SHOP)
    assert people(result) == {frozenset({ANNA}), frozenset({PETER, card})}
    assert {row[3] for row in skipped(result)} <= {"unique_key", "ambiguous"}


def test_the_weakest_link_on_the_way_between_two_people_is_the_one_left_out() -> None:
    links = [
        (ANNA, "desk:user:1", "email"),
        ("desk:user:1", "crm:contact:1", "device"),
        ("crm:contact:1", PETER, "phone"),
    ]
    result = resolved([ANNA, PETER, "desk:user:1", "crm:contact:1"], links, shop=SHOP)
    assert people(result) == {frozenset({ANNA, "desk:user:1"}), frozenset({PETER, "crm:contact:1"})}
    assert skipped(result) == [("crm:contact:1", "desk:user:1", "device", "unique_key")]


def test_a_record_that_shows_two_accounts_belongs_to_neither_by_them() -> None:
    both = "desk:user:1"
    links = [(ANNA, both, "shop_customer", "1"), (PETER, both, "shop_customer", "2")]
    result = resolved([ANNA, PETER, both], links, shop={**SHOP, both: "1 2"})
    assert people(result) == {frozenset({ANNA}), frozenset({PETER}), frozenset({both})}
    assert {row[3] for row in skipped(result)} == {"ambiguous"}


def test_the_ledger_goes_before_everything() -> None:
    a, b, c = "x:user:a", "x:user:b", "x:user:c"
    links = [(a, b, "crm_merge"), (b, c, "email")]
    assert people(resolved([a, b, c], links, never=[(b, a)])) == {frozenset({a}), frozenset({b, c})}
    told = resolved([a, b, c], links, never=[(a, b)]).skipped.select("reason", "key_value_a", "key_value_b").rows()
    assert told == [("never_match", a, b)]
    assert people(resolved([a, b, c], always=[(c, a)])) == {frozenset({a, c}), frozenset({b})}
    # a person's word joins even two accounts; other accounts stay apart from both
    third = "shop:customer:3"
    joined = resolved(
        [ANNA, PETER, third], [(PETER, third, "email")], shop={**SHOP, third: "3"}, always=[(ANNA, PETER)]
    )
    assert people(joined) == {frozenset({ANNA, PETER}), frozenset({third})}


def test_a_pair_the_ledger_forbids_does_not_meet_over_others() -> None:
    ids = [f"x:user:{i}" for i in range(4)]
    star = [(ids[0], other, "email", "e") for other in ids[1:]]
    result = resolved(ids, star, never=[(ids[1], ids[2])])
    assert not any({ids[1], ids[2]} <= group for group in people(result))
    # the e-mail is as near to both: what else shows it stays together
    assert frozenset({ids[0], ids[3]}) in people(result)


def test_a_merge_of_the_system_makes_two_of_its_keys_one() -> None:
    shop = {"x:contact:1": "1", "x:contact:2": "2", "x:contact:3": "3"}
    unique = tuple(u.model_copy(update={"merged_by": ("crm_merge",)}) for u in shipped().unique)
    rules = shipped().model_copy(update={"unique": unique})
    links = [("x:contact:1", "x:contact:2", "crm_merge"), ("x:contact:2", "x:contact:3", "email")]
    merged = resolved(list(shop), links, shop=shop, rules=rules)
    assert people(merged) == {frozenset({"x:contact:1", "x:contact:2"}), frozenset({"x:contact:3"})}


def test_a_cluster_above_the_cap_keeps_its_strong_links_and_takes_no_weaker_ones() -> None:
    ids = [f"x:user:{i}" for i in range(6)]
    links = [
        (ids[0], ids[1], "email"),
        (ids[1], ids[2], "phone"),
        (ids[2], ids[3], "phone"),
        (ids[3], ids[4], "phone"),
        (ids[0], ids[5], "device"),
    ]
    result = resolved(ids, links, rules=with_cap(4))
    assert people(result) == {frozenset(ids[:2]), *[frozenset({i}) for i in ids[2:]]}
    assert {row[3] for row in skipped(result)} == {"cluster_cap"}
    capped = result.clusters.filter("was_capped")["n_nodes"].to_list()
    assert sorted(capped) == [1, 1, 1, 2]
    # what fits is not touched
    assert frozenset(ids[:5]) in people(resolved(ids, links[:4], rules=with_cap(5)))


def test_model_pairs_link_from_their_threshold_on_and_the_surer_first() -> None:
    x = "desk:user:1"
    links = [(ANNA, x, "model", "0.9991"), (PETER, x, "model", "0.9999"), ("a:user:1", "a:user:2", "model", "0.95")]
    result = resolved([ANNA, PETER, x, "a:user:1", "a:user:2"], links, shop=SHOP)
    assert frozenset({PETER, x}) in people(result)
    assert skipped(result) == [
        ("a:user:1", "a:user:2", "model", "below_threshold"),
        (x, ANNA, "model", "unique_key"),
    ]


def test_a_rule_switched_off_links_nobody_and_is_told() -> None:
    links = [("x:user:1", "x:user:2", "phone")]
    result = resolved(["x:user:1", "x:user:2"], links, rules=switched(["phone"], on=False))
    assert len(people(result)) == 2
    assert [row[3] for row in skipped(result)] == ["rule_disabled"]


def test_a_guess_takes_in_a_record_without_a_name_but_joins_no_two_people() -> None:
    """Two people on one e-mail; the mailing tool's records of it bear no name, one of them shows Peter's card too."""
    anna, peter, card, mailed = "shop:customer:1", "shop:customer:2", "mail:profile:1", "mail:profile:2"
    ids = [anna, peter, card, mailed]
    links = [(peter, card, "loyalty_card"), (anna, card, "shared_email", "e"), (anna, mailed, "shared_email", "e")]
    guessing = resolved(ids, links, rules=switched(["shared_email"], on=True))
    assert not any({anna, peter} <= group for group in people(guessing))
    assert frozenset({peter, card}) in people(guessing)
    only = resolved(ids, [links[0], links[2]], rules=switched(["shared_email"], on=True))
    assert people(only) == {frozenset({anna, mailed}), frozenset({peter, card})}
    # as shipped, nobody guesses
    assert {row[3] for row in skipped(resolved(ids, links))} == {"rule_disabled"}


def test_quality_of_a_person() -> None:
    a, b, c, d = (f"x:user:{i}" for i in range(4))
    links = [(a, b, "email"), (b, c, "email"), (a, c, "phone"), (c, d, "device")]
    row = resolved([a, b, c, d], links).clusters.to_dicts()[0]
    assert row["n_nodes"] == 4
    assert row["n_links"] == 4
    assert row["density"] == pytest.approx(4 / 6)
    # the phone is beside the e-mails, so only the device holds d
    assert (row["weakest_rule"], row["weakest_confidence"], row["n_bridges"]) == ("device", 0.95, 1)
    alone = resolved([a], []).clusters.to_dicts()[0]
    assert (alone["n_nodes"], alone["n_links"], alone["density"], alone["weakest_rule"]) == (1, 0, None, None)


def test_two_links_of_one_pair_are_no_bridge() -> None:
    result = resolved(["x:user:1", "x:user:2"], [("x:user:1", "x:user:2", "email"), ("x:user:1", "x:user:2", "phone")])
    assert result.links["is_bridge"].to_list() == [False, False]


def test_bad_input_is_an_error_that_says_what() -> None:
    with pytest.raises(ValueError, match="no rule of the rules file is called horoscope"):
        resolved(["a:user:1", "a:user:2"], [("a:user:1", "a:user:2", "horoscope")])


def test_no_nodes_is_an_empty_map() -> None:
    assert resolved([]).map.is_empty()


def test_evidence_without_links_has_the_shape_of_evidence() -> None:
    assert edges([]).schema == edges([("a:user:1", "a:user:2", "email")]).schema
