"""Every item of every suite can fail: on a table that keeps the rules all pass, on a broken one each is caught."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import publish_support
import pytest
import suite_proof

from pipelines.publish.contract import load_contract
from pipelines.publish.publish import DATABASE, publish
from pipelines.quality.gx import Target, validate
from pipelines.quality.results import CheckResult
from pipelines.quality.suites import Suite, load_suite
from pipelines.settings import DEMO_SYSTEMS, PROJECT_ROOT

PARAMETERS = {"as_of": "timestamp '2026-10-31 23:00:00'", "as_of_date": "date '2026-10-31'", "min_cell": "11"}

LANDING = suite_proof.landing_suites()
PUBLISHED = {
    path.stem: load_suite(path.parent, path.stem)
    for path in sorted((PROJECT_ROOT / "expectations/published").glob("*.yml"))
}
ITEMS = [
    f"{layer}.{table}#{number}"
    for layer, suites in (("landing", LANDING), ("published", PUBLISHED))
    for table, suite in suites.items()
    for number in range(1, len(suite.items) + 1)
]


@dataclass(frozen=True)
class Proof:
    clean: dict[str, list[CheckResult]]
    """Results on the clean tables, by ``layer.table``."""
    broken: dict[str, suite_proof.Broken]
    answers: dict[str, CheckResult]
    """Results on the broken tables, by relation."""


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """All tables in one file, all suites in one pass: the library's import costs more than its answers."""
    home = tmp_path_factory.mktemp("proof")
    database = home / "tables.duckdb"
    settings = publish_support.settings_in(home)
    publish_support.make_warehouse(settings)
    version = publish(settings, run_id="proof", checks=[publish_support.PASSED])
    with duckdb.connect(str(database)) as con:
        suite_proof.write_clean_landing(con)
        suite_proof.copy_published(con, version.path / DATABASE)
        broken = [
            case
            for layer, suites in (("landing", LANDING), ("published", PUBLISHED))
            for case in suite_proof.write_broken(con, layer, suites)
        ]
    clean_targets = [
        Target(f"{layer}.{table}", f"{layer}.{table}", suite)
        for layer, suites in (("landing", LANDING), ("published", PUBLISHED))
        for table, suite in suites.items()
    ]
    broken_targets = [Target(name, name, Suite(case.table, (case.item,))) for case in broken for name in case.relations]
    results = _run(database, home, [*clean_targets, *broken_targets])
    return Proof(
        clean={t.table: [r for r in results if r.table == t.table] for t in clean_targets},
        broken={case.id: case for case in broken},
        answers={result.table: result for result in results if result.table.startswith("broken.")},
    )


def _run(database: Path, home: Path, targets: list[Target]) -> list[CheckResult]:
    return validate(
        database,
        targets,
        layer="raw",
        parameters=PARAMETERS,
        memory_limit="1GB",
        threads=2,
        temp_directory=home / "tmp",
    )


@pytest.mark.parametrize("table", [f"landing.{name}" for name in LANDING] + [f"published.{name}" for name in PUBLISHED])
def test_clean_table_passes(proof: Proof, table: str) -> None:
    assert [f"{r.check}: {r.status} {r.message}" for r in proof.clean[table] if not r.success] == []


@pytest.mark.parametrize("item", ITEMS)
def test_item_can_fail(proof: Proof, item: str) -> None:
    case = proof.broken[item]
    statuses = [proof.answers[name].status for name in case.relations]
    assert "error" not in statuses, proof.answers[case.relations[0]].message
    assert (set(statuses) == {"failed"}) if case.all_must_fail else ("failed" in statuses)


def test_suites_are_no_tokens() -> None:
    """The demo's and the published tables are checked from several sides; small lookups of others may need less."""
    demo = {name: suite for name, suite in LANDING.items() if name.partition("__")[0] in DEMO_SYSTEMS}
    assert [name for name, suite in {**demo, **PUBLISHED}.items() if len(suite.items) < 5] == []


def test_every_published_table_has_a_suite_and_no_suite_is_left_over() -> None:
    tables = {table.name for table in load_contract(PROJECT_ROOT / "dbt_project/models").tables}
    assert set(PUBLISHED) == tables | {"data_quality"}
    assert {path.stem for path in (PROJECT_ROOT / "expectations/landing").glob("*.yml")} == set(LANDING)
