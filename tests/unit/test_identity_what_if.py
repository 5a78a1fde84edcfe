"""What-if: which records a proposal means, and what two states have that differs, on maps small enough to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.identity.proposal import Decision, Proposal, ProposalError, Step, decide, enter, proposed_rules, steps
from pipelines.identity.rules import RULES_FILE, load_rules
from pipelines.identity.what_if import compare_links, compare_maps, compare_measures

Clusters = Mapping[str, str]
"""Customer id to its records, each a letter."""


def a_map(clusters: Clusters) -> pl.DataFrame:
    rows = [(node, customer) for customer, nodes in clusters.items() for node in nodes]
    return pl.DataFrame(rows, schema={"node_id": pl.String, "customer_id": pl.String}, orient="row")


def told(before: Clusters, after: Clusters) -> list[tuple[str, str, list[str], int, int]]:
    return compare_maps(a_map(before), a_map(after)).clusters.rows()


def test_the_same_people_are_no_change_in_whatever_order() -> None:
    people = {"c1": "abc", "c2": "d"}
    found = compare_maps(a_map(people), a_map(people).reverse())
    assert (found.n_before, found.n_after, found.n_records, found.n_moved) == (2, 2, 4, 0)
    assert found.clusters.is_empty()


def test_a_split_is_one_person_divided_and_one_new() -> None:
    assert told({"c1": "abc", "c2": "d"}, {"c1": "ab", "c3": "c", "c2": "d"}) == [
        ("new", "c3", ["c1"], 0, 1),
        ("split", "c1", ["c1", "c3"], 3, 2),
    ]


def test_a_merge_is_one_person_grown_and_one_retired() -> None:
    assert told({"c1": "ab", "c2": "c"}, {"c1": "abc"}) == [
        ("merged", "c1", ["c1", "c2"], 2, 3),
        ("retired", "c2", ["c1"], 1, 0),
    ]


def test_a_record_that_goes_over_to_another_person_splits_one_and_grows_the_other() -> None:
    before, after = {"c1": "abc", "c2": "d"}, {"c1": "ab", "c2": "cd"}
    assert told(before, after) == [
        ("merged", "c2", ["c1", "c2"], 1, 2),
        ("split", "c1", ["c1", "c2"], 3, 2),
    ]
    assert compare_maps(a_map(before), a_map(after)).moved.rows() == [("c", "c1", "c2")]


def test_records_that_come_or_go_are_told_with_nobody_beside_them() -> None:
    found = compare_maps(a_map({"c1": "ab", "c2": "c"}), a_map({"c1": "a", "c3": "d"}))
    assert found.clusters.rows() == [("new", "c3", [], 0, 1), ("retired", "c2", [], 1, 0)]
    assert found.moved.rows() == [("b", "c1", None), ("c", "c2", None), ("d", None, "c3")]


def links(*rows: tuple[str, str, str, float]) -> pl.DataFrame:
    schema = {"node_id_a": pl.String, "node_id_b": pl.String, "rule": pl.String, "confidence": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_links_between_people_are_told_of_with_why_they_were_cut_or_refused() -> None:
    def left_out(*rows: tuple[str, str, str, float]) -> pl.DataFrame:
        return links(*rows).with_columns(reason=pl.lit("a_reason"))

    found = compare_links(
        map_before=a_map({"c1": "abc", "c2": "d", "c3": "e"}),
        map_after=a_map({"c1": "ab", "c4": "c", "c2": "de"}),
        links_before=links(("a", "b", "email", 0.99), ("b", "c", "phone", 0.97), ("b", "c", "phone", 0.95)),
        links_after=links(("a", "b", "device", 0.9), ("d", "e", "model", 0.995)),
        skipped_before=left_out(("x", "y", "always_match", 1.0)),
        skipped_after=left_out(
            ("b", "c", "phone", 0.97),
            ("x", "y", "always_match", 1.0),
            ("a", "e", "always_match", 1.0),
            ("f", "g", "email", 1.0),
        ),
    )
    assert found.rows() == [
        ("cut", "b", "c", "phone", 0.97, "a_reason"),
        ("made", "d", "e", "model", 0.995, None),
        ("refused", "a", "e", "always_match", 1.0, "a_reason"),
    ]


def numbers(*rows: tuple[str, str, str, str, float | None, int | None]) -> pl.DataFrame:
    """topic, measure, breakdown, group, value, n."""
    names = ["topic", "measure", "breakdown", "group_id", "value", "n"]
    types = [pl.String, pl.String, pl.String, pl.String, pl.Float64, pl.Int64]
    frame = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
    return frame.with_columns(period=pl.lit(None, dtype=pl.String), lo=pl.lit(None, dtype=pl.Float64), hi=pl.lit(0.5))


def test_numbers_that_differ_are_told_and_the_others_counted() -> None:
    before = numbers(
        ("carts", "rate", "region", "North", 0.1, 100),
        ("carts", "rate", "region", "South", 0.2, 100),
        ("carts", "rate", "company", "all", 0.15, 200),
        ("funnels", "rate", "company", "all", 0.3, 50),
    )
    after = numbers(
        ("funnels", "rate", "company", "all", 0.3 + 1e-12, 50),
        ("carts", "rate", "region", "North", 0.1, 101),
        ("carts", "rate", "region", "South", 0.3, 100),
        ("carts", "rate", "company", "all", 0.2, 200),
    )
    found = compare_measures(before, after)
    assert found.counted.rows() == [("carts", 3, 3), ("funnels", 1, 0)]
    assert found.changed["group_id"].to_list() == ["all", "South", "North"]
    assert found.changed["difference"].to_list() == pytest.approx([0.05, 0.1, 0.0])


@pytest.mark.parametrize("lost", [[], [("segments", "customers", "region", "North", None, None)]])
def test_a_number_that_goes_is_a_change_also_where_it_is_only_hidden(
    lost: Sequence[tuple[str, str, str, str, None, None]],
) -> None:
    before = numbers(("segments", "customers", "region", "North", 11.0, 11))
    found = compare_measures(before, numbers(*lost)).changed
    assert found.select("value_before", "value_after", "difference").rows() == [(11.0, None, None)]


def test_a_number_under_one_name_twice_is_refused() -> None:
    twice = numbers(*[("carts", "rate", "company", "all", 0.1, 1)] * 2)
    with pytest.raises(ValueError, match="twice"):
        compare_measures(twice, twice)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A person c1 of a-b-c whose c was c_old once (a former id), a person c2 of d alone, and an empty ledger."""
    with duckdb.connect() as con:
        con.execute("create schema identity")
        con.execute("create schema seeds")
        con.execute(
            "create table identity.int_identity__map as from (values ('s:a', 'c1'), ('s:b', 'c1'), ('s:c', 'c1'),"
            " ('s:d', 'c2')) as t (node_id, customer_id)"
        )
        con.execute(
            "create table identity.int_identity__map_history as from (values ('s:c', 'c_old'), ('s:gone', 'c_gone'),"
            " ('s:a', 'c1'), ('s:b', 'c1'), ('s:c', 'c1'), ('s:d', 'c2')) as t (node_id, customer_id)"
        )
        con.execute(
            "create table identity.int_identity__links as from (values ('s:a', 's:b', 'email', 0.995e0, true),"
            " ('s:b', 's:c', 'phone', 0.97e0, true)) as t (node_id_a, node_id_b, rule, confidence, is_bridge)"
        )
        con.execute(
            "create table identity.int_identity__unique_keys as"
            " from (values ('s:b', 'birth_date', '1980-01-01')) as t (node_id, key_type, key_value)"
        )
        for kind in ("never", "always"):
            con.execute(
                f"create table seeds.identity_{kind}_match"
                " (node_id_a varchar, node_id_b varchar, decided_by varchar, decided_at date, reason varchar)"
            )
        yield con


@pytest.mark.parametrize(
    ("names", "records"),
    [
        (("s:a", "s:c"), ("s:a", "s:c")),
        (("s:d", "s:a"), ("s:d", "s:a")),
        (("c1", "c2"), ("s:b", "s:d")),
        (("c_old", "c1"), ("s:c", "s:b")),
        (("c1", "c_old"), ("s:b", "s:c")),
        (("s:c", "c1"), ("s:c", "s:b")),
        (("c_old", "s:a"), ("s:c", "s:a")),
    ],
)
def test_names_mean_records_and_the_weakest_link_between_two_sets_names_the_pair(
    con: duckdb.DuckDBPyConnection, names: tuple[str, str], records: tuple[str, str]
) -> None:
    assert decide(con, Proposal(never=(names,))) == (Decision("never", *records, names),)


def test_of_two_persons_the_records_that_hold_their_accounts_are_joined(con: duckdb.DuckDBPyConnection) -> None:
    """Said of other records, the two accounts would go on to keep the persons apart. A birth date is no account."""
    con.execute("insert into identity.int_identity__unique_keys values ('s:c', 'shop_customer', '7')")
    names = ("c1", "c2")
    assert decide(con, Proposal(always=(names,))) == (Decision("always", "s:c", "s:d", names),)


@pytest.mark.parametrize("names", [("c1", "c1"), ("s:a", "s:a"), ("c_old", "s:c")])
def test_two_names_of_the_same_records_are_asked_back_with_the_weakest_link(
    con: duckdb.DuckDBPyConnection, names: tuple[str, str]
) -> None:
    with pytest.raises(ProposalError, match="name two records") as caught:
        decide(con, Proposal(never=(names,)))
    assert ("The weakest link between them is s:b – s:c (phone, 0.97)" in str(caught.value)) == (names == ("c1", "c1"))


@pytest.mark.parametrize("name", ["s:x", "c_never", "c_gone"])
def test_a_name_nobody_has_is_an_error_that_says_what_names_look_like(
    con: duckdb.DuckDBPyConnection, name: str
) -> None:
    with pytest.raises(ProposalError, match=f"{name} is no record and no customer id.*shopify:customer:123"):
        decide(con, Proposal(always=(("s:a", name),)))


def test_decisions_are_entered_unless_they_contradict_the_ledger(con: duckdb.DuckDBPyConnection) -> None:
    never = Decision("never", "s:a", "s:c", ("s:a", "s:c"))
    enter(con, (never,), date(2026, 10, 31))
    assert con.execute("select node_id_a, node_id_b from seeds.identity_never_match").fetchall() == [("s:a", "s:c")]
    with pytest.raises(ProposalError, match="the ledger contradicts itself"):
        enter(con, (Decision("always", "s:c", "s:a", ("s:c", "s:a")),), date(2026, 10, 31))


def test_a_threshold_changes_that_one_number() -> None:
    found = proposed_rules(Proposal(threshold=0.9))
    assert found.thresholds.auto_link == 0.9
    assert found.model_copy(update={"thresholds": load_rules().thresholds}) == load_rules()


@pytest.mark.parametrize("threshold", [0.0, 0.1, 1.5])
def test_a_threshold_out_of_place_is_refused(threshold: float) -> None:
    with pytest.raises(ProposalError, match=f"a threshold of {threshold:g} is not allowed"):
        proposed_rules(Proposal(threshold=threshold))


def test_a_rules_file_is_held_to_the_form_of_the_shipped_one(tmp_path: Path) -> None:
    other = tmp_path / "other.yml"
    other.write_text(RULES_FILE.read_text().replace("cluster_cap: 250", "cluster_cap: 20"))
    assert proposed_rules(Proposal(rules_file=other)).cluster_cap == 20
    other.write_text(RULES_FILE.read_text().replace("cluster_cap: 250", "cluster_cap: 1"))
    with pytest.raises(ProposalError, match="cluster_cap"):
        proposed_rules(Proposal(rules_file=other))


def test_a_proposal_says_how_it_is_applied() -> None:
    decision = Decision("never", "s:a", 'pos:receipt:1,"x"', ("s:a", "c1"))
    proposal = Proposal(never=(("s:a", "c1"),), rules_file=Path("other.yml"), threshold=0.95)
    assert steps(proposal, (decision,), date(2026, 11, 2)) == [
        Step(
            "dbt_project/seeds/identity_never_match.csv",
            's:a,"pos:receipt:1,""x""",<who decided>,2026-11-02,<why>',
        ),
        Step("pipelines/identity/rules.yml", "the content of other.yml"),
        Step("pipelines/identity/rules.yml", "thresholds: auto_link: 0.95"),
    ]
