"""Train a network epoch by epoch on CSR or dense rows.

An epoch is one call of a compiled program; it is cut into one call per batch only
if a callback asks for batches.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from skimdb._kernels import KERNELS, choose_kernel
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
        getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
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


def _tensors(layout, Y, sample_weight, batch_size):
    """Arguments that train and evaluate share."""
    starts, data = layout
    return {
        "starts": tf.convert_to_tensor(starts),
        "data": [tf.convert_to_tensor(array) for array in data],
        "targets": tf.convert_to_tensor(Y),
        "sample_weight": tf.convert_to_tensor(sample_weight),
        "batch_size": tf.constant(batch_size, tf.int64),
    }


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
    lay_out = KERNELS[kernel].layout
    handles = [weight.handle for weight in weights]
    state = program.update.state(network.optimizer, network.weights)
    fixed = {
        "weights": handles,
        "state": [variable.handle for variable in state],
        "hyperparameters": tf.constant(hyperparameters(network.optimizer), dtype),
        "l2": tf.constant(l2, dtype),
        "dropout": tf.constant(dropout, dtype),
        "draws": tf.convert_to_tensor(_dropout_draws(rows, dropout, batch_size)),
        "seed": tf.constant(dropout_seed, tf.int64),
    }
    fused = fused_kind(network.optimizer) is not None
    # Not ``optimizer.iterations``, which counts otherwise under accumulation.
    iterations = network.optimizer.variables[0]

    def train_batches(tensors, first, last):
        step = int(iterations.value)
        with program.update.lock:
            total, outputs = program.train(
                **fixed,
                **tensors,
                learning_rate=tf.cast(network.optimizer.learning_rate, dtype),
                step=tf.constant(step, tf.int64),
                first=tf.constant(first, tf.int64),
                last=tf.constant(last, tf.int64),
            )
        if fused:
            iterations.assign_add(last - first)
        return float(total), outputs.numpy()

    def train_epoch(tensors):
        n_batches = -(-n_samples // batch_size)
        if not any(_wants_batches(callback) for callback in network.callbacks):
            return train_batches(tensors, 0, n_batches)
        total, outputs = 0.0, []
        for batch in range(n_batches):
            callbacks.on_train_batch_begin(batch)
            batch_total, output = train_batches(tensors, batch, batch + 1)
            total += batch_total
            outputs.append(output)
            callbacks.on_train_batch_end(batch, {"loss": batch_total / len(output)})
        return total, np.concatenate(outputs)

    if validation is not None:
        validation_tensors = _tensors(
            lay_out(validation.X, _EVALUATION_BATCH, transposed=False),
            validation.Y,
            validation.sample_weight,
            _EVALUATION_BATCH,
        )
    shuffle = shuffle and n_samples > batch_size
    if not shuffle:
        tensors = _tensors(
            lay_out(rows.X, batch_size), rows.Y, rows.sample_weight, batch_size
        )
        shuffled = rows
    rng = np.random.default_rng(shuffle_seed)
    callbacks = keras.callbacks.CallbackList(
        network.callbacks, model=network.model, epochs=epochs.stop, verbose=0
    )
    callbacks.on_train_begin()
    for epoch in epochs:
        callbacks.on_epoch_begin(epoch)
        if shuffle:
            order = rng.permutation(n_samples)
            shuffled = Rows(*(array[order] for array in rows))
            tensors = _tensors(
                lay_out(shuffled.X, batch_size),
                shuffled.Y,
                shuffled.sample_weight,
                batch_size,
            )
        total, outputs = train_epoch(tensors)
        logs = metrics(shuffled, outputs) | {"loss": total / n_samples}
        if validation is not None:
            total, outputs = program.evaluate(weights=handles, **validation_tensors)
            logs |= {
                f"val_{name}": value
                for name, value in metrics(validation, outputs.numpy()).items()
            }
            logs["val_loss"] = float(total) / validation.X.shape[0]
        callbacks.on_epoch_end(epoch, logs)
        stopped_by_callback = network.model is not None and network.model.stop_training
        if after_epoch(epoch, logs) or stopped_by_callback:
            break
    callbacks.on_train_end()
