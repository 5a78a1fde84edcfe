"""Building the site: from a version's folder into its folder ``site``, complete or not at all.

Belongs here: reading, rendering, writing aside and putting in place. Stays out: what the pages say.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines import files, warehouse
from pipelines.showroom import dbt_docs, lineage
from pipelines.showroom.marts import DATABASE, open_marts, read_manifest
from pipelines.showroom.model import Finding
from pipelines.showroom.pages import render
from pipelines.showroom.site import build_site

SITE = "site"


@dataclass(frozen=True)
class Built:
    """What came of it."""

    path: Path
    pages: int
    bytes: int
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]

    @property
    def index(self) -> Path:
        return self.path / "index.html"


def build(version: Path, *, is_sample: bool, notice: str = "") -> Built:
    """Render the site of a version into its folder ``site``; one that was there is replaced at once.

    ``version`` holds the published file and the manifest. ``notice`` stands at the head of each page.

    Raises:
        FileNotFoundError: the folder is no version.
    """
    manifest = read_manifest(version)
    with warehouse.published(version / DATABASE) as con:
        site = build_site(open_marts(con, manifest), is_sample=is_sample, notice=notice)
    data = replace(
        site.data,
        lineage=lineage.read(version),
        with_sql=lineage.has_sql(version),
        with_docs=(version / dbt_docs.PAGE).is_file(),
    )
    rendered = render(replace(site, data=data))
    path = _put(version, rendered)
    pages = sum(name.endswith(".html") for name in rendered)
    size = sum(len(content) for content in rendered.values())
    return Built(path, pages, size, site.data.findings, tuple(table for table, _ in site.data.missing))


def _put(version: Path, rendered: Mapping[str, bytes]) -> Path:
    aside, old, path = version / f".{SITE}.new", version / f".{SITE}.old", version / SITE
    for leftover in (aside, old):
        shutil.rmtree(leftover, ignore_errors=True)
    for name, content in rendered.items():
        target = aside / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if path.exists():
        path.rename(old)
    aside.rename(path)
    files.sync(version)
    shutil.rmtree(old, ignore_errors=True)
    return path
