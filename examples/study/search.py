"""The search for the best model of your own texts.

It narrows the choice in steps, on the same folds: a linear model compares the columns,
and the networks compete on the best columns only. Baselines have columns of their own.
"""

import pickle
import time
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import parallel_config
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer

SHORT = 500  # characters; for longer texts, columns of characters take too long
LONG_WORDS = 15  # characters between blanks: a language without blanks
PATIENCE = 4  # epochs
MAX_COLUMNS = 100_000  # of a linear model
NETWORK_COLUMNS = 20_000
LINEAR, NARROW = (0, 1), (2, 16)  # layers and units; the narrow one is the notebook's


class Columns(NamedTuple):
    """What the columns of the matrix are."""

    analyzer: str
    longest: int  # words or characters
    idf: bool

    @property
    def name(self):
        """Name for tables."""
        names = {1: "words", 2: "words and pairs"}
        name = names.get(self.longest, f"1 to {self.longest} words")
        if self.analyzer != "word":
            name = f"2 to {self.longest} characters"
        return name + ", idf" * self.idf

    @property
    def params(self):
        """Parameters of a pipeline."""
        shortest = 1 if self.analyzer == "word" else 2
        return {
            "vectorizer__analyzer": self.analyzer,
            "vectorizer__ngram_range": (shortest, self.longest),
            "idf": TfidfTransformer() if self.idf else "passthrough",
        }


PLAIN = Columns("word", 1, False)  # of the notebook


@dataclass
class Model:
    """A candidate, and how good it is."""

    name: str
    pipe: Pipeline
    scores: list  # accuracy on each fold
    kind: str  # "baseline", "linear model" or "network"
    seconds: float = np.nan  # of training on all training texts
    megabytes: float = np.nan
    right: np.ndarray = field(default=None, repr=False)  # by test text

    @property
    def accuracy(self):
        """Mean accuracy on the folds."""
        return np.mean(self.scores)

    @property
    def rank(self):
        """Key to sort by: equally accurate models by probabilities, then by size."""
        has_probabilities = hasattr(self.pipe, "predict_proba")
        return round(self.accuracy, 6), has_probabilities, -self.megabytes


def make_pipeline(classifier, vectorizer=None, idf="passthrough"):
    """Make a pipeline of a vectorizer, idf weights or nothing, and a classifier."""
    vectorizer = vectorizer or TextMultiHotVectorizer(MAX_COLUMNS)
    return Pipeline(
        [("vectorizer", vectorizer), ("idf", idf), ("classifier", classifier)]
    )


def list_columns(texts, lengths, quick):
    """List the columns to compare: words, n-grams, characters if texts are short."""
    columns = [Columns("word", n, idf) for n in lengths for idf in (False, True)]
    if pd.Series(texts).str.len().median() <= SHORT or lacks_blanks(texts):
        columns += [] if quick else [Columns("char_wb", 4, True)]
    return columns


def lacks_blanks(texts):
    """Whether the language of the texts does not separate words by blanks."""
    texts = pd.Series(texts)
    return texts.str.len().sum() > LONG_WORDS * texts.str.split().str.len().sum()


def score_folds(name, pipe, data, splits, report):
    """Train a pipeline on each split, and list its accuracies."""
    scores = []
    for train, validation in splits:
        fitted = clone(pipe).fit(data.texts[train], data.y[train])
        scores.append(fitted.score(data.texts[validation], data.y[validation]))
        report.count_fit(f"{name}: {scores[-1]:.1%}")
    return scores


def score_models(pipes, kind, data, report):
    """Score pipelines on the folds, without those that cannot be trained.

    Parameters
    ----------
    pipes : dict of str to Pipeline
    kind : str
        As in Model.
    data : Bunch
    report : Report

    Returns
    -------
    models : list of Model
    """
    models = []
    for name, pipe in pipes.items():
        try:
            scores = score_folds(name, pipe, data, data.splits, report)
            models.append(Model(name, pipe, scores, kind))
        except ValueError as error:  # no word of two letters
            report.text(f"{name} is left out: {error}.")
    return models


def compare_columns(data, columns, report):
    """Score a linear model with each kind of columns; return a dict of models."""
    pipe = make_pipeline(LinearSVC(random_state=0))
    pipes = {
        f"{kind.name}; LinearSVC": clone(pipe).set_params(**kind.params)
        for kind in columns
    }
    models = score_models(pipes, "linear model", data, report)
    return dict(zip(columns, models, strict=True))


def list_networks(columns, shapes):
    """List networks by name.

    Parameters
    ----------
    columns : iterable of Columns
    shapes : iterable of (int, int)
        Number of hidden layers, and of units in each.

    Returns
    -------
    networks : dict of str to dict
        Parameters for an epoch search.
    """
    networks = {}
    for kind, (n_layers, size) in product(columns, shapes):
        names = ["linear network", f"{size:,} units, dropout 0.5"]
        names += [f"two layers of {size:,} units"]
        networks[f"{kind.name}; {names[n_layers]}"] = kind.params | {
            "classifier__n_hidden_layers": n_layers,
            "classifier__size": size,
            "classifier__dropout": 0.5 if n_layers == 1 else 0.0,
            "classifier__learning_rate": 0.005 if n_layers else 0.05,
        }
    return networks


def search_networks(data, networks, options, report):
    """Train networks on all folds until their mean curve has turned.

    Returns
    -------
    models : list of Model
    curves : DataFrame
        The `history_` of the search.
    """
    sizes = [size for size in (512, 256, 128, 64) if 8 * size <= len(data.y)]
    size = max(sizes, default=32)
    classifier = KerasMLPClassifier(
        optimizer="adam", batch_size=size, random_state=options.seed
    )
    pipe = make_pipeline(classifier, TextMultiHotVectorizer(NETWORK_COLUMNS))
    report.expect_fits(len(networks) * len(data.splits))
    models, curves = [], []
    for name, params in networks.items():
        search = EpochSearchCV(
            pipe,
            {name: params},
            max_epochs=options.epochs,
            cv=data.splits,
            n_iter_no_change=PATIENCE,
            refit=False,
            memory=report.memory,
        )
        with parallel_config("threading", n_jobs=-1):  # processes take seconds to start
            search.fit(data.texts, data.y)
        curves.append(search.history_)
        at_best = search.history_["epoch"] == search.best_epoch_
        scores = search.history_.loc[at_best, "val_accuracy"].tolist()
        for score in scores:
            report.count_fit(f"{name}: {score:.1%}")
        kind = "network" if params["classifier__n_hidden_layers"] else "linear model"
        model = clone(pipe).set_params(**search.best_params_)
        models.append(Model(name, model, scores, kind))
    return models, pd.concat(curves)


def list_baselines():
    """List usual models by name, with words of scikit-learn's vectorizer."""
    tfidf = {"vectorizer": CountVectorizer(), "idf": TfidfTransformer()}
    return {
        "Most frequent class": make_pipeline(DummyClassifier()),
        "Naive Bayes": make_pipeline(MultinomialNB(), CountVectorizer()),
        "Tfidf + LogisticRegression": make_pipeline(
            LogisticRegression(max_iter=1000), **tfidf
        ),
        "Tfidf + LinearSVC": make_pipeline(LinearSVC(random_state=0), **tfidf),
    }


def test_model(model, data):
    """Train a model on all training texts, and test it."""
    start = time.process_time()
    model.pipe.fit(data.texts, data.y)
    model.seconds = time.process_time() - start
    model.megabytes = len(pickle.dumps(model.pipe)) / 1e6
    model.right = model.pipe.predict(data.test_texts) == data.y_test


def add_probabilities(model, data):
    """Return a fitted pipeline that predicts probabilities; its classes are the same.

    One temperature for all decisions leaves the largest one the largest.
    """
    if hasattr(model.pipe, "predict_proba"):
        return model.pipe
    calibrated = CalibratedClassifierCV(
        model.pipe["classifier"], method="temperature", ensemble=False, cv=data.splits
    )
    pipe = clone(model.pipe).set_params(classifier=calibrated)
    pipe.fit(data.texts, data.y)
    pipe["classifier"].set_params(cv=None)  # the folds need not be saved
    return pipe
