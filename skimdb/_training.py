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

from skimdb._kernels import choose_kernel
from skimdb._programs import Architecture, get_program
from skimdb._rows import Rows, distinct_rows
from skimdb._updates import fused_kind, hyperparameters

# Where a network is built and trained. It is small and its input sparse: a GPU would
# mostly wait.
on_cpu = functools.partial(tf.device, "/CPU:0")

# Rows in a batch of validation data, bounding the memory of the hidden layers.
_EVALUATION_BATCH = 2048


def read_weights(network):
    """Copy the weights of a network.

    Parameters
    ----------
    network : Network

    Returns
    -------
    coefs, intercepts : list of ndarray
    """
    values = [weight.value.numpy() for weight in network.weights]
    return values[::2], values[1::2]


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


def _tensors(layout, Y, sample_weight):
    """Arguments that train and evaluate share."""
    starts, data = layout
    return {
        "starts": tf.convert_to_tensor(starts),
        "data": [tf.convert_to_tensor(array) for array in data],
        "targets": tf.convert_to_tensor(Y),
        "sample_weight": tf.convert_to_tensor(sample_weight),
    }


def _epoch_orders(rows, lay_out, batch_size, *, shuffle, seed, epochs):
    """Yield for each epoch the rows in its order, and as tensors.

    The next epoch's are prepared while one trains. An order depends on the number of
    its epoch, so training that goes on equals training at one go.
    """

    def prepare(rows):
        with on_cpu():
            layout = lay_out(rows.X, batch_size)
            tensors = _tensors(layout, rows.Y, rows.sample_weight)
        return rows._replace(X=None), tensors  # one copy of X is enough

    def prepare_shuffled(epoch):
        order = np.random.default_rng([seed, epoch]).permutation(len(rows.Y))
        return prepare(Rows(*(array[order] for array in rows)))

    if not shuffle or len(rows.Y) <= batch_size:
        yield from itertools.repeat(prepare(rows), len(epochs))
        return
    with ThreadPoolExecutor(max_workers=1) as executor:
        following = executor.submit(prepare_shuffled, epochs[0])
        for epoch in epochs:
            ready = following.result()
            if epoch + 1 < epochs.stop:
                following = executor.submit(prepare_shuffled, epoch + 1)
            yield ready


def train(
    network,
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
    """Train a network in place.

    Parameters
    ----------
    network : Network
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
    weights = [variable.value for variable in network.weights]
    n_samples, n_units = rows.X.shape[0], weights[0].shape[1]
    dtype = rows.X.dtype
    kernel = choose_kernel(rows.X, n_units)
    program = get_program(
        Architecture(
            kernel=kernel,
            n_layers=len(weights) // 2,
            activation=activation,
            output_activation=output_activation,
            dropout=tuple(rate > 0 for rate in dropout),
            l2=l2 > 0,
            dtype=dtype.name,
        ),
        network.loss,
        network.optimizer,
        tuple(tuple(weight.shape) for weight in weights),
    )
    lay_out = kernel.layout
    state = program.update.state(network.optimizer, network.weights)
    handles = tf.stack([weight.handle for weight in weights])
    variables = tf.stack([variable.handle for variable in [*weights, *state]])
    draws = tf.convert_to_tensor(_dropout_draws(rows, dropout, batch_size))
    rates = [l2, *dropout, *hyperparameters(network.optimizer)]
    fused = fused_kind(network.optimizer) is not None
    # Not ``optimizer.iterations``, which counts otherwise under accumulation.
    iterations = network.optimizer.variables[0]

    def train_batches(tensors, first, last):
        step = int(iterations.value)
        learning_rate = float(network.optimizer.learning_rate)
        with program.update.lock:
            total, outputs = program.train(
                variables=variables,
                draws=draws,
                integers=np.array([batch_size, dropout_seed, step, first, last]),
                rates=np.array([learning_rate, *rates], dtype),
                **tensors,
            )
        if fused:
            iterations.assign_add(last - first)
        return float(total), outputs.numpy()

    def make_logs(rows, outputs, total):
        return metrics(rows, outputs) | {"loss": float(total) / len(outputs)}

    def train_epoch(ordered, tensors):
        n_batches = -(-n_samples // batch_size)
        if not any(_wants_batches(callback) for callback in network.callbacks):
            return train_batches(tensors, 0, n_batches)
        total, outputs = 0.0, []
        for batch in range(n_batches):
            callbacks.on_train_batch_begin(batch)
            batch_total, output = train_batches(tensors, batch, batch + 1)
            total += batch_total
            outputs.append(output)
            so_far = np.concatenate(outputs)
            seen = ordered._replace(
                Y=ordered.Y[: len(so_far)],
                metric_weight=ordered.metric_weight[: len(so_far)],
            )
            callbacks.on_train_batch_end(batch, make_logs(seen, so_far, total))
        return total, so_far

    if validation is not None:
        validation_tensors = _tensors(
            lay_out(validation.X, _EVALUATION_BATCH, for_gradient=False),
            validation.Y,
            validation.sample_weight,
        )
    # What callbacks add to the logs, such as the learning rate, comes to be seen here.
    history = [keras.callbacks.History()] if network.callbacks else []
    callbacks = keras.callbacks.CallbackList(
        [*network.callbacks, *history],
        model=network.model,
        epochs=epochs.stop,
        steps=-(-n_samples // batch_size),
        verbose=0,
    )
    callbacks.on_train_begin()
    orders = _epoch_orders(
        rows, lay_out, batch_size, shuffle=shuffle, seed=shuffle_seed, epochs=epochs
    )
    with closing(orders):
        for epoch, (ordered, tensors) in zip(epochs, orders, strict=True):
            callbacks.on_epoch_begin(epoch)
            total, outputs = train_epoch(ordered, tensors)
            logs = make_logs(ordered, outputs, total)
            if validation is not None:
                callbacks.on_test_begin()
                total, outputs = program.evaluate(
                    variables=handles,
                    batch_size=np.array(_EVALUATION_BATCH),
                    **validation_tensors,
                )
                val_logs = make_logs(validation, outputs.numpy(), total)
                callbacks.on_test_end(val_logs)
                logs |= {f"val_{name}": value for name, value in val_logs.items()}
            callbacks.on_epoch_end(epoch, logs)
            for record in history:
                logs |= {name: values[-1] for name, values in record.history.items()}
            if after_epoch(epoch, logs):
                break
    callbacks.on_train_end(logs)
