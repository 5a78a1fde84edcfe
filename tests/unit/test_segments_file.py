"""The segments file: what it says becomes rows, and whoever says it wrongly is told where."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.segments import SEGMENTS_FILE, SegmentError, load_segments, segment_definitions
from pipelines.settings import PROJECT_ROOT

TEXT = (PROJECT_ROOT / SEGMENTS_FILE).read_text(encoding="utf-8")


def test_every_scheme_ends_with_the_rule_that_takes_everybody_else() -> None:
    definitions = segment_definitions(load_segments())
    definitions = definitions.filter(pl.col("form") != "tag")
    last = definitions.group_by("scheme_id").last()
    assert last["is_otherwise"].all()
    assert definitions["is_otherwise"].sum() == last.height
    assert set(definitions["form"]) == {"rules", "values", "crossed"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("owner: crm", "owner: somebody", "scheme value_rfm, owner: Input should be 'customer-insight'"),
        ("basis: lifecycle", "basis: mood", "scheme lifecycle, basis: Input should be"),
        ("refresh: every run", "refresh: never", "scheme value_rfm, refresh: Input should be 'every run'"),
        ("id: lifecycle", "id: Life cycle", "scheme Life cycle, id: String should match"),
        ("id: lifecycle", "id: value_rfm", "scheme value_rfm is defined twice"),
        (
            "when: is_business",
            "when: is_firm",
            "scheme business, rule 1 (b2b): is_firm is no fact; facts are n_orders,",
        ),
        ("when: is_business,", "when: is_business = 1,", "is_business is yes or no: write it alone"),
        ("when: rfm_cell = 'R3F3'", "when: rfm_cell > 'R3F3'", "rfm_cell is a text: compare it by = or !=, not by >"),
        ("when: rfm_cell = 'R4F1'", "when: rfm_cell = R4F1", "'R4F1' needs quotes"),
        ("when: n_orders = 0,", "when: n_orders,", "rule 1 (prospect): n_orders is a number: say what it is compared"),
        ("when: n_orders = 0,", "when: n_orders = 0 or,", "a fact is missing before 'the end'"),
        ("when: n_orders = 0,", "when: (n_orders = 0,", "')' is missing before 'the end'"),
        ("when: n_orders = 0,", "when: n_orders = 0 is_business,", "does not go on with 'is_business'"),
        ("when: n_orders = 0,", "when: n_orders = 0; drop,", "cannot read '; drop'"),
        ("when: n_orders = 0,", "when: n_orders = 2 * region,", "region is a text, no number to compare with"),
        ("values_of: region", "values_of: n_orders", "scheme region, the whole: values_of n_orders is no fact of text"),
        ("values_of: region", "crosses: [lifecycle, mood]", "scheme region, crosses: mood is no scheme above it"),
        ("    values_of: region\n", "", "scheme region, the whole: needs exactly one of rules, values_of, crosses"),
        ("    words: region of the person\n", "", "words stand at each rule, or beside values_of or crosses"),
        ("basis: geographic\n", "basis: geographic\n    key: true\n", "only a scheme of rules can be"),
        ("basis: firmographic\n", "basis: firmographic\n    key: true\n", "2 segments; maps are drawn for 3 to 8"),
        ("schemes:", "schemes: [", "cannot be read"),
    ],
)
def test_a_wrong_definition_names_file_scheme_and_rule(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in TEXT
    file = tmp_path / "segments.yml"
    file.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(SegmentError, match=r"segments\.yml") as raised:
        load_segments(file=file)
    assert told in str(raised.value)
