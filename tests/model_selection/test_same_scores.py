"""Split scores equal those of GridSearchCV at the epochs that the search finds."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import (
    load_digits,
    make_classification,
    make_multilabel_classification,
)
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    fbeta_score,
    log_loss,
    make_scorer,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler

from skimdb import EpochSearchCV, KerasMLPClassifier

N_SAMPLES = 90
N_EPOCHS = 4


def score_weighed(estimator, X, y, sample_weight=None):
    return accuracy_score(y, estimator.predict(X), sample_weight=sample_weight)


def score_two(estimator, X, y):
    proba = estimator.predict_proba(X)
    return {"top": proba.max(), "accuracy": estimator.score(X, y)}


NAMES = [
    *("accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "f1_micro"),
    *("roc_auc_ovr", "roc_auc_ovo", "neg_log_loss", "neg_brier_score"),
    *("matthews_corrcoef", "precision_macro", "recall_macro", "jaccard_macro"),
    *("d2_log_loss_score", "top_k_accuracy"),
]
BINARY_NAMES = [
    *("roc_auc", "average_precision", "f1", "precision", "recall", "jaccard"),
]
MULTILABEL_NAMES = [
    *("accuracy", "f1_macro", "f1_samples", "roc_auc", "average_precision"),
    *("jaccard_samples",),
]
OWN_SCORERS = [
    make_scorer(fbeta_score, beta=2, average="macro"),
    make_scorer(log_loss, greater_is_better=False, response_method="predict_proba"),
    make_scorer(balanced_accuracy_score, adjusted=True),
    score_weighed,
    score_two,
    {"one": "accuracy", "two": "f1_macro", "three": score_weighed},
    ["f1_macro", "accuracy"],
]
LABELS = {
    "codes": lambda y: y % 2,
    "strings": lambda y: np.where(y % 2, "good", "bad"),
    "numbers": lambda y: y % 2 + 1,
    "truth": lambda y: y % 2 == 1,
    "signs": lambda y: y % 2 * 2 - 1,
    "three": lambda y: y,
    "three strings": lambda y: np.array(["a", "b", "c"])[y],
    "rare": lambda y: np.where(
        np.arange(len(y)) < 4, "rare", np.where(y % 2, "x", "y")
    ),
}


def draw_case(seed):
    """Draw data, an estimator, a grid, a splitter, a scorer and weights."""
    rng = np.random.default_rng(seed)

    def choose(options):
        return options[rng.integers(len(options))]

    X, y = make_classification(
        N_SAMPLES, 12, n_informative=6, n_classes=3, flip_y=0.2, random_state=seed
    )
    labels = choose([*LABELS, "multilabel"])
    if labels == "multilabel":
        X, y = make_multilabel_classification(N_SAMPLES, 12, random_state=seed)
        names = MULTILABEL_NAMES
    else:
        y = LABELS[labels](y)
        names = NAMES + BINARY_NAMES * (len(np.unique(y)) == 2)
    own = rng.random() < 0.25 and labels != "multilabel"
    scoring = choose(OWN_SCORERS) if own else choose(names)
    X = choose([X, X.astype(np.float32), scipy.sparse.csr_array(X * (X > 0.5))])
    classifier = KerasMLPClassifier(
        size=choose([2, (4, 3)]),
        learning_rate=choose([0.01, 0.1]),
        batch_size=choose([16, 512]),
        activation=choose(["relu", "tanh"]),
        optimizer=choose(["rmsprop", "adam", "sgd"]),
        class_weight=None if labels == "multilabel" else choose([None, "balanced"]),
        random_state=int(rng.integers(100)),
    )
    front = choose([[], [MaxAbsScaler()], [FunctionTransformer(), MaxAbsScaler()]])
    estimator = make_pipeline(*front, classifier) if front else classifier
    prefix = "kerasmlpclassifier__" * bool(front)
    grid = choose([{}, {"l2": [0.0, 0.1]}, {"dropout": [0.0, 0.5], "size": [2, 3]}])
    folds = np.arange(N_SAMPLES) % 3
    splitters = [
        KFold(3),
        StratifiedKFold(2) if y.ndim == 1 else KFold(2),
        ShuffleSplit(2, random_state=seed),
        RepeatedKFold(n_splits=2, n_repeats=2, random_state=seed),
        GroupKFold(3),
        PredefinedSplit(np.where(folds == 2, 0, -1)),
    ]
    cv = choose(splitters)
    params = {"groups": folds} if isinstance(cv, GroupKFold) else {}
    if rng.random() < 0.5:
        params[f"{prefix}sample_weight"] = rng.uniform(0.1, 3, N_SAMPLES)
    return {
        "data": (X, y),
        "estimator": estimator,
        "grid": {prefix + name: values for name, values in grid.items()},
        "options": {"cv": cv, "return_train_score": bool(rng.random() < 0.5)},
        "scoring": scoring,
        "params": params,
    }


def choose_monitor(scoring):
    if isinstance(scoring, str):
        return scoring
    if scoring is score_two:
        return "top"
    return next(iter(scoring)) if isinstance(scoring, dict | list) else "score"


def compare_scores(case):
    """Compare all split scores with those of GridSearchCV, NaN included."""
    X, y = case["data"]
    scoring = case["scoring"]
    name = choose_monitor(scoring)
    search = EpochSearchCV(
        case["estimator"],
        case["grid"],
        max_epochs=N_EPOCHS,
        scoring=scoring,
        monitor=f"val_{name}",
        **case["options"],
    )
    several = isinstance(scoring, dict | list) or scoring is score_two
    other = GridSearchCV(
        case["estimator"],
        {},
        scoring=scoring,
        refit=name if several else True,
        **case["options"],
    )
    name = name if several else "score"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, y, **case["params"])
        found = search.cv_results_["params"]
        rows = [{k: [value] for k, value in params.items()} for params in found]
        other.set_params(param_grid=rows).fit(X, y, **case["params"])
    assert other.cv_results_["params"] == found
    for column, scores in other.cv_results_.items():
        if column.startswith("split"):
            ours = search.cv_results_[column]
            np.testing.assert_allclose(
                ours, scores, atol=1e-6, rtol=1e-6, err_msg=column
            )
    means = other.cv_results_[f"mean_test_{name}"]
    if not np.isnan(means).any():
        assert search.best_score_ == pytest.approx(other.best_score_, abs=1e-6)
        if search.best_params_ == other.best_params_:
            ours, theirs = search.predict_proba(X), other.predict_proba(X)
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
            assert search.score(X, y) == pytest.approx(other.score(X, y), abs=1e-6)


@pytest.mark.parametrize(
    "seed",
    [*range(15), *(pytest.param(i, marks=pytest.mark.slow) for i in range(15, 25))],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scores_equal_those_of_grid_search(seed):
    compare_scores(draw_case(seed))


def compare_metric(classifier, X, y, name, **params):
    """Compare a metric of the classifier, monitored without scoring."""
    classifier = classifier.set_params(metrics=(name,))
    search = EpochSearchCV(
        classifier, max_epochs=N_EPOCHS, cv=KFold(3), monitor=f"val_{name}"
    )
    other = GridSearchCV(classifier, {}, cv=KFold(3), scoring=name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, y, **params)
        other.set_params(param_grid={"epochs": [search.best_epoch_]})
        other.fit(X, y, **params)
    for split in range(3):
        column = f"split{split}_test_score"
        np.testing.assert_allclose(
            search.cv_results_[column], other.cv_results_[column], atol=1e-6
        )
    assert search.score(X, y) == pytest.approx(other.score(X, y), abs=1e-6)
    return search


def make_classifier(**params):
    defaults = {"size": 4, "learning_rate": 0.03, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "f1", "average_precision"])
def test_metrics_of_the_classifier(name, weighed):
    X, y = make_classification(N_SAMPLES, flip_y=0.2, random_state=0)
    weight = np.linspace(0.1, 3, N_SAMPLES)
    params = {"sample_weight": weight} if weighed else {}
    for dtype in (np.float64, np.float32):
        compare_metric(make_classifier(), X.astype(dtype), y, name, **params)


def test_metrics_of_saturated_networks():
    X, y = make_classification(N_SAMPLES, flip_y=0.2, random_state=0)
    classifier = make_classifier(learning_rate=0.5, size=8)
    compare_metric(classifier, 100 * X.astype(np.float32), y, "roc_auc")


def test_average_precision_of_many_classes():
    X, y = load_digits(return_X_y=True)
    compare_metric(make_classifier(size=8), X[:300] / 16, y[:300], "average_precision")


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "f1_macro"])
def test_labels_that_only_the_validation_part_has(name, weighed):
    X, y = make_classification(N_SAMPLES, flip_y=0.2, random_state=0)
    y = np.where(y == 1, "yes", "no").astype(object)
    y[[3, 7]] = "perhaps"  # in the first fold of three only
    params = {"sample_weight": np.linspace(0.1, 3, N_SAMPLES)} if weighed else {}
    search = compare_metric(make_classifier(), X, y, name, **params)
    assert np.isfinite(search.history_["val_loss"]).all()
    with pytest.warns(UserWarning, match=r"split 0 has labels .* \['perhaps'\]"):
        EpochSearchCV(make_classifier(), max_epochs=30, cv=KFold(3)).fit(X, y)


def test_candidates_that_record_different_metrics_of_unseen_labels():
    X, y = make_classification(N_SAMPLES, flip_y=0.2, random_state=0)
    y[[3, 7]] = 2
    pipe = make_pipeline(MaxAbsScaler(), make_classifier())
    options = {"max_epochs": N_EPOCHS, "cv": KFold(3), "monitor": "val_loss"}
    metrics = [["accuracy"], ["f1_macro"], ["balanced_accuracy"]]
    names = [f"val_{name}" for (name,) in metrics]

    def search_curves(*tried):
        grid = {"kerasmlpclassifier__metrics": tried}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search = EpochSearchCV(pipe, grid, refit=False, **options).fit(X, y)
        return search.history_.set_index("candidate")

    together = search_curves(*metrics)
    for i, name in enumerate(names):
        alone = search_curves(metrics[i]).loc[0, name]
        np.testing.assert_array_equal(together.loc[i, name], alone)
        assert np.isfinite(alone).all()


def test_labels_whose_samples_have_no_weight():
    X, y = make_classification(N_SAMPLES, flip_y=0.2, random_state=0)
    y[[3, 40]] = 2
    weight = np.ones(N_SAMPLES)
    weight[40] = 0
    compare_metric(make_classifier(), X, y, "accuracy", sample_weight=weight)


def test_a_validation_part_of_unseen_labels_only():
    X, y = make_classification(
        N_SAMPLES, n_informative=4, n_classes=3, flip_y=0, random_state=0
    )
    order = np.argsort(y)
    search = compare_metric(make_classifier(), X[order], y[order], "accuracy")
    assert search.best_score_ == 0
    with (
        pytest.warns(UserWarning, match="Stratified splits keep all labels"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search = EpochSearchCV(make_classifier(), max_epochs=3, cv=KFold(3)).fit(
            X[order], y[order]
        )
    assert np.isnan(search.best_score_)


def test_weights_count_in_the_validation_loss():
    X, y = make_classification(N_SAMPLES, flip_y=0.2, random_state=0)
    weight = np.linspace(0.1, 3, N_SAMPLES)
    options = {"max_epochs": 3, "cv": KFold(3), "scoring": "neg_log_loss"}
    search = EpochSearchCV(make_classifier(), **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = search.fit(X, y, sample_weight=weight).history_
    np.testing.assert_allclose(history["val_loss"], -history["val_neg_log_loss"])


def score_undefined(value):
    """Scorer that returns a value, or raises an error."""

    def score(estimator, X, y):
        if isinstance(value, Exception):
            raise value
        return value if X[0, 0] < 0.5 else 0.5  # of some splits

    return score


UNDEFINED = {
    "NaN": score_undefined(float("nan")),
    "infinite": score_undefined(float("inf")),
    "error": score_undefined(RuntimeError("no score")),
    "several": {"a": score_undefined(float("nan")), "b": "accuracy"},
    "roc_auc": "roc_auc",
    "neg_log_loss": "neg_log_loss",
    "f1 of strings": "f1",
}


@pytest.mark.parametrize("error_score", [np.nan, 0.0])
@pytest.mark.parametrize("kind", UNDEFINED)
def test_undefined_scores_are_those_of_grid_search(kind, error_score):
    """One class in a fold, NaN, infinity, errors: the value and the warning."""
    X, y = make_classification(N_SAMPLES, flip_y=0, random_state=0)
    if kind in ("roc_auc", "neg_log_loss"):
        y = np.where(np.arange(N_SAMPLES) < 30, 0, y)
    elif kind == "f1 of strings":
        y = np.where(y, "good", "bad")
    scoring = UNDEFINED[kind]
    options = {"cv": KFold(3), "scoring": scoring, "error_score": error_score}
    name = "a" if kind == "several" else "score"
    classifier = make_classifier()
    monitor = f"val_{scoring if isinstance(scoring, str) else name}"
    search = EpochSearchCV(classifier, max_epochs=3, monitor=monitor, **options)
    refit = "a" if kind == "several" else True
    other = GridSearchCV(classifier, {"epochs": [3]}, refit=refit, **options)
    seen = []
    for fitted in (search, other):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted.fit(X, y)
        seen.append({"non-finite" in str(w.message) for w in caught})
    ours = search.history_.query("epoch == 3").sort_values("fold")[monitor]
    theirs = [other.cv_results_[f"split{i}_test_{name}"][0] for i in range(3)]
    failed = ours.isna().to_numpy() & (np.array(theirs) == error_score)
    np.testing.assert_allclose(np.where(failed, theirs, ours), theirs, atol=1e-6)
    best = other.cv_results_[f"mean_test_{name}"][0]
    if search.best_epoch_ == 3:
        assert search.best_score_ == pytest.approx(best, abs=1e-6, nan_ok=True)
    assert (True in seen[0]) == (True in seen[1])


def test_scorers_that_fail_on_a_split_are_named():
    X, y = make_classification(N_SAMPLES, flip_y=0, random_state=0)
    y = np.where(np.arange(N_SAMPLES) < 30, 0, y)  # one class in the first fold
    options = {"max_epochs": 5, "cv": KFold(3), "scoring": ["neg_log_loss", "f1"]}
    search = EpochSearchCV(make_classifier(), monitor="val_f1", **options)
    message = r"scorer 'neg_log_loss' failed for candidate 0 in 1 of 3 splits"
    with (
        pytest.warns(UserWarning, match=message),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search.fit(X, y)
    assert np.isfinite(search.best_score_)
    assert np.isnan(search.cv_results_["split0_test_neg_log_loss"]).all()
    with pytest.raises(ValueError, match="labels"):
        search.set_params(error_score="raise").fit(X, y)
    assert np.isnan(search.cv_results_["split0_test_neg_log_loss"]).all()  # as it was
    with pytest.warns(UserWarning, match=message):
        search.set_params(error_score=-9.0).fit(X, y)
    assert search.cv_results_["split0_test_neg_log_loss"] == [-9]
