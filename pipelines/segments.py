"""The segments file: what analysts define, checked and turned into the table the analytics read.

Belongs here: reading ``dbt_project/definitions/segments.yml``, and saying what is wrong with it. Stays out: deciding
who is in which segment (``pipelines.analytics.segments``). The grammar is explained at the head of the file itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.analytics.segments.conditions import ConditionError, parse
from pipelines.analytics.segments.facts import FACTS
from pipelines.analytics.segments.schemes import DEFINITION, TAG
from pipelines.files import read_yaml
from pipelines.settings import PROJECT_ROOT

SEGMENTS_FILE = Path("dbt_project/definitions/segments.yml")

Owner = Literal["customer-insight", "e-commerce", "customer-care", "crm"]
Basis = Literal[
    "value",
    "lifecycle",
    "demographic",
    "geographic",
    "firmographic",
    "needs",
    "behaviour",
    "journey",
    "channel",
    "funnel",
    "combined",
]
Name = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
Words = Field(min_length=4)


class SegmentError(ValueError):
    """The segments file is wrong; the message names the file, the scheme, the rule and what is allowed."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Part):
    """Who is in ``segment``; ``words`` tell it to people and are the reason a member is given."""

    segment: str = Name
    when: str
    words: str = Words


class Otherwise(_Part):
    """Where everybody goes whom no rule takes."""

    segment: str = Name
    words: str = Words


class Scheme(_Part):
    """One way to divide customers: by rules, by the values of a fact, or by two schemes crossed."""

    id: str = Name
    goal: str = Field(min_length=10)
    owner: Owner
    basis: Basis
    refresh: Literal["every run"]
    key: bool = False
    rules: tuple[Rule, ...] = ()
    values_of: str | None = None
    crosses: tuple[str, str] | None = None
    words: str | None = None
    otherwise: Otherwise

    @model_validator(mode="after")
    def _one_form(self) -> Scheme:
        if sum((bool(self.rules), self.values_of is not None, self.crosses is not None)) != 1:
            raise ValueError("needs exactly one of rules, values_of, crosses")
        if bool(self.rules) == (self.words is not None):
            raise ValueError("words stand at each rule, or beside values_of or crosses")
        if self.values_of is not None and getattr(FACTS.get(self.values_of), "kind", "") != "text":
            texts = ", ".join(fact.name for fact in FACTS.values() if fact.kind == "text")
            raise ValueError(f"values_of {self.values_of} is no fact of text; those are {texts}")
        return self


class Tag(_Part):
    """A mark people carry beside their segments: any number of them, or none."""

    id: str = Name
    goal: str = Field(min_length=10)
    owner: Owner
    when: str
    words: str = Words


class Definitions(_Part):
    """What the file says."""

    schemes: tuple[Scheme, ...] = Field(min_length=1)
    tags: tuple[Tag, ...] = ()


def load_segments(project_root: Path = PROJECT_ROOT, file: Path | None = None) -> Definitions:
    """The schemes and tags as the file defines them.

    Raises:
        SegmentError: the file is not YAML, a field is wrong, or a condition cannot be understood.
    """
    path = file or project_root / SEGMENTS_FILE
    shown = path.relative_to(project_root) if path.is_relative_to(project_root) else path
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SegmentError(f"{shown} cannot be read: {' '.join(str(error).split())}") from error
    try:
        defined = Definitions.model_validate(content)
    except ValidationError as error:
        raise SegmentError("; ".join(f"{shown}: {_told(content, problem)}" for problem in error.errors())) from error
    if problems := [f"{shown}: {problem}" for problem in _problems(defined)]:
        raise SegmentError("; ".join(problems))
    return defined


def segment_definitions(defined: Definitions) -> pl.DataFrame:
    """One row per scheme and rule, ``otherwise`` last, in the order of the file; then one per tag (``DEFINITION``)."""
    rows = [row for number, scheme in enumerate(defined.schemes, 1) for row in _rows_of(number, scheme)]
    tags = enumerate(defined.tags, len(defined.schemes) + 1)
    return pl.DataFrame([*rows, *(_row_of_tag(number, tag) for number, tag in tags)], schema=DEFINITION)


def write_segments(con: duckdb.DuckDBPyConnection, definitions: pl.DataFrame) -> None:
    """Put the table into schema ``raw``, where the analytics find what the run is told."""
    con.execute("create schema if not exists raw")
    con.register("incoming_segments", definitions.to_arrow())
    con.execute("create or replace table raw.segment_definitions as select * from incoming_segments")
    con.unregister("incoming_segments")


def _rows_of(number: int, scheme: Scheme) -> Iterator[dict[str, object]]:
    common: dict[str, object] = {
        "scheme_number": number,
        "scheme_id": scheme.id,
        "form": "rules" if scheme.rules else "values" if scheme.values_of else "crossed",
        "goal": scheme.goal,
        "owner": scheme.owner,
        "basis": scheme.basis,
        "refresh": scheme.refresh,
        "is_key": scheme.key,
        "source": scheme.values_of or " ".join(scheme.crosses or ()) or None,
    }
    told: list[dict[str, object]] = [
        {"segment_id": rule.segment, "condition": rule.when, "words": rule.words} for rule in scheme.rules
    ]
    told = told or [{"segment_id": None, "condition": None, "words": scheme.words}]
    told.append({"segment_id": scheme.otherwise.segment, "condition": None, "words": scheme.otherwise.words})
    for place, rule in enumerate(told, 1):
        yield {**common, "rule_number": place, **rule, "is_otherwise": place == len(told)}


def _row_of_tag(number: int, tag: Tag) -> dict[str, object]:
    return {
        "scheme_number": number,
        "scheme_id": tag.id,
        "form": TAG,
        "goal": tag.goal,
        "owner": tag.owner,
        "basis": None,
        "refresh": "every run",
        "is_key": False,
        "source": None,
        "rule_number": 1,
        "segment_id": tag.id,
        "condition": tag.when,
        "words": tag.words,
        "is_otherwise": False,
    }


def _problems(defined: Definitions) -> Iterator[str]:
    """What no single field shows: names used twice, keys, schemes crossed, conditions."""
    for kind, listed in (("scheme", defined.schemes), ("tag", defined.tags)):
        ids = [part.id for part in listed]
        for twice in sorted({name for name in ids if ids.count(name) > 1}):
            yield f"{kind} {twice} is defined twice"
    for tag in defined.tags:
        try:
            parse(tag.when, FACTS)
        except ConditionError as error:
            yield f"tag {tag.id}, when: {error}"
    if sum(scheme.key for scheme in defined.schemes) > 1:
        yield f"{', '.join(s.id for s in defined.schemes if s.key)} are all key: one scheme can be"
    for place, scheme in enumerate(defined.schemes):
        before = [other.id for other in defined.schemes[:place] if not other.crosses]
        for crossed in scheme.crosses or ():
            if crossed not in before:
                yield f"scheme {scheme.id}, crosses: {crossed} is no scheme above it; those are {', '.join(before)}"
        if scheme.key and not scheme.rules:
            yield f"scheme {scheme.id}, key: maps need named segments, so only a scheme of rules can be"
        segments = {rule.segment for rule in scheme.rules} | {scheme.otherwise.segment}
        if scheme.key and not 3 <= len(segments) <= 8:
            yield f"scheme {scheme.id}, key: {len(segments)} segments; maps are drawn for 3 to 8"
        for number, rule in enumerate(scheme.rules, 1):
            try:
                parse(rule.when, FACTS)
            except ConditionError as error:
                yield f"scheme {scheme.id}, rule {number} ({rule.segment}): {error}"


def _told(content: Any, problem: Mapping[str, Any]) -> str:
    """A problem of the checker in the analyst's words: which scheme or tag, which field, what is wrong."""
    place = list(problem["loc"])
    words = str(problem["msg"]).removeprefix("Value error, ")
    kind = {"schemes": "scheme", "tags": "tag"}.get(str(place[0]) if place else "")
    if kind and len(place) > 1 and isinstance(place[1], int):
        part = content[place[0]][place[1]]
        name = part.get("id", f"number {place[1] + 1}") if isinstance(part, dict) else f"number {place[1] + 1}"
        return f"{kind} {name}, {_field(place[2:])}: {words}"
    return f"{_field(place)}: {words}"


def _field(place: Sequence[str | int]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place) or "the whole"
