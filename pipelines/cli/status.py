"""`journeyline status`: what is published, what ran last, what is running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import out, print_json, settings_or_exit

if TYPE_CHECKING:
    from pipelines.settings import Settings

HELP = """Show what is published, the last runs, and whether one is running.

Example: journeyline status --json"""

RUNS_SHOWN = 5


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    settings = settings_or_exit()
    found = describe(settings)
    if as_json:
        print_json(found)
        return
    console = out()
    console.print(f"home       {found['home']}")
    console.print(f"systems    {', '.join(found['systems'])}")
    console.print(f"landing    {found['landing']}")
    console.print(f"running    {'yes: ' + found['locked_by'] if found['locked_by'] else 'no'}")
    published = found["published"]
    if published is None:
        console.print("published  nothing yet; first: journeyline refresh")
    else:
        console.print(
            f"published  {published['version']}, as of {published['as_of']}: {published['tables']} tables, "
            f"{published['rows']:,} rows, checks {published['checks']}"
        )
    for run in found["runs"]:
        console.print(f"run        {run['started']}  {run['job']:<15} {run['status'].lower():<10} {run['seconds']} s")


def describe(settings: Settings) -> dict[str, Any]:
    """Everything the command shows, as plain values."""
    from pipelines.cli.published import describe_current
    from pipelines.defs.home import holder, is_locked

    return {
        "home": settings.home,
        "landing": settings.landing_dir,
        "systems": settings.systems,
        "locked_by": holder(settings) if is_locked(settings) else None,
        "published": describe_current(settings),
        "runs": _runs(settings),
    }


def _runs(settings: Settings) -> list[dict[str, Any]]:
    """The newest runs as Dagster recorded them; none where nothing ran yet."""
    if not (settings.dagster_home / "dagster.yaml").exists():
        return []
    from pipelines.defs.runs import recent_runs

    return recent_runs(settings, RUNS_SHOWN)
