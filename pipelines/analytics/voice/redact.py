"""Redaction: what in a text leads to a person is replaced by a word that says what stood there.

Belongs here: finding e-mail addresses, card numbers, order numbers, phone numbers, and names the warehouse knows.
Stays out: publishing (no text is published), and what a text is about.

What is recognised: any e-mail address; any 13-19 digits that pass the check digit of cards (Luhn), written in one or
in the usual groups; any number of at least four digits behind ``#``, and any number or code that is an order of ours;
any number written as phones are (``+``, ``00``, ``0`` or ``(`` first), and any that ends like a phone we know; the full
name of anybody we know, in either order and any case; each part of the writer's own name where it is capitalised. A
given name alone, of somebody who did not write the text, stays: half of them are words or products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from pipelines.analytics.voice.pieces import folded, joined, pieces

EMAIL = r"[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}"
CODE = r"#?[A-Za-z]{1,8}[-_/]?\d[A-Za-z0-9-]{2,}|[+#]?\d{4,}"
CARD = r"\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|\d{4}[ -]\d{6}[ -]\d{4,5}"
PHONE = r"(?:\+ ?)?\(?\d(?:[ ()./-]{0,3}\d){6,17}"
DATE = r"^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?:$| )"
NAME = r"\p{L}[\p{L}\p{M}'’-]*"

LONGEST_NAME = 4
"""Words of the longest full name that is looked for."""

PHONE_ENDING = 9
"""Last digits by which a phone is known again, whatever stands before them: country, trunk prefix, nothing."""

Decide = Callable[[pl.DataFrame], pl.DataFrame]
"""Gets pieces, gives them back with ``label``: what the token is, null where it may stay."""


@dataclass(frozen=True)
class Known:
    """What the warehouse knows of persons, the columns as named.

    ``names``: customer_id, full_name. ``orders``: order_name. ``phones``: phone.
    """

    names: pl.DataFrame
    orders: pl.DataFrame
    phones: pl.DataFrame


def redact(texts: pl.DataFrame, known: Known) -> pl.DataFrame:
    """The texts with ``[email]``, ``[card]``, ``[order]``, ``[phone]`` and ``[name]`` where one stood.

    Args:
        texts: ``row`` (unique), ``customer_id`` (who wrote it; may be null) and ``text`` (may be null).
        known: what the warehouse knows.

    Returns:
        row and text, in the order of ``texts``. A text without any of these comes back as it was.
    """
    written = texts.select("row", "customer_id", "text").filter(pl.col("text").is_not_null())
    clean = written.select("row", pl.col("text").str.replace_all(EMAIL, "[email]"))
    orders = known.orders.select(_order_key(pl.col("order_name")).alias("_key")).drop_nulls().unique()
    endings = known.phones.select(_ending(pl.col("phone")).alias("_key")).drop_nulls().unique()
    # In this order: runs written in one are decided before groups, or a number beside a card would hide it.
    clean = _replaced(clean, CODE, lambda parts: _codes(parts, orders, endings))
    clean = _replaced(clean, CARD, _cards)
    clean = _replaced(clean, PHONE, lambda parts: _phones(parts, endings))
    clean = _replaced(clean, NAME, lambda parts: _names(parts, written.select("row", "customer_id"), known.names))
    return texts.select("row").join(clean, on="row", how="left", maintain_order="left")


def luhn(digits: pl.Expr) -> pl.Expr:
    """Whether a string of digits passes the check digit of cards (ISO/IEC 7812)."""
    numbers = digits.str.reverse().str.split("").list.eval(pl.element().cast(pl.Int64, strict=False).drop_nulls())
    doubled = numbers.list.eval(
        pl.when(pl.int_range(pl.len()) % 2 == 1).then(2 * pl.element() - 9 * (pl.element() > 4)).otherwise(pl.element())
    )
    return doubled.list.sum() % 10 == 0


def _replaced(texts: pl.DataFrame, pattern: str, decide: Decide) -> pl.DataFrame:
    """The texts with every token that got a label replaced by it; only these texts are put together anew."""
    touched = texts.filter(pl.col("text").str.contains(pattern))
    if touched.is_empty():
        return texts
    labelled = decide(pieces(touched, pattern))
    found = labelled.filter(pl.col("label").is_not_null()).select("row").unique()
    if found.is_empty():
        return texts
    renewed = joined(
        labelled.join(found, on="row", how="semi").with_columns(
            pl.coalesce(pl.format("[{}]", "label"), "token").alias("token")
        )
    )
    return texts.update(renewed, on="row")


def _codes(parts: pl.DataFrame, orders: pl.DataFrame, endings: pl.DataFrame) -> pl.DataFrame:
    """Runs of digits and codes written in one."""
    token = pl.col("token")
    digits = _digits(token)
    is_number = token.str.contains(r"^[+#]?\d+$")
    marked = _marked(parts, "_order", _order_key(token), orders)
    marked = _marked(marked, "_phone", pl.when(is_number).then(_ending(token)), endings)
    # No card has a plus before it, and one phone in ten passes the check of cards.
    is_card = is_number & ~token.str.starts_with("+") & digits.str.len_chars().is_between(13, 19) & luhn(digits)
    is_order = pl.col("_order") | token.str.contains(r"^#\d{4,}$")
    is_phone = is_number & (
        pl.col("_phone") | (token.str.contains(r"^(?:\+|0)") & digits.str.len_chars().is_between(8, 15))
    )
    return marked.with_columns(_label(("card", is_card), ("order", is_order), ("phone", is_phone)))


def _cards(parts: pl.DataFrame) -> pl.DataFrame:
    digits = _digits(pl.col("token"))
    return parts.with_columns(_label(("card", digits.str.len_chars().is_between(13, 19) & luhn(digits))))


def _phones(parts: pl.DataFrame, endings: pl.DataFrame) -> pl.DataFrame:
    """Numbers in groups, as phones are written; a date is none."""
    token = pl.col("token")
    marked = _marked(parts, "_phone", _ending(token), endings)
    is_written_so = token.str.contains(r"^(?:\+|\(|0)") & _digits(token).str.len_chars().is_between(7, 15)
    is_phone = (is_written_so | pl.col("_phone")) & ~token.str.contains(DATE)
    return marked.with_columns(_label(("phone", is_phone)))


def _names(parts: pl.DataFrame, writers: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Words that are a full name together, or the writer's own name in parts."""
    words = parts.with_columns(folded(pl.col("token")).alias("_word"), pl.lit(None, pl.String).alias("label"))
    split = names.select("customer_id", pl.col("full_name").str.extract_all(NAME).alias("_words")).filter(
        pl.col("_words").list.len() > 0
    )
    parts_of_names = split.explode("_words").select("customer_id", folded(pl.col("_words")).alias("_word")).unique()
    # Most texts hold no word of any name: nothing more is done for these.
    near = words.join(parts_of_names, on="_word", how="semi").select("row").unique()
    words = words.join(near, on="row", how="semi")
    own = parts_of_names.filter(pl.col("_word").str.len_chars() > 1)
    by_writer = words.join(writers.filter(pl.col("customer_id").is_not_null()), on="row").join(
        own, on=["customer_id", "_word"], how="semi"
    )
    hits = [by_writer.filter(pl.col("token").str.contains(r"^\p{Lu}")).select("row", "place")]
    # Words of one name are apart by blanks, or by a comma where the family name comes first.
    follows = pl.col("before").str.contains(r"^,?\s+$") & (pl.col("token") != "")
    for size in range(2, LONGEST_NAME + 1):
        full = split.filter(pl.col("_words").list.len() == size).select(_sorted_key(pl.col("_words"))).unique()
        if full.is_empty():
            continue
        ahead = [pl.col("_word").shift(-step).over("row") for step in range(size)]
        is_chain = pl.all_horizontal(follows.shift(-step).over("row") for step in range(1, size))
        windows = words.select("row", "place", pl.concat_list(ahead).alias("_words"), is_chain.alias("_chain"))
        begun = windows.filter("_chain").select("row", "place", _sorted_key(pl.col("_words")))
        starts = begun.join(full, on="_key", how="semi")
        hits += [starts.select("row", pl.col("place") + step) for step in range(size)]
    found = pl.concat(hits).unique().with_columns(pl.lit("name").alias("label"))
    return words.drop("label").join(found, on=["row", "place"], how="left")


def _sorted_key(words: pl.Expr) -> pl.Expr:
    """A name whatever the order of its words."""
    return words.list.eval(folded(pl.element())).list.sort().list.join(" ").alias("_key")


def _marked(parts: pl.DataFrame, name: str, key: pl.Expr, known: pl.DataFrame) -> pl.DataFrame:
    """Add whether the key of a token is a known one."""
    hits = known.select("_key", pl.lit(value=True).alias(name))
    keyed = parts.with_columns(key.alias("_key")).join(hits, on="_key", how="left")
    return keyed.with_columns(pl.col(name).fill_null(value=False)).drop("_key")


def _label(*labels: tuple[str, pl.Expr]) -> pl.Expr:
    """The first label whose condition holds."""
    chosen = pl.coalesce(pl.when(condition).then(pl.lit(label)) for label, condition in labels)
    return chosen.alias("label")


def _digits(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"\D", "")


def _ending(phone: pl.Expr) -> pl.Expr:
    digits = _digits(phone)
    return pl.when(digits.str.len_chars() >= PHONE_ENDING).then(digits.str.slice(-PHONE_ENDING))


def _order_key(name: pl.Expr) -> pl.Expr:
    """Order numbers as they are compared: without ``#``, in capitals; shorter than four characters names nothing."""
    key = name.str.strip_chars().str.strip_chars_start("#").str.to_uppercase()
    return pl.when(key.str.len_chars() >= 4).then(key)
