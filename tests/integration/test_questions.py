"""Every query of ``docs/questions.md`` answers on what the demo company published."""

from __future__ import annotations

import re

import duckdb
import pytest

from pipelines.settings import PROJECT_ROOT
from tests.shared import Demo

QUESTION = re.compile(r"^\*\*(?P<numbers>[\d, ]+)\. (?P<words>.+?)\*\*(?P<rest>.*?)(?=^\*\*\d|^## |\Z)", re.M | re.S)
QUERY = re.compile(r"```sql\n(.*?)```", re.S)
ENTRIES = [
    (numbers, words, QUERY.findall(rest))
    for numbers, words, rest in QUESTION.findall((PROJECT_ROOT / "docs" / "questions.md").read_text("utf-8"))
]


def test_every_requirement_has_one_entry() -> None:
    told = sorted(int(number) for numbers, _, _ in ENTRIES for number in numbers.split(","))
    assert told == list(range(1, 97))


@pytest.mark.parametrize(
    ("words", "query"),
    [pytest.param(words, query, id=numbers) for numbers, words, queries in ENTRIES for query in queries],
)
def test_the_query_answers(full_demo: Demo, words: str, query: str) -> None:
    with duckdb.connect(str(full_demo.settings.published_dir / "current" / "marts.duckdb"), read_only=True) as con:
        first = con.execute(query).fetchone()
    assert first is not None, words
    assert any(value not in {None, ""} for value in first), f"{words}: the first row says nothing"
