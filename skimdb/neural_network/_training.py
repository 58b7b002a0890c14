"""One fit: the loop over epochs, above both backends."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import gen_batches

from skimdb.neural_network._network import count_block_rows
from skimdb.neural_network._samples import number_distinct_rows


@dataclass(frozen=True)
class Schedule:
    """How long and in which order a fit trains.

    Attributes
    ----------
    epochs : range
        Numbers of the epochs, from 0.
    batch_size : int
    shuffle : bool
        Draw a new order for each epoch, unless one batch holds all samples.
    shuffle_seed, dropout_seed : int
    n_batches : int or None
        Batches of an epoch; None if only its end will tell.
    """

    epochs: range
    batch_size: int
    shuffle: bool
    shuffle_seed: int
    dropout_seed: int
    n_batches: int | None


class NoHooks:
    """Hooks of a training that no callback of Keras watches.

    Attributes
    ----------
    stop : bool
        Whether training is to end.
    callbacks : sequence
        None.
    sees_batches, sees_test_batches : bool
        Whether a callback does anything at a batch.
    """

    stop = sees_batches = sees_test_batches = False
    callbacks = ()

    def begin_training(self, epochs):
        """Return the numbers of the epochs to train."""
        return epochs

    def end_epoch(self, epoch, logs):
        """Return the logs with what callbacks have added."""
        return logs

    def _do_nothing(self, *args):
        """Take no note."""

    begin_epoch = begin_batch = end_batch = end_training = detach = _do_nothing
    begin_test = begin_test_batch = end_test_batch = end_test = _do_nothing


class Trainer:
    """Trains a network epoch by epoch.

    Parameters
    ----------
    backend : NumpyBackend or TensorFlowBackend
        Trained in place.
    hooks : NoHooks or KerasHooks
    spec : NetworkSpec
    schedule : Schedule
    metrics : Metrics
    blocks : iterable of Samples
        What an epoch goes through; all but the last hold whole batches. All samples
        as the one item of a list, or an iterator, for one epoch.
    validation : Samples or None
    """

    def __init__(self, backend, hooks, spec, schedule, metrics, blocks, validation):
        self.backend = backend
        self.hooks = hooks
        self._spec = spec
        self._schedule = schedule
        self._metrics = metrics
        self._blocks = blocks
        self._shared_draws = self._number_shared_draws()
        self._validation = validation and validation.view_sparse()
        self._validation_parts = [] if validation is None else self._cut_validation()

    @property
    def n_epochs(self):
        """Number of the last epoch, counted from 1."""
        return self._schedule.epochs.stop

    def begin_training(self):
        """Return the numbers of the epochs, from 0."""
        return self.hooks.begin_training(self._schedule.epochs)

    def train_epoch(self, epoch):
        """Train for an epoch, and evaluate.

        Parameters
        ----------
        epoch : int
            Its number, from 0.

        Returns
        -------
        logs : dict of float
            The metrics and ``loss``, and both for the validation samples.
        """
        self.hooks.begin_epoch(epoch)
        logs = self._train_blocks(epoch)
        if self._validation is not None:
            val_logs = self._evaluate()
            logs |= {f"val_{name}": value for name, value in val_logs.items()}
        return self.hooks.end_epoch(epoch, logs)

    def finish_training(self, best_weights=None):
        """End training, and take back the weights of the best epoch, if given."""
        self.backend.finish_training()
        self.hooks.end_training()
        if best_weights is not None:
            self.backend.write_weights(*best_weights)
        self.backend.finish_model()

    def _train_blocks(self, epoch):
        """Train on all samples, and return the logs: means over the blocks."""
        n_samples, parts, first_batch = [], [], 0
        for number, block in enumerate(self._blocks):
            order = self._draw_order(len(block), epoch, number)
            parts.append(self._train_batches(block.view_sparse(), order, first_batch))
            n_samples.append(len(block))
            first_batch += -(-len(block) // self._schedule.batch_size)
            if self.hooks.stop:
                break
        if len(parts) == 1:  # to the last bit
            return parts[0]
        return {
            name: float(np.average([logs[name] for logs in parts], weights=n_samples))
            for name in parts[0]
        }

    def _train_batches(self, samples, order, first_batch):
        """Train on a block in an order, and return its logs."""
        n_samples = len(samples)
        logits = np.empty((n_samples, self._spec.layer_sizes[-1]), self._spec.dtype)
        total = 0.0
        for number, batch in enumerate(
            gen_batches(n_samples, self._schedule.batch_size), first_batch
        ):
            self.hooks.begin_batch(number)
            loss, logits[batch] = self.backend.make_step(
                samples.select(order[batch]), self._draw_masks(batch.stop - batch.start)
            )
            total += loss * (batch.stop - batch.start)
            if self.hooks.sees_batches:
                seen = samples.select_targets(order[: batch.stop])
                logs = self._make_logs(seen, logits[: batch.stop], total)
                self.hooks.end_batch(number, logs)
                if self.hooks.stop:
                    return logs
        return self._make_logs(samples.select_targets(order), logits, total)

    def _evaluate(self):
        validation = self._validation
        self.hooks.begin_test()
        total, logits = 0.0, []
        for number, part in enumerate(self._validation_parts):
            self.hooks.begin_test_batch(number)
            loss, part_logits = self.backend.evaluate(part)
            total += loss * len(part_logits)
            logits.append(part_logits)
            if self.hooks.sees_test_batches:
                so_far = np.concatenate(logits)
                seen = validation.select_targets(slice(len(so_far)))
                self.hooks.end_test_batch(number, self._make_logs(seen, so_far, total))
        logs = self._make_logs(validation, np.concatenate(logits), total)
        self.hooks.end_test(logs)
        return logs

    def _make_logs(self, samples, logits, total):
        logs = self._metrics.compute(samples, logits)
        return logs | {"loss": total / len(logits)}

    def _cut_validation(self):
        """Cut into parts, by batches if a callback sees them."""
        size = count_block_rows(self._spec.layer_sizes[1:])
        if self.hooks.sees_test_batches:
            size = self._schedule.batch_size
        n_samples = len(self._validation.Y)
        if n_samples <= size:
            return [self._validation]
        return [self._validation.select(p) for p in gen_batches(n_samples, size)]

    def _draw_order(self, n_samples, epoch, block):
        """Order of the samples of a block.

        It depends on the number of the epoch, so that training that goes on equals
        training at one go.
        """
        if not self._schedule.shuffle or n_samples <= self._schedule.batch_size:
            return np.arange(n_samples)
        seed = [self._schedule.shuffle_seed, epoch, *([block] if block else [])]
        return np.random.default_rng(seed).permutation(n_samples)

    def _number_shared_draws(self):
        """Number the samples by what they share their dropout with.

        Equal samples of a single batch share it, so that weights equal repetitions
        under dropout too; otherwise None.
        """
        if self._schedule.n_batches != 1 or not any(self._spec.dropout):
            return None
        (samples,) = self._blocks
        return number_distinct_rows(samples.X, samples.Y)

    def _draw_masks(self, n_samples):
        """Factors of the outputs of each hidden layer, None without dropout."""
        shared_draws = self._shared_draws
        dropout = self._spec.dropout
        if not any(dropout):
            return [None] * len(dropout)
        seed = [self._schedule.dropout_seed, self.backend.iteration]
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
