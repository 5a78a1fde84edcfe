"""From what a file says to what the contract asks for, as SQL expressions.

Belongs here: one expression per column that is NULL where a value does not fit, and the condition that tells a value
that does not fit from one that is absent. Stays out: reading files and writing anything.

All expressions are evaluated by DuckDB in a session whose TimeZone is UTC.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.contract import Column
from pipelines.warehouse import quote

# A clock time followed by Z, a zone or an offset. A date such as 2024-01-01 ends like an offset, hence the colon.
_HAS_OFFSET = r":\d\d.*([A-Za-z]|[+-]\d\d(:?\d\d)?)\s*$"
_INTEGER = r"\s*[+-]?\d+(\.0*)?\s*"
# One sign at most, or brackets, and a currency as symbol or three letters before or after.
_CURRENCY = r"([A-Z]{3}|\p{Sc})"
_AMOUNT = r"\d[\d.,' \x{00A0}\x{202F}]*"
_MONEY = "|".join(
    (
        rf"[+-]?\s*{_CURRENCY}?\s*{_AMOUNT}",
        rf"{_CURRENCY}\s*[+-]{_AMOUNT}",
        rf"[+-]?\s*{_AMOUNT}{_CURRENCY}",
        rf"\(\s*{_CURRENCY}?\s*{_AMOUNT}{_CURRENCY}?\s*\)",
        rf"{_CURRENCY}?\s*{_AMOUNT}-",
    )
)
_DECIMAL_COMMA = r",\d{1,2}\D*$"
_EPOCH_UNITS_US = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
# DuckDB raises beyond this many microseconds either side of 1970 instead of giving NULL.
_MAX_EPOCH_US = 9_000_000_000_000_000_000


MISSING = "the value is empty, and the contract requires it"


@dataclass(frozen=True)
class Cast:
    """``value`` is the cast; ``fits`` is true where the row may land; ``reason`` says what a failing value is not."""

    value: str
    fits: str | None
    reason: str


def from_text(column: Column, raw: str, cast: str) -> Cast:
    """Cast the text expression ``raw``; ``cast`` is the name under which the value can be referred to."""
    if column.data_type == "varchar":
        fits = f"coalesce({cast}, '') <> ''" if column.required else None
        return Cast(raw, fits, MISSING)
    present = f"{cast} is not null"
    fits = present if column.required else f"({present} or coalesce(trim({raw}), '') = '')"
    return Cast(_typed(column, raw), fits, _reason(column))


def from_native(column: Column, raw: str, raw_type: str, cast: str) -> Cast:
    """Cast a typed Parquet column; text columns in Parquet are cast like text anywhere else."""
    if raw_type == "varchar" and not column.is_nested:
        return from_text(column, raw, cast)
    required = f"{cast} is not null" if column.required else None
    if raw_type == column.storage_type and not column.parse and raw_type != "timestamp":
        return Cast(raw, required, _reason(column))
    fits = required or f"({cast} is not null or {raw} is null)"
    return Cast(_native(column, raw, raw_type), fits, _reason(column))


def _typed(column: Column, text: str) -> str:  # noqa: PLR0911 (one return a type)
    """Surrounding blanks do no harm; they are cut only where the cast minds them and the first try failed."""
    kind = column.data_type
    if column.parse == "money":
        return f"try_cast({_money(f'trim({text})')} as {kind})"
    if column.parse:
        return _epoch(_whole(text, "bigint"), _EPOCH_UNITS_US[column.parse])
    if kind == "json":
        return f"case when json_valid({text}) then {text} end"
    if kind in ("integer", "bigint"):
        return _whole(text, kind)
    if kind == "double":
        return f"case when isfinite(try_cast({text} as double)) then try_cast({text} as double) end"
    if kind == "boolean":
        return f"coalesce(try_cast({text} as boolean), try_cast(trim({text}) as boolean))"
    if kind == "date":
        stamp = _strptime(column, text) if column.format else _naive(text)
        return f"case when isfinite({stamp}) then cast({stamp} as date) end"
    if kind == "timestamp":
        return _timestamp(column, text)
    return f"try_cast({text} as {kind})"


def _whole(text: str, kind: str) -> str:
    """DuckDB alone would round 12.5 to 13; 16746.0 is a whole number and passes."""
    return f"case when regexp_full_match({text}, {quote(_INTEGER)}) then try_cast({text} as {kind}) end"


def _timestamp(column: Column, text: str) -> str:
    """UTC: a stamp with an offset by its offset, a naive one by the contract's zone.

    Around a change of the clocks DuckDB reads a local time that occurs twice as the later one (standard time), and one
    that never occurs as an hour later.
    """
    if column.format:
        stamp = _strptime(column, text)
        return _utc(stamp) if "%z" in column.format.lower() else _local(column, stamp)
    # Some exports set a blank before the offset, which the cast does not take.
    tidy = f"regexp_replace(trim({text}), ' +([+-])', '\\1')"
    aware = _utc(f"coalesce(try_cast({text} as timestamptz), try_cast({tidy} as timestamptz))")
    if column.time_zone == "UTC":
        return aware
    has_offset = f"regexp_matches({text}, {quote(_HAS_OFFSET)})"
    return f"case when {has_offset} then {aware} else {_local(column, _naive(text))} end"


def _naive(text: str) -> str:
    return f"coalesce(try_cast({text} as timestamp), try_cast(trim({text}) as timestamp))"


def _strptime(column: Column, text: str) -> str:
    return f"try_strptime(trim({text}), {quote(column.format or '')})"


def _local(column: Column, stamp: str) -> str:
    """A local stamp as UTC; infinite ones become NULL."""
    return _utc(stamp if column.time_zone == "UTC" else f"timezone({quote(column.time_zone)}, {stamp})")


def _utc(stamp: str) -> str:
    """The stamp as UTC without a zone; several times faster than ``timezone('UTC', …)``, and NULL where infinite."""
    return f"make_timestamp(epoch_us({stamp}))"


def _epoch(number: str, unit_us: int) -> str:
    limit = _MAX_EPOCH_US // unit_us
    return f"case when {number} between -{limit} and {limit} then make_timestamp({number} * {unit_us}) end"


def _money(text: str) -> str:
    """Plain digits of an amount: a comma before one or two last digits is a decimal comma, any other groups digits."""
    digits = f"regexp_replace({text}, '[^0-9.,]', '', 'g')"
    plain = (
        f"case when regexp_matches({text}, {quote(_DECIMAL_COMMA)})"
        f" then replace(replace({digits}, '.', ''), ',', '.') else replace({digits}, ',', '') end"
    )
    sign = f"case when regexp_matches({text}, '[(-]') then '-' else '' end"
    return f"case when regexp_full_match({text}, {quote(_MONEY)}) then {sign} || {plain} end"


def _native(column: Column, raw: str, raw_type: str) -> str:
    kind = column.data_type
    if kind == "json":
        return raw if raw_type == "json" else f"cast(to_json({raw}) as varchar)"
    if column.parse in _EPOCH_UNITS_US:
        return _epoch(f"try_cast({raw} as bigint)", _EPOCH_UNITS_US[column.parse])
    if kind == "timestamp":
        if raw_type == "timestamp with time zone":
            return _utc(raw)
        return _local(column, f"try_cast({raw} as timestamp)")
    if kind in ("integer", "bigint") and raw_type.startswith(("float", "double", "decimal")):
        return f"case when {raw} = trunc({raw}) then try_cast({raw} as {kind}) end"
    return f"try_cast({raw} as {column.storage_type})"


def _reason(column: Column) -> str:
    how = (
        f" in the format {column.format}" if column.format else (f" by the rule {column.parse}" if column.parse else "")
    )
    return f"the value is not a {column.data_type}{how}"
