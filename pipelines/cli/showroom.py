"""`journeyline showroom`: the static site of journey maps in the published version."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import err, fail, print_json, settings_or_exit
from pipelines.cli.exit_codes import EXIT_CODES_HELP, ExitCode

if TYPE_CHECKING:
    from pipelines.publish.versions import Version
    from pipelines.settings import Settings

HELP = """The showroom: journey maps of every group, as pages that open by double-click.

Example: journeyline showroom open"""

BUILD_HELP = """Render the site of the current version again; a refresh has done so already.

Example: journeyline showroom build --json"""

OPEN_HELP = """Open the site in the browser; it needs no server and no network.

Example: journeyline showroom open"""

SERVE_HELP = """Show the site on an address of this machine alone, for browsers that refuse local files.

Example: journeyline showroom serve --port 8400"""

CHECK_HELP = """Hold the site against what it may not do: dead links, outside addresses, a loose policy, oversize.

Example: journeyline showroom check"""

WORKSHOP_HELP = """The workshop pack: sheets to fill in together, and reading them back as what the team believes.

Example: journeyline showroom workshop export --to workshop"""

EXPORT_HELP = """Write a CSV to fill in and a page to print for every map of the current version.

Example: journeyline showroom workshop export --to workshop"""

IMPORT_HELP = """Read filled-in sheets back as judgement rows; what is measured stays as it is.

Example: journeyline showroom workshop import workshop/active.csv --dry-run"""

app = typer.Typer(
    help=HELP,
    epilog=EXIT_CODES_HELP,
    short_help=HELP.splitlines()[0],
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

workshop = typer.Typer(
    help=WORKSHOP_HELP,
    epilog=EXIT_CODES_HELP,
    short_help=WORKSHOP_HELP.splitlines()[0],
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(workshop, name="workshop")


@app.command("build", help=BUILD_HELP, epilog=EXIT_CODES_HELP, short_help=BUILD_HELP.splitlines()[0])
def build_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    settings = settings_or_exit()
    version = _current(settings)
    from pipelines.showroom.build import build

    built = build(version.path, is_sample=settings.is_demo)
    if as_json:
        print_json(
            {
                "path": built.path,
                "pages": built.pages,
                "bytes": built.bytes,
                "findings": [{"map": finding.segment, "words": finding.words} for finding in built.findings],
                "missing_tables": list(built.missing),
            }
        )
        return
    err().print(f"{built.pages} pages, {built.bytes / 1e6:.1f} MB")
    typer.echo(built.index)


@app.command("open", help=OPEN_HELP, epilog=EXIT_CODES_HELP, short_help=OPEN_HELP.splitlines()[0])
def open_command() -> None:
    index = _site(settings_or_exit()) / "index.html"
    typer.echo(index)
    if typer.launch(index.as_uri()) != 0:
        err().print("no browser answered; open the file above, or run: journeyline showroom serve")


@app.command("serve", help=SERVE_HELP, epilog=EXIT_CODES_HELP, short_help=SERVE_HELP.splitlines()[0])
def serve_command(port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 8400) -> None:
    site = _site(settings_or_exit())
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    # The version's folder, so that the quality page and the Parquet files beside the site are reached too.
    handler = partial(SimpleHTTPRequestHandler, directory=str(site.parent))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        fail(f"port {port} cannot be used: {error.strerror}; name another with --port", ExitCode.USAGE)
    err().print(f"http://127.0.0.1:{port}/site/index.html (stop with Ctrl-C)")
    with server:
        server.serve_forever()


@app.command("check", help=CHECK_HELP, epilog=EXIT_CODES_HELP, short_help=CHECK_HELP.splitlines()[0])
def check_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    site = _site(settings_or_exit())
    from pipelines.showroom.check import problems

    found = problems(site)
    if as_json:
        print_json({"path": site, "problems": found})
    for problem in [] if as_json else found:
        typer.echo(problem)
    if found:
        raise SystemExit(ExitCode.FAILED.value)
    err().print("links, policy and sizes are in order")


@workshop.command("export", help=EXPORT_HELP, epilog=EXIT_CODES_HELP, short_help=EXPORT_HELP.splitlines()[0])
def export_command(
    to: Annotated[Path, typer.Option("--to", help="Folder to write the sheets into.")] = Path("workshop"),
) -> None:
    settings = settings_or_exit()
    version = _current(settings)
    from pipelines import warehouse
    from pipelines.showroom.marts import DATABASE, open_marts
    from pipelines.showroom.workshop import SHEET, sheet_rows, sheet_text, to_csv

    with warehouse.published(version.path / DATABASE) as con:
        rows = open_marts(con, version.manifest).rows("journey_map")
    maps = sorted({(row["scheme_id"], row["segment_id"]) for row in rows if row["scheme_id"] != "company"})
    if not maps:
        fail("this version has no journey maps; first: journeyline refresh", ExitCode.NOT_PUBLISHED)
    believed = _judgements(settings)
    to.mkdir(parents=True, exist_ok=True)
    for scheme, segment in maps:
        given = (rows, settings.company, scheme, segment, believed)
        (to / f"{segment}.csv").write_text(to_csv(sheet_rows(*given), SHEET, guarded=True), "utf-8")
        (to / f"{segment}.md").write_text(sheet_text(*given), "utf-8")
        typer.echo(to / f"{segment}.csv")
    err().print(f"{len(maps)} maps; fill in the CSV files, then: journeyline showroom workshop import {to}/*.csv")


@workshop.command("import", help=IMPORT_HELP, epilog=EXIT_CODES_HELP, short_help=IMPORT_HELP.splitlines()[0])
def import_command(
    sheets: Annotated[list[Path], typer.Argument(help="Filled-in CSV files.", exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    settings = settings_or_exit()
    from pipelines.files import write_atomically
    from pipelines.settings import utc_now
    from pipelines.showroom.workshop import COLUMNS, merge, read_sheet, to_csv

    with (settings.dbt_project_dir / "seeds" / "map_stages.csv").open(encoding="utf-8") as handle:
        stages = {line["map_stage"] for line in csv.DictReader(handle)}
    rows, told = _judgements(settings), []
    for path in sheets:
        try:
            lines = read_sheet(path.read_bytes())
        except (ValueError, csv.Error) as error:
            fail(f"{path}: {error}", ExitCode.USAGE)
        merged = merge(rows, lines, stages=stages, today=utc_now().date())
        rows = list(merged.rows)
        told.append((path, merged))
    if not dry_run:
        write_atomically(_judgements_path(settings), to_csv(rows, COLUMNS, guarded=False))
    if as_json:
        counts = ("added", "changed", "dropped", "refused")
        print_json([{"sheet": path} | {name: getattr(merged, name) for name in counts} for path, merged in told])
    for path, merged in [] if as_json else told:
        typer.echo(f"{path}: {merged.added} added, {merged.changed} changed, {merged.dropped} dropped")
        for refused in merged.refused:
            typer.echo(f"  refused, {refused}")
    if any(merged.refused for _, merged in told):
        raise SystemExit(ExitCode.FAILED.value)
    err().print("nothing was written" if dry_run else "the next refresh shows them: journeyline refresh")


def _judgements_path(settings: Settings) -> Path:
    return settings.dbt_project_dir / "seeds" / "journey_judgements.csv"


def _judgements(settings: Settings) -> list[dict[str, str]]:
    with _judgements_path(settings).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _current(settings: Settings) -> Version:
    from pipelines.publish.versions import current

    version = current(settings)
    if version is None:
        fail(f"nothing is published in {settings.published_dir}; first: journeyline refresh", ExitCode.NOT_PUBLISHED)
    return version


def _site(settings: Settings) -> Path:
    site = _current(settings).path / "site"
    if not site.is_dir():
        fail("this version has no site; first: journeyline showroom build", ExitCode.NOT_PUBLISHED)
    return site
