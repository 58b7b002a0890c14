"""A script as users write it. mypy checks that results and attributes have types."""

from typing import Any, assert_type

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    LogCountRatioTransformer,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import decode_review

TEXTS = ["a good film", "a bad film", "good", "bad", "good plot", "bad plot"]
LABELS = [1, 0, 1, 0, 1, 0]


def use_datasets() -> None:
    words = {"good": 1, "film": 2}
    assert_type(decode_review([1, 4, 5], word_index=words), str)


def use_transformers() -> None:
    vectorizer = assert_type(
        TextMultiHotVectorizer(max_features=9).fit(TEXTS), TextMultiHotVectorizer
    )
    assert_type(vectorizer.vocabulary_, dict)
    assert_type(vectorizer.get_feature_names_out(), np.ndarray)
    X = vectorizer.transform(TEXTS)
    ratios = LogCountRatioTransformer().fit(X, LABELS)
    assert_type(ratios, LogCountRatioTransformer)
    ratios.transform(X)


def use_classifier(X: csr_array) -> None:
    classifier = KerasMLPClassifier(4, epochs=3, random_state=0).fit(X, LABELS)
    assert_type(classifier, KerasMLPClassifier)
    assert_type(classifier.history_, dict[str, np.ndarray])
    assert_type(classifier.best_epoch_, int | None)
    assert_type(classifier.n_iter_, int)
    assert_type(classifier.coefs_, list[np.ndarray])
    assert_type(classifier.predict(X), np.ndarray)
    assert_type(classifier.predict_proba(X), np.ndarray)
    assert_type(classifier.decision_function(X), np.ndarray)


def use_search() -> None:
    pipe = make_pipeline(TextMultiHotVectorizer(), KerasMLPClassifier(random_state=0))
    search = EpochSearchCV(pipe, max_epochs=3, cv=2).fit(TEXTS, LABELS)
    assert_type(search, EpochSearchCV)
    assert_type(search.best_epoch_, int)
    assert_type(search.best_score_, float)
    assert_type(search.best_params_, dict[str, Any])
    assert_type(search.cv_results_, dict[str, Any])
    assert_type(search.history_, pd.DataFrame)
    curves = epoch_curve(pipe, TEXTS, LABELS, max_epochs=3, cv=2)
    assert_type(curves, pd.DataFrame)
    assert_type(EpochCurveDisplay.from_search(search), EpochCurveDisplay)


if __name__ == "__main__":
    use_datasets()
    use_transformers()
    use_classifier(TextMultiHotVectorizer().fit_transform(TEXTS))
    use_search()
