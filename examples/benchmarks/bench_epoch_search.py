"""EpochSearchCV against GridSearchCV over the number of epochs: same answer, less time.

Both search 1 to 30 epochs on the first reviews, by the same splits and seeds. The grid
search trains every number of epochs anew: 465 epochs and 30 vocabularies per split, in
place of 30 epochs and one. Before the clock starts, a fit of the same shape has loaded
TensorFlow and compiled the training step.

    python examples/benchmarks/bench_epoch_search.py [--reviews 1000] [--repeat 1]
"""

import argparse
import statistics
import time

from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline

from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb


def measure(search, X, y):
    start = time.perf_counter()
    search.fit(X, y)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reviews", type=int, default=1000)
    parser.add_argument("--max-epochs", type=int, default=30)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--source", default="auto")
    options = parser.parse_args()

    reviews = fetch_imdb(subset="train", source=options.source)
    X, y = reviews.data[: options.reviews], reviews.target[: options.reviews]
    pipe = make_pipeline(
        TextMultiHotVectorizer(),
        KerasMLPClassifier(size=32, batch_size=256, random_state=0),
    )
    epochs = range(1, options.max_epochs + 1)
    ours = EpochSearchCV(pipe, max_epochs=options.max_epochs, cv=KFold(4))
    grid = GridSearchCV(
        pipe,
        {"kerasmlpclassifier__epochs": epochs},
        cv=KFold(4),
        scoring="neg_log_loss",
    )
    EpochSearchCV(pipe, max_epochs=1, cv=KFold(4)).fit(X, y)

    ratios = []
    for _ in range(options.repeat):
        seconds = [measure(search, X, y) for search in (ours, grid)]
        ratios.append(seconds[1] / seconds[0])
        print(
            f"EpochSearchCV {seconds[0]:.1f} s, GridSearchCV {seconds[1]:.1f} s, "
            f"ratio {ratios[-1]:.1f}"
        )
    name = "kerasmlpclassifier__epochs"
    print(
        f"best epoch {ours.best_epoch_} and {grid.best_params_[name]}, best score "
        f"{ours.best_score_:.6f} and {grid.best_score_:.6f}, "
        f"difference {abs(ours.best_score_ - grid.best_score_):.1e}"
    )
    print(f"median ratio {statistics.median(ratios):.1f} (goal: at least 8)")


if __name__ == "__main__":
    main()
