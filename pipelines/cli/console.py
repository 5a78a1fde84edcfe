"""What the commands share: settings or a clear error, consoles, tables, JSON.

Belongs here: writing to the terminal. Stays out: what is written. Results go to standard output, everything else to
standard error, so that a result can be piped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from pipelines.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.settings import Settings


def out() -> Console:
    """The console of results. Emoji codes stay text: a record's id may hold one (``pos:receipt:1``)."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, emoji=False)


def err() -> Console:
    """The console of progress and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def settings_or_exit() -> Settings:
    """The settings of the environment; a wrong one ends the command with what is allowed."""
    from pipelines.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as error:
        fail(str(error), ExitCode.USAGE)


def fail(message: str, exit_code: ExitCode, *, code: int | None = None) -> NoReturn:
    """Say what is wrong on standard error and end the command."""
    typer.echo(message, err=True)
    raise SystemExit(exit_code.value if code is None else code)


def print_json(value: Any) -> None:
    """One JSON document on standard output; dates in ISO 8601, decimals as numbers, paths as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=_plain))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None) -> None:
    """A table for people."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    numeric = [
        all(isinstance(row[i], int | float | Decimal) or row[i] is None for row in rows) for i in range(len(columns))
    ]
    for column, right in zip(columns, numeric, strict=True):
        table.add_column(column, justify="right" if right and rows else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    out().print(table)


def _cell(value: Any) -> str:
    from rich.markup import escape

    if value is None:
        return "[dim]–[/dim]"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return escape(str(value))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    return str(value)
