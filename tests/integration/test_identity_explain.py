"""Explaining on the demo company: every merge has a chain of links that were made, and nothing personal shows."""

from __future__ import annotations

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines import warehouse
from pipelines.cli.main import app
from pipelines.identity.explain import Explanation, UnknownRecordError, explain
from pipelines.ingest.source_rows import source_rows
from tests.shared import Demo

PAIRS = 25


def read(demo: Demo, query: str) -> pl.DataFrame:
    with warehouse.connect(demo.settings) as con:
        return con.sql(query).pl()


@pytest.fixture(scope="module")
def pairs(demo: Demo) -> list[tuple[str, str]]:
    """The two records of a person that are farthest apart by name, of some persons of every size."""
    query = f"""
        select min(node_id) as a, max(node_id) as b
        from identity.int_identity__map
        group by customer_id
        having count(*) > 1
        order by md5(customer_id)
        limit {PAIRS}
    """
    return list(read(demo, query).iter_rows())


@pytest.fixture(scope="module")
def explained(demo: Demo, pairs: list[tuple[str, str]]) -> list[Explanation]:
    return [explain(demo.settings, a, b) for a, b in pairs]


def test_every_merge_has_a_chain_of_links_that_were_made(
    demo: Demo, pairs: list[tuple[str, str]], explained: list[Explanation]
) -> None:
    links = read(
        demo, "select distinct rule, identifier_type, identifier_value, customer_id from identity.int_identity__links"
    )
    made = set(links.iter_rows())
    for (a, b), found in zip(pairs, explained, strict=True):
        assert found.is_one_person
        assert (found.chain[0].node_id_a, found.chain[-1].node_id_b) == (a, b)
        for step, after in zip(found.chain, [*found.chain[1:], None], strict=True):
            assert after is None or step.node_id_b == after.node_id_a
            assert (step.rule, step.identifier_type, step.identifier_value, found.customer_ids[0]) in made
        assert sum(step.is_weakest for step in found.chain) == 1
        assert found.known_from is not None


def test_a_record_stands_where_the_explanation_says(demo: Demo, explained: list[Explanation]) -> None:
    seen = 0
    for found in explained:
        for node, rows in source_rows(demo.settings, found.records).items():
            assert rows, node
            for row in rows:
                if row.file.endswith(".jsonl"):
                    lines = (demo.settings.landing_dir / row.file).read_text(encoding="utf-8").splitlines()
                    assert node.split(":", 2)[2] in lines[row.row_number - 1], node
                    seen += 1
    assert seen > PAIRS / 2


def test_two_persons_show_what_was_left_out_and_why(demo: Demo) -> None:
    skipped = "select node_id_a, node_id_b, reason from identity.int_identity__skipped_links"
    query = f"{skipped} where reason = 'unique_key' limit 1"
    ((a, b, reason),) = read(demo, query).iter_rows()
    found = explain(demo.settings, a, b)
    assert not found.is_one_person
    assert found.chain == ()
    assert reason in {pair["reason"] for pair in found.left_out}


def test_a_person_may_be_asked_for_and_an_unknown_id_is_told(demo: Demo, pairs: list[tuple[str, str]]) -> None:
    a, b = pairs[0]
    person = explain(demo.settings, a, b).customer_ids[0]
    assert explain(demo.settings, person, b).customer_ids == (person, person)
    with pytest.raises(UnknownRecordError, match="is no record and no person"):
        explain(demo.settings, a, "shopify:customer:none")


def test_the_command_masks_every_value_unless_asked(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    query = (
        "select node_id_a, node_id_b, identifier_value from identity.int_identity__links where rule = 'email' limit 1"
    )
    ((a, b, value),) = read(demo, query).iter_rows()
    for name, setting in demo.settings.environ().items():
        monkeypatch.setenv(name, setting)
    for options in ([], ["--json"]):
        hidden = CliRunner().invoke(app, ["identity", "explain", a, b, *options])
        assert hidden.exit_code == 0, hidden.output
        assert value not in hidden.output.lower()
        shown = CliRunner().invoke(app, ["identity", "explain", a, b, "--show-pii", *options])
        assert value in shown.output.lower()
