"""`journeyline refresh`: land, build, check and publish, with a progress display."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import err, fail, out, print_json, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pipelines.defs.progress import Progress
    from pipelines.defs.run import RunReport
    from pipelines.settings import Settings

HELP = """Land new files, build, check and publish.

Nothing is published unless every blocking check passes; with nothing new, nothing is built.

Example: journeyline refresh --select 'group:analytics'"""

EXAMPLE_QUERIES = (
    """select segment_id, value, lo, hi, n from segment_profiles
    where scheme_id = 'lifecycle' and measure = 'customers' order by value desc""",
    """select group_id, previous_period, period, value, lo, hi, verdict from satisfaction_deltas
    where metric_id = 'acsi_style_index' and basis = 'survey3' and dimension = 'division'
    order by period desc, group_id limit 6""",
    """select group_id, step, value, lo, hi, drop_off from funnel_steps
    where funnel_id = 'checkout' and breakdown = 'region' order by group_id, step_order limit 12""",
)

MESSAGE_LENGTH = 400


def command(
    select: Annotated[
        str,
        typer.Option(help='Build only these assets, as a Dagster selection: group:core, key:"core/dim_customers"+.'),
    ] = "",
    systems: Annotated[
        str, typer.Option(help="Land only these systems' files (comma list); the others keep what has landed.")
    ] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Build and publish even with nothing new; incremental models from scratch.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as JSON; progress goes to standard error.")
    ] = False,
) -> None:
    start = time.perf_counter()
    settings = settings_or_exit()
    outcome = _refresh(settings, select, _names(systems, settings), full)
    outcome["seconds"] = round(time.perf_counter() - start, 1)
    if as_json:
        print_json(outcome)
    else:
        _tell(outcome)
    raise SystemExit(ExitCode.OK if outcome["succeeded"] else ExitCode.FAILED)


def _refresh(settings: Settings, select: str, systems: list[str], full: bool) -> dict[str, Any]:
    from pipelines.defs.home import LockedError, holder, is_locked

    if is_locked(settings):
        fail(f"a refresh is already running on {settings.home} ({holder(settings)}); wait for it", ExitCode.LOCKED)
    _require_input(settings)
    console = err()
    with console.status("reading the project"):
        from pipelines.contract import ContractError
        from pipelines.defs.dbt_runner import DbtError
        from pipelines.defs.run import Graph, SelectionError
        from pipelines.funnels import FunnelError
        from pipelines.segments import SegmentError

        try:
            graph = Graph(settings)
            total = sum(len(graph.planned(job, select)) for job in graph.jobs(select))
        except (ContractError, FunnelError, SegmentError, DbtError, SelectionError) as error:
            fail(str(error), ExitCode.USAGE)
    from pipelines.cli.progress import Display

    try:
        with Display(console, total) as display:
            report = graph.refresh(select=select, systems=systems, full=full, listener=display.tell)
    except LockedError as error:
        fail(str(error), ExitCode.LOCKED)
    return _outcome(settings, report)


def _names(value: str, settings: Settings) -> list[str]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    unknown = [name for name in names if name not in settings.systems]
    if unknown:
        fail(f"--systems names {', '.join(unknown)}; enabled are {', '.join(settings.systems)}", ExitCode.USAGE)
    return names


def _require_input(settings: Settings) -> None:
    has_raw = settings.raw_dir.is_dir() and any(settings.raw_dir.rglob("*.parquet"))
    if not has_raw and not (settings.landing_dir.is_dir() and any(settings.landing_dir.rglob("*"))):
        mend = "journeyline generate" if settings.is_demo else "DATA=<folder with the exports> (JOURNEYLINE_DATA)"
        fail(f"{settings.landing_dir} holds no exports; first: {mend}", ExitCode.USAGE)


def _outcome(settings: Settings, report: RunReport) -> dict[str, Any]:
    from pipelines.cli.published import describe_current

    return {
        "succeeded": report.succeeded,
        "status": report.status,
        "runs": report.run_ids,
        "assets_built": len(report.built),
        "checks": {"passed": len(report.passed), "warned": len(report.warned), "failed": len(report.failed)},
        "problems": [_problem(check) for check in (*report.warned, *report.failed)],
        "failures": [{"step": failure.step, "message": failure.message} for failure in report.failures],
        "published": describe_current(settings),
    }


def _problem(check: Progress) -> dict[str, Any]:
    return {
        "severity": "error" if check.is_error else "warning",
        "asset": check.asset,
        "check": check.check,
        "rows": check.rows,
        "message": check.message,
        "file": check.where,
        "next": _next_step(check.asset, check.where),
    }


def _next_step(asset: str, where: str) -> str:
    layer, _, table = asset.partition("/")
    if layer == "raw" and where.startswith("quarantine"):
        return f"see rows and reasons in {where}, mend the export, put it into the landing folder, run again"
    if layer == "raw":
        file = where or "its contract"
        return f"compare the export of {table.replace('__', ' ')} with {file}, mend the export, run again"
    if where.endswith(".sql"):
        return f'see the rows: {_program()} query --live "$(cat {where})"; mend the source or the model, run again'
    return f"read {where}, mend what feeds {table}, run again" if where else f"mend what feeds {table}, run again"


def _tell(outcome: dict[str, Any]) -> None:
    for problem in outcome["problems"]:
        _tell_problem(problem)
    _tell_failures(outcome) if not outcome["succeeded"] else _tell_published(outcome)


def _tell_problem(problem: dict[str, Any]) -> None:
    from rich.markup import escape

    console = err()
    style = "red" if problem["severity"] == "error" else "yellow"
    rows = "" if problem["rows"] is None else f" · {problem['rows']:,} rows"
    head = f"[{style}]{problem['severity']}[/{style}] {problem['asset']} · {escape(problem['check'])}{rows}"
    if problem["severity"] == "warning":
        console.print(f"{head}: {escape(problem['message'][:MESSAGE_LENGTH])}")
        return
    console.print(head)
    if problem["file"]:
        console.print(f"    file: {escape(problem['file'])}", style="dim")
    console.print(f"    what: {escape(problem['message'][:MESSAGE_LENGTH])}", style="dim")
    console.print(f"    next: {escape(problem['next'])}", style="dim")


def _tell_failures(outcome: dict[str, Any]) -> None:
    from rich.markup import escape

    console = err()
    for failure in outcome["failures"]:
        console.print(f"[red]failed[/red] {failure['step']}: {escape(failure['message'][:MESSAGE_LENGTH])}")
    published = outcome["published"]
    kept = f"Version {published['version']} stays as it was." if published else "No version was published before."
    console.print(f"[red]Nothing was published.[/red] Checks: {_counted(outcome)}. {kept}")


def _tell_published(outcome: dict[str, Any]) -> None:
    console = out()
    published = outcome["published"]
    if published is None:
        console.print(f"Built {outcome['assets_built']} assets. Checks: {_counted(outcome)}. Nothing is published yet.")
        return
    head = "Nothing new; the published version stays" if outcome["status"] == "nothing new" else "Published"
    console.print(f"[green]{head}[/green]: {published['version']}, as of {published['as_of']}")
    console.print(f"  where   {published['database']}")
    console.print(
        f"  what    {published['tables']} tables, {published['rows']:,} rows; parquet/, quality/, manifest.json"
    )
    console.print(f"  checks  {_counted(outcome)} in this run; {published['checks']} in the version")
    console.print(f"  took    {outcome['seconds']} s")
    console.print("Ask it:")
    for query in EXAMPLE_QUERIES:
        console.print(f'  {_program()} query "{" ".join(query.split())}"', style="cyan")


def _counted(outcome: dict[str, Any]) -> str:
    checks = outcome["checks"]
    return f"{checks['passed']:,} passed, {checks['warned']} warned, {checks['failed']} failed"


def _program() -> str:
    """How this command line was called, so that an example can be pasted."""
    called = Path(sys.argv[0])
    if called.name != "journeyline":
        return "python -m pipelines.cli"
    on_path = shutil.which("journeyline")
    return "journeyline" if on_path and Path(on_path).resolve() == called.resolve() else sys.argv[0]
