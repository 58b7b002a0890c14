"""scikit-learn's estimator checks, counted for four Keras-like classifiers.

    python examples/benchmarks/bench_estimator_checks.py

Each classifier runs all checks that scikit-learn has for it, without expected failures.
"""

import warnings
from collections import Counter

import keras
from harness.options import make_parser
from scikeras.wrappers import KerasClassifier
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import check_estimator
from training.scripts.dense_keras import build_network

from skimdb import KerasMLPClassifier


def build(meta):
    """Build the model for scikeras, which encodes the classes as numbers."""
    n_classes = meta["n_classes_"]
    return build_network(meta["n_features_in_"], 16, 0, 0, n_classes, "softmax")


def build_compiled(X, y):
    """Build the model for Keras's wrapper, which binarizes the labels."""
    kind = "binary" if y.shape[1] == 1 else "categorical"
    activation = "sigmoid" if kind == "binary" else "softmax"
    model = build_network(X.shape[1], 16, 0, 0, y.shape[1], activation)
    model.compile("rmsprop", f"{kind}_crossentropy")
    return model


SHORT = {"epochs": 1, "verbose": 0}
CLASSIFIERS = {
    "skimdb.KerasMLPClassifier": KerasMLPClassifier(),
    "  in TensorFlow": KerasMLPClassifier(backend="tensorflow"),
    "  dropout and L2": KerasMLPClassifier(dropout=0.3, l2=0.01),
    "  early stopping": KerasMLPClassifier(early_stopping=True),
    "  three hidden layers": KerasMLPClassifier((8, 8, 4)),
    "sklearn.MLPClassifier": MLPClassifier(),
    "scikeras.KerasClassifier": KerasClassifier(
        build, optimizer="rmsprop", loss="sparse_categorical_crossentropy", **SHORT
    ),
    "keras.SKLearnClassifier": keras.wrappers.SKLearnClassifier(
        build_compiled, fit_kwargs=SHORT
    ),
}


def main():
    parser = make_parser(__doc__, source=False)
    parser.add_argument("--only", default="", help="part of a name")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    keras.utils.disable_interactive_logging()
    # After a seeded fit of scikeras, TensorFlow needs a seed in this process.
    keras.utils.set_random_seed(0)
    print(f"{'':28}{'passed':>8}{'failed':>8}{'skipped':>8}  is_classifier")
    for name, classifier in CLASSIFIERS.items():
        if options.only not in name:
            continue
        results = check_estimator(classifier, on_fail=None, on_skip=None)
        counts = Counter(result["status"] for result in results)
        print(
            f"{name:28}{counts['passed']:>8}{counts['failed']:>8}"
            f"{counts['skipped']:>8}  {is_classifier(classifier)}",
            flush=True,
        )
        for result in results:
            if result["status"] != "passed":
                print(f"    {result['status']}: {result['check_name']}", flush=True)


if __name__ == "__main__":
    main()
