"""The funnels file: what analysts define, checked and turned into the two tables the warehouse reads.

Belongs here: reading ``dbt_project/definitions/funnels.yml``, and saying what is wrong with it. Stays out: evaluating a
funnel (a model of the warehouse) and its statistics. The grammar is explained at the head of the file itself.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import duckdb
import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.files import read_yaml
from pipelines.settings import PROJECT_ROOT

FUNNELS_FILE = Path("dbt_project/definitions/funnels.yml")

MAX_STEPS = 8
MATCHERS = ("event_type", "touchpoint", "stage")
FILTERS = ("channel", "device_category", "region", "product_line", "system")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}

Mode = Literal["strict_order", "strict_deduplication", "strict_increase"]
Held = Literal[
    "cart_ref",
    "order_id",
    "product_id",
    "product_line",
    "campaign_ref",
    "device_ref",
    "channel",
    "region",
    "device_category",
]
Breakdown = Literal["region", "device_category", "channel", "period", "value_rfm", "lifecycle", "needs"]
MODES: tuple[Mode, ...] = get_args(Mode)
Name = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")


class FunnelError(ValueError):
    """The funnels file is wrong; the message names the file, the funnel, the field and what is allowed."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class _Match(_Part):
    """Which events are meant: one of the three columns, narrowed by ``where``."""

    event_type: tuple[str, ...] = ()
    touchpoint: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    where: dict[Literal["channel", "device_category", "region", "product_line", "system"], tuple[str, ...]] = {}

    @field_validator(*MATCHERS, mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)

    @field_validator("where", mode="before")
    @classmethod
    def _each_one_or_many(cls, value: object) -> object:
        return {key: _listed(found) for key, found in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _says_one_thing(self) -> _Match:
        if sum(bool(getattr(self, name)) for name in MATCHERS) != 1:
            raise ValueError("needs exactly one of event_type, touchpoint, stage")
        lists = [*(getattr(self, name) for name in MATCHERS), *self.where.values()]
        if any(len(set(values)) != len(values) for values in lists):
            raise ValueError("names a value twice")
        if not all(self.where.values()):
            raise ValueError("where has a column without a value")
        return self


class Step(_Match):
    """One step of a funnel."""

    name: str = Name


class Exclusion(_Match):
    """An event that removes a unit; ``between`` names the step before and the step after it."""

    between: tuple[str, str] | None = None


class Funnel(_Part):
    """One funnel. ``window`` is in seconds."""

    name: str = Name
    description: str = Field(min_length=10)
    unit: Literal["customer", "session", "cart"]
    window: int
    steps: tuple[Step, ...] = Field(min_length=2, max_length=MAX_STEPS)
    mode: tuple[Mode, ...] = ()
    among: _Match | None = None
    open: bool = False
    hold_constant: Held | None = None
    exclusions: tuple[Exclusion, ...] = ()
    breakdowns: tuple[Breakdown, ...] = get_args(Breakdown)

    @field_validator("window", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> int:
        found = re.fullmatch(r"(\d{1,6}) (second|minute|hour|day)s?", value) if isinstance(value, str) else None
        if not found or int(found[1]) < 1:
            raise ValueError("is not a duration such as '30 minutes', '24 hours' or '14 days'")
        return int(found[1]) * SECONDS[found[2]]

    @field_validator("mode", mode="before")
    @classmethod
    def _modes(cls, value: object) -> object:
        return () if value == "default" else _listed(value)

    @model_validator(mode="after")
    def _fits_together(self) -> Funnel:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError("two steps have one name")
        if self.among and "strict_order" not in self.mode:
            raise ValueError("among is for mode strict_order: no other mode minds events that are no step")
        for exclusion in self.exclusions:
            if exclusion.between and not set(exclusion.between) <= set(names):
                raise ValueError(f"exclusions: between names {exclusion.between}; the steps are {', '.join(names)}")
            if exclusion.between and names.index(exclusion.between[0]) >= names.index(exclusion.between[1]):
                raise ValueError(f"exclusions: between {exclusion.between} is not an earlier and a later step")
        return self


class _File(_Part):
    funnels: tuple[Funnel, ...]


Vocabulary = Mapping[str, Mapping[str, Sequence[str]]]
"""By matcher its values, each with the event types that can have it; none for stages, which an event brings itself."""


def load_funnels(project_root: Path = PROJECT_ROOT, file: Path | None = None) -> tuple[Funnel, ...]:
    """The funnels as the file defines them.

    Raises:
        FunnelError: the file is not YAML, a field is wrong, or a step names an event the seeds do not know.
    """
    path = file or project_root / FUNNELS_FILE
    shown = path.relative_to(project_root) if path.is_relative_to(project_root) else path
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise FunnelError(f"{shown} cannot be read: {' '.join(str(error).split())}") from error
    try:
        funnels = _File.model_validate(content).funnels
    except ValidationError as error:
        raise FunnelError("; ".join(f"{shown}: {_told(content, problem)}" for problem in error.errors())) from error
    names = [funnel.name for funnel in funnels]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FunnelError(f"{shown}: {', '.join(sorted(twice))} is defined twice")
    known = _vocabulary(project_root)
    for funnel in funnels:
        for field, match in _matches(funnel):
            for column in MATCHERS:
                if unknown := [value for value in getattr(match, column) if value not in known[column]]:
                    raise FunnelError(
                        f"{shown}: funnel {funnel.name}, {field}: {column} {', '.join(unknown)} is not known;"
                        f" known are {', '.join(known[column])}"
                    )
    return funnels


def funnel_tables(funnels: Sequence[Funnel], project_root: Path = PROJECT_ROOT) -> dict[str, pl.DataFrame]:
    """``funnel_definitions`` (one row a step of a funnel) and ``funnel_matches`` (one row per way an event can count).

    A match has role step, exclusion or interruption, and matches events of its event type (or its stage, or any event),
    whose filter columns have the row's value where it has one. No event matches two rows of one role and step.
    """
    types = _vocabulary(project_root)["touchpoint"]
    definitions = [row for number, funnel in enumerate(funnels, 1) for row in _steps_of(number, funnel)]
    matches = [row for number, funnel in enumerate(funnels, 1) for row in _matches_of(number, funnel, types)]
    return {
        "funnel_definitions": pl.DataFrame(definitions, schema=DEFINITION),
        "funnel_matches": pl.DataFrame(matches, schema=MATCH),
    }


def write_funnels(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pl.DataFrame]) -> None:
    """Put the two tables into schema ``raw``, where the models find what the run is told."""
    con.execute("create schema if not exists raw")
    for name, frame in tables.items():
        con.register("incoming_funnels", frame.to_arrow())
        con.execute(f"create or replace table raw.{name} as select * from incoming_funnels")
        con.unregister("incoming_funnels")


DEFINITION = {
    "funnel_number": pl.Int32(),
    "funnel_id": pl.String(),
    "description": pl.String(),
    "unit": pl.String(),
    "window_seconds": pl.Int64(),
    "mode": pl.String(),
    "is_strict_order": pl.Boolean(),
    "is_strict_deduplication": pl.Boolean(),
    "is_strict_increase": pl.Boolean(),
    "is_open": pl.Boolean(),
    "hold_constant": pl.String(),
    "breakdowns": pl.String(),
    "n_steps": pl.Int32(),
    "step_order": pl.Int32(),
    "step": pl.String(),
}

MATCH = {
    "funnel_number": pl.Int32(),
    "role": pl.String(),
    "step_order": pl.Int32(),
    "until_step": pl.Int32(),
    "event_type": pl.String(),
    "stage": pl.String(),
    **{f"only_{column}": pl.String() for column in FILTERS},
}


def _steps_of(number: int, funnel: Funnel) -> Iterator[dict[str, object]]:
    for order, step in enumerate(funnel.steps, 1):
        yield {
            "funnel_number": number,
            "funnel_id": funnel.name,
            "description": funnel.description,
            "unit": funnel.unit,
            "window_seconds": funnel.window,
            "mode": ", ".join(funnel.mode) or "default",
            **{f"is_{mode}": mode in funnel.mode for mode in MODES},
            "is_open": funnel.open,
            "hold_constant": funnel.hold_constant,
            "breakdowns": " ".join(funnel.breakdowns),
            "n_steps": len(funnel.steps),
            "step_order": order,
            "step": step.name,
        }


def _matches_of(number: int, funnel: Funnel, types: Mapping[str, Sequence[str]]) -> Iterator[dict[str, object]]:
    orders = {step.name: order for order, step in enumerate(funnel.steps, 1)}

    def rows(role: str, match: _Match | None, first: int, until: int | None = None) -> Iterator[dict[str, object]]:
        kinds: list[dict[str, object]] = [{"event_type": None, "stage": None}]
        if match:
            of_touchpoints = [kind for touchpoint in match.touchpoint for kind in types[touchpoint]]
            kinds = [{"event_type": kind} for kind in (*match.event_type, *of_touchpoints)]
            kinds += [{"stage": stage} for stage in match.stage]
        columns = match.where if match else {}
        for kind, values in itertools.product(kinds, itertools.product(*columns.values())):
            narrowed = {f"only_{column}": value for column, value in zip(columns, values, strict=True)}
            row = {"funnel_number": number, "role": role, "step_order": first, "until_step": until, **kind, **narrowed}
            yield {name: row.get(name) for name in MATCH}

    for step in funnel.steps:
        yield from rows("step", step, orders[step.name])
    for exclusion in funnel.exclusions:
        first, last = exclusion.between or (funnel.steps[0].name, funnel.steps[-1].name)
        yield from rows("exclusion", exclusion, orders[first], orders[last])
    if "strict_order" in funnel.mode:
        yield from rows("interruption", funnel.among, 0)


def _matches(funnel: Funnel) -> Iterator[tuple[str, _Match]]:
    yield from ((f"step {step.name}", step) for step in funnel.steps)
    yield from (("exclusions", exclusion) for exclusion in funnel.exclusions)
    if funnel.among:
        yield "among", funnel.among


def _vocabulary(project_root: Path) -> Vocabulary:
    seeds = project_root / "dbt_project" / "seeds"
    found: dict[str, dict[str, list[str]]] = {"event_type": {}, "touchpoint": {}, "stage": {}}
    with (seeds / "touchpoints.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["is_logged"] == "true":
                found["event_type"][row["event_type"]] = [row["event_type"]]
                found["touchpoint"].setdefault(row["touchpoint"], []).append(row["event_type"])
    with (seeds / "stages.csv").open(encoding="utf-8", newline="") as lines:
        found["stage"] = {row["stage"]: [] for row in csv.DictReader(lines)}
    return found


def _told(content: Any, problem: Mapping[str, Any]) -> str:
    """A problem of the checker in the analyst's words: which funnel, which field, what is wrong."""
    place = list(problem["loc"])
    words = str(problem["msg"]).removeprefix("Value error, ")
    if place[:1] == ["funnels"] and len(place) > 1 and isinstance(place[1], int):
        funnel = content["funnels"][place[1]]
        name = funnel.get("name", f"number {place[1] + 1}") if isinstance(funnel, dict) else f"number {place[1] + 1}"
        return f"funnel {name}, {_field(place[2:])}: {words}"
    return f"{_field(place)}: {words}"


def _field(place: Sequence[str | int]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place) or "the whole"
