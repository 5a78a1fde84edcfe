"""The gate of identity: accuracy against known truth may not fall below the recorded floors (identity_floors.yml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from benchmarks import people as data
from pipelines import warehouse
from pipelines.identity import features
from pipelines.identity.accuracy import accuracy
from pipelines.identity.rules import load_rules
from pipelines.identity.store import MAP_TABLE, REVIEW_TABLE
from pipelines.identity.train import train
from tests.integration.real_data import real_data
from tests.shared import Demo, settings_in, with_parsed_project

AUTO_LINK = load_rules().thresholds.auto_link
FLOORS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("identity_floors.yml").read_text())
PUBLIC = {
    "febrl1": lambda folder: data.febrl(folder, 1),
    "febrl2": lambda folder: data.febrl(folder, 2),
    "febrl3": lambda folder: data.febrl(folder, 3),
    "fake_1000": data.fake_1000,
}


def below(measured: dict[str, float], floors: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Measures under their floor: (measured, floor)."""
    return {name: (measured[name], floor) for name, floor in floors.items() if measured[name] < floor}


def test_the_demo_company_is_resolved_as_its_truth_says(demo: Demo) -> None:
    shown = warehouse.read(demo.settings, features.RECORDS_TABLE, ["node_id"])
    found = warehouse.read(demo.settings, MAP_TABLE, ["node_id", "customer_id"]).rename({"customer_id": "cluster"})
    judged = found.join(shown, on="node_id", how="semi").join(data.demo_truth(demo.settings), on="node_id")
    measured = accuracy(judged.select("cluster", "entity")).as_dict()
    floors = {name: floor for name, floor in FLOORS["demo"].items() if name in measured}
    assert len(floors) == 3
    assert below(measured, floors) == {}


def test_what_the_model_links_is_right_and_adds_what_rules_miss(demo: Demo) -> None:
    truth = data.demo_truth(demo.settings)
    _, pairs = data.compared(demo.settings)
    pairs = pairs.filter(pl.col("confidence") >= AUTO_LINK)
    judged = pairs.join(truth.rename({"node_id": "node_id_a", "entity": "a"}), on="node_id_a").join(
        truth.rename({"node_id": "node_id_b", "entity": "b"}), on="node_id_b"
    )
    assert judged.height >= 3
    right = float((judged["a"] == judged["b"]).sum()) / judged.height
    assert below({"model_precision": right}, {"model_precision": FLOORS["demo"]["model_precision"]}) == {}


def test_what_is_not_sure_waits_for_a_person(demo: Demo) -> None:
    review = warehouse.read(demo.settings, REVIEW_TABLE)
    assert review.height > 0
    assert review.filter(pl.col("confidence") >= AUTO_LINK).is_empty()
    assert review["source"].unique().to_list() == ["model"]


@pytest.mark.real_data
@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_people_are_found_as_well_as_recorded(
    name: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = with_parsed_project(tmp_path_factory, settings_in(tmp_path))
    people = PUBLIC[name](real_data(name.rstrip("123") if name.startswith("febrl") else "splink").parent)
    data.land(settings, people)
    train(settings)
    measured = accuracy(data.resolved(settings, people)).as_dict()
    assert below(measured, FLOORS["public"][name]) == {}
