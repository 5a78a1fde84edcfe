"""Row charts and flows from published rows: lost carts, funnel, paths, satisfaction, pain points.

Belongs here: which rows are drawn, in which order, what is too thin, what counts as a difference. Stays out: geometry
(``charts``) and sentences (``copy.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipelines.showroom import copy
from pipelines.showroom import format as fmt
from pipelines.showroom.charts import bars, flow
from pipelines.showroom.marts import Row
from pipelines.showroom.model import Cell, ChartRow, Drawing, Figure, How, RowChart

ALPHA = 0.05
REAL_POINTS = 0.03
FEWEST_VISITS = 100
NO_CAUSE = {"unknown": "No cause seen", "browsing": "Only looking around"}
STEP_NAMES = {
    "view_item": "Look at a product",
    "add_to_cart": "Put it in the cart",
    "begin_checkout": "Begin the checkout",
    "add_shipping_info": "Choose delivery",
    "add_payment_info": "Enter payment",
    "purchase": "Order",
}
STOPS = (("product_page", "Product page"), ("cart", "Cart"), ("checkout", "Checkout"), ("order", "Order"))
END = "END"
STEP_WORDS = {
    "help_page": "a help page",
    "browse": "a product list",
    "search": "the search",
    "product_page": "a product page",
    "cart": "the cart",
    "problem": "a problem",
    "campaign": "a message",
    "store_visit": "a store",
    "store_purchase": "the till of a store",
    "wishlist": "the wishlist",
}
KEY_BLUE = (("sure blue", "at least"), ("margin blue", "95% margin"), ("tick", "best estimate"))


def key(*entries: tuple[str, str]) -> Markup:
    """What the marks mean."""
    return Markup("").join(
        Markup('<span class="key"><span class="swatch {}" aria-hidden="true"></span>{}</span>').format(style, words)
        for style, words in entries
    )


def columns_of(row: Row, *names: str) -> dict[str, Any]:
    """Some columns of a row, and its stamp, for the file behind a figure."""
    return {name: row.get(name) for name in (*names, "as_of", "run_id")}


def causes_chart(
    rows: Sequence[Row], names: Mapping[str, str], currency: str, *, figure_id: str, period: str
) -> RowChart:
    """Why carts are left: the share whose cause it is, and what mending it could bring back in a year."""
    seen = [row for row in rows if not row["suppressed"] and row["primary_share"]]
    costed = [row for row in rows if _is_costed(row)]
    drawn = sorted(
        {id(row): row for row in (*costed, *seen) if row["cause"] not in NO_CAUSE}.values(),
        key=lambda row: (-_amount(row), -(row["primary_share"] or 0.0), row["cause"]),
    )
    rest = sorted((row for row in seen if row["cause"] in NO_CAUSE), key=lambda row: row["cause"])
    top_share = max((row["primary_share"] or 0.0 for row in (*drawn, *rest)), default=1.0)
    top_money = max((row["recoverable_revenue_year_hi"] for row in costed), default=1.0)
    hidden = sum(1 for row in rows if row["suppressed"])
    ends = [
        (
            names.get(row["cause"], fmt.human(row["cause"])),
            row["recoverable_revenue_year_lo"],
            row["recoverable_revenue_year_hi"],
        )
        for row in sorted(costed, key=lambda row: (-_amount(row), row["cause"]))
    ]
    table = [_cause_row(row, names, currency, top_share, top_money) for row in drawn]
    table += [_no_cause_row(row, top_share) for row in rest]
    note = "Barriers overlap: a cart can meet several, so the amounts have no sum."
    if hidden:
        note += (
            f" {fmt.in_words(hidden).capitalize()} more {'has' if hidden == 1 else 'have'} too few carts to be shown."
        )
    figure = Figure(
        figure_id=figure_id,
        kicker="Lost carts",
        title=copy.causes_title(ends, seen=bool(rows)),
        dek=f"What came first before carts were left, {period}, and what mending it could bring back in a year. An "
        "association: nobody was made to meet a problem.",
        how=How(
            words="Each lost cart has one first cause: the one highest in a fixed order among those met before it was "
            "left. Recoverable compares carts that met the cause with carts that reached the same step and did not, "
            "and counts 30% of the difference. It is shown only where its margin lies above zero.",
            tables=("cart_abandonment_causes",),
            metrics=(("recoverable_revenue_year", ""), ("risk_ratio", "")),
        ),
        rows=tuple(
            columns_of(
                row,
                *(
                    "scheme_id",
                    "segment_id",
                    "cause",
                    "primary_share",
                    "n_exposed",
                    "n_at_risk",
                    "suppressed",
                    "verdict",
                ),
                *(f"recoverable_revenue_year{end}" for end in ("", "_lo", "_hi")),
            )
            for row in (*drawn, *rest)
        ),
        absent="" if rows else copy.absent("cart_abandonment_causes", "Causes of lost carts are"),
    )
    return RowChart(
        figure,
        ("Cause", "Share of lost carts", "Recoverable a year"),
        tuple(table),
        key(*KEY_BLUE),
        note,
    )


def _is_costed(row: Row) -> bool:
    lo = row["recoverable_revenue_year_lo"]
    return lo is not None and lo > 0 and row["cause"] not in NO_CAUSE


def _amount(row: Row) -> float:
    return float(row["recoverable_revenue_year"]) if _is_costed(row) else 0.0


def _cause_row(row: Row, names: Mapping[str, str], currency: str, top_share: float, top_money: float) -> ChartRow:
    met = row["n_exposed"] / row["n_at_risk"] if row["n_at_risk"] and row["n_exposed"] is not None else None
    if _is_costed(row):
        value, lo, hi = (row[f"recoverable_revenue_year{end}"] for end in ("", "_lo", "_hi"))
        money = Cell(
            "Recoverable a year",
            bars.interval_bar(value, lo, hi, top_money, style="orange"),
            fmt.money(value, currency),
            fmt.money_range(lo, hi, currency),
        )
    else:
        money = Cell("Recoverable a year", text="Not clear of zero", style="words")
    share = row["primary_share"]
    return ChartRow(
        names.get(row["cause"], fmt.human(row["cause"])),
        f"Met by {fmt.share(met)} of the carts that got that far" if met is not None else "",
        (
            Cell(
                "Share of lost carts",
                bars.interval_bar(share or 0.0, share, share, top_share),
                fmt.share(share),
            ),
            money,
        ),
    )


def _no_cause_row(row: Row, top_share: float) -> ChartRow:
    share = row["primary_share"]
    why = "Left without any sign" if row["cause"] == "unknown" else "Never came near the checkout"
    mark = bars.interval_bar(share, share, share, top_share, style="grey")
    nothing = Cell("Recoverable a year", text="Not estimated: without a cause there is nothing to mend", style="words")
    return ChartRow(NO_CAUSE[row["cause"]], why, (Cell("Share of lost carts", mark, fmt.share(share)), nothing), "rest")


def funnel_chart(rows: Sequence[Row], everyone: Sequence[Row], name: str, *, figure_id: str, period: str) -> RowChart:
    """How far people get, against everybody who looked, named or not; go-on shares against the rest."""
    company = {row["step_order"]: row["overall_value"] for row in everyone}
    ordered = sorted(rows, key=lambda row: row["step_order"])
    table: list[ChartRow] = []
    better: list[str] = []
    worse: list[str] = []
    told = 0
    for place, row in enumerate(ordered):
        step = STEP_NAMES.get(row["step"], fmt.human(row["step"]))
        following = ordered[place + 1] if place + 1 < len(ordered) else None
        if row["suppressed"] or row["overall_value"] is None:
            table.append(ChartRow(step, "", (Cell("People", text="Too few to show", style="words"),), "rest"))
            continue
        if row["n_entered"] < FEWEST_VISITS:
            table.append(
                ChartRow(step, "", (Cell("People", text="Few people: share not shown", style="words"),), "rest")
            )
            continue
        go_on = Cell("Go on", text="")
        against = Cell("Against the rest", text="")
        if following is not None and following["value"] is not None and not following["suppressed"]:
            go_on = Cell("Go on", text=fmt.share(following["value"]))
            against, side = _against(following)
            told += 1
            (better if side > 0 else worse if side < 0 else []).append(step.lower())
        table.append(
            ChartRow(
                step,
                f"{fmt.count(row['n_reached'])} people" if place == 0 else "",
                (
                    Cell(
                        "People who get this far",
                        bars.reach_bar(row["overall_value"], company.get(row["step_order"])),
                        fmt.share(row["overall_value"]),
                    ),
                    go_on,
                    against,
                ),
            )
        )
    few = "Too few people to tell how far they get" if ordered else "No visits to follow"
    figure = Figure(
        figure_id=figure_id,
        kicker="Funnel",
        title=copy.funnel_title(better, worse, told) if told else few,
        dek=f"People who looked at a product, {period}: how many reached each step in time order, and how many of "
        "those went on. The rest are those of the other groups; visitors nobody can name are in none.",
        how=How(
            words="A person counts at a step when it came after the one before, within the window. Differences "
            "are against the other groups together; bold ones are at least 3 points and survive the "
            "correction for testing many groups at once.",
            tables=("funnel_steps",),
            metrics=(("step_conversion", ""),),
        ),
        rows=tuple(
            columns_of(
                row,
                *(
                    "funnel_id",
                    "breakdown",
                    "group_id",
                    "step_order",
                    "step",
                    "n_entered",
                    "n_reached",
                    "overall_value",
                ),
                *("value", "lo", "hi", "n", "suppressed", "vs_rest_value", "vs_rest_lo", "vs_rest_hi", "p_adj"),
            )
            for row in ordered
        ),
        absent="" if ordered else copy.absent("funnel_steps", "Funnel steps are"),
    )
    return RowChart(
        figure,
        ("Step", "People who get this far", "Go on", "Against the rest"),
        tuple(table),
        key(("sure blue", name), ("tick", "everybody, also visitors nobody can name")),
    )


def is_real(row: Row) -> int:
    """1 or -1 where a funnel's difference is large, outside its margin and survives the correction; else 0."""
    value, lo, hi = row["vs_rest_value"], row["vs_rest_lo"], row["vs_rest_hi"]
    if value is None or lo is None or hi is None or (row["p_adj"] is not None and row["p_adj"] > ALPHA):
        return 0
    return (value > 0) - (value < 0) if abs(value) >= REAL_POINTS and (lo > 0 or hi < 0) else 0


def _against(row: Row) -> tuple[Cell, int]:
    side = is_real(row)
    style = {1: "up", -1: "down"}.get(side, "")
    return Cell("Against the rest", text=fmt.points(row["vs_rest_value"]), style=style), side


def paths_drawing(rows: Sequence[Row], name: str, *, figure_id: str, period: str) -> Drawing:
    """Of 1,000 looks at a product: the next step, and the next, by the shares of the group's transitions."""
    stops: list[flow.Stop] = []
    size = 1000.0
    shares = {(row["from_step"], row["to_step"]): row["value"] for row in rows if not row["suppressed"]}
    for place, (step, stop_name) in enumerate(STOPS):
        following = STOPS[place + 1][0] if place + 1 < len(STOPS) else None
        on = shares.get((step, following)) if following else None
        if following is None or on is None:
            stops.append(flow.Stop(stop_name, size, 0.0, 0.0, 0.0))
            break
        # Rare ways are folded into others: where the end is among them, who left cannot be told from who turned away.
        moved = 1 - (shares.get((step, step)) or 0.0)
        left = shares.get((step, END))
        gone = (left or 0.0) / moved
        ahead = on / moved
        aside = max(1 - gone - ahead, 0.0)
        best = max(
            (
                (value, to)
                for (start, to), value in shares.items()
                if start == step and to not in (step, following, END)
            ),
            default=(0.0, ""),
        )
        words = STEP_WORDS.get(best[1], fmt.human(best[1]).lower() if best[1] not in ("", "other") else "")
        turned = f"turn elsewhere, most of them to {words}" if words else "turn elsewhere"
        if left is None:
            turned = "leave or do something else"
        stops.append(flow.Stop(stop_name, size, size * ahead, size * gone, size * aside, turned, left is not None))
        size *= ahead
    there = len(stops) > 1
    story = "; ".join(
        f"of {stop.size:,.0f} at {stop.name.lower()}, {stop.on:,.0f} go on"
        + (f", {stop.leave:,.0f} leave" if stop.is_leave_told else "")
        + f" and {stop.other:,.0f} {stop.other_words or 'do something else'}"
        for stop in stops[:-1]
    )
    first = stops[0]
    title = (
        copy.paths_title("a product page", first.leave / 1000 if first.is_leave_told else None, first.other / 1000)
        if there
        else "No paths to show"
    )
    story = story[:1].upper() + story[1:]
    figure = Figure(
        figure_id=figure_id,
        kicker="Paths",
        title=title,
        dek=f"Where 1,000 looks at a product go next, {period}.",
        how=How(
            words="The next different step after each, by the group's transitions; repeating the same step "
            "is left out, silence of 30 days ends a path. The stops are chained by their next steps, so a person who "
            "comes back later starts again at the left.",
            tables=("path_transitions",),
            metrics=(("next_step_share", ""),),
        ),
        rows=tuple(
            columns_of(
                row,
                *("scheme_id", "segment_id", "from_step", "to_step", "direction", "n_transitions", "n_customers"),
                *("value", "lo", "hi", "n", "suppressed"),
            )
            for row in rows
            if row["from_step"] in dict(STOPS)
        ),
        absent="" if there else copy.absent("path_transitions", "Paths of this group are"),
    )
    picture = flow.picture(stops, title=f"Paths of {name}", story=story, name=figure_id) if there else Markup("")
    return Drawing(figure, picture, story)
