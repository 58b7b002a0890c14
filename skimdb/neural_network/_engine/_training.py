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

from skimdb.neural_network._engine._programs import Architecture, get_program
from skimdb.neural_network._engine._updates import hyperparameters
from skimdb.neural_network._samples import Rows, distinct_rows

# Where a network is built and trained. It is small and its input sparse: a GPU would
# mostly wait.
on_cpu = functools.partial(tf.device, "/CPU:0")

# Epochs are laid out this many values at a time.
_AT_ONCE = 500_000
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


def _tensors(kernel, prepared, rows, batches):
    """Arguments of a program that hold rows, which are in the order of the batches."""
    sizes = np.array([len(batch) for batch in batches], int)
    firsts = np.cumsum(sizes) - sizes
    bounds = np.stack([firsts, firsts * 0, sizes, firsts * 0 - 1], axis=1)
    labels = np.column_stack([rows.Y, rows.sample_weight])
    arrays = [kernel.layout(prepared, batches), bounds, labels]
    with on_cpu():
        return tf.nest.map_structure(tf.convert_to_tensor, arrays)


def _cut(order, batch_size):
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def _epoch_orders(kernel, rows, batch_size, draws, *, shuffle, seed, epochs):
    """Yield for each epoch its rows in order, without X, tensors, and the first batch.

    Small epochs are laid out several at a time. Of large ones the next is prepared
    while one trains. An order depends on the number of its epoch, so training that goes
    on equals training at one go.
    """
    prepared = kernel.prepare(rows.X)
    n_samples, n_values = rows.X.shape[0], max(rows.X.size, rows.X.shape[0])
    rows = rows._replace(X=None)

    def lay_out(orders):
        batches = [batch for order in orders for batch in _cut(order, batch_size)]
        all_rows = np.concatenate(orders)
        ordered = Rows(None, *(array[all_rows] for array in rows[1:]))
        tensors = _tensors(kernel, prepared, ordered, batches)
        with on_cpu():
            tensors.append(tf.convert_to_tensor(np.tile(draws, len(orders))))
        for i in range(len(orders)):
            epoch = slice(i * n_samples, (i + 1) * n_samples)
            in_epoch = Rows(None, *(array[epoch] for array in ordered[1:]))
            yield in_epoch, tensors, i * len(batches) // len(orders)

    def shuffled(epochs):
        generators = [np.random.default_rng([seed, epoch]) for epoch in epochs]
        return list(lay_out([rng.permutation(n_samples) for rng in generators]))

    if not shuffle or n_samples <= batch_size:
        (epoch,) = lay_out([np.arange(n_samples)])
        yield from itertools.repeat(epoch, len(epochs))
        return
    groups = _cut(epochs, max(1, _AT_ONCE // n_values))
    if len(groups) < len(epochs):
        yield from itertools.chain.from_iterable(map(shuffled, groups))
        return
    with ThreadPoolExecutor(max_workers=1) as executor:
        following = executor.submit(shuffled, groups[0])
        for group in [*groups[1:], None]:
            ready = following.result()
            if group is not None:
                following = executor.submit(shuffled, group)
            yield from ready


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
            dtype=dtype.name,
        ),
        network.loss,
        network.optimizer,
        parameters.shapes,
    )
    handles = tf.stack([variable.handle for variable in variables])
    rates = [l2, *dropout, *hyperparameters(network.optimizer)]

    def held_out(rows):
        batches = _cut(np.arange(len(rows.Y)), _EVALUATION_BATCH)
        return _tensors(kernel, kernel.prepare(rows.X), rows, batches)

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
            integers,
            np.array([parameters.learning_rate, *rates], dtype),
        )
        parameters.push(last - first)
        return [result.numpy() for result in results]

    def make_logs(rows, outputs, total):
        return metrics(rows, outputs) | {"loss": float(total) / len(outputs)}

    def train_by_batches(ordered, tensors, first):
        total, outputs = 0.0, []
        for batch in range(n_batches):
            callbacks.on_train_batch_begin(batch)
            batch_total, output, *_ = run(tensors, first + batch, first + batch + 1)
            total += batch_total
            outputs.append(output)
            so_far = np.concatenate(outputs)
            seen = ordered._replace(
                Y=ordered.Y[: len(so_far)],
                metric_weight=ordered.metric_weight[: len(so_far)],
            )
            callbacks.on_train_batch_end(batch, make_logs(seen, so_far, total))
        return total, so_far

    def run_epoch(ordered, tensors, first):
        """Train and evaluate: in one call, unless callbacks come in between."""
        last = first + n_batches
        if not network.callbacks:
            total, outputs, *evaluated = run(tensors, first, last, validation_tensors)
        elif any(_wants_batches(callback) for callback in network.callbacks):
            total, outputs = train_by_batches(ordered, tensors, first)
        else:
            total, outputs, *_ = run(tensors, first, last)
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
        kernel,
        rows,
        batch_size,
        _dropout_draws(rows, dropout, batch_size),
        shuffle=shuffle,
        seed=shuffle_seed,
        epochs=epochs,
    )
    with closing(orders):
        for epoch, order in zip(epochs, orders, strict=True):
            tell("on_epoch_begin", epoch)
            logs = run_epoch(*order)
            tell("on_epoch_end", epoch, logs)
            logs |= {name: values[-1] for name, values in history.history.items()}
            if after_epoch(epoch, logs):
                break
    tell("on_train_end", logs)
    parameters.pull()
