"""`journeyline segments`: commands about how customers are divided."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import fail, out, print_json, print_table, settings_or_exit
from pipelines.cli.exit_codes import EXIT_CODES_HELP, ExitCode

if TYPE_CHECKING:
    from pipelines.analytics.segments.preview import Preview
    from pipelines.settings import Settings

HELP = """How customers are divided: what a changed segments file would do, before it does.

Example: journeyline segments preview --file other.yml"""

PREVIEW_HELP = """Show sizes before and after, and who moves where, if the segments file were another one.

Reads the facts of the last refresh and divides the same customers by the definitions that refresh used and by the file.
Nothing is written or published. Counts below the minimum cell are not shown.

Example: journeyline segments preview --file other.yml --json"""

app = typer.Typer(
    help=HELP,
    epilog=EXIT_CODES_HELP,
    short_help=HELP.splitlines()[0],
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _group() -> None:
    """Keeps `preview` a command of its own while it is the only one."""


@app.command("preview", help=PREVIEW_HELP, epilog=EXIT_CODES_HELP, short_help=PREVIEW_HELP.splitlines()[0])
def preview_command(
    file: Annotated[Path, typer.Option(help="The changed segments file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    settings = settings_or_exit()
    from pipelines.segments import SegmentError
    from pipelines.warehouse import WarehouseError, WarehouseInUseError

    try:
        found = preview(settings, file)
    except SegmentError as error:
        fail(str(error), ExitCode.USAGE)
    except WarehouseInUseError as error:
        fail(str(error), ExitCode.LOCKED)
    except WarehouseError as error:
        fail(f"{error}; first: journeyline refresh", ExitCode.USAGE)
    if as_json:
        print_json(as_plain(found))
        return
    out().print(f"{found.customers:,} customers; as before: {', '.join(found.unchanged) or 'no scheme'}")
    if not found.sizes.is_empty():
        print_table(["scheme", "segment", "before", "after"], found.sizes.rows(), title="Sizes")
        print_table(["scheme", "from", "to", "customers"], found.movers.rows(), title="Movers")
    changed = found.tags.filter(found.tags["before"].ne_missing(found.tags["after"]))
    if not changed.is_empty():
        print_table(["tag", "before", "after"], changed.rows(), title="Tags")


def preview(settings: Settings, file: Path) -> Preview:
    """Divide the customers of the last refresh by its definitions and by those of the file.

    Raises:
        SegmentError: the file is wrong.
        WarehouseError: nothing has been refreshed yet.
    """
    from pipelines.analytics.build import as_float
    from pipelines.analytics.inputs import DEFINITIONS, RUN
    from pipelines.analytics.segments.facts import FACT_INPUTS, customer_facts
    from pipelines.analytics.segments.preview import preview_segments
    from pipelines.segments import load_segments, segment_definitions
    from pipelines.warehouse import connect, read_from

    after = segment_definitions(load_segments(settings.project_root, file))
    with connect(settings) as con:
        read = partial(read_from, con)
        run = read(RUN, ["as_of_date", "min_cell"]).row(0, named=True)
        before = read(DEFINITIONS)
        frames = {table: as_float(read(table, columns)) for table, columns in FACT_INPUTS.items()}
    facts = customer_facts(frames, run["as_of_date"])
    return preview_segments(facts, before, after, as_of=run["as_of_date"], min_cell=run["min_cell"])


def as_plain(found: Preview) -> dict[str, Any]:
    """The preview as JSON says it."""
    return {
        "customers": found.customers,
        "unchanged": found.unchanged,
        "sizes": found.sizes.to_dicts(),
        "movers": found.movers.to_dicts(),
        "tags": found.tags.to_dicts(),
    }
