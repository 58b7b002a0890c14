"""Train a network epoch by epoch on CSR or dense rows.

An epoch is one call of a compiled program; it is cut into one call per batch only
if a callback asks for batches.
"""

import functools
import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import keras
import numpy as np
import tensorflow as tf

from skimdb._programs import Architecture, get_program
from skimdb._rows import Rows, distinct_rows
from skimdb._updates import hyperparameters

# Where a network is built and trained. It is small and its input sparse: a GPU would
# mostly wait.
on_cpu = functools.partial(tf.device, "/CPU:0")

# So many values take longer to bring in order than another thread to wake.
_MANY = 500_000
# Rows in a batch of validation data, bounding the memory of the hidden layers.
_EVALUATION_BATCH = 2048


def _wants_batches(callback):
    """Whether a Keras callback does something at batches.

    ModelCheckpoint and TensorBoard define the batch hooks in any case, and say by an
    attribute whether they use them.
    """
    if "epoch" in (
        getattr(callback, "save_freq", None),
        getattr(callback, "update_freq", None),
    ):
        return False
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin")
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in (*hooks, "on_train_batch_end")
    )


def _dropout_draws(rows, dropout, batch_size):
    """Which rows share their dropout: none, but equal rows of a single batch.

    So that weights equal repetitions under dropout too.
    """
    n_samples = rows.X.shape[0]
    if any(dropout) and n_samples <= batch_size:
        return distinct_rows(rows.X, rows.Y).astype(np.int32)
    return (np.arange(n_samples) % batch_size).astype(np.int32)


def _tensors(kernel, prepared, rows, order, batch_size):
    """Arguments of a program that hold rows."""
    firsts = np.arange(0, len(order), batch_size)
    sizes = np.minimum(batch_size, len(order) - firsts)
    batches = np.stack([firsts, firsts * 0, sizes, firsts * 0 - 1], axis=1)
    labels = np.column_stack([rows.Y, rows.sample_weight])
    arrays = [kernel.layout(prepared, order, batch_size), batches, labels]
    with on_cpu():
        return tf.nest.map_structure(tf.convert_to_tensor, arrays)


def _epoch_orders(kernel, rows, batch_size, *, shuffle, seed, epochs):
    """Yield for each epoch the rows in its order, without X, and as tensors.

    The next epoch's are prepared while one trains, if there is enough to prepare. An
    order depends on the number of its epoch, so training that goes on equals training
    at one go.
    """
    prepared = kernel.prepare(rows.X)
    n_samples, n_values = len(rows.Y), rows.X.size
    rows = rows._replace(X=None)

    def in_order(order):
        ordered = Rows(None, *(array[order] for array in rows[1:]))
        return ordered, _tensors(kernel, prepared, ordered, order, batch_size)

    def shuffled(epoch):
        return in_order(np.random.default_rng([seed, epoch]).permutation(n_samples))

    if not shuffle or n_samples <= batch_size:
        yield from itertools.repeat(in_order(np.arange(n_samples)), len(epochs))
        return
    if n_values < _MANY:
        yield from map(shuffled, epochs)
        return
    with ThreadPoolExecutor(max_workers=1) as executor:
        following = executor.submit(shuffled, epochs[0])
        for epoch in epochs:
            ready = following.result()
            if epoch + 1 < epochs.stop:
                following = executor.submit(shuffled, epoch + 1)
            yield ready


def train(
    network,
    parameters,
    rows,
    validation=None,
    *,
    activation,
    output_activation,
    l2,
    dropout,
    batch_size,
    shuffle,
    epochs,
    shuffle_seed,
    dropout_seed,
    metrics,
    after_epoch,
):
    """Train a network.

    Parameters
    ----------
    network : Network
    parameters : FusedParameters or KerasParameters
        Trained in place.
    rows : Rows
    validation : Rows or None
    activation, output_activation : str
        Names of Keras activations.
    l2 : float
        Penalty ``l2 * sum(w ** 2)`` on each hidden kernel.
    dropout : tuple of float
        Rate after each hidden layer.
    batch_size : int
    shuffle : bool
        Draw a new order for each epoch, unless one batch holds all rows.
    epochs : range
        Numbers of the epochs, from 0, as callbacks see them.
    shuffle_seed, dropout_seed : int
    metrics : callable
        ``metrics(rows, outputs)`` returns a dict of further entries for the logs.
    after_epoch : callable
        ``after_epoch(epoch, logs)`` returns whether to stop.
    """
    n_batches, dtype = -(-rows.X.shape[0] // batch_size), rows.X.dtype
    kernel, variables = parameters.kernel, parameters.variables
    program = get_program(
        Architecture(
            kernel=kernel,
            n_layers=len(dropout) + 1,
            activation=activation,
            output_activation=output_activation,
            dropout=tuple(rate > 0 for rate in dropout),
            l2=l2 > 0,
            dtype=dtype.name,
        ),
        network.loss,
        network.optimizer,
        parameters.shapes,
    )
    handles = tf.stack([variable.handle for variable in variables])
    draws = tf.convert_to_tensor(_dropout_draws(rows, dropout, batch_size))
    rates = [l2, *dropout, *hyperparameters(network.optimizer)]

    def held_out(rows):
        prepared, order = kernel.prepare(rows.X), np.arange(len(rows.Y))
        return _tensors(kernel, prepared, rows, order, _EVALUATION_BATCH)

    nothing = held_out(Rows(*(array[:0] for array in rows)))
    validation_tensors = nothing if validation is None else held_out(validation)

    def run(tensors, first, last, validation_tensors=nothing):
        """Train on some batches, then evaluate."""
        parameters.pull()
        integers = np.array([dropout_seed, parameters.step, first, last])
        results = program.run(
            handles,
            tensors,
            validation_tensors,
            draws,
            integers,
            np.array([parameters.learning_rate, *rates], dtype),
        )
        parameters.push(last - first)
        return [result.numpy() for result in results]

    def make_logs(rows, outputs, total):
        return metrics(rows, outputs) | {"loss": float(total) / len(outputs)}

    def train_by_batches(ordered, tensors):
        total, outputs = 0.0, []
        for batch in range(n_batches):
            callbacks.on_train_batch_begin(batch)
            batch_total, output, *_ = run(tensors, batch, batch + 1)
            total += batch_total
            outputs.append(output)
            so_far = np.concatenate(outputs)
            seen = ordered._replace(
                Y=ordered.Y[: len(so_far)],
                metric_weight=ordered.metric_weight[: len(so_far)],
            )
            callbacks.on_train_batch_end(batch, make_logs(seen, so_far, total))
        return total, so_far

    def run_epoch(ordered, tensors):
        """Train and evaluate: in one call, unless callbacks come in between."""
        if not network.callbacks:
            total, outputs, *evaluated = run(tensors, 0, n_batches, validation_tensors)
        elif any(_wants_batches(callback) for callback in network.callbacks):
            total, outputs = train_by_batches(ordered, tensors)
        else:
            total, outputs, *_ = run(tensors, 0, n_batches)
        logs = make_logs(ordered, outputs, total)
        if validation is None:
            return logs
        if network.callbacks:
            callbacks.on_test_begin()
            _, _, *evaluated = run(tensors, 0, 0, validation_tensors)
        val_logs = make_logs(validation, *reversed(evaluated))
        tell("on_test_end", val_logs)
        return logs | {f"val_{name}": value for name, value in val_logs.items()}

    # What callbacks add to the logs, such as the learning rate, comes to be seen here.
    history = keras.callbacks.History()
    callbacks = network.callbacks and keras.callbacks.CallbackList(
        [*network.callbacks, history],
        model=network.model,
        epochs=epochs.stop,
        steps=n_batches,
        verbose=0,
    )

    def tell(hook, *arguments):
        if callbacks:  # even a list of none takes its time
            getattr(callbacks, hook)(*arguments)

    tell("on_train_begin")
    orders = _epoch_orders(
        kernel, rows, batch_size, shuffle=shuffle, seed=shuffle_seed, epochs=epochs
    )
    with closing(orders):
        for epoch, (ordered, tensors) in zip(epochs, orders, strict=True):
            tell("on_epoch_begin", epoch)
            logs = run_epoch(ordered, tensors)
            tell("on_epoch_end", epoch, logs)
            logs |= {name: values[-1] for name, values in history.history.items()}
            if after_epoch(epoch, logs):
                break
    tell("on_train_end", logs)
    parameters.pull()
