"""The yardstick of the scale benchmark: bare DuckDB loads the same files into tables, and does nothing else.

Run as a process of its own, so that its peak memory is its own: ``python -m benchmarks.bare_load LANDING DATABASE``.
Prints one JSON object: seconds and rows by table. Types are DuckDB's own guesses; a file it cannot guess is read as
text, which favours the yardstick.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

from pipelines.contract import Table, load_contracts
from pipelines.settings import load_settings
from pipelines.warehouse import configure, identifier, quote


def reader(table: Table, files: list[Path]) -> str:
    """The plainest DuckDB reader call for the files of one table."""
    listed = "[" + ", ".join(quote(file) for file in files) + "]"
    if table.format == "parquet":
        return f"read_parquet({listed}, union_by_name = true)"
    if table.format in ("jsonl", "json"):
        return f"read_json({listed}, format = 'auto', union_by_name = true, ignore_errors = {table.format == 'jsonl'})"
    return (
        f"read_csv({listed}, delim = {quote(table.csv.delimiter)}, encoding = {quote(table.csv.encoding)}, "
        f"header = {table.csv.header}, union_by_name = true, all_varchar = true, ignore_errors = true, "
        "strict_mode = false)"
    )


def main() -> None:
    """Load every contract's files of the landing folder; print what it took."""
    landing, database = Path(sys.argv[1]), Path(sys.argv[2])
    settings = load_settings()
    con = duckdb.connect(str(database))
    configure(con, settings)
    seconds: dict[str, float] = {}
    rows: dict[str, int] = {}
    started = time.perf_counter()
    for contract in load_contracts(settings.systems).values():
        for table in contract.tables:
            files = sorted({file for pattern in table.files for file in landing.glob(pattern)})
            if not files:
                continue
            name = table.relation_name
            before = time.perf_counter()
            con.execute(f"create table {identifier(name)} as select * from {reader(table, files)}")
            seconds[name] = round(time.perf_counter() - before, 3)
            rows[name] = int(con.execute(f"select count(*) from {identifier(name)}").fetchall()[0][0])
    con.execute("checkpoint")
    con.close()
    print(json.dumps({"seconds": round(time.perf_counter() - started, 3), "tables": seconds, "rows": rows}))


if __name__ == "__main__":
    main()
