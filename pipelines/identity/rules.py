"""The rules file: which evidence counts, in which order, and what it may never join.

Belongs here: reading ``rules.yml`` (or another file of that form) into checked, frozen values. Stays out: applying them
(``clusters``) and making the evidence (dbt).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import polars as pl
import yaml
from polars.datatypes import DataType, DataTypeClass
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.files import read_yaml

RULES_FILE = Path(__file__).with_name("rules.yml")

LEDGER_RULE, LEDGER_PRIORITY = "always_match", 0
"""A person's decision comes before every rule."""


class RulesError(ValueError):
    """The rules file is wrong; the message names the file, the place in it and what is allowed."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Part):
    """One kind of evidence. ``confidence`` is None where each link brings its own."""

    name: str
    keys: tuple[str, ...] = Field(min_length=1)
    conditions: str
    priority: int = Field(ge=1, le=99)
    confidence: float | None = Field(default=None, gt=0, le=1)
    links: Literal["value", "pair", "guess"] = "value"
    enabled: bool = True


class Unique(_Part):
    """A key a person holds once.

    Two of its values are one for everybody where a rule of ``merged_by`` says so (the system merged two accounts). They
    are one for one person only where a rule of ``judged_by``, which weighs the key itself, links the two directly, or
    with ``slips`` where they are a slip of the keyboard apart.
    """

    key: str
    why: str
    merged_by: tuple[str, ...] = ()
    judged_by: tuple[str, ...] = ()
    slips: bool = False

    @property
    def is_personal(self) -> bool:
        """Its values are shared by many people, so what is one for one person is two for others."""
        return self.slips or bool(self.judged_by)

    @model_validator(mode="after")
    def _one_way(self) -> Unique:
        if self.merged_by and self.is_personal:
            raise ValueError("merged_by holds for everybody, judged_by and slips for one person: not both")
        return self


class Thresholds(_Part):
    """Match probabilities of the model's pairs.

    From ``auto_link`` on a pair links, from ``review`` on a person is asked. From ``backed`` on it links where a rule
    links the two as well and only a key that the model weighs too (``judged_by``) keeps them apart.
    """

    auto_link: float = Field(gt=0, le=1)
    review: float = Field(gt=0, le=1)
    backed: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Thresholds:
        if not self.backed <= self.review <= self.auto_link:
            raise ValueError(f"must rise: backed ({self.backed}), review ({self.review}), auto_link ({self.auto_link})")
        return self


class Drift(_Part):
    """When a measure's change against the last run is a warning, and from how many records on it is looked at."""

    warn_share: float = Field(gt=0)
    min_records: int = Field(ge=1)


class Rules(_Part):
    """A checked rules file."""

    version: Literal[1]
    rules: tuple[Rule, ...] = Field(min_length=1)
    unique: tuple[Unique, ...] = ()
    cluster_cap: int = Field(ge=2)
    thresholds: Thresholds
    drift: Drift

    @model_validator(mode="after")
    def _consistent(self) -> Rules:
        names = [rule.name for rule in self.rules]
        for what, listed in (("rule", names), ("unique key", [unique.key for unique in self.unique])):
            if twice := sorted({name for name in listed if listed.count(name) > 1}):
                raise ValueError(f"{what} {', '.join(twice)} stands twice")
        if LEDGER_RULE in names:
            raise ValueError(f"{LEDGER_RULE} is the ledger's and no rule of the file")
        for priority in {rule.priority for rule in self.rules if rule.links == "guess"}:
            if {rule.links for rule in self.rules if rule.priority == priority} != {"guess"}:
                raise ValueError(f"priority {priority}: a guess shares no priority with what is more")
        known = set(names)
        for unique in self.unique:
            if unknown := sorted({*unique.merged_by, *unique.judged_by} - known):
                raise ValueError(f"unique key {unique.key}: no rule is called {', '.join(unknown)}")
        return self

    @property
    def fingerprint(self) -> str:
        """Hash of what the rules say, whatever their layout: the first 16 hexadecimal digits of SHA-256."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def frame(self) -> pl.DataFrame:
        """One row per rule: ``rule``, ``priority``, ``rule_confidence``, ``links``, ``is_enabled``."""
        rows = [(rule.name, rule.priority, rule.confidence, rule.links, rule.enabled) for rule in self.rules]
        rows.append((LEDGER_RULE, LEDGER_PRIORITY, 1.0, "pair", True))
        schema: dict[str, DataType | DataTypeClass] = {
            "rule": pl.String,
            "priority": pl.Int16,
            "rule_confidence": pl.Float64,
            "links": pl.Enum(["value", "pair", "guess"]),
            "is_enabled": pl.Boolean,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")


def load_rules(path: Path = RULES_FILE) -> Rules:
    """Read and check a rules file.

    Raises:
        RulesError: the file is missing, is no YAML, or says something that is not allowed.
    """
    try:
        found = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RulesError(f"{path}: cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise RulesError(f"{path}: is no mapping; see {RULES_FILE.name} for the form")
    try:
        return Rules.model_validate(found)
    except ValidationError as error:
        told = "; ".join(f"{_place(found, item['loc'])}: {item['msg']}" for item in error.errors())
        raise RulesError(f"{path}: {told}") from error


def _place(found: dict[str, object], location: tuple[int | str, ...]) -> str:
    """Where an error is, with the name of the rule instead of its number."""
    if len(location) >= 2 and location[0] == "rules" and isinstance(location[1], int):
        rules = found["rules"]
        entry = rules[location[1]] if isinstance(rules, list) else None
        name = entry.get("name") if isinstance(entry, dict) else None
        return " ".join(["rule", str(name or location[1] + 1), *map(str, location[2:])])
    return ".".join(map(str, location)) or "the file"
