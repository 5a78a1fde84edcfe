"""Themes in texts the taxonomy leaves unlabelled: what to call them by, and which texts stand alone.

Belongs here: grouping texts of one language, weights of their words. Stays out: which texts (``themes.py``).

Non-negative matrix factorisation of TF-IDF, begun from the singular vectors, so that the same texts give the same
themes. A text belongs to the theme whose words it is most like, if it is like enough; else it stands alone. Words weigh
by how rare they are in all texts of the language: thanks and greetings stand in labelled texts as well, and found no
theme.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from pipelines.analytics.voice.languages import FUNCTION_WORDS

Floats = NDArray[np.float64]

WORD = r"(?u)\b[^\W\d_]{2,}\b"
"""Two letters or more; numbers and the brackets of what was redacted are no words."""
TEXTS_A_THEME = 15
MOST_THEMES = 12
"""A theme is looked for in every so many texts of a language, up to so many: more are read by nobody."""
ALIKE = 0.2
"""Least cosine between a text and the theme it is most like; below it a text stands alone."""
MOST_WORDS = 3_000
"""Commonest words themes are looked for in: rarer ones cost time, and part no theme from another."""
WORDS = 5
"""Words a theme is called by."""


def themes(texts: Sequence[str], every: Sequence[str], language: str) -> Floats:
    """The theme of each text, counted from 0; -1 where it stands alone.

    Args:
        texts: the texts to be grouped, all of one language.
        every: texts of the language whose words say which words are common; labelled ones among them.
        language: the language, whose function words are left out.
    """
    n_themes = min(MOST_THEMES, len(texts) // TEXTS_A_THEME)
    alone = np.full(len(texts), -1.0)
    if n_themes < 1:
        return alone
    words = TfidfVectorizer(
        min_df=3,
        max_features=MOST_WORDS,
        sublinear_tf=True,
        stop_words=stop_words(language),
        token_pattern=WORD,
    )
    try:
        words.fit(every)
    except ValueError:  # no word is left: the texts are function words, or all different
        return alone
    features = words.transform(texts)
    model = NMF(n_components=min(n_themes, *features.shape), init="nndsvda", tol=1e-3, max_iter=500, random_state=0)
    likeness = np.asarray(features @ normalize(model.fit(features).components_).T, dtype=np.float64)
    return np.where(likeness.max(axis=1) >= ALIKE, likeness.argmax(axis=1), alone)


def stop_words(language: str) -> list[str]:
    """Words that name nothing: function words, and what stands where something was redacted."""
    return sorted({*FUNCTION_WORDS[language].split(), "email", "card", "order", "phone", "name"})


def class_tf_idf(counts: Sequence[Floats]) -> Floats:
    """c-TF-IDF of words in classes: ``tf ln(1 + A / f)`` (Grootendorst 2022), rows are classes, columns words.

    ``tf`` is the word's share of its class (L1), ``A`` the mean number of words of a class, ``f`` the word's count in
    all classes.
    """
    dense = np.asarray(counts, dtype=np.float64)
    sizes = dense.sum(axis=1, keepdims=True)
    share = dense / np.where(sizes > 0, sizes, 1.0)
    total = dense.sum(axis=0)
    return np.asarray(share * np.log1p(sizes.mean() / np.where(total > 0, total, 1.0)), dtype=np.float64)
