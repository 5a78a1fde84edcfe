"""Effects of the causes of abandonment with the carts' other differences taken into account.

Belongs here: which covariates, which segments have enough data, and what is read off each model. Stays out: the fit
(logit.py), the detectors and the unadjusted table (causes.py).

One model a cause and segment scheme, among the carts that reached the cause's step:

    log odds of abandonment = segment + exposure in that segment + covariates

so that each segment has its own effect, and equality of these effects is one joint test. The company is a scheme of one
segment. Covariates are what was settled before the cart: region, device, value of the cart (log, in half doublings),
new or returning, part of the day, product line. A behaviour segment is no covariate of another scheme's model: it is
read at as_of and partly made of the very orders that abandonment prevents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.analytics import cells, logit
from pipelines.analytics.logit import Floats

Ints = NDArray[np.int64]

ENOUGH_CARTS = 30
ENOUGH_IN_CELL = 5
"""Each of exposed or not, abandoned or not: with less, a logistic model finds infinite odds sooner or later."""

COVARIATES = ("region", "device_category", "product_line", "is_returning", "part_of_day", "log_value")

EFFECTS = ("model_odds_ratio", "model_risk_difference", "odds_ratio_to_others", "_attributable", "_attributable_value")
EFFECT_SCHEMA = {
    "scheme_id": pl.String,
    "segment_id": pl.String,
    "cause": pl.String,
    **{f"{name}{end}": pl.Float64 for name in EFFECTS for end in ("", "_lo", "_hi")},
    "_p": pl.Float64,
}
TEST_SCHEMA = {
    "scheme_id": pl.String,
    "cause": pl.String,
    "statistic": pl.Float64,
    "df": pl.Int64,
    "p_raw": pl.Float64,
}


@dataclass(frozen=True)
class Effects:
    """``by_segment`` has a row per scheme, segment and cause with enough data; ``tests`` one per scheme and cause."""

    by_segment: pl.DataFrame
    tests: pl.DataFrame


@dataclass(frozen=True)
class AtRisk:
    """Carts that reached the cause's step, one element a cart; covariates as small whole numbers."""

    exposed: Ints
    abandoned: Ints
    customer: Ints
    value: Floats
    covariates: dict[str, Ints]

    def where(self, chosen: NDArray[np.bool_]) -> AtRisk:
        return AtRisk(
            exposed=self.exposed[chosen],
            abandoned=self.abandoned[chosen],
            customer=self.customer[chosen],
            value=self.value[chosen],
            covariates={name: values[chosen] for name, values in self.covariates.items()},
        )


def with_covariates(carts: pl.DataFrame, customers: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """Add is_returning (an order before the cart), part_of_day (six hours each, reporting zone) and log_value."""
    first = customers.select("customer_id", "first_order_at")
    local = pl.col("started_at").dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone)
    return carts.join(first, on="customer_id", how="left").with_columns(
        (pl.col("first_order_at") < pl.col("started_at")).fill_null(value=False).alias("is_returning"),
        (local.dt.hour() // 6).alias("part_of_day"),
        (pl.col("value_amount_reporting").log(2) * 2).round().cast(pl.Int32).alias("log_value"),
    )


def effects_of(carts: pl.DataFrame, schemes: Sequence[str], causes: Sequence[tuple[str, str, str | None]]) -> Effects:
    """Adjusted effects of every cause (its name, exposure flag and flag of the step reached) in every scheme.

    ``carts`` have the covariates and a column a scheme; the company comes by itself.
    """
    coded = carts.with_columns(
        pl.col("customer_id").rank("dense").cast(pl.Int64).alias("_customer"),
        *(_coded(name).alias(f"_x_{name}") for name in COVARIATES if name != "log_value"),
    )
    rows: list[dict[str, object]] = []
    tests: list[dict[str, object]] = []
    for name, exposure, reached in causes:
        reaching = coded.filter(reached) if reached else coded
        if reaching.is_empty():
            continue
        risk = _at_risk(reaching, exposure)
        for scheme in (cells.COMPANY, *schemes):
            if scheme == cells.COMPANY:
                segments = pl.repeat(cells.ALL, reaching.height, dtype=pl.String, eager=True)
            else:
                segments = reaching[scheme].cast(pl.String).fill_null(cells.UNKNOWN)
            found = list(_scheme_effects(risk, segments))
            rows += [{"scheme_id": scheme, "cause": name, **row} for row in found if "segment_id" in row]
            tests += [{"scheme_id": scheme, "cause": name, **row} for row in found if "statistic" in row]
    return Effects(pl.DataFrame(rows, schema=EFFECT_SCHEMA), pl.DataFrame(tests, schema=TEST_SCHEMA))


def _coded(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null(cells.UNKNOWN).rank("dense").cast(pl.Int64)


def _at_risk(carts: pl.DataFrame, exposure: str) -> AtRisk:
    covariates = {name: carts[f"_x_{name}"].to_numpy() for name in COVARIATES if name != "log_value"}
    return AtRisk(
        exposed=carts[exposure].cast(pl.Int64).to_numpy(),
        abandoned=carts["is_abandoned"].cast(pl.Int64).to_numpy(),
        customer=carts["_customer"].to_numpy(),
        value=carts["value_amount_reporting"].to_numpy(),
        covariates={**covariates, "log_value": carts["log_value"].cast(pl.Int64).to_numpy()},
    )


def _scheme_effects(risk: AtRisk, segments: pl.Series) -> Iterator[dict[str, object]]:
    """A row per segment of one scheme, and one with the joint test where two segments or more have enough data."""
    names = segments.unique().sort().to_list()
    segment = segments.replace_strict(names, list(range(len(names))), return_dtype=pl.Int64).to_numpy()
    counts = np.zeros((len(names), 2, 2))
    np.add.at(counts, (segment, risk.exposed, risk.abandoned), 1)
    enough = (counts.min(axis=(1, 2)) >= ENOUGH_IN_CELL) & (counts.sum(axis=(1, 2)) >= ENOUGH_CARTS)
    if not enough.any():
        return
    chosen = enough[segment]
    kept = np.flatnonzero(enough)
    model = _Model(risk.where(chosen), np.searchsorted(kept, segment[chosen]))
    fitted = logit.fit(model.cells)
    if fitted is None:
        return
    n_exposed = counts[kept, 1, :].sum(axis=1)
    for place, old in enumerate(kept):
        row = model.effects(fitted, place, n_exposed)
        if row is not None:
            yield {"segment_id": names[old], **row}
    if len(kept) > 1:
        test = logit.joint(fitted, model.contrasts())
        if test is not None:
            yield {"statistic": test.statistic, "df": test.df, "p_raw": test.p}


class _Model:
    """The design of one cause and scheme: segments, exposure in each segment, covariates; and what is read off it."""

    def __init__(self, risk: AtRisk, segment: Ints) -> None:
        self.groups = int(segment.max()) + 1
        keys = [segment, risk.exposed, *risk.covariates.values()]
        _, first, cell = np.unique(_mixed(keys), return_index=True, return_inverse=True)
        self.n = np.bincount(cell).astype(np.float64)
        self.value = np.bincount(cell, risk.value)
        self.segment, self.exposed = segment[first], risk.exposed[first].astype(np.float64)
        outcomes: Floats = np.bincount(cell, risk.abandoned).astype(np.float64)
        self.covariates = np.column_stack(
            [
                _standard(codes[first], self.n) if name == "log_value" else _levels(codes[first], self.n, outcomes)
                for name, codes in risk.covariates.items()
            ]
        )
        pairs, place = np.unique(risk.customer * first.size + cell, return_inverse=True)
        by_cluster = (
            pairs // first.size,
            pairs % first.size,
            np.bincount(place),
            np.bincount(place, risk.abandoned).astype(np.int64),
        )
        self.cells = logit.Cells(self._design(self.exposed), self.n, outcomes, np.column_stack(by_cluster))

    def _design(self, exposed: Floats) -> Floats:
        in_segment = np.eye(self.groups)[self.segment]
        return np.hstack([in_segment, in_segment * exposed[:, None], self.covariates])

    def effects(self, fitted: logit.Fit, place: int, n_exposed: Floats) -> dict[str, float] | None:
        """Everything the model says of one segment; None where its effect is not settled."""
        own = self._effect(place)
        log_odds = logit.coefficient(fitted, own)
        if log_odds is None:
            return None
        inside = self.segment == place
        ones = np.ones_like(self.exposed)

        def change(weights: Floats) -> logit.Estimate:
            return logit.margin(
                fitted, with_it=self._design(ones), without=self._design(0 * ones), weights=weights * inside
            )

        read = {
            "model_risk_difference": change(self.n / self.n[inside].sum()),
            "_attributable": change(self.n * self.exposed),
            "_attributable_value": change(self.value * self.exposed),
        }
        row = {f"{name}{end}": at for name, found in read.items() for end, at in _ends(found)}
        row |= {f"model_odds_ratio{end}": float(np.exp(at)) for end, at in _ends(log_odds)}
        if self.groups > 1:
            others = np.where(np.arange(self.groups) == place, 0.0, n_exposed)
            away = own - sum(share * self._effect(other) for other, share in enumerate(others / others.sum()))
            ratio = logit.coefficient(fitted, away)
            if ratio is not None:
                row |= {f"odds_ratio_to_others{end}": float(np.exp(at)) for end, at in _ends(ratio)}
        return {**row, "_p": log_odds.p}

    def _effect(self, place: int) -> Floats:
        weights = np.zeros(self.cells.design.shape[1])
        weights[self.groups + place] = 1.0
        return weights

    def contrasts(self) -> Floats:
        """Each segment's effect minus the first one's."""
        return np.stack([self._effect(place) - self._effect(0) for place in range(1, self.groups)])


def _ends(found: logit.Estimate) -> tuple[tuple[str, float], ...]:
    return (("", found.value), ("_lo", found.lo), ("_hi", found.hi))


def _mixed(keys: Sequence[Ints]) -> Ints:
    """One whole number a combination of codes."""
    mixed = np.zeros_like(keys[0])
    for codes in keys:
        low = int(codes.min())
        mixed = mixed * (int(codes.max()) - low + 1) + codes - low
    return mixed


def _standard(values: Ints, n: Floats) -> Floats:
    mean = np.average(values, weights=n)
    spread = np.sqrt(np.average((values - mean) ** 2, weights=n))
    return np.asarray((values - mean) / (spread if spread > 0 else 1.0))


def _levels(codes: Ints, n: Floats, outcomes: Floats) -> Floats:
    """A column a level but the largest; a level that is rare or knows one outcome only goes with the largest."""
    levels, place = np.unique(codes, return_inverse=True)
    size, found = np.bincount(place, n), np.bincount(place, outcomes)
    usable = (size >= ENOUGH_CARTS) & (found >= ENOUGH_IN_CELL) & (size - found >= ENOUGH_IN_CELL)
    usable[np.argmax(size)] = False
    return np.asarray(place[:, None] == np.arange(levels.size)[usable], dtype=np.float64)
