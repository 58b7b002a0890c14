"""Which metrics are better when smaller."""

import re

# Metrics and losses of Keras that measure an error, under every name that Keras takes:
# lower case, without underscores.
_ERRORS = re.compile(
    "loss|bce|circle|ctc|dice|huber|kld|mae|mape|mse|msle|poisson|tversky"
    "|(sparse)?categoricalcrossentropy|binary(focal)?crossentropy"
    "|categorical(focal|generalized)crossentropy|(categorical|squared)?hinge"
    "|false(negatives|positives)|(kl|kullbackleibler)divergence|logcosh(error)?"
    "|meanabsolute(percentage)?error|(root)?meansquarederror"
    "|meansquaredlogarithmicerror"
)


def lower_is_better(name):
    """Tell whether a metric of a history is better when smaller.

    Parameters
    ----------
    name : str
        Such as ``"val_loss"`` or ``"accuracy"``.

    Returns
    -------
    lower : bool
        True for ``"loss"`` and for the losses and error metrics of Keras; False for
        every other name, since scores are better when larger.
    """
    plain = name.removeprefix("val_").lower().replace("_", "")
    return _ERRORS.fullmatch(plain) is not None
