"""Metrics of Keras, by name."""

import inspect

import keras
import numpy as np
from sklearn.metrics import get_scorer_names

from skimdb._messages import suggest_nearest


def make_metric(name, n_outputs, *, multilabel):
    """Make a function that computes a metric of Keras.

    Parameters
    ----------
    name : str
    n_outputs : int
        Units of the last layer.
    multilabel : bool
        Whether each unit stands for a label of its own.

    Returns
    -------
    measure : callable
        Takes targets, outputs and logits of shape (n_samples, n_outputs), and weights.

    Raises
    ------
    ValueError
        If Keras has no metric of that name, if it needs arguments, or if it has no
        meaning for these outputs.
    """
    try:
        metric = keras.metrics.get(name)
    except ValueError:
        classes = (n for n, v in vars(keras.metrics).items() if inspect.isclass(v))
        raise ValueError(
            f"Unknown metric {name!r}: it is neither the name of a scikit-learn scorer "
            "(see sklearn.metrics.get_scorer_names()) nor of a Keras metric."
            f"{suggest_nearest(name, [*get_scorer_names(), *classes])}"
        ) from None
    except TypeError as error:
        raise ValueError(
            f"Metric {name!r} of Keras cannot be made from its name alone: {error}. "
            "Use a metric without arguments, or compute it in a callback."
        ) from error
    takes_numbers = type(metric).__name__.startswith("Sparse")
    if multilabel and takes_numbers:
        raise ValueError(
            f"Metric {name!r} of Keras needs one class per sample, but these samples "
            "have several labels each. Use 'BinaryAccuracy', for example."
        )

    def measure(targets, outputs, logits, weights):
        if takes_numbers:
            targets = targets.argmax(axis=1) if n_outputs > 1 else targets[:, 0]
        if (weights == 1).all():
            weights = None
        elif "int" in str(metric.dtype):
            raise ValueError("it would round the sample weights to integers.")
        # Some metrics accept float32 only. Cross-entropies use the logits, which Keras
        # attaches to the outputs of an activation.
        outputs = keras.ops.convert_to_tensor(outputs.astype("float32"))
        outputs._keras_logits = keras.ops.convert_to_tensor(logits.astype("float32"))
        metric.reset_state()
        metric.update_state(targets.astype("float32"), outputs, sample_weight=weights)
        return np.mean(metric.result())  # some have a value per class

    if not _has_meaning(measure, n_outputs):
        raise ValueError(
            f"Metric {name!r} of Keras has no meaning for a network with {n_outputs} "
            "outputs; for two classes there is one. Use 'accuracy', 'f1' or another "
            "scorer of scikit-learn, or a metric of Keras such as 'BinaryCrossentropy'."
        )
    return measure


def _has_meaning(measure, n_outputs):
    """Whether a metric works, and tells good predictions from bad ones of one output.

    Many metrics of Keras compare the outputs of a sample, and so are constant for one.
    """
    targets = np.eye(2, n_outputs)
    good = 0.1 + 0.7 * targets
    try:
        values = [measure(targets, p, np.log(p), np.ones(2)) for p in (good, 1 - good)]
    except Exception:
        return False
    return n_outputs > 1 or abs(values[0] - values[1]) > 0
