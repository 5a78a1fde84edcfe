"""`journeyline identity`: commands about who is one person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli import identity_explain, identity_what_if
from pipelines.cli.console import err, fail, print_json, print_table, settings_or_exit
from pipelines.cli.exit_codes import EXIT_CODES_HELP, ExitCode

HELP = """Who is one person: why two records are one, what a change would do, training the model that compares records.

Example: journeyline identity explain shopify:customer:1003 zendesk:user:77"""

TRAIN_HELP = """Train the model of the second pass on this house's records; the next refresh uses it.

Reads the warehouse's records, estimates how often people agree by chance and how often one person's records do, and
writes the parameters with their hash. The same records give the same parameters. Until a house has trained its own, the
shipped ones are used, which know the demo company.

Example: journeyline identity train --json"""

app = typer.Typer(
    help=HELP,
    epilog=EXIT_CODES_HELP,
    short_help=HELP.splitlines()[0],
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command(
    "what-if",
    help=identity_what_if.HELP,
    epilog=EXIT_CODES_HELP,
    short_help=identity_what_if.HELP.splitlines()[0],
)(identity_what_if.command)


@app.command("train", help=TRAIN_HELP, epilog=EXIT_CODES_HELP, short_help=TRAIN_HELP.splitlines()[0])
def train_command(
    output: Annotated[
        Path | None, typer.Option(help="Write the parameters to this file instead, and leave those in use alone.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    settings = settings_or_exit()
    from pipelines.identity.model import ModelError
    from pipelines.identity.train import train
    from pipelines.warehouse import WarehouseError, WarehouseInUseError

    try:
        with err().status("comparing records"):
            trained = train(settings, path=output)
    except ModelError as error:
        fail(str(error), ExitCode.USAGE)
    except WarehouseInUseError as error:
        fail(str(error), ExitCode.LOCKED)
    except WarehouseError as error:
        fail(str(error), ExitCode.USAGE)
    found = trained.parameters
    if as_json:
        print_json({"path": trained.path, "hash": found.hash, **found.as_json()})
        return
    err().print(
        f"trained on {found.n_records:,} records ({found.n_rows:,} after the rules): {trained.path}, hash {found.hash}"
    )
    columns = ["comparison", "level", "one person (m)", "two people (u)", "weight in bits"]
    print_table(columns, [[*row[:4], f"{row[4]:+.1f}"] for row in found.weights()])


app.command(
    "explain",
    help=identity_explain.HELP,
    epilog=EXIT_CODES_HELP,
    short_help=identity_explain.HELP.splitlines()[0],
)(identity_explain.command)
