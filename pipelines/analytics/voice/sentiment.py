"""Whether a text is a compliment or a complaint, learned from the stars customers gave beside their texts.

Belongs here: the model, how well it does on later texts, its fingerprint. Stays out: which texts are rated
(``labels.py``), and word lists: they know no German "Der Versand war teuer" from the English "war".

TF-IDF of words (1-2) and letters within words (3-5), then logistic regression with the classes weighed alike, one model
for all languages: words are told apart by themselves. The boundary is the one with the best macro-F1 and the chances
are calibrated (Platt) on scores each of which comes from a fit without its text. Learned on the earlier texts only; the
later ones are for judging it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FOLDS = 4
PER_CLASS = 40
"""Fewest texts of each mood to learn from; below it there is no model."""

LEARNED = 20_000
"""Newest rated texts a model learns from: more texts hardly help, and take time in proportion."""


@dataclass(frozen=True)
class Sentiment:
    """A fitted model; ``boundary`` is the score from which a text is a compliment, ``digest`` its fingerprint."""

    words: TfidfVectorizer
    letters: TfidfVectorizer
    regression: LogisticRegression
    slope: float
    intercept: float
    boundary: float
    n_learned: int

    @property
    def digest(self) -> str:
        """Equal for equal texts and ratings: what was learned, to six digits."""
        parts = (
            sorted(self.words.vocabulary_),
            sorted(self.letters.vocabulary_),
            np.round([*self.regression.coef_[0], self.slope, self.intercept, self.boundary], 6).tolist(),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]

    def scores(self, texts: Sequence[str]) -> Floats:
        """How far each text is on the side of compliments; below ``boundary`` it is a complaint."""
        if not texts:
            return np.empty(0)
        features = sparse.hstack([self.words.transform(texts), self.letters.transform(texts)]).tocsr()
        return np.asarray(self.regression.decision_function(features), dtype=np.float64)

    def chances(self, scores: Floats) -> Floats:
        """Calibrated chance that a text is a compliment."""
        return np.asarray(expit(self.slope * scores + self.intercept), dtype=np.float64)


def learn(texts: Sequence[str], is_positive: Bools) -> Sentiment | None:
    """The model of these texts; None where one of the moods has too few.

    The same texts in the same order give the same model, whatever the machine does beside.
    """
    texts, is_positive = list(texts)[-LEARNED:], is_positive[-LEARNED:]
    if min(int(is_positive.sum()), int((~is_positive).sum())) < PER_CLASS:
        return None
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float64)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True, dtype=np.float64)
    features = sparse.hstack([words.fit_transform(texts), letters.fit_transform(texts)]).tocsr()
    regression = LogisticRegression(C=4.0, class_weight="balanced", solver="liblinear", random_state=0, max_iter=200)
    # Folds are runs of time: texts of one day resemble each other.
    folds = StratifiedKFold(FOLDS)
    unseen = cross_val_predict(regression, features, is_positive, cv=folds, method="decision_function")
    platt = LogisticRegression(C=1e6).fit(unseen.reshape(-1, 1), is_positive)
    return Sentiment(
        words=words,
        letters=letters,
        regression=regression.fit(features, is_positive),
        slope=float(platt.coef_[0, 0]),
        intercept=float(platt.intercept_[0]),
        boundary=best_boundary(unseen, is_positive),
        n_learned=len(texts),
    )


def best_boundary(scores: Floats, is_positive: Bools) -> float:
    """The score between two texts that parts them with the best macro-F1."""
    order = np.argsort(scores, kind="stable")
    ranked, sorted_scores = is_positive[order], scores[order]
    # With the first k texts called complaints: true and false complaints, and what is missed.
    complaints = np.concatenate([[0], np.cumsum(~ranked)]).astype(np.float64)
    called = np.arange(len(ranked) + 1, dtype=np.float64)
    right = complaints[-1]
    f1 = macro_f1(
        true_negative=complaints,
        false_negative=called - complaints,
        false_positive=right - complaints,
        true_positive=len(ranked) - right - (called - complaints),
    )
    cut = int(np.argmax(f1))
    edges = np.concatenate([[sorted_scores[0] - 1], sorted_scores, [sorted_scores[-1] + 1]])
    return float((edges[cut] + edges[cut + 1]) / 2)


def macro_f1(*, true_negative: Floats, false_negative: Floats, false_positive: Floats, true_positive: Floats) -> Floats:
    """Mean of the F1 of complaints and of compliments, ``2 t / (2 t + wrong)`` each; a mood that is nowhere has 0.

    ``false_negative`` are compliments called complaints, ``false_positive`` complaints called compliments.
    """
    wrong = false_negative + false_positive
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = [np.nan_to_num(2 * true / (2 * true + wrong)) for true in (true_negative, true_positive)]
    return np.asarray((parts[0] + parts[1]) / 2)
