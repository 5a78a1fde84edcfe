"""Groups beside groups that have no map: people who did not buy beside customers, niches, and offers with who got none.

Belongs here: the rows of these tables and what each reads like. Stays out: segments, which have pages of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars
from pipelines.showroom.figures import KEY_BLUE, columns_of, key
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Figure, How, RowChart
from pipelines.showroom.personas import words_of

GAPS, NICHES, OFFERS = "customer_gaps", "niches", "offer_results"
ALPHA = 0.05
MOST = 16
"""Rows a table draws; the file behind it has all."""
QUESTIONS = {
    "acsi_style_index": "Satisfaction, 0 to 100",
    "ces": "It was easy, 1 to 7",
    "nps": "Would recommend, 0 to 10",
    "quality": "Quality, 1 to 10",
    "value_for_money": "Value for money, 1 to 10",
    "expectation": "What they expected, 1 to 10",
}
GAP_READINGS = {
    "higher": "Higher than customers",
    "lower": "Lower than customers",
    "no_evidence": "No clear difference",
    "insufficient_n": "Too few answers",
}
NICHE_READINGS = {
    "niche": "A niche: few people, not served well",
    "served": "Few people, and served well",
    "too_large": "Too many people for a niche",
    "model": "Its prospects are like those who pay most",
}
UPLIFTS = ("offer_buyers_uplift", "offer_revenue_uplift")
NOT_TOLD = {
    "not_started": "Not started",
    "running": "Still running",
    "no_history": "Who was in the group is not known",
    "too_few": "Too few people to tell",
    "suppressed": "Too few people to show",
}


def gaps_chart(rows: Sequence[Row]) -> RowChart:
    """What people who did not buy answer beside customers, the largest difference first."""
    own = [row for row in rows if row["dimension"] == "company" and not row["suppressed"] and row["value"] is not None]
    drawn = sorted(own, key=lambda row: (-abs(row["effect_size"] or 0.0), row["item"]))
    ends = [abs(row[f"effect_size_{end}"]) for row in drawn for end in ("lo", "hi") if row[f"effect_size_{end}"]]
    full = max(ends, default=1.0)
    figure = Figure(
        figure_id=GAPS.replace("_", "-"),
        kicker="People who did not buy",
        title=copy.gaps_title([row["verdict"] for row in drawn]),
        dek="Answers of people without an order beside those of customers, each person's mean. The bar is the "
        "difference in standard deviations, with its 95% margin: left of the line is lower than customers.",
        how=How(
            words="Both answered the same survey. A difference counts when it survives the correction for testing "
            "many questions at once. Who answers without having bought is not everybody who did not buy.",
            tables=(GAPS,),
            metrics=(("non_customer_gap", ""),),
        ),
        rows=tuple(
            columns_of(
                row,
                *("item", "dimension", "group_id", "value", "lo", "hi", "n", "non_customers", "customers"),
                *("n_customers", "effect_size", "effect_size_lo", "effect_size_hi", "p_adj", "verdict", "suppressed"),
            )
            for row in drawn
        ),
        absent="" if drawn else _nothing(rows, GAPS, "Answers of people who did not buy are"),
    )
    return RowChart(
        figure,
        ("Question", "Difference", "Did not buy", "Customers", "Reading"),
        tuple(_gap(row, full) for row in drawn[:MOST]),
        key(("margin blue", "95% margin"), ("dot", "difference")),
        copy.cut(MOST, len(drawn)),
    )


def _gap(row: Row, full: float) -> ChartRow:
    item = str(row["item"])
    name = QUESTIONS.get(item) or f"{fmt.human(item.removeprefix('importance_'))} matters"
    real = row["verdict"] in ("higher", "lower")
    mark = bars.difference(row["effect_size"], row["effect_size_lo"], row["effect_size_hi"], full)
    return ChartRow(
        name,
        f"{fmt.count(row['n'])} people who did not buy",
        (
            Cell("Difference", mark, fmt.change(row["value"]), f"{fmt.change(row['lo'])} to {fmt.change(row['hi'])}"),
            Cell("Did not buy", text=fmt.decimal(row["non_customers"])),
            Cell("Customers", text=fmt.decimal(row["customers"])),
            Cell("Reading", text=GAP_READINGS.get(row["verdict"], ""), style="real" if real else "quiet"),
        ),
    )


def niches_chart(rows: Sequence[Row], names: Mapping[str, str]) -> RowChart:
    """Cells of people in which a need leads, or high spending is, more often than chance; the largest lift first."""
    tested = [row for row in rows if row["p_adj"] is not None and not row["suppressed"]]
    drawn = sorted(
        (row for row in tested if row["verdict"] in NICHE_READINGS and row["p_adj"] <= ALPHA),
        key=lambda row: (-row["value"], row["scheme_id"], row["segment_id"], row["trait"]),
    )
    hidden = sum(bool(row["suppressed"]) for row in rows)
    top = max((row["rate_hi"] for row in drawn), default=1.0)
    figure = Figure(
        figure_id=NICHES,
        kicker="Niches",
        title=copy.niches_title(sum(row["verdict"] == "niche" for row in drawn), len(tested)),
        dek="Small groups in which a need leads, or high spending is, more often than among everyone. Counted among "
        "people who agreed to be profiled.",
        how=How(
            words="Cells of one scheme, or of two crossed, each held against the rest by an exact test, corrected for "
            "testing many. A niche is a twentieth of the people at most, has the trait half as often again as "
            "everyone, and is not satisfied better than the others.",
            tables=(NICHES,),
            metrics=(("niche_lift", ""),),
        ),
        rows=tuple(
            columns_of(
                row,
                *("scheme_id", "segment_id", "trait", "value", "lo", "hi", "n", "n_with_trait", "base_share", "rate"),
                *("rate_lo", "rate_hi", "company_rate", "p_adj", "verdict", "suppressed"),
            )
            for row in tested
        ),
        absent="" if rows else copy.absent(NICHES, "Niches are"),
    )
    note = f"{fmt.count(len(tested))} cells and traits could be tested."
    return RowChart(
        figure,
        ("Who", "Share with the trait", "Times everyone’s", "Reading"),
        tuple(_niche(row, names, top) for row in drawn[:MOST]),
        key(*KEY_BLUE),
        " ".join(filter(None, (note, copy.hidden_lines(hidden), copy.cut(MOST, len(drawn))))),
    )


def _niche(row: Row, names: Mapping[str, str], top: float) -> ChartRow:
    parts = zip(str(row["scheme_id"]).split("__"), str(row["segment_id"]).split("__"), strict=True)
    said = [words_of("who", f"{scheme}:{segment}", names) for scheme, segment in parts]
    who = ", ".join([said[0], *map(fmt.lower, said[1:])])
    trait = "pay most" if row["trait"] == "top_payer" else f"{fmt.lower(fmt.human(row['trait']))} matters most"
    return ChartRow(
        f"{who}: {trait}",
        f"{fmt.count(row['n_with_trait'])} of {fmt.count(row['n'])} people",
        (
            Cell(
                "Share with the trait",
                bars.interval_bar(row["rate"], row["rate_lo"], row["rate_hi"], top),
                fmt.share(row["rate"]),
                fmt.share_range(row["rate_lo"], row["rate_hi"]),
            ),
            Cell(
                "Times everyone’s",
                text=fmt.decimal(row["value"]),
                small=f"{fmt.decimal(row['lo'])} to {fmt.decimal(row['hi'])}",
            ),
            Cell("Reading", text=NICHE_READINGS[row["verdict"]]),
        ),
    )


def offers_chart(rows: Sequence[Row], currency: str) -> RowChart:
    """Offers: who is meant to get one, who is held out by chance, and what it brought beside these."""
    offers: dict[str, list[Row]] = {}
    for row in rows:
        offers.setdefault(str(row["offer_id"]), []).append(row)
    told = [row for row in rows if row["measure"] in UPLIFTS and row["value"] is not None]
    figure = Figure(
        figure_id=OFFERS.replace("_", "-"),
        kicker="Offers",
        title=copy.offers_title(
            len(offers), len({row["offer_id"] for row in told if row["verdict"] == "more"}), told=bool(told)
        ),
        dek="Who of a group is meant to get an offer, and what it brought beside those who were held out by chance.",
        how=How(
            words="Gates come first: consent, an open ticket, a message not long ago, the least margin. Of who passes, "
            "some are held out by chance. What an offer brought is the difference between those meant to get it and "
            "those held out, whoever read it: this is an effect, not an association.",
            tables=(OFFERS,),
            metrics=tuple((metric, "") for metric in ("offer_status_share", *UPLIFTS)),
        ),
        rows=tuple(
            columns_of(
                row,
                *("offer_id", "name", "owner", "starts_on", "measure", "group_id", "value", "lo", "hi", "n"),
                *("n_holdout", "value_offered", "value_holdout", "p_adj", "verdict", "suppressed"),
            )
            for row in rows
        ),
        absent="" if offers else copy.absent(OFFERS, "Offers are"),
    )
    return RowChart(
        figure,
        ("Offer", "Meant to get it", "Held out", "Buyers it brought", "Revenue a person"),
        tuple(_offer(own, currency) for _, own in sorted(offers.items())[:MOST]),
        key(*KEY_BLUE),
        copy.cut(MOST, len(offers)),
    )


def _offer(rows: Sequence[Row], currency: str) -> ChartRow:
    by = {(row["measure"], row["group_id"]): row for row in rows}
    first = rows[0]
    offered, held = by.get(("offer_status_share", "offered")), by.get(("offer_status_share", "holdout"))
    everyone = by.get(("offer_status_share", "all"))
    may = Cell("Meant to get it", text="Too few people to show", style="words")
    if offered and not offered["suppressed"]:
        mark = bars.interval_bar(offered["value"], offered["lo"], offered["hi"], 1.0)
        may = Cell("Meant to get it", mark, fmt.share(offered["value"]), fmt.share_range(offered["lo"], offered["hi"]))
    few = held is None or held["suppressed"]
    of = f" · {fmt.count(everyone['n'])} people of its group" if everyone and everyone["n"] else ""
    return ChartRow(
        str(first["name"]),
        f"{first['owner']}, from {fmt.day(first['starts_on'])}{of}",
        (
            may,
            Cell(
                "Held out",
                text="Too few" if few or held is None else fmt.count(held["n"]),
                style="quiet" if few else "",
            ),
            *(
                _uplift(by.get((measure, "all")), label, currency)
                for measure, label in zip(UPLIFTS, LABELS, strict=True)
            ),
        ),
    )


LABELS = ("Buyers it brought", "Revenue a person")


def _uplift(row: Row | None, label: str, currency: str) -> Cell:
    if row is None or row["value"] is None:
        return Cell(label, text=NOT_TOLD.get((row or {}).get("verdict") or "", fmt.NOTHING), style="quiet")
    in_points = row["measure"] == UPLIFTS[0]

    def written(value: float) -> str:
        return (
            f"{fmt.change(100 * value)} pts" if in_points else fmt.signed(fmt.money_exact(abs(value), currency), value)
        )

    style = {"more": "up", "less": "down"}.get(row["verdict"], "")
    return Cell(label, text=written(row["value"]), small=f"{written(row['lo'])} to {written(row['hi'])}", style=style)


def _nothing(rows: Sequence[Row], table: str, what: str) -> str:
    return "Too few answers to show any." if rows else copy.absent(table, what)
