"""The command line without a warehouse: help, exit codes, and what is refused before any work."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli.console import print_table
from pipelines.cli.exit_codes import EXIT_CODES_HELP, ExitCode
from pipelines.cli.main import app

COMMANDS = sorted(command.name or "" for command in app.registered_commands)

HEAVY = ("dagster", "dbt", "polars", "duckdb", "great_expectations", "pandas", "scipy")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder the commands of a test work on."""
    for name in ("SOURCES", "DATA", "AS_OF"):
        monkeypatch.delenv(f"JOURNEYLINE_{name}", raising=False)
    monkeypatch.setenv("JOURNEYLINE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    result = CliRunner().invoke(app, [*arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_commands_are_those_of_the_documentation() -> None:
    assert COMMANDS == ["dev", "docs", "doctor", "generate", "query", "refresh", "rollback", "status", "versions"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example_and_the_exit_codes(command: str) -> None:
    code, text, _ = run(command, "--help")
    told = " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())
    assert code == ExitCode.OK
    assert f"Example: journeyline {command}" in told
    assert EXIT_CODES_HELP in told


def test_training_identity_explains_itself_and_says_what_comes_first(home: Path) -> None:
    code, text, _ = run("identity", "train", "--help")
    told = " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())
    assert code == ExitCode.OK
    assert "Example: journeyline identity train" in told
    assert EXIT_CODES_HELP in told
    code, _, told = run("identity", "train")
    assert code == ExitCode.USAGE
    assert "run 'journeyline refresh' first" in told
    assert not home.exists()


def test_a_what_if_explains_itself() -> None:
    code, text, _ = run("identity", "what-if", "--help")
    told = " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())
    assert code == ExitCode.OK
    assert "Example: journeyline identity what-if --never shopify:customer:123 zendesk:user:7" in told
    assert EXIT_CODES_HELP in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--never A B, --always A B, --rules FILE or --threshold P"),
        (("--threshold", "0.1"), "a threshold of 0.1 is not allowed"),
        (("--rules", "nowhere.yml"), "nowhere.yml: cannot be read"),
    ],
)
def test_a_what_if_that_cannot_be_tried_says_why(home: Path, arguments: tuple[str, ...], told: str) -> None:
    code, _, said = run("identity", "what-if", *arguments)
    assert code == ExitCode.USAGE
    assert told in said
    assert not (home / "scratch").exists()


def test_a_record_s_id_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["record"], [["pos:receipt:1"], ["[bold]x[/bold]"]])
    told = capsys.readouterr().out
    assert "pos:receipt:1" in told
    assert "[bold]x[/bold]" in told


def test_every_exit_code_is_in_the_help() -> None:
    assert all(f"{code.value} " in EXIT_CODES_HELP for code in ExitCode)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['journeyline', '--help']\n"
        "from pipelines.cli.main import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_wrong_setting_is_a_usage_error_without_a_traceback(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYLINE_AS_OF", "yesterday")
    code, _, told = run("status")
    assert code == ExitCode.USAGE
    assert "JOURNEYLINE_AS_OF='yesterday'" in told
    assert "Traceback" not in told
    assert not home.exists()


def test_a_mistyped_option_is_a_usage_error() -> None:
    assert run("refresh", "--fast")[0] == ExitCode.USAGE


@pytest.mark.usefixtures("home")
def test_refresh_without_input_says_what_comes_first() -> None:
    code, _, told = run("refresh")
    assert code == ExitCode.USAGE
    assert "journeyline generate" in told


@pytest.mark.usefixtures("home")
def test_refresh_of_a_system_that_is_not_enabled_is_refused() -> None:
    code, _, told = run("refresh", "--systems", "salesforce")
    assert code == ExitCode.USAGE
    assert "salesforce" in told
    assert "shopify" in told


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("arguments", [("versions",), ("query", "select 1"), ("rollback", "20260101T000000000Z-x")])
def test_without_a_version_the_exit_code_says_so(arguments: tuple[str, ...]) -> None:
    code, _, told = run(*arguments)
    assert code == ExitCode.NOT_PUBLISHED
    assert told.strip()


@pytest.mark.usefixtures("home")
def test_query_refuses_a_format_it_does_not_know() -> None:
    code, _, told = run("query", "select 1", "--format", "xml")
    assert code == ExitCode.USAGE
    assert "table, json, csv" in told


def test_status_of_an_empty_state_folder_is_an_answer(home: Path) -> None:
    code, text, _ = run("status", "--json")
    assert code == ExitCode.OK
    status = json.loads(text)
    assert status["home"] == str(home)
    assert status["published"] is None
    assert status["runs"] == []
    assert not home.exists(), "looking must not make anything"


def test_a_demo_does_not_mix_with_other_files(home: Path) -> None:
    (home / "landing" / "shopify").mkdir(parents=True)
    (home / "landing" / "shopify" / "orders.jsonl").write_text("{}\n")
    code, _, told = run("generate", "--customers", "100")
    assert code == ExitCode.USAGE
    assert "--replace" in told


def test_no_demo_is_written_where_data_is_configured(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYLINE_DATA", str(home / "elsewhere"))
    assert run("generate")[0] == ExitCode.USAGE
    assert run("generate", "--if-needed")[0] == ExitCode.OK
    assert not home.exists()
