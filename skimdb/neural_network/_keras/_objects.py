"""Objects of Keras for one fit: optimizer, loss, metrics and model.

Only this file imports scikeras. Its ``BaseWrapper`` routes parameters such as
``optimizer__momentum`` and ``callbacks__patience`` to their objects.
"""

import inspect
from contextlib import contextmanager
from functools import partial
from numbers import Real

import keras
import numpy as np
from keras.src.backend.common import global_state
from scikeras.wrappers import BaseWrapper
from sklearn.metrics import get_scorer_names

from skimdb._messages import suggest_nearest
from skimdb.neural_network._keras._callbacks import fill_paths, list_callbacks

_LOSSES = {
    "sigmoid": keras.losses.BinaryCrossentropy,
    "softmax": keras.losses.CategoricalCrossentropy,
}


@contextmanager
def _number_from_start():
    """Let Keras number the names of new objects as in a new process.

    TensorFlow keeps some 40 kB for each name that a variable ever had. If Keras counted
    on, each fit would bring new names. The user's objects keep their own count.
    """
    key = "object_name_uids"
    counts = global_state.get_global_attribute(key)
    global_state.set_global_attribute(key, None)
    try:
        yield
    finally:
        global_state.set_global_attribute(key, counts)


class _Router(BaseWrapper):
    """Routes parameters; "builds" the compile arguments instead of a model."""

    def _keras_build_fn(self, compile_kwargs):
        return compile_kwargs


def _find_optimizer_class(optimizer):
    """Return the class of an optimizer given by name, as a class or as an instance."""
    base, found, hint = keras.optimizers.Optimizer, optimizer, ""
    if isinstance(optimizer, str):
        known = {name.lower(): cls for name, cls in vars(keras.optimizers).items()}
        registered = keras.saving.get_registered_object(optimizer)
        found = known.get(optimizer.lower(), registered)
        hint = suggest_nearest(optimizer, known)
    elif isinstance(optimizer, base):
        found = type(optimizer)
    if inspect.isclass(found) and issubclass(found, base) and found is not base:
        return found
    kind = ValueError if isinstance(optimizer, str) else TypeError
    raise kind(
        "Expected optimizer to be the name, the class or an instance of a Keras "
        f"optimizer, got {optimizer!r}.{hint}"
    )


def copy_optimizer(optimizer):
    """Make an untrained optimizer with the configuration of an instance.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Its class and its schedule need a `get_config` that knows all arguments.

    Returns
    -------
    copied : keras.optimizers.Optimizer
    """
    cls = type(optimizer)
    try:
        copied = cls.from_config(optimizer.get_config())
        for name, value in vars(optimizer).items():
            is_option = isinstance(value, (Real, str)) and name != "built"
            if is_option and vars(copied).get(name) != value:
                raise ValueError(f"its get_config does not return {name}={value!r}.")
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"Could not copy the optimizer {cls.__name__}: {error} Define get_config "
            "in your own classes and decorate them with "
            "@keras.saving.register_keras_serializable(). Or give the class and its "
            f"arguments: optimizer={cls.__name__}, optimizer__learning_rate=0.01."
        ) from error
    return copied


def describe_optimizer(optimizer):
    """Return the class and the configuration of an instance, which can be pickled."""
    copied = copy_optimizer(optimizer)
    return type(copied), keras.saving.serialize_keras_object(copied)["config"]


def _prepare_optimizer(optimizer, params):
    """Return the class of the optimizer and its arguments, or a copy of an instance."""
    cls = _find_optimizer_class(optimizer)
    rate = params.get("learning_rate")
    if inspect.isclass(rate):
        raise TypeError(
            "Expected learning_rate to be a number or an instance of a schedule, got "
            f"the class {rate.__name__}. Make an instance of it."
        )
    if isinstance(optimizer, keras.optimizers.Optimizer):
        if params:
            raise ValueError(
                "learning_rate and optimizer__* parameters cannot change an optimizer "
                "instance. Give its name or class instead, such as "
                f"optimizer={cls.__name__.lower()!r}."
            )
        return copy_optimizer(optimizer), {}
    if isinstance(rate, Real):  # float32, whatever keras.config.floatx
        params = params | {"learning_rate": float(np.float32(rate))}
    return cls, {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in params.items()
    }


@_number_from_start()
def make_objects(optimizer, callbacks, params, spec, *, is_clone=False):
    """Instantiate optimizer, loss and callbacks.

    Parameters
    ----------
    optimizer : str, class or keras.optimizers.Optimizer
    callbacks : None, callback, class, function, or list, tuple or dict of them
    params : dict of dict
        Arguments of ``optimizer``, ``loss`` and ``callbacks``.
    spec : NetworkSpec
    is_clone : bool, default=False
        Whether `sklearn.base.clone` made the estimator; see `fill_paths`.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        A new one: an instance is copied, because a fit changes its state.
    loss : keras.losses.Loss
    callbacks : list of keras.callbacks.Callback
        Instances that were given, and new instances of classes.
    """
    optimizer, options = _prepare_optimizer(optimizer, params["optimizer"])
    loss_options = {"dtype": spec.dtype.name} | params["loss"]
    routed = params | {"optimizer": options, "loss": loss_options}
    router = _Router(
        optimizer=optimizer,
        loss=_LOSSES[spec.output_activation],
        callbacks=list_callbacks(callbacks, params["callbacks"]),
        **{f"{r}__{k}": v for r, values in routed.items() for k, v in values.items()},
    ).initialize(np.zeros((1, 1)))
    fill_paths(router._fit_callbacks, is_clone=is_clone)
    return router.model_["optimizer"], router.model_["loss"], router._fit_callbacks


@_number_from_start()
def make_metric(name, n_outputs, *, multilabel):
    """Make a function that computes a metric of Keras.

    Parameters
    ----------
    name : str
    n_outputs : int
        Units of the last layer.
    multilabel : bool
        Whether each unit predicts a label of its own.

    Returns
    -------
    measure : callable
        Takes targets, outputs and logits of shape (n_samples, n_outputs), and weights.

    Raises
    ------
    ValueError
        If Keras has no metric of this name, or if the metric needs arguments or has no
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

    if (multilabel and takes_numbers) or not _has_meaning(measure, n_outputs):
        raise ValueError(
            f"Metric {name!r} of Keras has no meaning for these labels and a network "
            f"with {n_outputs} outputs (for two classes there is one). Use 'accuracy', "
            "'f1' or another scorer of scikit-learn, or a metric of Keras such as "
            "'BinaryCrossentropy'."
        )
    return measure


def _has_meaning(measure, n_outputs):
    """Whether a metric works, and differs between good and bad predictions.

    Many metrics of Keras compare the outputs of a sample. They are constant if there is
    only one output.
    """
    targets = np.eye(2, n_outputs)
    good = 0.1 + 0.7 * targets
    try:
        values = [measure(targets, p, np.log(p), np.ones(2)) for p in (good, 1 - good)]
    except Exception:  # Keras raises many kinds for shapes that a metric cannot take
        return False
    return n_outputs > 1 or abs(values[0] - values[1]) > 0


@_number_from_start()
def build_model(coefs, intercepts, spec):
    """Build the Keras model with these weights.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        Kernel of shape (n_inputs, n_units) and bias of shape (n_units,) per layer.
    spec : NetworkSpec

    Returns
    -------
    model : keras.Sequential
        Not compiled.
    """
    dtype = spec.dtype.name
    # The default initializers would draw from Python's global generator.
    dense = partial(keras.layers.Dense, kernel_initializer="zeros", dtype=dtype)
    regularizer = keras.regularizers.L2(spec.l2) if spec.l2 else None
    penalty = {"kernel_regularizer": regularizer}
    hidden = {"activation": spec.activation} | penalty
    output = {"activation": spec.output_activation} | ({} if spec.dropout else penalty)
    n_features, *n_hidden, n_outputs = spec.layer_sizes
    layers = [keras.Input((n_features,), dtype=dtype)]
    for index, (n_units, rate) in enumerate(zip(n_hidden, spec.dropout, strict=True)):
        layers.append(dense(n_units, name=f"hidden_{index + 1}", **hidden))
        if rate:
            options = {"dtype": dtype, "name": f"dropout_{index + 1}"}
            layers.append(keras.layers.Dropout(rate, seed=index, **options))
    layers.append(dense(n_outputs, name="output", **output))
    model = keras.Sequential(layers, name="skimdb")
    write_weights(model, coefs, intercepts)
    return model


def write_weights(model, coefs, intercepts):
    """Assign kernels and biases to a model."""
    weights = [w for pair in zip(coefs, intercepts, strict=True) for w in pair]
    for variable, value in zip(model.trainable_variables, weights, strict=True):
        variable.assign(value)


@_number_from_start()
def compile_model(model, optimizer, loss, metrics=("accuracy",)):
    """Compile a model and build its optimizer.

    Parameters
    ----------
    model : keras.Model
    optimizer : keras.optimizers.Optimizer
    loss : keras.losses.Loss
    metrics : sequence of str or keras.metrics.Metric, default=("accuracy",)
    """
    model.compile(
        optimizer=optimizer, loss=loss, metrics=list(metrics), auto_scale_loss=False
    )
    if not optimizer.built:
        optimizer.build(model.trainable_variables)


def get_rate(optimizer):
    """Return the learning rate of an optimizer, None for a schedule.

    An optimizer that wraps several ones gives a tuple of their rates.
    """
    rates = [float(v.numpy()) for v in optimizer.variables if v.name == "learning_rate"]
    return tuple(rates) if len(rates) > 1 else next(iter(rates), None)


def write_state(optimizer, state):
    """Continue from the state of an optimizer, if it is of the same kind.

    If the parameters have another learning rate than before, it takes precedence.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        New optimizer, which is built.
    state : dict
        Result of `read_state` of either backend.
    """
    variables, values = name_variables(optimizer), state["variables"]
    if state["optimizer"] != type(optimizer).__name__ or (
        {name: tuple(variable.shape) for name, variable in variables.items()}
        != {name: value.shape for name, value in values.items()}
    ):
        return
    keep_rate = state["given_rate"] == get_rate(optimizer)
    for name, variable in variables.items():
        value = values[name]
        if name.endswith(("_velocity", "_average_gradient")):
            value = value * state.get("decay", 1.0)
        if variable.name != "learning_rate" or keep_rate:
            variable.assign(value)


def name_variables(optimizer):
    """Return the variables of an optimizer by their names.

    The position replaces a name that Keras has given twice.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer

    Returns
    -------
    variables : dict of keras.Variable
    """
    variables = {}
    for position, variable in enumerate(optimizer.variables):
        name = variable.name
        if name in variables:
            name = f"variable_at_{position}"
        variables[name] = variable
    return variables
