"""The model of the probabilistic pass: its settings file, its trained parameters, and both as Splink reads them.

Belongs here: reading, checking, hashing and writing them. Stays out: training (``train``) and scoring (``predict``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log2
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.files import read_yaml
from pipelines.settings import Settings

SETTINGS_FILE = Path(__file__).with_name("model_settings.yml")
SHIPPED_FILE = Path(__file__).with_name("model_parameters.json")
"""Trained on the demo company, so that a new house has a second pass before anyone trains one."""


class ModelError(ValueError):
    """The settings or the parameters of the model cannot be used; the message says why and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Level(_Strict):
    """One degree of agreement: ``sql`` is a condition on a pair, ``term`` the column whose rare values weigh more."""

    label: str
    sql: str
    term: str | None = None


class Comparison(_Strict):
    """One thing compared. Where no level holds it ends in ``differs``, where ``unknown`` holds it says nothing."""

    name: str
    unknown: str
    levels: tuple[Level, ...] = Field(min_length=1)

    @property
    def has_term(self) -> bool:
        return any(level.term for level in self.levels)

    def label_sql(self) -> str:
        """SQL of the label a pair ends in, ``unknown`` among them, over columns with _l and _r."""
        levels = " ".join(f"when {level.sql} then '{level.label}'" for level in self.levels)
        return f"(case when {self.unknown} then 'unknown' {levels} else 'differs' end)"

    @property
    def labels(self) -> list[str]:
        """Labels by Splink's number of the level: 0 is none of them, the highest the first of the file."""
        return ["differs", *(level.label for level in reversed(self.levels))]


class Blocking(_Strict):
    max_block: int = Field(ge=2)
    rules: tuple[tuple[str, ...], ...] = Field(min_length=1)


class Guard(_Strict):
    """Levels by comparison that together forbid an automatic link."""

    then: Literal["drop", "review"]
    when: dict[str, tuple[str, ...]] = Field(min_length=1)
    why: str


class Guards(_Strict):
    from_household_share: float = Field(ge=0, le=1)
    least_household_pairs: int = Field(ge=1)
    shared: dict[str, str] = Field(min_length=1)
    personal: tuple[str, ...] = Field(min_length=1)
    review_at_most: float = Field(gt=0, lt=1)
    rules: tuple[Guard, ...] = ()


class Training(_Strict):
    seed: int
    max_random_pairs: int = Field(ge=1000)
    max_block_pairs: int = Field(ge=1000)
    blocks: tuple[tuple[str, ...], ...] = Field(min_length=2)


class ModelSettings(_Strict):
    """The checked content of ``model_settings.yml``."""

    version: Literal[1]
    min_records: int = Field(ge=10)
    blocking: Blocking
    comparisons: tuple[Comparison, ...] = Field(min_length=2)
    guards: Guards
    training: Training

    @cached_property
    def hash(self) -> str:
        """Of what parameters depend on: the comparisons, not the blocking or the guards."""
        return _hash([comparison.model_dump() for comparison in self.comparisons])


@dataclass(frozen=True)
class Parameters:
    """Trained parameters.

    Attributes:
        settings_hash: of the settings they were trained for.
        levels: comparison → label → (m, u); ``differs`` among the labels.
        links_per_record: expected true pairs a record, which gives the prior for any number of records.
        household_share: of pairs that share what households share, how many are plainly two people.
        n_records, n_rows: source records and comparison rows trained on.
        seed: of the random pairs.
    """

    settings_hash: str
    levels: dict[str, dict[str, tuple[float, float]]]
    links_per_record: float
    household_share: float
    n_records: int
    n_rows: int
    seed: int

    @cached_property
    def hash(self) -> str:
        """Names the artefact in run metadata."""
        return _hash(self.as_json())

    def as_json(self) -> dict[str, Any]:
        return {
            "settings_hash": self.settings_hash,
            "seed": self.seed,
            "n_records": self.n_records,
            "n_rows": self.n_rows,
            "links_per_record": self.links_per_record,
            "household_share": self.household_share,
            "comparisons": {
                name: {label: {"m": m, "u": u} for label, (m, u) in levels.items()}
                for name, levels in self.levels.items()
            },
        }

    def of(self, what: int) -> dict[tuple[str, str], float]:
        """m (0) or u (1) by (comparison, label)."""
        return {(name, label): pair[what] for name, levels in self.levels.items() for label, pair in levels.items()}

    def weights(self) -> list[tuple[str, str, float, float, float]]:
        """(comparison, label, m, u, bits), the strongest agreement first."""
        return [
            (name, label, m, u, log2(m / u))
            for name, levels in self.levels.items()
            for label, (m, u) in reversed(levels.items())
        ]

    def prior(self, n_rows: int) -> float:
        """Probability that two random rows of ``n_rows`` are one person: it falls as the rows grow."""
        pairs_per_row = max(n_rows - 1, 1) / 2
        return min(max(self.links_per_record / pairs_per_row, 1e-12), 0.5)


def load_model_settings(path: Path = SETTINGS_FILE) -> ModelSettings:
    """Read the settings file.

    Raises:
        ModelError: a key is missing, unknown or of the wrong kind; the message names each.
    """
    try:
        settings = ModelSettings.model_validate(read_yaml(path.read_text()))
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise ModelError(f"{path.name}: {found}") from error
    names = [comparison.name for comparison in settings.comparisons]
    if len(set(names)) != len(names):
        raise ModelError(f"{path.name}: comparisons: a name stands twice")
    for comparison in settings.comparisons:
        if len(set(comparison.labels)) != len(comparison.labels):
            raise ModelError(f"{path.name}: comparisons.{comparison.name}: a label stands twice ('differs' is taken)")
    labels = {comparison.name: {"unknown", *comparison.labels} for comparison in settings.comparisons}
    for guard in settings.guards.rules:
        for name, wanted in guard.when.items():
            if wrong := set(wanted) - labels.get(name, set()):
                raise ModelError(f"{path.name}: guards: {name} has no level {', '.join(sorted(wrong))}")
    return settings


def load_parameters(settings: Settings, model: ModelSettings) -> Parameters:
    """The trained parameters of this house, else the shipped ones.

    Raises:
        ModelError: they cannot be read, or were trained for other settings.
    """
    path = settings.trained_model_path
    path = path if path.exists() else SHIPPED_FILE
    parameters = read_parameters(path)
    if parameters.settings_hash != model.hash:
        raise ModelError(
            f"the model's parameters ({path.name}) were trained for other comparisons than {SETTINGS_FILE.name} now "
            "has; train again: journeyline identity train"
        )
    return parameters


def read_parameters(path: Path) -> Parameters:
    """Read an artefact.

    Raises:
        ModelError: the file is missing or no artefact, or was changed by hand.
    """
    try:
        content = json.loads(path.read_text())
        parameters = Parameters(
            settings_hash=content["settings_hash"],
            levels={
                name: {label: (float(p["m"]), float(p["u"])) for label, p in levels.items()}
                for name, levels in content["comparisons"].items()
            },
            links_per_record=float(content["links_per_record"]),
            household_share=float(content["household_share"]),
            n_records=int(content["n_records"]),
            n_rows=int(content["n_rows"]),
            seed=int(content["seed"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} is no model artefact ({type(error).__name__}); train one: journeyline identity train"
        ) from error
    if content.get("hash") != parameters.hash:
        raise ModelError(
            f"{path} was changed after training: its hash does not fit; train again: journeyline identity train"
        )
    return parameters


def write_parameters(path: Path, parameters: Parameters) -> None:
    """Write an artefact whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps({"hash": parameters.hash, **parameters.as_json()}, indent=1) + "\n")
    aside.replace(path)


def splink_settings(
    model: ModelSettings,
    *,
    prior: float = 1e-4,
    m: Mapping[tuple[str, str], float] | None = None,
    u: Mapping[tuple[str, str], float] | None = None,
) -> dict[str, Any]:
    """The model as Splink's settings, with what is known of m and u by (comparison, label)."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "row_id",
        "probability_two_random_records_match": prior,
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [_comparison(comparison, m or {}, u or {}) for comparison in model.comparisons],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
    }


def _comparison(
    comparison: Comparison, m: Mapping[tuple[str, str], float], u: Mapping[tuple[str, str], float]
) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.unknown, "label_for_charts": "unknown", "is_null_level": True}
    ]
    for level in comparison.levels:
        levels.append({"sql_condition": level.sql, "label_for_charts": level.label})
        if level.term:
            levels[-1]["tf_adjustment_column"] = level.term
    levels.append({"sql_condition": "ELSE", "label_for_charts": "differs"})
    for entry in levels[1:]:
        key = (comparison.name, entry["label_for_charts"])
        if key in m:
            entry["m_probability"] = m[key]
        if key in u:
            entry["u_probability"] = u[key]
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
