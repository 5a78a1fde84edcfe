"""The dbt docs of a version: every model and column of the run, as one page that opens by double-click.

Belongs here: writing that page beside a version. Stays out: parsing and running dbt.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

PAGE = "dbt/index.html"
HOLES = ('"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"')
"""Where dbt's own page takes its data, as ``dbt docs generate --static`` fills it."""


def write(version: Path, manifest: Path) -> None:
    """Fill dbt's page with the manifest of the run.

    The catalogue stays empty, as with ``--empty-catalog``: models and their columns are described in the project, and
    asking the warehouse for every relation would cost each refresh seconds.
    """
    content = json.loads(manifest.read_text("utf-8"))
    for node in content["nodes"].values():
        # Where the project lies on the machine that ran it is nobody's business.
        node.pop("root_path", None)
    page = files("dbt.task.docs").joinpath("index.html").read_text("utf-8")
    for hole, data in zip(HOLES, (content, {"nodes": {}, "sources": {}}), strict=True):
        # An end tag inside a description would end the script.
        page = page.replace(hole, json.dumps(data, separators=(",", ":")).replace("</", "<\\/"))
    path = version / PAGE
    path.parent.mkdir(exist_ok=True)
    path.write_text(page, "utf-8")
