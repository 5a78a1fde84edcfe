"""Readers beside publications: every one sees one whole version."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import publish_support
import pytest

from pipelines.publish.publish import publish

READER = """
import json, sys, time
from pathlib import Path
import duckdb

published, stop = Path(sys.argv[1]), Path(sys.argv[2])
seen, torn = {}, []
while not stop.exists():
    folder = (published / "current").resolve()
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        con = duckdb.connect(str(folder / "marts.duckdb"), read_only=True)
    except (FileNotFoundError, duckdb.IOException):
        continue  # pruned between resolving and opening: a reader asks again
    runs, rows = set(), {}
    for table in ("customer_events", "orders", "dim_customers"):
        runs |= {run for (run,) in con.execute(f"select distinct run_id from {table}").fetchall()}
        rows[table] = con.execute(f"select count(*) from {table}").fetchone()[0]
    con.close()
    if runs != {manifest["run_id"]} or any(manifest["tables"][t]["rows"] != n for t, n in rows.items()):
        torn.append([sorted(runs), rows])
    seen[manifest["run_id"]] = seen.get(manifest["run_id"], 0) + 1
print(json.dumps({"seen": seen, "torn": torn}))
"""


def test_a_reader_never_sees_a_torn_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.publish.publish.gx.validate", lambda *_, **__: [])
    settings = replace(publish_support.settings_in(tmp_path / "home"), keep_versions=2)
    publish_support.make_warehouse(settings)
    publish(settings, run_id="run-0", checks=[publish_support.PASSED])
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(settings.published_dir), str(stop)], stdout=subprocess.PIPE, text=True
    )
    try:
        for number in range(1, 7):
            publish(settings, run_id=f"run-{number}", checks=[publish_support.PASSED], force=True)
    finally:
        stop.touch()
        answer, _ = reader.communicate(timeout=60)
    report = json.loads(answer)
    assert report["torn"] == []
    assert len(report["seen"]) >= 3, "the reader must have met several versions for this to say anything"
