"""The command line: one thin module per command, put together here.

Belongs here: the list of commands and what they share. Stays out: work; a command imports what it needs when it runs,
so that `journeyline --help` answers at once.
"""

from __future__ import annotations

import typer

from pipelines.cli import (
    dev,
    docs,
    doctor,
    generate,
    identity,
    labels,
    query,
    refresh,
    rollback,
    segments,
    showroom,
    status,
    versions,
)
from pipelines.cli.console import fail
from pipelines.cli.exit_codes import EXIT_CODES_HELP, ExitCode

app = typer.Typer(
    name="journeyline",
    help="One view of each customer, and the journeys, carts, segments and satisfaction computed from it.",
    epilog=EXIT_CODES_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (generate, refresh, status, query, versions, rollback, doctor, docs, dev):
    name = module.__name__.rpartition(".")[2]
    app.command(name, help=module.HELP, epilog=EXIT_CODES_HELP, short_help=module.HELP.splitlines()[0])(module.command)

app.add_typer(identity.app, name="identity")
app.add_typer(labels.app, name="labels")
app.add_typer(segments.app, name="segments")
app.add_typer(showroom.app, name="showroom")


def main() -> None:
    """Run the command line; an interrupt ends with 130, as shells expect."""
    try:
        app()
    except KeyboardInterrupt:
        fail("interrupted; what was already published stays as it is", ExitCode(1), code=130)


if __name__ == "__main__":
    main()
