"""Redaction, case by case: what leads to a person is replaced, what does not stays as it was."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.analytics.voice.pieces import joined, pieces
from pipelines.analytics.voice.redact import Known, luhn, redact

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to anna.o'neil+shop@mail.example.co.uk, please.", "Write to [email], please."),
        ("Mein Konto: jürgen@groß.example.", "Mein Konto: [email]."),
        ("card 4111 1111 1111 1111.", "card [card]."),
        ("card 4111-1111-1111-1111, 378282246310005", "card [card], [card]"),
        ("card 3782 822463 10005 was charged", "card [card] was charged"),
        ("order 10234 4111111111111111", "order [order] [card]"),
        ("charged twice for #10234.", "charged twice for [order]."),
        ("charged twice for hm-2026-881 and #99999", "charged twice for [order] and [order]"),
        ("pedido 536365", "pedido [order]"),
        ("Rufen Sie mich unter +4915112345678 an", "Rufen Sie mich unter [phone] an"),
        ("Rufen Sie mich unter +491715550123 an", "Rufen Sie mich unter [phone] an"),
        ("call +49 171 555 01 23 or (030) 123-4567", "call [phone] or [phone]"),
        ("call 0044 20 7946 0958 or 171 5550123", "call [phone] or [phone]"),
        ("Regards, juergen gross", "Regards, [name] [name]"),
        ("NÚÑEZ, María del Carmen", "[name], [name] [name] [name]"),
        ("Best, Will", "Best, [name]"),
    ],
)
def test_what_leads_to_a_person_is_replaced(text, expected):
    assert redacted(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "I will wait, the young man said: 2 of 3 arrived on 01.02.2026 at 10:30.",
        "Dated 2026-10-31, it cost 1234.50 EUR and weighs 1200 g; the code is 4111 1111 1111 1112.",
        "Dune Bowl Set, size 200x300, 12 12 2026 pieces, 50% off",
        "Carmen says the sofa is großartig",
        "",
        "   \n\t ",
        "[sic] 100000 km",
    ],
)
def test_other_text_stays_as_it_was(text):
    assert redacted(text) == [text]


def test_a_part_of_a_name_is_the_writers_only():
    assert redacted("Best, Will", "ask Jürgen", writer="c1") == ["Best, Will", "ask [name]"]
    assert redacted("Best, Will", writer=None) == ["Best, Will"]


def test_no_text_stays_none_and_rows_keep_their_order():
    assert redacted(None, "a@b.example", None, "fine") == [None, "[email]", None, "fine"]


def test_luhn_knows_its_published_examples():
    numbers = pl.Series("n", ["79927398713", "79927398710", "4111111111111111", "0"])
    assert numbers.to_frame().select(luhn(pl.col("n")))["n"].to_list() == [True, False, True, True]


@pytest.mark.parametrize("text", ["", "a", " a b ", "1", "a1b\n2"])
def test_pieces_make_the_text_again(text):
    frame = pl.DataFrame({"row": [0, 1], "text": [text, "x"]})
    assert joined(pieces(frame, r"[a-z]+"))["text"].to_list() == [text, "x"]
