"""`journeyline rollback VERSION`: make an older version the current one."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.console import fail, out, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

HELP = """Make an older version the current one; nothing is deleted, and the next refresh publishes a new one.

Example: journeyline rollback 20261101T020000Z-1a2b3c"""


def command(version: Annotated[str, typer.Argument(help="A version of `journeyline versions`.")]) -> None:
    settings = settings_or_exit()
    from pipelines.publish.versions import VersionError, rollback

    try:
        rollback(settings, version)
    except VersionError as error:
        fail(str(error), ExitCode.NOT_PUBLISHED)
    out().print(f"current is now {version}: {settings.published_dir / 'current'}")
