"""The notebook's numbers, with Keras 2's and with Keras 3's RMSprop.

    python examples/benchmarks/bench_notebook_facts.py [--seeds 3]

Keras 3 divides a gradient by sqrt(v + epsilon), Keras 2 by sqrt(v) + epsilon, where v
is its mean square. With ``optimizer__epsilon=1e-14``, the formula of Keras 3 gives
nearly the same steps as Keras 2 with its default, 1e-7. The script repeats the
notebook's holdout and its K-fold validation with both, and prints the smallest and the
largest value over the seeds, as two tables for `docs/user_guide/notebook.md`. It needs
the 25,000 test reviews, so Stanford's archive: see `skimdb.datasets.fetch_imdb`.
"""

import numpy as np
from harness.options import count, make_parser
from sklearn.model_selection import KFold

from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

EPSILONS = {"`optimizer__epsilon=1e-14`": 1e-14, "default": 1e-7}
# Decimals, and the notebook's own number.
HOLDOUT = {
    "best epoch": (0, "4"),
    "validation loss there": (3, "0.278"),
    "validation accuracy there": (3, "0.890"),
    "test accuracy there": (3, "0.885"),
    "training loss, epoch 20": (3, "0.006"),
    "validation loss, epoch 20": (3, "0.638"),
    "test accuracy, epoch 20": (3, "0.844"),
}
KFOLD = {
    "best epoch of the mean curve": (0, "11"),
    "test accuracy after the refit": (3, "0.832"),
}


def main():
    parser = make_parser(__doc__, source=False)
    parser.add_argument("--seeds", type=count, default=3)
    seeds = range(parser.parse_args().seeds)
    train = fetch_imdb(source="stanford")
    test = fetch_imdb("test", source="stanford")
    # Keras counts the words of all reviews, and its columns include three markers.
    vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras")
    X, X_test = vectorizer.fit_transform(train.data), vectorizer.transform(test.data)
    parts = (X[10_000:], train.target[10_000:], X[:10_000], train.target[:10_000])

    def run_holdout(params):
        return measure_holdout(params, *parts, X_test, test.target)

    def run_kfold(params):
        return measure_kfold(params, X[:1000], train.target[:1000], X_test, test.target)

    for rows, measure in [(HOLDOUT, run_holdout), (KFOLD, run_kfold)]:
        results = {
            name: [
                measure({"optimizer__epsilon": epsilon, "random_state": seed})
                for seed in seeds
            ]
            for name, epsilon in EPSILONS.items()
        }
        print_table(rows, results)


def measure_holdout(params, X, y, X_val, y_val, X_test, y_test):
    """Train on 15,000 reviews for 20 epochs, and validate on 10,000."""
    last = KerasMLPClassifier(size=16, epochs=20, batch_size=512, **params)
    best = KerasMLPClassifier(**last.get_params()).set_params(
        early_stopping=True, n_iter_no_change=np.inf
    )
    last.fit(X, y, X_val=X_val, y_val=y_val)
    best.fit(X, y, X_val=X_val, y_val=y_val)
    history, at_best = last.history_, last.best_epoch_ - 1
    return [
        last.best_epoch_,
        history["val_loss"][at_best],
        history["val_accuracy"][at_best],
        best.score(X_test, y_test),
        history["loss"][-1],
        history["val_loss"][-1],
        last.score(X_test, y_test),
    ]


def measure_kfold(params, X, y, X_test, y_test):
    """Search the epochs in 4 folds, and refit on all samples."""
    classifier = KerasMLPClassifier(size=32, batch_size=256, **params)
    search = EpochSearchCV(classifier, max_epochs=30, cv=KFold(4)).fit(X, y)
    return [search.best_epoch_, search.score(X_test, y_test)]


def print_table(rows, results):
    print(f"\n| | notebook | {' | '.join(results)} |")
    print("| --- " * (2 + len(results)) + "|")
    for place, (row, (decimals, notebook)) in enumerate(rows.items()):
        cells = [
            join_extremes([values[place] for values in runs], decimals)
            for runs in results.values()
        ]
        print(f"| {row} | {notebook} | {' | '.join(cells)} |")


def join_extremes(values, decimals):
    """Write the smallest and the largest value, or one if they look the same."""
    texts = [f"{value:.{decimals}f}" for value in (min(values), max(values))]
    return "–".join(dict.fromkeys(texts))  # noqa: RUF001, a range


if __name__ == "__main__":
    main()
