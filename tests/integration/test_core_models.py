"""The unit tests of identity and marts, and every mart on an empty company."""

from __future__ import annotations

import pytest
import yaml
from core_kit import MARTS, House, new_house

from pipelines.defs import dbt_runner

IDENTITY = MARTS.parent / "intermediate" / "identity"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A company without a single record: every model is built and every test passes on nothing."""
    house = new_house(tmp_path_factory, "empty")
    house.build("int_identity__*,resource_type:model")
    house.put("identity.int_identity__map")
    house.build("path:models/marts")
    return house


def test_marts_of_an_empty_company_are_empty(empty: House) -> None:
    for file in MARTS.rglob("*.yml"):
        name = file.stem
        if name not in ("exposures", "dim_fx_rates", "dim_funnel_steps"):
            assert empty.frame(f"{file.relative_to(MARTS).parts[0]}.{name}").is_empty(), name


def test_unit_tests_pass_and_every_model_with_logic_has_one(empty: House) -> None:
    results = dbt_runner.unit_test(empty.settings, ["path:models/intermediate/identity", "path:models/marts"])
    assert [f"{r.name}: {r.message}" for r in results if r.status != "pass"] == []
    tested = {
        test["model"]
        for folder in (MARTS, IDENTITY)
        for file in folder.rglob("*.yml")
        for test in yaml.safe_load(file.read_text()).get("unit_tests", [])
    }
    models = {file.stem for folder in (MARTS, IDENTITY) for file in folder.rglob("*.sql")}
    # One row per day for years: its numbers are checked where they are used (test_core_incremental). And a funnels file
    # as it was read (test_core_funnels).
    assert models - tested == {"dim_fx_rates", "dim_funnel_steps"}
    assert len(results) >= len(tested)
