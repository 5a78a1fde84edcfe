"""`journeyline refresh`: land, build, check and publish, with a progress display."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import err, fail, out, print_json, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pipelines.defs.run import RunReport
    from pipelines.settings import Settings

HELP = """Land new files, build, check and publish.

Nothing is published unless every blocking check passes; with nothing new, nothing is built.

Example: journeyline refresh --select 'group:analytics'"""

EXAMPLE_QUERIES = (
    "select segment_id, value, lo, hi from segment_profiles where scheme_id = 'value_rfm' and measure = 'share' "
    "order by value desc limit 5",
    "select group_id, period, value, lo, hi, verdict from satisfaction_deltas where dimension = 'division' "
    "and metric_id = 'acsi_style_index' order by period desc, group_id limit 9",
    "select group_id, step, value, drop_off from funnel_steps where breakdown = 'region' order by group_id, step_order",
)


def command(
    select: Annotated[
        str,
        typer.Option(help='Build only these assets, as a Dagster selection: group:core, key:"core/dim_customers"+.'),
    ] = "",
    systems: Annotated[
        str, typer.Option(help="Land only these systems' files (comma list); the others keep what has landed.")
    ] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Build and publish even with nothing new, incremental models from scratch.")
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
    from pipelines.cli.progress import Display
    from pipelines.defs.home import LockedError, is_locked, holder

    if is_locked(settings):
        fail(f"a refresh is already running on {settings.home} ({holder(settings)}); wait for it", ExitCode.LOCKED)
    _require_input(settings)
    console = err()
    with console.status("reading the project"):
        from pipelines.contract import ContractError
        from pipelines.defs.dbt_runner import DbtError, ensure_manifest
        from pipelines.defs.run import Graph, SelectionError

        try:
            ensure_manifest(settings)
            jobs = ["refresh_all"] if select else ["land", "build"]
            graph = Graph(settings)
            total = sum(len(graph.planned(job, select)) for job in jobs)
        except (ContractError, DbtError, SelectionError) as error:
            fail(str(error), ExitCode.USAGE)
    reports: list[RunReport] = []
    try:
        with Display(console, total) as display:
            for job in jobs:
                reports.append(graph.run(job, select=select, systems=systems, full_refresh=full, listener=display.tell))
                if not reports[-1].succeeded:
                    break
                if job == "land" and not full and _nothing_new(settings):
                    display.stop_early()
                    return _outcome(settings, reports, status="nothing new")
    except LockedError as error:
        fail(str(error), ExitCode.LOCKED)
    return _outcome(settings, reports, status="built" if reports[-1].succeeded else "failed")


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


def _nothing_new(settings: Settings) -> bool:
    from pipelines.publish.fingerprint import is_published

    return is_published(settings)


def _outcome(settings: Settings, reports: list[RunReport], *, status: str) -> dict[str, Any]:
    from pipelines.cli.published import describe_current

    checks = [check for report in reports for check in report.checks]
    return {
        "succeeded": all(report.succeeded for report in reports),
        "status": status,
        "runs": [report.run_id for report in reports],
        "assets_built": sum(len(report.built) for report in reports),
        "checks": {
            "passed": sum(check.passed for check in checks),
            "warned": sum(not check.passed and not check.is_error for check in checks),
            "failed": sum(not check.passed and check.is_error for check in checks),
        },
        "problems": [_problem(check) for check in checks if not check.passed],
        "failures": [{"step": f.step, "message": f.message} for report in reports for f in report.failures],
        "published": describe_current(settings),
    }


def _problem(check: Any) -> dict[str, Any]:
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
        return f"look at the rows and reasons in {where}, mend the export, put it into the landing folder, run again"
    if layer == "raw":
        return f"compare the export of {table.replace('__', ' ')} with {where or 'its contract'}, mend the export, run again"
    if where.endswith(".sql"):
        return f'see the rows with: journeyline query --live "$(cat {where})"; mend the source or the model, run again'
    return (
        f"read the definition in {where}, mend what feeds {table}, run again"
        if where
        else f"mend what feeds {table}, run again"
    )


def _tell(outcome: dict[str, Any]) -> None:
    from rich.markup import escape

    console, errors = out(), err()
    for problem in outcome["problems"]:
        style = "red" if problem["severity"] == "error" else "yellow"
        rows = "" if problem["rows"] is None else f" · {problem['rows']:,} rows"
        errors.print(f"[{style}]{problem['severity']}[/{style}] {problem['asset']} · {escape(problem['check'])}{rows}")
        errors.print(f"    {escape(problem['message'][:400])}", style="dim")
        errors.print(f"    next: {escape(problem['next'])}", style="dim")
    for failure in outcome["failures"]:
        errors.print(f"[red]failed[/red] {failure['step']}: {escape(failure['message'])}")
    checks = outcome["checks"]
    counted = f"{checks['passed']:,} passed, {checks['warned']} warned, {checks['failed']} failed"
    published = outcome["published"]
    if not outcome["succeeded"]:
        errors.print(f"[red]Not published.[/red] Checks: {counted}. {_kept(published)}")
        return
    head = "Nothing new: the published version stays" if outcome["status"] == "nothing new" else "Published"
    if published is None:
        console.print(
            f"Built {outcome['assets_built']} assets in {outcome['seconds']} s. Checks: {counted}. Nothing is published yet."
        )
        return
    console.print(f"[green]{head}[/green]: version {published['version']}, as of {published['as_of']}")
    console.print(f"  where   {published['database']}")
    console.print(
        f"  what    {published['tables']} tables, {published['rows']:,} rows; Parquet twins, manifest and quality page beside it"
    )
    console.print(f"  checks  {counted}; in the version: {published['checks']}")
    console.print(f"  took    {outcome['seconds']} s")
    console.print("Ask it:")
    for query in EXAMPLE_QUERIES:
        console.print(f'  journeyline query "{query}"', style="cyan")


def _kept(published: dict[str, Any] | None) -> str:
    return f"Version {published['version']} stays as it was." if published else "No version was published before."
