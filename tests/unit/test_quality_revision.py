"""The code's revision: changes with what decides results, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.quality.revision import code_revision


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (
        "pipelines/publish/build.py",
        "pipelines/synth/people.py",
        "pipelines/cli/main.py",
        "dbt_project/models/core/dim_customers.sql",
        "expectations/landing/shopify__orders.yml",
        "requirements.lock",
    ):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "project"


@pytest.mark.parametrize(
    "name",
    [
        "pipelines/publish/build.py",
        "dbt_project/models/core/dim_customers.sql",
        "expectations/landing/shopify__orders.yml",
        "requirements.lock",
        "dbt_project/seeds/new.csv",
    ],
)
def test_what_decides_results_changes_it(project: Path, name: str) -> None:
    before = code_revision(project)
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    assert code_revision(project) != before


@pytest.mark.parametrize(
    "name",
    [
        "pipelines/synth/people.py",
        "pipelines/cli/main.py",
        "pipelines/publish/__pycache__/build.pyc",
        "dbt_project/target/manifest.json",
        "dbt_project/.user.yml",
        "README.md",
    ],
)
def test_what_does_not_leaves_it(project: Path, name: str) -> None:
    before = code_revision(project)
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    assert code_revision(project) == before


def test_a_renamed_file_changes_it_and_a_moved_project_does_not(project: Path) -> None:
    before = code_revision(project)
    moved = project.rename(project.with_name("elsewhere"))
    assert code_revision(moved) == before
    (moved / "pipelines/publish/build.py").rename(moved / "pipelines/publish/other.py")
    assert code_revision(moved) != before
