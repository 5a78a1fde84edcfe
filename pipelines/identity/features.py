"""What the probabilistic pass compares: the rows, their keys, and which of them the rules already joined.

Belongs here: from ``int_identity__records`` and the rules' links to comparison rows. Stays out: normalising (dbt) and
scoring (``train``, ``predict``).

One comparison row is one spelling of one person the rules already know. What a person shows on only one record fills
the gaps of the others: a birth date known from the CRM then speaks for, or against, the same person's guest order.
That makes far fewer rows than records, and no pair is scored that the rules have settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl

from pipelines.settings import Settings
from pipelines.warehouse import let_go, quote

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


HOUSE = "house"


@contextmanager
def records_of(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[str]:
    """The house's records as a relation of a scratch connection, for one block."""
    let_go(settings)
    con.execute(f"attach {quote(settings.warehouse_path)} as {HOUSE} (read_only)")
    try:
        yield f"{HOUSE}.{RECORDS_TABLE}"
    finally:
        con.execute(f"detach {HOUSE}")


def put_rows(con: duckdb.DuckDBPyConnection, records: str, parts: pl.DataFrame) -> int:
    """Make the table ``comparison_rows`` on a scratch connection; returns its rows.

    One row per part and spelling: ``row_id``, ``part``, ``node`` (smallest of the spelling), the columns of
    ``COMPARED``, what blocks are made of (``place``, ``name_start``, ``family_start``, ``given_start``,
    ``email_local``), ``email_digits`` and ``given_name_n``: how many rows show the given name.

    Args:
        records: a relation: ``node_id`` (unique) and the columns of ``COMPARED``.
        parts: ``node_id``, ``node`` (its code), ``part``: records the rules have joined have one (``evidence.parts``).
    """
    con.register("incoming_parts", parts.to_arrow())
    texts = ", ".join(f"cast(records.{name} as varchar) as {name}" for name in COMPARED)
    single = ", ".join(f"case when min({name}) = max({name}) then min({name}) end as {name}" for name in FILLED)
    filled = ", ".join(
        f"coalesce(records.{name}, known.{name}) as {name}" if name in FILLED else f"records.{name}"
        for name in COMPARED
    )
    con.execute(
        f"""
        create or replace temp table numbered_records as
        select parts.node, parts.part, {texts}
        from {records} as records
        inner join incoming_parts as parts on records.node_id = parts.node_id;

        create or replace temp table spellings as
        with known as (
            select part, {single} from numbered_records group by part having count(*) > 1
        ),
        filled as (
            select records.part, records.node, {filled}
            from numbered_records as records
            left join known on records.part = known.part
        )
        select part, min(node) as node, {", ".join(COMPARED)} from filled group by all;

        create or replace table {ROWS} as
        select
            row_number() over (order by node) as row_id,
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
    con.unregister("incoming_parts")
    (found,) = con.execute(f"select count(*) from {ROWS}").fetchall()[0]
    return int(found)
