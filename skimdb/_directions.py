"""Which metrics are better when smaller."""

# Metrics and losses of Keras that measure an error, under every name that Keras takes:
# lower case, without underscores.
_ERRORS = {
    "bce",
    "binarycrossentropy",
    "binaryfocalcrossentropy",
    "categoricalcrossentropy",
    "categoricalfocalcrossentropy",
    "categoricalgeneralizedcrossentropy",
    "categoricalhinge",
    "circle",
    "ctc",
    "dice",
    "falsenegatives",
    "falsepositives",
    "hinge",
    "huber",
    "kld",
    "kldivergence",
    "kullbackleiblerdivergence",
    "logcosh",
    "logcosherror",
    "loss",
    "mae",
    "mape",
    "meanabsoluteerror",
    "meanabsolutepercentageerror",
    "meansquarederror",
    "meansquaredlogarithmicerror",
    "mse",
    "msle",
    "poisson",
    "rootmeansquarederror",
    "sparsecategoricalcrossentropy",
    "squaredhinge",
    "tversky",
}


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
    return name.removeprefix("val_").lower().replace("_", "") in _ERRORS
