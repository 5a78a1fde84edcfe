"""Who the customers are: region, household, firm, needs, how they shop, how content they tend to be.

Belongs here: attributes of persons that hold over the two years. Stays out: what they do and how a system spells them.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth import effects, names
from pipelines.synth.base import (
    DAY,
    END_US,
    FIRST_LOCAL,
    LINES,
    N_DAYS,
    NEEDS,
    REGIONS,
    Array,
    Chunk,
    choose,
    choose_rows,
    look_up,
)

KINDS = ("corporate", "family", "childless")
_NEEDS_BY_KIND = np.array(
    [[0.44, 0.16, 0.24, 0.06, 0.10], [0.38, 0.22, 0.08, 0.08, 0.24], [0.38, 0.23, 0.07, 0.26, 0.06]]
)
_LINES_BY_KIND = np.array(
    [[0.30, 0.26, 0.12, 0.14, 0.10, 0.08], [0.16, 0.14, 0.22, 0.18, 0.20, 0.10], [0.18, 0.18, 0.20, 0.18, 0.08, 0.18]]
)
SHOPPERS = ("web", "app", "store", "mixed")
CARD_COLOURS = ("blue", "green", "amber", "plum")


def people(chunk: Chunk) -> pl.DataFrame:
    """One row per person of the chunk, in order; ``p`` is the row within the chunk, ``person_id`` the world's."""
    rng = chunk.rng("people")
    n = chunk.size
    household, first_of_household = _households(rng, n)
    region = _of_household(household, choose(rng, [r.share for r in REGIONS], n))
    kind = _of_household(household, choose(rng, [0.08, 0.40, 0.52], n))
    size = np.bincount(household)[household]
    kind = np.where((kind == 0) & (size > 1), 1, kind)
    sofa_fan, lines, need = _tastes(rng, kind)
    join_day = np.where(rng.random(n) < 0.55, -rng.integers(1, 1800, n), (rng.random(n) * N_DAYS * 0.97).astype(int))
    life = rng.exponential(1500.0, n)
    leave_day = np.maximum(join_day, 0) + np.maximum(life, 20).astype(int)
    shopper = choose(rng, [0.40, 0.16, 0.24, 0.20], n)
    gender = choose(rng, [0.54, 0.45, 0.01], n)
    given, family = _names(rng, household, region, gender)
    birth_year = np.where(kind == 1, rng.integers(1968, 1996, n), rng.integers(1945, 2006, n))
    staff = rng.random(n) < 0.006
    activity = np.minimum(rng.gamma(4.0, 0.25, n), 7.0) * np.where(kind == 0, 1.5, 1.0)
    city = (
        _of_household(household, rng.random(n)) * np.array([len(names.CITIES[r.name]) for r in REGIONS])[region]
    ).astype(int)
    frame = pl.DataFrame(
        {
            "p": np.arange(n, dtype=np.int32),
            "person_id": chunk.start + np.arange(n, dtype=np.int64),
            "household_id": chunk.start + first_of_household[household],
            "household_size": size,
            "region_no": region.astype(np.int8),
            "kind": look_up(KINDS, kind),
            "need": look_up(NEEDS, need),
            "need_no": need.astype(np.int8),
            "favourite_line": look_up(LINES, lines.argmax(axis=1)),
            "sofa_fan": sofa_fan,
            "shopper": look_up(SHOPPERS, shopper),
            "shopper_no": shopper.astype(np.int8),
            "given_name": given,
            "family_name": family,
            "gender": look_up(("female", "male", "other"), gender),
            "birth_date": pl.Series((birth_year - 1970) * 365 + birth_year // 4 - 492 + rng.integers(0, 365, n)).cast(
                pl.Date
            ),
            "city_no": city.astype(np.int8),
            "street_no": _of_household(household, rng.integers(0, 6, n)).astype(np.int8),
            "house_number": _of_household(household, rng.integers(1, 140, n)),
            "zip_no": _of_household(household, rng.integers(0, 900, n)),
            "children": np.where(kind == 1, rng.integers(1, 4, n), 0),
            "joined_us": FIRST_LOCAL + join_day.astype(np.int64) * DAY + rng.integers(0, DAY, n),
            "join_day": join_day.astype(np.int32),
            "leave_day": leave_day.astype(np.int32),
            "activity": activity,
            "z_satisfaction": rng.standard_normal(n),
            "is_staff": staff,
            "has_card": (rng.random(n) < 0.72) | staff,
            "card_colour": look_up(CARD_COLOURS, rng.integers(0, 4, n)),
            "has_account": rng.random(n) < 0.68,
            "in_crm": (rng.random(n) < 0.78) | (kind == 0),
            "email_opt_in": rng.random(n) < 0.62,
            "sms_opt_in": rng.random(n) < 0.18,
            "provider_no": rng.integers(0, len(names.EMAIL_PROVIDERS), n).astype(np.int8),
            "email_style": rng.integers(0, 4, n).astype(np.int8),
            "company_no": _companies(rng, kind),
        }
    )
    frame = frame.with_columns(pl.col("joined_us").clip(upper_bound=END_US - DAY), *_line_columns(lines))
    return _contacts(frame, rng)


def _line_columns(lines: Array) -> list[pl.Series]:
    return [pl.Series(f"taste_{line}", lines[:, i]) for i, line in enumerate(LINES)]


def tastes(frame: pl.DataFrame) -> Array:
    """Matrix person × product line of relative interest."""
    return frame.select([f"taste_{line}" for line in LINES]).to_numpy()


def _households(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Household number per person (neighbours in the list live together), and the first person of each household."""
    sizes = choose(rng, [0.0, 0.80, 0.15, 0.05], n)
    ends = np.cumsum(sizes)
    household = np.searchsorted(ends, np.arange(n), side="right")
    return household, np.searchsorted(household, np.arange(household[-1] + 1))


def _of_household(household: Array, values: Array) -> Array:
    return np.asarray(values[household])


def _tastes(rng: np.random.Generator, kind: Array) -> tuple[Array, Array, Array]:
    """Whether sofas come first, the interest in each line, and the primary need (effect 5)."""
    lines = rng.dirichlet(np.full(len(LINES), 0.9), len(kind)) * _LINES_BY_KIND[kind]
    lines /= lines.sum(axis=1, keepdims=True)
    need = choose_rows(rng, _NEEDS_BY_KIND[kind])
    sofa_fan = lines.argmax(axis=1) == 0
    for number, name in enumerate(KINDS):
        options = np.array([NEEDS.index(item) for item in effects.SOFA_NEEDS[name]])
        own = options[rng.integers(0, len(options), len(kind))]
        fits = sofa_fan & (kind == number) & (rng.random(len(kind)) < effects.SOFA_NEED_SHARE)
        need = np.where(fits, own, need)
    return sofa_fan, lines, need


def _names(rng: np.random.Generator, household: Array, region: Array, gender: Array) -> tuple[pl.Series, pl.Series]:
    """Given name by language and gender, family name by language; four in five of a household share the latter."""
    n = len(region)
    languages = np.array([("de", "es", "en").index(r.language) for r in REGIONS])[region]
    given_pool: list[str] = []
    family_pool: list[str] = []
    given_start, given_size, family_start, family_size = [], [], [], []
    for language in ("de", "es", "en"):
        for sex in ("female", "male"):
            pool = names.GIVEN[language][sex].split()
            given_start.append(len(given_pool))
            given_size.append(len(pool))
            given_pool += pool
        pool = names.FAMILY[language].split()
        family_start.append(len(family_pool))
        family_size.append(len(pool))
        family_pool += pool
    cell = languages * 2 + np.where(gender == 2, rng.integers(0, 2, n), gender)
    given = np.array(given_start)[cell] + (rng.random(n) ** 1.3 * np.array(given_size)[cell]).astype(int)
    u = rng.random(n)
    u = np.where(rng.random(n) < 0.8, u[np.searchsorted(household, household)], u)
    family = np.array(family_start)[languages] + (u**1.3 * np.array(family_size)[languages]).astype(int)
    return look_up(given_pool, given), look_up(family_pool, family)


def _companies(rng: np.random.Generator, kind: Array) -> Array:
    """Company number within the chunk for corporate buyers (about 2.5 people a firm), -1 for the rest."""
    corporate = np.flatnonzero(kind == 0)
    company = np.full(len(kind), -1, dtype=np.int64)
    company[corporate] = rng.integers(0, max(1, round(len(corporate) / 2.5)), len(corporate))
    return company


def _ascii(column: str) -> pl.Expr:
    expr = pl.col(column).str.to_lowercase()
    pairs = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "í": "i", "ó": "o", "á": "a", "ú": "u", "ñ": "n"}
    for old, new in pairs.items():
        expr = expr.str.replace_all(old, new, literal=True)
    return expr


def _contacts(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The person's true e-mail, mobile in E.164, landline of the household and loyalty card."""
    region = frame["region_no"].to_numpy()
    person = frame["person_id"].to_numpy()
    digits = np.array([r.mobile_digits for r in REGIONS])[region]
    mobile = (person * 7_654_321 + 1_234_567) % 10**digits
    land_digits = np.array([r.landline_digits for r in REGIONS])[region]
    landline = (frame["household_id"].to_numpy() * 6_543_217 + 2_345_678) % (9 * 10 ** (land_digits - 1)) + 10 ** (
        land_digits - 1
    )
    shares_email = (frame["household_size"].to_numpy() > 1) & (rng.random(len(frame)) < 0.15)
    frame = frame.with_columns(
        pl.Series("mobile_dial", look_up([r.dial for r in REGIONS], region)),
        pl.Series("mobile_prefix", look_up([r.mobile for r in REGIONS], region)),
        pl.Series("mobile_rest", mobile).cast(pl.String).str.zfill(pl.Series(digits)),
        pl.Series("landline_prefix", look_up([r.landline for r in REGIONS], region)),
        pl.Series("landline_rest", landline).cast(pl.String),
        pl.Series("shares_email", shares_email),
        pl.format("HM{}", (pl.col("person_id") * 97 + 4_100_000_000)).alias("card"),
        _ascii("given_name").alias("g"),
        _ascii("family_name").alias("f"),
        pl.Series("provider", look_up(names.EMAIL_PROVIDERS, frame["provider_no"].to_numpy())),
    )
    suffix = pl.col("person_id").cast(pl.String)
    local = (
        pl.when(pl.col("email_style") == 0)
        .then(pl.format("{}.{}{}", "g", "f", suffix))
        .when(pl.col("email_style") == 1)
        .then(pl.format("{}{}{}", pl.col("g").str.slice(0, 1), "f", suffix))
        .when(pl.col("email_style") == 2)
        .then(pl.format("{}_{}{}", "f", "g", suffix))
        .otherwise(pl.format("{}{}", "g", suffix))
    )
    company_mail = pl.format(
        "{}.{}{}@{}", "g", "f", suffix, company_domain(pl.col("company_no"), int(frame["person_id"][0]))
    )
    frame = frame.with_columns(
        pl.when(pl.col("company_no") >= 0)
        .then(company_mail)
        .otherwise(pl.format("{}@{}", local, "provider"))
        .alias("own_email")
    )
    return frame.with_columns(
        pl.when("shares_email")
        .then(pl.col("own_email").first().over("household_id"))
        .otherwise("own_email")
        .alias("email"),
        pl.format("+{}{}{}", "mobile_dial", "mobile_prefix", "mobile_rest").alias("mobile"),
        pl.format("+{}{}{}", "mobile_dial", "landline_prefix", "landline_rest").alias("landline"),
    ).drop("g", "f", "own_email", "provider_no", "email_style")


def company_name(company: pl.Expr, start: int) -> pl.Expr:
    """Name of a firm: two words and, after they run out, a number."""
    number = company + start
    first = pl.lit(pl.Series(names.COMPANY_FIRST)).gather((number % len(names.COMPANY_FIRST)).clip(lower_bound=0))
    second = pl.lit(pl.Series(names.COMPANY_SECOND)).gather(
        (number // 7 % len(names.COMPANY_SECOND)).clip(lower_bound=0)
    )
    return pl.format("{} {} {}", first, second, number)


def company_domain(company: pl.Expr, start: int) -> pl.Expr:
    return company_name(company, start).str.to_lowercase().str.replace_all(" ", "-", literal=True) + ".example"
