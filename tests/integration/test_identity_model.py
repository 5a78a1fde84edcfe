"""The probabilistic pass: its settings, its artefact, and what it must not link, on a few records each."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines import warehouse
from pipelines.identity import features
from pipelines.identity.model import (
    SHIPPED_FILE,
    ModelError,
    ModelSettings,
    load_model_settings,
    load_parameters,
    read_parameters,
    write_parameters,
)
from pipelines.identity.predict import PAIR_SCHEMA, Scored, score
from pipelines.identity.train import train_on
from pipelines.settings import Settings, load_settings

AUTO, REVIEW = 0.99, 0.8

ANNA = {
    "given_name": "anna",
    "family_name": "moser",
    "birth_date": "1980-02-03",
    "street": "lindenallee",
    "house_number": "46",
    "postal_code": "10115",
    "city": "berlin",
    "email": "anna.moser@post.example",
    "phone": "+4915112345678",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"JOURNEYLINE_HOME": str(tmp_path), "JOURNEYLINE_ENV": "test"})


def records(*rows: dict[str, str | None]) -> pl.DataFrame:
    """Records named r0, r1, …; the name key follows from the names."""
    filled = [
        {
            "node_id": f"r{number}",
            **dict.fromkeys(features.COMPARED),
            **row,
            "name_key": " ".join(sorted(filter(None, (row.get("given_name"), row.get("family_name"))))) or None,
        }
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(filled, schema=dict.fromkeys(("node_id", *features.COMPARED), pl.String))


def crowd(size: int = 600) -> list[dict[str, str | None]]:
    """Strangers: what is common and what is rare is only told by many."""
    given = ("anna", "peter", "lena", "jonas", "clara", "felix", "ida", "oskar", "ruth", "emil", "greta", "hugo")
    family = ("huber", "klein", "wolf", "lang", "frank", "busch", "horn", "voigt", "sauer", "moser", "otto")
    return [
        {
            "given_name": given[i % 12],
            "family_name": family[i % 11],
            "birth_date": f"{1950 + i % 53}-{1 + i % 12:02}-{1 + i % 28:02}",
            "street": f"{family[i % 7]}weg",
            "house_number": str(1 + i % 97),
            "postal_code": str(20000 + i % 89),
            "city": f"stadt {i % 89}",
            "email": f"{given[i % 12]}.{family[i % 11]}{i}@post.example",
            "phone": f"+4917{i * 7919 % 10**8:08}",
        }
        for i in range(size)
    ]


def parts(size: int, joined: tuple[int, ...] = ()) -> pl.DataFrame:
    """Each record by itself but for those that are one."""
    return pl.DataFrame(
        {
            "node_id": [f"r{number}" for number in range(size)],
            "node": range(size),
            "part": [joined[0] if number in joined else number for number in range(size)],
        }
    )


def scored(
    settings: Settings, rows: pl.DataFrame, *, joined: tuple[int, ...] = (), model: ModelSettings | None = None
) -> Scored:
    with warehouse.memory(settings) as con:
        con.register("people", rows.to_arrow())
        n_rows = features.put_rows(con, "people", parts(rows.height, joined))
        found = score(con, model or load_model_settings(), read_parameters(SHIPPED_FILE), n_rows, least=REVIEW)
    assert dict(found.pairs.schema) == PAIR_SCHEMA
    return found


def linked(settings: Settings, *rows: dict[str, str | None]) -> bool:
    """Whether the shipped model links the first two of the records by itself."""
    sure = scored(settings, records(*rows, *crowd())).pairs.filter(pl.col("confidence") >= AUTO)
    return (0, 1) in sure.select("a", "b").rows()


def test_the_shipped_parameters_fit_the_shipped_settings(settings: Settings) -> None:
    parameters = load_parameters(settings, load_model_settings())
    assert parameters.hash == json.loads(SHIPPED_FILE.read_text())["hash"]
    for _, label, m, u, _ in parameters.weights():
        assert 0 < m <= 1, label
        assert 0 < u <= 1, label


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "ana.moser@post.example", "phone": None},
        {"given_name": "moser", "family_name": "anna", "email": None},
        {"email": "anna@other.example", "phone": None, "given_name": "amna"},
        {"street": None, "house_number": None, "postal_code": None, "city": None, "email": None},
        {"family_name": "huber", "email": None},
    ],
    ids=["e-mail typo", "names swapped", "name typo", "no address", "married"],
)
def test_one_person_is_found(settings: Settings, changes: dict[str, str | None]) -> None:
    assert linked(settings, ANNA, ANNA | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"given_name": "peter", "birth_date": "1978-05-06"},
        {"given_name": "peter", "birth_date": None},
        {"given_name": "lena"},
        {"birth_date": "2009-11-30", "email": "junior@post.example"},
        {"given_name": None, "birth_date": None},
        {"birth_date": None, "email": "a.moser@other.example", "phone": "+4930998877"},
        {"given_name": None, "family_name": None, "birth_date": None, "email": None},
        {"birth_date": None, "email": "moser.a@other.example"},
        {"given_name": "moser", "family_name": "gunther", "birth_date": None, "email": None},
    ],
    ids=[
        "couple",
        "couple, one age unknown",
        "twins",
        "namesake child",
        "nobody's name",
        "namesake, own contacts",
        "landline",
        "namesake, one landline",
        "couple, one written backwards",
    ],
)
def test_a_household_stays_apart(settings: Settings, changes: dict[str, str | None]) -> None:
    assert not linked(settings, ANNA, ANNA | changes)


def test_a_namesake_elsewhere_stays_apart(settings: Settings) -> None:
    there = {"street": "ringstr", "house_number": "1", "postal_code": "8010", "city": "graz", "email": "am@x.example"}
    assert not linked(settings, ANNA | {"birth_date": None}, ANNA | there | {"birth_date": None, "phone": None})


def test_what_the_rules_joined_is_not_scored_and_lends_its_birth_date(settings: Settings) -> None:
    order = ANNA | {"birth_date": None, "email": "anna@other.example", "phone": None}
    rows = records(ANNA, order, ANNA | {"birth_date": "2009-11-30", "email": "j@post.example"}, *crowd())
    apart = scored(settings, rows).pairs
    found = scored(settings, rows, joined=(0, 1)).pairs
    assert {(0, 1), (1, 2)} <= set(apart.select("a", "b").iter_rows())
    # The order has no birth date of its own: its person's speaks against the namesake child.
    assert found.filter(pl.col("a").is_in([0, 1])).is_empty()


def test_a_pair_tells_how_it_compares_and_shows_no_value(settings: Settings) -> None:
    found = scored(settings, records(ANNA, ANNA | {"email": "ana.moser@post.example"}, *crowd()))
    (told,) = found.pairs.filter(pl.col("b") == 1)["identifier_value"]
    outcome = {part.split("=")[0]: part.split("=")[1].split(":")[0] for part in told.split()}
    assert outcome == {
        "given_name": "equal",
        "family_name": "equal",
        "birth_date": "equal",
        "address": "equal",
        "place": "equal",
        "email": "one_letter",
        "phone": "equal",
    }
    assert not any(str(value) in told for value in ANNA.values())


def test_a_crowded_block_is_left_out_and_reported(settings: Settings) -> None:
    model = load_model_settings()
    model = model.model_copy(
        update={"blocking": model.blocking.model_copy(update={"max_block": 2, "rules": (("given_name",),)})}
    )
    rows = records(*[{"given_name": "anna", "family_name": f"x{i}"} for i in range(3)])
    found = scored(settings, rows, model=model)
    assert (found.n_pairs, found.skipped_blocks) == (0, {"given_name": 1})


def test_an_artefact_is_read_back_and_a_changed_one_refused(tmp_path: Path) -> None:
    parameters = read_parameters(SHIPPED_FILE)
    path = tmp_path / "deep" / "model.json"
    write_parameters(path, parameters)
    assert read_parameters(path) == parameters
    content = json.loads(path.read_text())
    content["comparisons"]["given_name"]["equal"]["m"] = 0.5
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="changed after training"):
        read_parameters(path)
    path.write_text("[]")
    with pytest.raises(ModelError, match="no model artefact"):
        read_parameters(path)


def test_parameters_of_other_comparisons_are_refused(settings: Settings) -> None:
    model = load_model_settings()
    write_parameters(settings.trained_model_path, read_parameters(SHIPPED_FILE))
    fewer = model.model_copy(update={"comparisons": model.comparisons[:-1]})
    with pytest.raises(ModelError, match="other comparisons"):
        load_parameters(settings, fewer)


def test_too_few_records_are_not_trained_on(settings: Settings) -> None:
    with warehouse.memory(settings) as con:
        con.register("people", records(ANNA, ANNA).to_arrow())
        with pytest.raises(ModelError, match="2 records are too few"):
            train_on(con, load_model_settings(), "people", parts(2))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("max_block: 60", "max_block: none", "blocking.max_block"),
        ("when: {given_name: [differs]}", "when: {given_name: [unequal]}", "no level unequal"),
        ("label: similar", "label: differs", "stands twice"),
    ],
)
def test_a_wrong_settings_file_is_told_by_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "model_settings.yml"
    text = (SHIPPED_FILE.parent / "model_settings.yml").read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ModelError, match=told):
        load_model_settings(path)


def test_the_prior_falls_as_records_grow() -> None:
    parameters = read_parameters(SHIPPED_FILE)
    assert parameters.prior(1_000_001) == pytest.approx(parameters.prior(10_001) / 100)
