"""`journeyline query "SQL"`: read the published marts (or the live warehouse) without being able to change them."""

from __future__ import annotations

import csv
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import err, fail, print_json, print_table, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from pipelines.settings import Settings

HELP = """Ask the published marts a question, read-only.

Example: journeyline query "select count(*) from dim_customers" --format csv"""

FORMATS = ("table", "json", "csv")


def command(
    sql: Annotated[str, typer.Argument(help="One SQL statement (DuckDB).")],
    output: Annotated[str, typer.Option("--format", "-f", help="table, json or csv.")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most rows shown as a table; json and csv print all.")] = 100,
    live: Annotated[
        bool, typer.Option("--live", help="Read the live warehouse (personal data; not while a refresh runs).")
    ] = False,
) -> None:
    settings = settings_or_exit()
    output = "json" if as_json else output
    if output not in FORMATS:
        fail(f"--format {output} is not known; use one of {', '.join(FORMATS)}", ExitCode.USAGE)
    import duckdb

    try:
        with _connection(settings, live) as con:
            answer = con.execute(sql.rstrip().rstrip(";"))
            columns = [column[0] for column in answer.description or []]
            rows = answer.fetchall() if output != "table" else answer.fetchmany(limit + 1)
    except duckdb.Error as error:
        fail(str(error), ExitCode.USAGE)
    _show(columns, rows, output, limit)


@contextmanager
def _connection(settings: Settings, live: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    from pipelines.warehouse import WarehouseError, connect, published

    if live:
        try:
            with connect(settings) as con:
                yield con
        except WarehouseError as error:
            fail(str(error), ExitCode.LOCKED if settings.warehouse_path.exists() else ExitCode.NOT_PUBLISHED)
        return
    path = settings.published_dir / "current" / "marts.duckdb"
    if not path.exists():
        fail(f"nothing is published in {settings.published_dir}; first: journeyline refresh", ExitCode.NOT_PUBLISHED)
    with published(path) as con:
        yield con


def _show(columns: list[str], rows: list[tuple[object, ...]], output: str, limit: int) -> None:
    if output == "json":
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif output == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([columns, *rows])
    else:
        print_table(columns, rows[:limit])
        if len(rows) > limit:
            err().print(f"the first {limit} rows; all of them with --format csv", style="dim")
