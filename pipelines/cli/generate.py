"""`journeyline generate`: write the demo company's exports into the landing folder."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import err, fail, settings_or_exit
from pipelines.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.settings import Settings

HELP = """Write the demo company's exports, as eight vendors' systems would.

The same size and seed give the same files, byte for byte.

Example: journeyline generate --customers 3000"""

DEFAULT_CUSTOMERS = 3000
DEFAULT_SEED = 20261031


def command(
    customers: Annotated[
        int | None, typer.Option(min=100, help=f"People to simulate; {DEFAULT_CUSTOMERS:,} unless a demo exists.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed gives another company of the same kind.")] = None,
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="Do nothing where data is configured or the demo already exists.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete the demo's landing, raw and warehouse folders first.")
    ] = False,
) -> None:
    settings = settings_or_exit()
    if not settings.is_demo:
        if if_needed:
            return
        fail(
            "data is configured (JOURNEYLINE_SOURCES or JOURNEYLINE_DATA), so no demo is written beside it",
            ExitCode.USAGE,
        )
    existing = _existing(settings)
    wanted = {
        "customers": customers or (existing or {}).get("customers", DEFAULT_CUSTOMERS),
        "seed": seed if seed is not None else (existing or {}).get("seed", DEFAULT_SEED),
    }
    if existing == wanted and not replace:
        if not if_needed:
            err().print(f"the demo is already there: {wanted['customers']:,} customers, seed {wanted['seed']}")
        return
    if not replace and (existing or _has_files(settings.landing_dir)):
        fail(_would_mix(settings, existing), ExitCode.USAGE)
    for folder in (settings.landing_dir, settings.raw_dir, settings.quarantine_dir, settings.warehouse_path.parent):
        if replace:
            shutil.rmtree(folder, ignore_errors=True)
    _generate(settings, wanted["customers"], wanted["seed"])


def _generate(settings: Settings, customers: int, seed: int) -> None:
    from pipelines.synth.generate import generate

    console = err()
    with console.status(f"generating the demo company: {customers:,} customers") as status:

        def tell(what: str, done: int, total: int) -> None:
            status.update(f"generating the demo company: {customers:,} customers, {what} ({done}/{total})")

        # The hidden truth is for tests and benchmarks; it lies outside the landing folder, where nothing looks for it.
        report = generate(settings.landing_dir, settings.home / "truth", customers=customers, seed=seed, progress=tell)
    _marker(settings).write_text(json.dumps({"customers": customers, "seed": seed}))
    console.print(
        f"generated {customers:,} customers: {report.files} files, {report.rows:,} rows, "
        f"{report.bytes / 1e6:,.1f} MB in {report.seconds:.1f} s"
    )


def _marker(settings: Settings) -> Path:
    # Beside the landing folder, and written last: a killed generation leaves files without it.
    return settings.home / "demo.json"


def _existing(settings: Settings) -> dict[str, int] | None:
    marker = _marker(settings)
    if not marker.exists() or not _has_files(settings.landing_dir):
        return None
    found: dict[str, int] = json.loads(marker.read_text())
    return found


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(path.is_file() for path in folder.rglob("*"))


def _would_mix(settings: Settings, existing: dict[str, int] | None) -> str:
    what = f"the demo of {existing['customers']:,} customers" if existing else "files of an unfinished or other company"
    return (
        f"{settings.landing_dir} holds {what}; two companies must not mix. Either delete it and what was built from it "
        "(journeyline generate --replace), or keep another in its own folder (JOURNEYLINE_HOME=data/other)"
    )
