"""Redaction, on texts made at random: every identifier planted is gone, and the rest is untouched."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.analytics.voice.pieces import joined, pieces
from pipelines.analytics.voice.redact import Known, redact

KNOWN = Known(
    names=pl.DataFrame(
        {
            "customer_id": ["c1", "c2", "c3"],
            "full_name": ["Jürgen Groß", "María del Carmen Núñez", "Will Young"],
        }
    ),
    orders=pl.DataFrame({"order_name": ["#10234", "HM-2026-881", "536365", None]}),
    phones=pl.DataFrame({"phone": ["+491715550123", None]}),
)


def redacted(*texts: str | None, writer: str | None = "c3") -> list[str | None]:
    frame = pl.DataFrame(
        {"row": range(len(texts)), "customer_id": [writer] * len(texts), "text": texts},
        schema={"row": pl.Int64, "customer_id": pl.String, "text": pl.String},
    )
    return redact(frame, KNOWN)["text"].to_list()


PLAIN = st.text(st.sampled_from("abcdeghikmnöáß ,.;!?()\n'"), min_size=1, max_size=20).map(lambda text: f" {text} ")


def with_check_digit(body: str) -> str:
    total = sum(
        n if place % 2 else n * 2 - 9 * (n > 4) for place, n in enumerate(int(digit) for digit in reversed(body))
    )
    return f"{body}{-total % 10}"


CARDS = st.from_regex(r"[3-6][0-9]{14}", fullmatch=True).map(with_check_digit)
PLANTED = st.one_of(
    st.from_regex(r"[a-z]{1,8}[._+-]?[a-z0-9]{1,5}@[a-z]{1,8}\.(example|co\.example)", fullmatch=True),
    CARDS,
    CARDS.map(lambda card: " ".join(card[i : i + 4] for i in range(0, 16, 4))),
    st.from_regex(r"#[0-9]{4,9}", fullmatch=True),
    st.sampled_from(["10234", "hm-2026-881", "536365"]),
    st.from_regex(r"\+[1-9][0-9]{8,12}", fullmatch=True),
    st.from_regex(r"\+[1-9][0-9] [0-9]{2,3} [0-9]{3} [0-9]{3,4}", fullmatch=True),
    st.from_regex(r"0[1-9][0-9]{2}/[0-9]{5,7}", fullmatch=True),
    st.sampled_from(["Jürgen Groß", "GROSS, Jürgen", "maria del carmen nunez", "Will Young", "Will"]),
)
TEXTS = st.lists(st.tuples(PLAIN, PLANTED), min_size=1, max_size=3)


@settings(max_examples=8, deadline=None)
@given(st.lists(TEXTS, min_size=6, max_size=24))
def test_every_planted_identifier_is_gone_and_the_rest_is_untouched(batch):
    texts = ["".join(plain + planted for plain, planted in parts) + " end" for parts in batch]
    for parts, text in zip(batch, redacted(*texts), strict=True):
        assert text is not None
        rest = text
        for plain, planted in parts:
            assert planted not in text
            assert rest.startswith(plain)
            rest = rest[len(plain) :]
            words = len(planted.replace(",", "").split()) if planted[0].isalpha() and "@" not in planted else 1
            for _ in range(words):
                label, _, rest = rest.partition("]")
                assert label.strip(", ") in ("[email", "[card", "[order", "[phone", "[name"), text
        assert rest == " end"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=8))
def test_pieces_make_the_text_again(texts):
    frame = pl.DataFrame({"row": range(len(texts)), "text": texts}, schema={"row": pl.Int64, "text": pl.String})
    assert joined(pieces(frame, r"\p{L}+"))["text"].to_list() == texts
