"""`journeyline dev`: the Dagster UI on this state folder, offline."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from pipelines.cli.console import err, settings_or_exit

HELP = """Open the Dagster UI on this state folder; nothing leaves the machine.

Example: journeyline dev --port 3000"""


def command(
    port: Annotated[int, typer.Option(help="Port of the UI.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    settings = settings_or_exit()
    from pipelines.defs.dbt_runner import ensure_manifest
    from pipelines.defs.home import prepare

    prepare(settings)
    ensure_manifest(settings)
    workspace = settings.project_root / "workspace.yaml"
    err().print(f"Dagster UI on http://{host}:{port} (stop with Ctrl-C)")
    arguments = ["dagster", "dev", "-w", str(workspace), "--host", host, "--port", str(port)]
    os.chdir(settings.project_root)
    os.execve(sys.executable, [sys.executable, "-m", *arguments], {**os.environ, **settings.environ()})
