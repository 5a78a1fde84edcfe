"""A project of one made-up system in a temporary folder: a contract, a landing folder, and what landed."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import yaml

from pipelines import warehouse
from pipelines.contract import Contract, Table, load_contract
from pipelines.ingest.landing import FileOutcome, LandingReport, land
from pipelines.ingest.raw import register_raw
from pipelines.settings import Settings, load_settings

COLUMNS: dict[str, dict[str, Any]] = {
    "id": {"data_type": "bigint", "required": True},
    "name": {"data_type": "varchar", "pii": "direct"},
    "stamp": {"data_type": "timestamp"},
    "amount": {"data_type": "decimal(18,4)"},
}


@dataclass
class Kit:
    """``table`` describes the one table ``shop.things``; ``put`` and ``land`` work on it."""

    home: Path
    settings: Settings

    @property
    def contract(self) -> Contract:
        return load_contract("shop", self.settings.project_root)

    @property
    def table(self) -> Table:
        return self.contract.table("things")

    def declare(self, columns: dict[str, dict[str, Any]] | None = None, *, time_zone: str = "UTC", **meta: Any) -> None:
        """Write the contract: columns by name with their data_type and meta, and the table's meta."""
        described = [
            {
                "name": name,
                "description": name,
                "data_type": told["data_type"],
                "config": {"meta": {key: value for key, value in told.items() if key != "data_type"}},
            }
            for name, told in (columns or COLUMNS).items()
        ]
        table_meta = {"file": "shop/things*", "format": "csv", "key": [], **meta}
        document = {
            "version": 2,
            "sources": [
                {
                    "name": "shop",
                    "schema": "raw",
                    "description": "A shop.",
                    "config": {"meta": {"owner": "nobody", "time_zone": time_zone}},
                    "tables": [
                        {
                            "name": "things",
                            "identifier": "shop__things",
                            "description": "Things.",
                            "config": {"meta": table_meta},
                            "columns": described,
                        }
                    ],
                }
            ],
        }
        path = contract_path(self.settings.project_root)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.settings.landing_dir / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def land(self) -> LandingReport:
        return land(self.settings, ["shop"])

    def land_one(self) -> FileOutcome:
        (outcome,) = self.land().tables[0].outcomes
        return outcome

    def rows(self, columns: str = "*", order: str = "_loaded_at, _row_number") -> list[tuple[Any, ...]]:
        with self.raw() as con:
            return con.execute(f"select {columns} from raw.shop__things order by {order}").fetchall()

    def raw(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        warehouse.configure(con, self.settings)
        register_raw(con, self.settings, [self.contract])
        return con

    def quarantined(self, columns: str = "row_number, column_name, value, reason") -> list[tuple[Any, ...]]:
        files = list(self.settings.quarantine_dir.rglob("*.parquet"))
        if not files:
            return []
        frame = pl.concat([pl.read_parquet(file) for file in files]).sort("source_name", "row_number", "column_name")
        return frame.select(columns.split(", ")).rows()


def contract_path(project_root: Path) -> Path:
    return project_root / "dbt_project" / "models" / "staging" / "shop" / "_shop__sources.yml"


def make_kit(folder: Path) -> Kit:
    project = folder / "project"
    contract = contract_path(project)
    contract.parent.mkdir(parents=True)
    contract.touch()
    settings = load_settings(
        {"JOURNEYLINE_HOME": str(folder / "home"), "JOURNEYLINE_SOURCES": "shop", "JOURNEYLINE_ENV": "test"},
        project_root=project,
    )
    kit = Kit(folder, settings)
    kit.declare()
    return kit


def put_parquet(kit: Kit, name: str, select: str) -> Path:
    """Put the result of a query as a Parquet file."""
    path = kit.put(name, b"")
    duckdb.sql(f"copy ({select}) to '{path}' (format parquet)")
    return path


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive of the files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zstandard(content: bytes) -> bytes:
    """The content as one Zstandard frame."""
    packed: bytes = pa.Codec("zstd").compress(content, asbytes=True)
    return packed
