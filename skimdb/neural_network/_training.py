"""Training epoch by epoch, above both backends."""

from dataclasses import dataclass

import numpy as np

from skimdb.neural_network._network import count_block_rows, divide_rows
from skimdb.neural_network._samples import number_distinct_rows


@dataclass(frozen=True)
class Schedule:
    """Length and order of a training run.

    Attributes
    ----------
    epochs : range
        Numbers of the epochs, counted from 0.
    batch_size : int
    shuffle : bool
        Draw a new order for each epoch, unless one batch holds all samples.
    seeds : dict of int
        Seeds of the order and of dropout.
    n_batches : int or None
        Number of batches in an epoch; None for a stream of unknown length.
    """

    epochs: range
    batch_size: int
    shuffle: bool
    seeds: dict
    n_batches: int | None


class NoHooks:
    """Hooks of a fit without Keras callbacks.

    Attributes
    ----------
    stop : bool
        Whether a callback has asked to stop.
    callbacks : sequence
        Empty.
    sees_batches : dict of bool
        Whether a callback uses its batch methods, for kind "train" and "test".
    """

    stop = False
    sees_batches = {"train": False, "test": False}
    callbacks = ()

    def begin_training(self, epochs):
        """Return the numbers of the epochs to train."""
        return epochs

    def end_epoch(self, epoch, logs):
        """Return the logs, including those that callbacks have added."""
        return logs

    def _do_nothing(self, *args):
        """Ignore the event."""

    begin_epoch = begin_batch = end_batch = end_training = detach = _do_nothing
    begin_test = end_test = _do_nothing


class Trainer:
    """Trains a network epoch by epoch.

    Parameters
    ----------
    backend : NumpyBackend or TensorFlowBackend
        Backend that is trained in place.
    hooks : NoHooks or KerasHooks
    spec : NetworkSpec
    schedule : Schedule
    metrics : Metrics
    blocks : iterable of Samples
        A list of one block with all samples, or for a single epoch an iterator of
        blocks. All blocks but the last consist of full batches.
    validation : Samples or None
    """

    def __init__(self, backend, hooks, spec, schedule, metrics, blocks, validation):
        self.backend = backend
        self.hooks = hooks
        self._spec = spec
        self.schedule = schedule
        self._metrics = metrics
        self._blocks = blocks
        self._shared_draws = self._number_shared_draws()
        self._validation = validation

    def train_epoch(self, epoch):
        """Train for an epoch and evaluate the validation samples.

        Parameters
        ----------
        epoch : int
            Number of the epoch, counted from 0.

        Returns
        -------
        logs : dict of float
            Metrics and ``loss``, and both for the validation samples.
        """
        self.hooks.begin_epoch(epoch)
        logs = self._train_blocks(epoch)
        if self._validation is not None:
            self.hooks.begin_test()
            val_logs = self._run_batches("test", self._validation)
            self.hooks.end_test(val_logs)
            logs |= {f"val_{name}": value for name, value in val_logs.items()}
        return self.hooks.end_epoch(epoch, logs)

    def finish_training(self, best_weights=None):
        """End training, and restore the weights of the best epoch, if given."""
        self.backend.finish_training()
        self.hooks.end_training()
        if best_weights is not None:
            self.backend.write_weights(*best_weights)
        self.backend.finish_model()

    def _train_blocks(self, epoch):
        """Train on all samples and return the means of the logs over the blocks."""
        n_samples, parts, first_batch = [], [], 0
        for number, block in enumerate(self._blocks):
            order = self._draw_order(len(block), epoch, number)
            parts.append(self._run_batches("train", block, order, first_batch))
            n_samples.append(len(block))
            first_batch += -(-len(block) // self.schedule.batch_size)
            if self.hooks.stop:
                break
        if len(parts) == 1:
            return parts[0]
        return {
            name: float(np.average([logs[name] for logs in parts], weights=n_samples))
            for name in parts[0]
        }

    def _run_batches(self, kind, samples, order=None, first_batch=0):
        """Train on all batches of some samples or test them, and return the logs.

        Callbacks get the loss and the accuracy of the samples so far. Other metrics are
        not sums over samples, so they are computed at the end only.
        """
        samples, hooks, metrics = samples.view_sparse(), self.hooks, self._metrics
        n_samples, size = len(samples), self.schedule.batch_size
        if kind == "test" and not hooks.sees_batches["test"]:
            size = count_block_rows(self._spec.layer_sizes[1:])
        logits = np.empty((n_samples, self._spec.layer_sizes[-1]), self._spec.dtype)
        total = correct = weight = 0.0
        for number, batch in enumerate(divide_rows(n_samples, size), first_batch):
            hooks.begin_batch(kind, number)
            rows = batch if order is None else order[batch]
            selected = samples.select(rows)
            if kind == "test":
                loss, logits[rows] = self.backend.evaluate(selected)
            else:
                masks = self._draw_masks(len(selected))
                loss, logits[rows] = self.backend.make_step(selected, masks)
            total += loss * len(selected)
            if hooks.sees_batches[kind]:
                logs = {"loss": total / batch.stop}
                if "accuracy" in metrics:
                    correct += metrics.count_correct(selected, logits[rows])
                    weight += selected.metric_weight.sum()
                    logs["accuracy"] = float(correct / weight)
                hooks.end_batch(kind, number, logs)
                if kind == "train" and hooks.stop:
                    rows = slice(batch.stop) if order is None else order[: batch.stop]
                    samples, logits = samples.select(rows), logits[rows]
                    break
        return metrics.compute(samples, logits) | {"loss": total / len(logits)}

    def _draw_order(self, n_samples, epoch, block):
        """Draw the order of a block's samples; None keeps it.

        It depends on the number of the epoch, not on earlier draws. Two fits that
        continue each other therefore equal a single one.
        """
        if not self.schedule.shuffle or n_samples <= self.schedule.batch_size:
            return None
        seed = [self.schedule.seeds["order"], epoch, *([block] if block else [])]
        return np.random.default_rng(seed).permutation(n_samples)

    def _number_shared_draws(self):
        """Number the samples so that equal ones share their dropout.

        Only if one batch holds all samples: a weight of 2 then equals a repetition,
        with dropout, too. Otherwise the result is None.
        """
        if self.schedule.n_batches != 1 or not any(self._spec.dropout):
            return None
        (samples,) = self._blocks
        return number_distinct_rows(samples.X, samples.Y)

    def _draw_masks(self, n_samples):
        """Draw the factors of each hidden layer's outputs, None without dropout."""
        shared_draws = self._shared_draws
        dropout = self._spec.dropout
        if not any(dropout):
            return [None] * len(dropout)
        seed = [self.schedule.seeds["dropout"], self.backend.iteration]
        rng = np.random.default_rng(seed)
        n_draws = n_samples if shared_draws is None else shared_draws.max() + 1
        masks = []
        for rate, n_units in zip(dropout, self._spec.layer_sizes[1:], strict=False):
            mask = None
            if rate:
                kept = rng.random((n_draws, n_units), dtype=np.float32) >= rate
                mask = kept * self._spec.dtype.type(1 / (1 - rate))
                mask = mask if shared_draws is None else mask[shared_draws]
            masks.append(mask)
        return masks
