"""Models hold only SQL that DuckDB and Spark 3.5 read the same; what differs lives in macros/engine, once an engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT

DBT = PROJECT_ROOT / "dbt_project"
ENGINE = DBT / "macros" / "engine"

BANNED = {
    r"::": "cast(x as type)",
    r"\bvarchar\b(?!\()": "string: Spark's varchar needs a length",
    r"\bqualify\b": "a row_number() subquery",
    r"\brecursive\b": "a loop of models or Python",
    r"\blistagg\b|\bstring_agg\b|\barray_agg\b|\bgroup_concat\b": "text_agg",
    r"!?~[~*]?(?=\s*')": "regex_matches",
    r"\bregexp_\w+\(": "regex_replace_all, regex_extract or regex_matches",
    r"\bdate_?diff\(|\bdatesub\(|\bdate_sub\(": "seconds_between",
    r"(?<![.\w{ ])epoch\w*\(|(?<=[ (,])epoch\(": "epoch_us or seconds_between",
    r"\blist_\w+\(|\barray_\w+\((?![^{]*\}\})": "the array macros",
    r"\bjson_extract\w*\(|->>?|\bfrom_json\(|\bget_json_object\(": "json_text or json_struct",
    r"(?<![\w.])unnest\(|\bexplode\w*\(|\blateral view\b": "unnest_array",
    r"\bat time zone\b|\btimezone\(|\bfrom_utc_timestamp\(": "utc_to_zone, zone_to_utc or date_in_zone",
    r"\bstrftime\(|\bstrptime\(|\bdate_format\(": "a macro in macros/engine",
    r"\bisodow\(|\bdayofweek\(|\bweekday\(": "iso_day_of_week",
    r"\bhash\(|\bxxhash64\(": "hash64",
    r"\basof join\b|\bpositional join\b|\banti join\b|\bsemi join\b": "a plain join",
    r"\bexclude\s*\(|\breplace\s*\((?=[^)]*\bas\b)|\bexcept\s*\(": "a list of columns",
    r"\bntile\(": "a score on the value, so that ties share it",
    r"\b(current_date|current_timestamp|now\(|today\()": "source('run', 'run_settings')",
}
"""What a model may not say, and what to write instead. Macro calls stand in double braces and are taken out first."""


def strip_macros_and_comments(sql: str) -> str:
    """The SQL a model says itself: no Jinja, no comments, no string literals."""
    for pattern in (r"\{#.*?#\}", r"\{%.*?%\}", r"\{\{.*?\}\}", r"--[^\n]*", r"'[^'\n]*'"):
        replacement = "''" if pattern.startswith("'") else " "
        sql = re.sub(pattern, replacement, sql, flags=re.DOTALL)
    return sql.lower()


def offences(sql: str) -> list[str]:
    """Banned constructs in a model's text, each with the line's number in it and what to write instead."""
    own = strip_macros_and_comments(sql)
    return [
        f"{match.group(0)!r}: write {instead}"
        for pattern, instead in BANNED.items()
        for match in re.finditer(pattern, own)
    ]


MODELS = sorted(DBT.glob("models/**/*.sql"))
SHARED_MACROS = sorted(path for path in DBT.glob("macros/*.sql"))


def test_there_are_models_to_look_at() -> None:
    assert len(MODELS) > 60
    assert SHARED_MACROS


@pytest.mark.parametrize("path", [*MODELS, *SHARED_MACROS], ids=lambda path: path.stem)
def test_a_model_speaks_both_engines(path: Path) -> None:
    assert not offences(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "sql",
    [
        "select a::int from t",
        "select cast(a as varchar) from t",
        "select a from t qualify row_number() over (order by a) = 1",
        "with recursive t as (select 1) select * from t",
        "select listagg(a) from t",
        "select a from t where a ~ 'x'",
        "select regexp_replace(a, 'x', 'y') from t",
        "select datediff('day', a, b) from t",
        "select epoch(a) from t",
        "select list_transform(a, x) from t",
        "select json_extract_string(a, '$.b') from t",
        "select a ->> 'b' from t",
        "select u from t cross join unnest(t.a) as u",
        "select a at time zone 'UTC' from t",
        "select isodow(a) from t",
        "select hash(a) from t",
        "select * exclude (a) from t",
        "select a from t anti join u using (a)",
        "select current_date",
    ],
)
def test_the_lint_sees_what_it_bans(sql: str) -> None:
    assert offences(sql)


def test_the_lint_leaves_macros_strings_and_comments_alone() -> None:
    assert not offences("-- a::int\nselect {{ regex_extract('a', 'x::') }}, 'a ~ b', date_trunc('day', a) from t")


@pytest.mark.parametrize("path", sorted(ENGINE.glob("*.sql")), ids=lambda path: path.stem)
def test_an_engine_macro_is_written_for_both_engines(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)'\)", text))
    assert dispatched, "a macro that needs no dispatch belongs in macros/"
    for name in dispatched:
        for engine in ("duckdb", "spark"):
            assert f"macro {engine}__{name}(" in text, f"{engine}__{name} is missing"
