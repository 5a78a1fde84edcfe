"""The tree: module docstrings, paths and commands the documentation names, nothing of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cli.main import app
from pipelines.settings import PROJECT_ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "docs/*.md", "benchmarks/README.md")

ELSEWHERE = ("docs/decisions.md", "CHANGELOG.md", "docs/data_dictionary.md")
"""They also name what was rejected, is gone, or lies in somebody's landing folder."""

BUILT = ("data/", "benchmarks/results", ".venv")
IN_A_STATE_FOLDER = (
    "landing",
    "raw",
    "quarantine",
    "warehouse",
    "published",
    "scratch",
    "parquet",
    "quality",
    "site",
    "dagster",
    "dbt",
    "secrets",
)
"""Named in the documentation, made by running: they are not in the tree."""

REGISTRIES = ("pypi.org", "pythonhosted.org", "registry.npmjs", "deb.debian", "conda.anaconda")
MACHINE = re.compile(r"(?<![\w.])/(?:home|root|Users|work|tmp|opt|mnt)/[\w.-]+")

PATH_LIKE = re.compile(
    r"`((?:[\w.-]+/)+[\w.*-]*|[\w-]+\.(?:md|toml|yml|yaml|lock|py)|Makefile|LICENSE)`",
)


CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def tracked() -> list[Path]:
    """The files of the project: what git holds, else what lies there."""
    done = subprocess.run(["git", "ls-files"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        return [path for name in done.stdout.splitlines() if (path := PROJECT_ROOT / name).is_file()]
    return [path for path in PROJECT_ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield path.relative_to(PROJECT_ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def documents() -> Iterator[tuple[str, str]]:
    for pattern in DOCUMENTS:
        for path in sorted(PROJECT_ROOT.glob(pattern)):
            yield path.relative_to(PROJECT_ROOT).as_posix(), path.read_text()


def test_every_module_says_what_belongs_in_it() -> None:
    """Packages, commands and the generator's modules in a line; every other module also says what stays out."""
    missing = []
    for path in sorted((PROJECT_ROOT / "pipelines").rglob("*.py")):
        words = ast.get_docstring(ast.parse(path.read_text())) or ""
        line_is_enough = (
            path.parts[-2] == "cli" or "synth" in path.parts or path.name in ("__init__.py", "definitions.py")
        )
        if not words or not (line_is_enough or ("Belongs here" in words and "Stays out" in words)):
            missing.append(path.relative_to(PROJECT_ROOT).as_posix())
    assert missing == []


def test_every_test_module_says_what_it_holds() -> None:
    modules = sorted((PROJECT_ROOT / "tests").rglob("test_*.py"))
    assert modules
    assert [str(path) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_definitions_stay_short() -> None:
    assert len((PROJECT_ROOT / "pipelines" / "definitions.py").read_text().splitlines()) < 20


def exists(name: str) -> bool:
    """A path named in the documentation: from the root, from a folder it is short for, or a pattern of exports."""
    if re.search(r"\*\.(csv|jsonl?|parquet)$", name):
        return True
    if name.startswith(BUILT) or name.partition("/")[0] in IN_A_STATE_FOLDER:
        return True
    roots = (
        PROJECT_ROOT,
        PROJECT_ROOT / "dbt_project",
        PROJECT_ROOT / "dbt_project" / "models",
        PROJECT_ROOT / "pipelines",
    )
    return any(any(root.glob(name.rstrip("/"))) for root in roots)


def test_every_path_the_documentation_names_is_there() -> None:
    named = [
        (document, name)
        for document, text in documents()
        if document not in ELSEWHERE
        for name in PATH_LIKE.findall(text)
    ]
    assert len(named) > 10
    assert [f"{document}: {name}" for document, name in named if not exists(name)] == []


def test_every_command_the_documentation_names_is_there() -> None:
    commands = {command.name for command in [*app.registered_commands, *app.registered_groups]}
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong = []
    for document, text in documents():
        code = "\n".join(re.sub(r"#.*", "", piece) for piece in CODE.findall(text))
        wrong += [
            f"{document}: journeyline {name}"
            for name in re.findall(r"journeyline ([a-z]+)", code)
            if name not in commands
        ]
        wrong += [f"{document}: make {name}" for name in re.findall(r"\bmake ([a-z-]+)", code) if name not in targets]
    assert wrong == []


def test_make_help_lists_every_target() -> None:
    text = (PROJECT_ROOT / "Makefile").read_text()
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:")).split()[1:]
    assert sorted(phony) == sorted(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))


def test_no_registry_is_named() -> None:
    own = Path(__file__).relative_to(PROJECT_ROOT).as_posix()
    wrong = [f"{name}: {host}" for name, text in texts() if name != own for host in REGISTRIES if host in text]
    assert wrong == []


def test_no_path_of_a_machine_is_in_the_tree() -> None:
    own = Path(__file__).relative_to(PROJECT_ROOT).as_posix()
    wrong = [
        f"{name}: {match}"
        for name, text in texts()
        if name not in (own, "requirements.lock")
        for match in MACHINE.findall(text)
    ]
    assert wrong == []


def test_the_data_dictionary_is_current() -> None:
    from pipelines.cli.docs import render  # noqa: PLC0415

    path = PROJECT_ROOT / "docs" / "data_dictionary.md"
    assert path.exists(), "run: make docs"
    assert path.read_text() == render(PROJECT_ROOT), "docs/data_dictionary.md is out of date; run: make docs"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-bootstrap.lock"])
def test_locks_hold_no_address(name: str) -> None:
    assert "://" not in (PROJECT_ROOT / name).read_text()
