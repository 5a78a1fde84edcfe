"""Texts taken apart and put together again, so that single matches can be decided by joins instead of a loop.

Belongs here: the parts of a text between and at the matches of a pattern, and comparing words. Stays out: what counts.
"""

from __future__ import annotations

import polars as pl

MARK = "\ufdd0"
"""A code point Unicode keeps out of texts for good; a text that holds it all the same gets a blank there."""


def pieces(texts: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """Every match of ``pattern`` in the texts, in order.

    Args:
        texts: ``row`` and ``text``, no nulls.
        pattern: a regular expression without groups that matter.

    Returns:
        row, place (counted within the text), before (what lies between this match and the one before) and token; the
        last piece of each text has an empty token. Joined in order, they are the text again.
    """
    text = pl.col("text").str.replace_all(MARK, " ", literal=True)
    return (
        texts.select(
            "row",
            text.str.replace_all(pattern, MARK).str.split(MARK).alias("before"),
            pl.concat_list(text.str.extract_all(pattern), pl.lit("")).alias("token"),
        )
        .explode("before", "token")
        .with_columns(pl.int_range(pl.len()).over("row").alias("place"))
    )


def joined(parts: pl.DataFrame) -> pl.DataFrame:
    """The texts of ``pieces`` again: row and text."""
    ordered = parts.sort("row", "place")
    return ordered.group_by("row", maintain_order=True).agg(pl.concat_str("before", "token").str.join("").alias("text"))


def folded(text: pl.Expr) -> pl.Expr:
    """Lower case without accents, umlauts and their spellings alike (Müller, Mueller, Muller)."""
    plain = text.str.to_lowercase().str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    for letters, one in (("ß", "ss"), ("ae", "a"), ("oe", "o"), ("ue", "u")):
        plain = plain.str.replace_all(letters, one, literal=True)
    return plain
