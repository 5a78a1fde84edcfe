"""The language gate: which language a text is in, or that nobody can tell.

Belongs here: telling by function words. Stays out: what is done in which language (``topics.py``, ``sentiment.py``).

Function words (articles, pronouns, prepositions) make up a third to a half of running text in these languages, and few
are shared. A text is of the language with the most of them where it has at least two, and a third more than the next.
Neighbours the company does not speak are counted as well, so that Dutch is not taken for German: rules and models that
were made for three languages run on these three and no other. Texts of a word or two stay undecided; the language the
source names decides then.
"""

from __future__ import annotations

import polars as pl

UNDECIDED = "und"
SPOKEN = ("en", "de", "es")
"""Languages with rules; texts of others are counted and not read."""

AT_LEAST = 2
LEAD = 4 / 3

FUNCTION_WORDS = {
    "en": "the a an and or but of to in on at for with from by as is are was were be been am it its this that these "
    "those i my me we our you your he she his her they their not no do does did have has had will would can could if "
    "so too very what which who how when where why than then there about after again up out just because",
    "de": "der die das den dem des ein eine einen einem einer und oder aber von zu zum zur in im auf am an für mit aus "
    "bei als ist sind war waren sein bin es dies diese dieser ich mein meine mir mich wir unser sie ihr ihre er nicht "
    "kein keine haben habe hat hatte wird würde kann konnte wenn so sehr was wie wann wo warum dann nach noch nur auch "
    "über unter bitte leider ohne dass daß wurde",
    "es": "el la los las un una unos unas y o pero de del a al en con por para sin es son era fue ser está estoy están "
    "este esta estos esto eso yo mi mis me nos nuestro su sus se lo le no ni he ha han había puedo puede si muy más "
    "qué que como cómo cuándo cuando dónde donde porque después también ya todo hay",
    "fr": "le la les un une des et ou mais de du à au aux en dans avec pour par sans est sont était être ce cette ces "
    "je mon ma mes me nous notre vous votre il elle son sa ses ne pas j'ai ai a ont avait peut si très plus que qui "
    "comme quand où pourquoi après aussi",
    "it": "il lo la i gli le un una uno e o ma di del della a al alla in con per da è sono era essere questo questa io "
    "mio mia mi ci noi nostro si non ho ha hanno può se molto più che come quando dove perché dopo anche",
    "nl": "de het een en of maar van te in op aan voor met uit bij als is zijn was waren dit dat deze ik mijn mij we "
    "ons u uw hij zij niet geen heb heeft had wordt zou kan kon zo zeer wat hoe wanneer waar waarom dan na nog ook",
    "pt": "o a os as um uma e ou mas de do da dos das em no na com por para sem é são era ser este esta isto eu meu "
    "minha me nós nosso não tenho tem têm tinha pode se muito mais que como quando onde porque depois também já",
}

_WORDS = pl.DataFrame(
    [(language, word) for language, words in FUNCTION_WORDS.items() for word in sorted(set(words.split()))],
    schema={"language": pl.String, "word": pl.String},
    orient="row",
)


def languages(texts: pl.DataFrame) -> pl.DataFrame:
    """The language of each text.

    Args:
        texts: ``row`` (unique), ``text``, and ``said`` (what the source says, null where it says nothing).

    Returns:
        row, language (two letters, or ``und``) and language_basis (text, source, none), in the order of ``texts``.
    """
    words = texts.select("row", pl.col("text").str.to_lowercase().str.extract_all(r"\p{L}[\p{L}']*").alias("word"))
    counted = (
        words.explode("word", empty_as_null=True)
        .join(_WORDS, on="word")
        .group_by("row", "language")
        .len("hits")
        .sort("row", "hits", "language", descending=[False, True, False])
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("language").first().alias("_found"),
            pl.col("hits").first(),
            pl.col("hits").get(1, null_on_oob=True).fill_null(0).alias("_next"),
        )
        .filter((pl.col("hits") >= AT_LEAST) & (pl.col("hits") >= LEAD * pl.col("_next")))
    )
    said = pl.col("said").str.to_lowercase().str.slice(0, 2)
    told = texts.join(counted, on="row", how="left", maintain_order="left")
    basis = pl.when(pl.col("_found").is_not_null()).then(pl.lit("text"))
    return told.select(
        "row",
        pl.coalesce("_found", said, pl.lit(UNDECIDED)).alias("language"),
        basis.when(said.is_not_null()).then(pl.lit("source")).otherwise(pl.lit("none")).alias("language_basis"),
    )
