"""EpochSearchCV over scikit-learn's estimators, next to GridSearchCV over `max_iter`.

    python examples/benchmarks/bench_epoch_search.py [--rounds 3] [--sgd]

Both compare 1 to 30 epochs of `MLPClassifier` on 1,000 reviews in 4 folds, in turn,
with their default scores: with 16 units, and with the default of 100. With ``--sgd``,
also the seconds of `EpochSearchCV` over `SGDClassifier` on 25,000 reviews.
"""

import warnings

from harness.gauges import clock
from harness.options import count, make_parser
from harness.report import spread
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

from skimdb import EpochSearchCV, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

EPOCHS = 30


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=count, default=3)
    parser.add_argument("--sgd", action="store_true", help="also 25,000 reviews")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of fits that have not converged
    texts, y = fetch_imdb(subset="train", source=options.source, return_X_y=True)
    X = TextMultiHotVectorizer(max_features=10_000).fit_transform(texts)
    few, labels = X[:1000], y[:1000]
    for units in (16, 100):
        mlp = MLPClassifier(units, random_state=0)
        ours = EpochSearchCV(mlp, max_epochs=EPOCHS, cv=4)
        theirs = GridSearchCV(mlp, {"max_iter": list(range(1, EPOCHS + 1))}, cv=4)
        times = {"EpochSearchCV": [], "GridSearchCV": []}
        for _ in range(options.rounds):
            for name, search in zip(times, (ours, theirs), strict=True):
                times[name].append(clock(search.fit, few, labels)[0])
        for name, seconds in times.items():
            print(f"{name}, {mlp}, 1,000 reviews: {spread(seconds)} s")
        ratios = [b / a for a, b in zip(*times.values(), strict=True)]
        print(f"GridSearchCV takes {spread(ratios, 1)} times as long.")
    if options.sgd:
        sgd = SGDClassifier(loss="log_loss", random_state=0)
        search = EpochSearchCV(sgd, max_epochs=EPOCHS, cv=4)
        seconds = [clock(search.fit, X, y)[0] for _ in range(options.rounds)]
        print(
            f"EpochSearchCV, SGDClassifier, {X.shape[0]:,} reviews: {spread(seconds)} "
            f"s; best epoch {search.best_epoch_}, log loss {-search.best_score_:.3f}"
        )


if __name__ == "__main__":
    main()
