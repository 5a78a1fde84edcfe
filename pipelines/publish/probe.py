"""The probe: is anything in the new file that points at a person?

Belongs here: looking through every text column of the built version for what must never be there. Stays out: the
contract, which says what should be there; the probe does not trust it.

It looks for three things. (1) A pseudonym column holds pseudonyms and nothing else. (2) No other text looks like an
e-mail address or an international phone number. (3) No other text is, or contains as a word, a value the warehouse
knows as somebody's identifier, full name or address. Only distinct values are looked at, inside DuckDB, and only
counts come out.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.publish.build import SOURCE, TARGET
from pipelines.publish.contract import Contract, PublicTable
from pipelines.publish.pseudonyms import HEX_LENGTH
from pipelines.quality.results import CheckResult
from pipelines.warehouse import identifier, quote

EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"
PHONE = r"(^|[^0-9A-Za-z])(\+|00)[1-9][0-9 ()./-]{7,}[0-9]"
PSEUDONYM = f"[0-9a-f]{{{HEX_LENGTH}}}"

DISTINCTIVE = "length(value) >= 8 and regexp_matches(value, '[0-9@ ]')"
"""Identifiers long and odd enough that meeting one by chance is no explanation. Shorter ones, such as a customer
number of five digits, are looked for too, but not in columns of business keys, where a product may have that number."""

WORD = "[^a-z0-9@.+_#-]+"
"""What separates words inside a longer text; identifiers themselves hold none of it."""

LAYER = "published"


def probe(con: duckdb.DuckDBPyConnection, contract: Contract) -> list[CheckResult]:
    """Probe every text column of the built tables; three results a table that has such columns."""
    _known_identifiers(con)
    results = []
    for table in contract.tables:
        results += _probe_table(con, table)
    con.execute("drop table known_identifiers")
    return results


def _known_identifiers(con: duckdb.DuckDBPyConnection) -> None:
    """Every value that leads to a person, once, in lower case; identity normalises most of them already."""
    con.execute(
        f"""
        create temp table known_identifiers as
        select value, bool_or({DISTINCTIVE}) as is_distinctive
        from (
            select lower(trim(identifier_value)) as value from {SOURCE}.core.bridge_customer_identifiers
            union all
            select lower(trim(unnest([full_name, email, phone, address_line]))) from {SOURCE}.core.dim_customers
        )
        where length(value) >= 4
        group by value
        """
    )


def _probe_table(con: duckdb.DuckDBPyConnection, table: PublicTable) -> list[CheckResult]:
    texts = _text_columns(con, table.name)
    pseudonyms = [column.name for column in table.columns if column.purpose is not None]
    plain = [name for name in texts if name not in pseudonyms and name not in ("as_of", "run_id")]
    business = [column.name for column in table.columns if column.business_key]
    results = []
    if pseudonyms:
        why = "A column of pseudonyms that holds anything else publishes the id itself."
        counted = _count_malformed(con, table.name, pseudonyms)
        results.append(_result(table.name, "pseudonyms_only", pseudonyms, why, counted))
    if plain:
        _distinct_values(con, table.name, plain, business)
        why = "An address or a number in a text leads straight to a person."
        results.append(_result(table.name, "no_contact_details", plain, why, _count_contacts(con)))
        why = "A value that is somebody's identifier, name or address undoes every pseudonym beside it."
        results.append(_result(table.name, "no_known_identifiers", plain, why, _count_known(con)))
        con.execute("drop table probed")
    return results


def _text_columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = con.execute(
        "select column_name from duckdb_columns() where database_name = ? and table_name = ?"
        " and (data_type ilike '%char%' or data_type ilike 'json%' or data_type ilike 'struct%')"
        " order by column_index",
        [TARGET, table],
    ).fetchall()
    return [str(name) for (name,) in rows]


def _count_malformed(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> tuple[int, int]:
    """Values, and those that are no pseudonym."""
    checked = " + ".join(f"count({identifier(name)})" for name in columns)
    bad = " + ".join(
        f"count(*) filter (where not regexp_full_match({identifier(name)}, {quote(PSEUDONYM)}))" for name in columns
    )
    return _one(con, f"select {checked}, {bad} from {TARGET}.{identifier(table)}")


def _distinct_values(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], business: Sequence[str]
) -> None:
    parts = [
        f"select distinct cast({identifier(name)} as varchar) as value, {str(name in business).lower()} as is_business"
        f" from {TARGET}.{identifier(table)} where {identifier(name)} is not null"
        for name in columns
    ]
    con.execute(f"create temp table probed as {' union all '.join(parts)}")


def _count_contacts(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    pattern = f"regexp_matches(value, {quote(EMAIL)}) or regexp_matches(value, {quote(PHONE)})"
    return _one(con, f"select count(*), count(*) filter (where {pattern}) from probed")


def _count_known(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Values, and those that are a known identifier or hold a distinctive one as a word."""
    return _one(
        con,
        f"""
        with words as (
            select value, is_business, lower(trim(value)) as word, true as is_whole from probed
            union
            select value, is_business, unnest(string_split_regex(lower(value), {quote(WORD)})), false from probed
        )
        select (select count(*) from probed), count(distinct words.value)
        from words
        inner join known_identifiers as known on known.value = words.word
        where known.is_distinctive or (words.is_whole and not words.is_business)
        """,
    )


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int]:
    row = con.execute(query).fetchone()
    if row is None:
        raise ValueError("a count without a row")
    return int(row[0]), int(row[1])


def _result(table: str, kind: str, columns: Sequence[str], why: str, counted: tuple[int, int]) -> CheckResult:
    checked, bad = counted
    return CheckResult(
        layer=LAYER,
        table=table,
        check_type=kind,
        severity="error",
        why=why,
        status="failed" if bad else "passed",
        columns=tuple(columns),
        n_checked=checked,
        n_unexpected=bad,
    )
