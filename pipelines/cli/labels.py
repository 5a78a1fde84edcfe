"""`journeyline labels`: commands about what texts are labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import fail, out, print_json, print_table, settings_or_exit
from pipelines.cli.exit_codes import EXIT_CODES_HELP, ExitCode

if TYPE_CHECKING:
    import polars as pl

    from pipelines.publish.versions import Version
    from pipelines.settings import Settings

HELP = """What texts are labelled: how two versions differ.

Example: journeyline labels diff"""

DIFF_HELP = """Show how topics and moods of texts differ between two published versions.

By default the version readers see is held against the one before it. A text new to a version counts with nothing on the
other side. Changes of fewer texts than the minimum cell are counted together.

Example: journeyline labels diff --before 20261101T020000000Z-1a2b3c4d --json"""

TABLE = "feedback_labels"

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
    """Keeps `diff` a command of its own while it is the only one."""


@app.command("diff", help=DIFF_HELP, epilog=EXIT_CODES_HELP, short_help=DIFF_HELP.splitlines()[0])
def diff_command(
    before: Annotated[str | None, typer.Option(help="Published version; the one before the other.")] = None,
    after: Annotated[str | None, typer.Option(help="Published version; the one readers see.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    settings = settings_or_exit()
    earlier, later = chosen(settings, before, after)
    frames = [labels_of(version) for version in (earlier, later)]
    found = difference_of(*frames, min_cell=settings.min_cell)
    rules = [", ".join(sorted(frame["rules_version"].drop_nulls().unique())) or "none" for frame in frames]
    if as_json:
        print_json(
            {"before": earlier.name, "after": later.name, "rules_versions": rules, "differences": found.to_dicts()}
        )
        return
    out().print(f"{earlier.name} (rules {rules[0]}) -> {later.name} (rules {rules[1]})")
    if found.is_empty():
        out().print("the labels of every text are the same")
        return
    print_table(["topics before", "topics after", "mood before", "mood after", "texts"], found.rows(), title="Labels")


def chosen(settings: Settings, before: str | None, after: str | None) -> tuple[Version, Version]:
    """The two versions by name, or by default; exits where one is not there."""
    from pipelines.publish.versions import versions

    known = versions(settings)
    later = next((one for one in known if (one.name == after if after else one.is_current)), None)
    if later is None:
        fail(f"no such version: {after}" if after else "nothing is published yet", ExitCode.USAGE)
    older = [one for one in known if (one.name == before if before else one.name < later.name)]
    if not older:
        fail(f"no such version: {before}" if before else "there is no version before it", ExitCode.USAGE)
    return older[0], later


def labels_of(version: Version) -> pl.DataFrame:
    """The published labels of a version; exits where it has none, as versions from before the table."""
    import polars as pl

    path = version.path / "parquet" / f"{TABLE}.parquet"
    if not path.is_file():
        fail(f"{version.name} has no {TABLE}", ExitCode.USAGE)
    return pl.read_parquet(path, columns=["feedback_id", "topic", "polarity", "rules_version"])


def difference_of(before: pl.DataFrame, after: pl.DataFrame, *, min_cell: int) -> pl.DataFrame:
    """The differences by size; those of fewer texts than may be shown in one row, itself hidden where it is small."""
    import polars as pl

    from pipelines.analytics.voice.labels import difference

    found = difference(before, after)
    few = pl.col("n") < min_cell
    rest = int(found.filter(few)["n"].sum())
    if not rest:
        return found
    other = {name: "(fewer)" for name in found.columns if name != "n"} | {"n": rest if rest >= min_cell else None}
    return pl.concat([found.filter(~few), pl.DataFrame([other], schema=found.schema)])
