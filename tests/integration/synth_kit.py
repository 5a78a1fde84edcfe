"""The demo company generated and landed once for all tests that read it."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.contract import load_contracts
from pipelines.ingest.landing import LandingReport, land
from pipelines.ingest.raw import register_raw
from pipelines.settings import DEMO_SYSTEMS, Settings, load_settings
from pipelines.synth.generate import GenerationReport, generate

CUSTOMERS = 3000

_CARTS = """
create table seen_carts as
with tagged as (
    select *, list_filter(event_params, lambda p: p.key = 'cart_token')[1].value.string_value as cart_token
    from ga4__events
)
select
    cart_token,
    any_value(geo.region) as region,
    any_value(device.browser) as browser,
    min(event_timestamp) as first_at,
    bool_or(event_name = 'begin_checkout') as began,
    bool_or(event_name = 'add_shipping_info') as saw_fee,
    bool_or(event_name = 'purchase') as bought,
    count(distinct event_bundle_sequence_id) > 1 as came_back,
    max(list_filter(event_params, lambda p: p.key = 'shipping')[1].value.double_value)
        filter (where event_name = 'add_shipping_info') as fee,
    max(list_filter(event_params, lambda p: p.key = 'value')[1].value.double_value)
        filter (where event_name = 'add_shipping_info') as cart_value
from tagged
where cart_token is not null
group by cart_token
"""


@dataclass(frozen=True)
class Company:
    """``con`` holds the last version of each landed row as <system>__<table>, the truth as truth__<table>, and
    ``seen_carts``: one row per cart token of the web events."""

    root: Path
    report: GenerationReport
    settings: Settings
    landed: LandingReport
    con: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple[float, ...]]:
        return self.con.execute(sql).fetchall()

    def by(self, sql: str) -> dict[str, float]:
        """Name and value of a query of two columns."""
        return {str(name): float(value) for name, value in self.con.execute(sql).fetchall()}

    def one(self, sql: str) -> float:
        return float(self.rows(sql)[0][0])


@functools.cache
def company() -> Company:
    root = Path(tempfile.mkdtemp(prefix="company"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    report = generate(root / "landing", root / "truth", customers=CUSTOMERS)
    settings = load_settings({"JOURNEYLINE_HOME": str(root / "home"), "JOURNEYLINE_DATA": str(root / "landing")})
    landed = land(settings)
    con = duckdb.connect()
    contracts = load_contracts(DEMO_SYSTEMS)
    register_raw(con, settings, contracts)
    for system, contract in contracts.items():
        for table in contract.tables:
            version = f"{table.version_column} desc, " if table.version_column else ""
            con.execute(
                f"create table {system}__{table.name} as select * from raw.{system}__{table.name} qualify row_number() "
                f"over (partition by {', '.join(table.key)} order by {version} _loaded_at desc, _row_number desc) = 1"
            )
    for path in sorted((root / "truth").glob("*.parquet")):
        con.execute(f"create table truth__{path.stem} as select * from read_parquet('{path}')")
    con.execute(_CARTS)
    return Company(root, report, settings, landed, con)
