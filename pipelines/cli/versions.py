"""`journeyline versions`: what was published, newest first."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.console import fail, print_json, print_table, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

HELP = """List the published versions, newest first.

Example: journeyline versions --json"""


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    settings = settings_or_exit()
    from pipelines.cli.published import describe_versions

    found = describe_versions(settings)
    if as_json:
        print_json(found)
    elif found:
        columns = ["version", "current", "as_of", "published_at", "tables", "rows", "checks"]
        print_table(columns, [[row[column] for column in columns] for row in found])
    if not found:
        fail(f"nothing is published in {settings.published_dir}; first: journeyline refresh", ExitCode.NOT_PUBLISHED)
