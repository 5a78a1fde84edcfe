"""`journeyline showroom`: the static site of journey maps in the published version."""

from __future__ import annotations

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

app = typer.Typer(
    help=HELP,
    epilog=EXIT_CODES_HELP,
    short_help=HELP.splitlines()[0],
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
