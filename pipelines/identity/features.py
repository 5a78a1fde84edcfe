"""What the probabilistic pass compares: the rows, their keys, and which of them the rules already joined.

Belongs here: from ``int_identity__records`` and the rules' links to comparison rows. Stays out: normalising (dbt) and
scoring (``train``, ``predict``).

One comparison row is one spelling of one person the rules already know. What a person shows on only one record fills
the gaps of the others: a birth date known from the CRM then speaks for, or against, the same person's guest order.
That makes far fewer rows than records, and no pair is scored that the rules have settled.
"""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

RECORDS_TABLE = "identity.int_identity__records"

COMPARED = (
    "given_name",
    "family_name",
    "name_key",
    "birth_date",
    "street",
    "house_number",
    "postal_code",
    "city",
    "country_code",
    "email",
    "phone",
    "other_phone",
)
"""Columns of a record that make its spelling."""

FILLED = tuple(name for name in COMPARED if name not in ("country_code", "other_phone"))
"""Columns a person's records lend each other where they hold one value only. A country without its address says
nothing, and another phone is another only beside its own."""

ROWS = "comparison_rows"


def read_records(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row per source record: ``node_id`` and the columns of ``COMPARED``; the birth date as text."""
    columns = ", ".join(f"cast({name} as varchar) as {name}" for name in COMPARED)
    return con.sql(f"select node_id, {columns} from {RECORDS_TABLE}").pl()


def settle(records: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """``node_id``, ``part``: records the links join have one number. Links may run through records not compared."""
    names = pl.concat([records["node_id"], links["node_id_a"], links["node_id_b"]]).unique().sort()
    codes = pl.DataFrame({"node_id": names}).with_row_index("code")
    ends = [
        links.select(node_id=side).join(codes, on="node_id", how="left", maintain_order="left")["code"].to_numpy()
        for side in ("node_id_a", "node_id_b")
    ]
    graph = coo_array((np.ones(links.height, dtype=np.int8), (ends[0], ends[1])), shape=(len(names), len(names)))
    _, label = connected_components(graph, directed=False)
    parts = codes.select("node_id", pl.Series("part", label, dtype=pl.Int64))
    return records.select("node_id").join(parts, on="node_id", how="left", maintain_order="left")


def put_rows(con: duckdb.DuckDBPyConnection, records: pl.DataFrame, parts: pl.DataFrame) -> int:
    """Make the table ``comparison_rows`` on a scratch connection; returns its rows.

    One row per part and spelling: ``row_id``, ``part``, ``node_id`` (smallest of the spelling), the columns of
    ``COMPARED``, what blocks are made of (``place``, ``name_start``, ``family_start``, ``given_start``,
    ``email_local``), ``email_digits`` and ``given_name_n``: how many rows show the given name.
    """
    con.register("incoming_records", records.to_arrow())
    con.register("incoming_parts", parts.to_arrow())
    single = ", ".join(f"case when min({name}) = max({name}) then min({name}) end as {name}" for name in FILLED)
    filled = ", ".join(
        f"coalesce(records.{name}, known.{name}) as {name}" if name in FILLED else f"records.{name}"
        for name in COMPARED
    )
    con.execute(
        f"""
        create or replace temp table numbered_records as
        select records.*, parts.part
        from incoming_records as records
        inner join incoming_parts as parts on records.node_id = parts.node_id;

        create or replace temp table spellings as
        with known as (
            select part, {single} from numbered_records group by part having count(*) > 1
        ),
        filled as (
            select records.part, records.node_id, {filled}
            from numbered_records as records
            left join known on records.part = known.part
        )
        select part, min(node_id) as node_id, {", ".join(COMPARED)} from filled group by all;

        create or replace table {ROWS} as
        select
            row_number() over (order by node_id, {", ".join(COMPARED)}) as row_id,
            *,
            coalesce(postal_code, city) as place,
            split_part(email, '@', 1) as email_local,
            regexp_replace(email, '[^0-9]', '', 'g') as email_digits,
            substr(least(given_name, family_name), 1, 2)
            || substr(greatest(given_name, family_name), 1, 2) as name_start,
            substr(family_name, 1, 3) as family_start,
            substr(given_name, 1, 3) as given_start,
            count(*) over (partition by given_name) as given_name_n
        from spellings;

        drop table numbered_records;
        drop table spellings;
        """
    )
    con.unregister("incoming_records")
    con.unregister("incoming_parts")
    (found,) = con.execute(f"select count(*) from {ROWS}").fetchall()[0]
    return int(found)
