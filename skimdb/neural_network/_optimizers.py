"""RMSprop, Adam and SGD with Keras's names, defaults and formulas.

Each keeps values beside the weights, its slots, of which Keras knows the names too, so
that training can go on in either library.
"""

import numpy as np

from skimdb.neural_network._multiply_add import (
    add_multiple,
    add_product,
    add_to_rows,
)

# Weights that are updated at a time, so that they, the gradient and the slots stay in
# the cache: examples/benchmarks/bench_training.py, section "wide", sets it.
_BLOCK = 2**17
# Moving averages are multiplied by what they have decayed by before it becomes smaller.
_LEAST_DECAY = 1e-6


def _round(value):
    """Round to single precision, as Keras does with some constants."""
    return float(np.float32(value))


class Optimizer:
    """Base of the optimizers.

    Parameters
    ----------
    weights : ndarray of shape (n_weights,)
        All weights of a network in a row, changed in place.

    Attributes
    ----------
    iteration : int
        Number of steps made; the caller counts them.
    slots : list of ndarray of shape (n_weights,)
        One per entry of `slot_names`.
    decay : float
        What moving averages among the slots are still to be multiplied by.
    gradient_factor : float
        What the gradients that `update` is given are multiplied by.
    can_skip : bool
        Whether a zero gradient leaves the weight and the slots as they are, so that
        such an update need not be made.
    """

    slot_names = ()
    can_skip = False
    decay = gradient_factor = 1.0

    def __init__(self, weights):
        self.iteration = 0
        self.learning_rate = _round(self.learning_rate)
        self.weights = weights
        # Memory that is not touched until it is needed, unlike that of `zeros_like`.
        self.slots = [np.zeros(weights.shape, weights.dtype) for _ in self.slot_names]

    def begin_step(self):
        """Begin a step, before any of its gradients is computed."""

    def update(self, gradient, start=0):
        """Update the weights from a position on.

        Parameters
        ----------
        gradient : ndarray of shape (n_updated,)
            Times `gradient_factor`. It is overwritten.
        start : int, default=0
        """
        scratch = np.empty(min(_BLOCK, len(gradient)), gradient.dtype)
        arrays = [self.weights, *self.slots]
        for first in range(0, len(gradient), _BLOCK):
            part = gradient[first : first + _BLOCK]
            begin, end = start + first, start + first + len(part)
            weight, *slots = [array[begin:end] for array in arrays]
            add_multiple(weight, *self._compute_step(part, scratch[: len(part)], slots))

    def update_rows(self, kernel, slots, rows, gradient):
        """Update some rows of a kernel.

        Parameters
        ----------
        kernel : ndarray of shape (n_features, n_units)
        slots : list of ndarray of shape (n_features, n_units)
            One per entry of `slot_names`.
        rows : ndarray of int of shape (n_rows,)
            Distinct.
        gradient : ndarray of shape (n_rows, n_units)
            Times `gradient_factor`. It is overwritten.
        """
        parts = [slot.take(rows, axis=0) for slot in slots]
        flat = [part.reshape(-1) for part in parts]
        scratch = np.empty_like(gradient)
        step, factor = self._compute_step(
            gradient.reshape(-1), scratch.reshape(-1), flat
        )
        add_to_rows(kernel, rows, step.reshape(gradient.shape), factor)
        for slot, part in zip(slots, parts, strict=True):
            _put_rows(slot, rows, part)

    def _compute_step(self, gradient, scratch, slots):
        """Update the slots, and return what to add to the weights.

        An array, which may be the gradient, `scratch` or a slot, and its factor.
        """
        raise NotImplementedError


class RMSprop(Optimizer):
    """Divide the gradient by a moving average of its magnitude.

    The average ``v = rho * v + (1 - rho) * g**2`` of step t is kept as
    ``V = v / rho**t``. Then a step is ``V += h**2`` with a gradient ``h`` that has been
    multiplied by a number, which takes fewer passes over memory, and a feature that no
    sample of a batch has needs none.

    Hinton, G. (2012). Neural networks for machine learning, lecture 6.
    """

    def __init__(
        self,
        weights,
        learning_rate=0.001,
        rho=0.9,
        momentum=0.0,
        epsilon=1e-7,
        centered=False,
    ):
        self.learning_rate = learning_rate
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        self.slot_names = ("velocity",)
        self.slot_names += ("momentum",) * (momentum > 0)
        self.slot_names += ("average_gradient",) * bool(centered)
        self.can_skip = not momentum
        super().__init__(weights)

    def begin_step(self):
        """Let the averages decay."""
        self.decay *= self.rho
        if self.decay < _LEAST_DECAY:
            for name, slot in zip(self.slot_names, self.slots, strict=True):
                if name != "momentum":
                    slot *= self.decay
            self.decay = 1.0
        if self.rho < 1:
            self.gradient_factor = ((1 - self.rho) / self.decay) ** 0.5

    def _compute_step(self, gradient, scratch, slots):
        velocity, *others = slots
        rate = self.learning_rate
        if self.rho < 1:  # else the averages stay as they are
            rate /= (1 - self.rho) ** 0.5
            add_product(velocity, gradient, gradient)
            if self.centered:
                add_multiple(others[-1], gradient, self.gradient_factor)
        if self.centered:
            np.square(others[-1], out=scratch)
            scratch *= -self.decay
            scratch += velocity
            scratch += self.epsilon / self.decay
        else:
            np.add(velocity, self.epsilon / self.decay, out=scratch)
        np.sqrt(scratch, out=scratch)
        gradient /= scratch
        if self.momentum > 0:
            momentum = others[0]
            momentum *= self.momentum
            add_multiple(momentum, gradient, rate)
            return momentum, -1
        return gradient, -rate


class Adam(Optimizer):
    """Moving averages of the gradient and of its square, corrected for their start.

    Kingma, D. P., and Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.
    Reddi, S. J., Kale, S., and Kumar, S. (2018). On the convergence of Adam and
    beyond. ICLR (`amsgrad`).
    """

    def __init__(
        self,
        weights,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
    ):
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        self.slot_names = ("momentum", "velocity")
        self.slot_names += ("velocity_hat",) * bool(amsgrad)
        super().__init__(weights)

    def _compute_step(self, gradient, scratch, slots):
        momentum, velocity, *others = slots
        step = self.iteration + 1
        rate = self.learning_rate * np.sqrt(1 - _round(self.beta_2) ** step)
        rate /= 1 - _round(self.beta_1) ** step
        np.subtract(gradient, momentum, out=scratch)
        scratch *= 1 - self.beta_1
        momentum += scratch
        np.square(gradient, out=scratch)
        scratch -= velocity
        scratch *= 1 - self.beta_2
        velocity += scratch
        if self.amsgrad:
            (largest,) = others
            np.maximum(largest, velocity, out=largest)
            velocity = largest
        np.sqrt(velocity, out=scratch)
        scratch += self.epsilon
        np.divide(momentum, scratch, out=gradient)
        return gradient, -rate


class SGD(Optimizer):
    """Steps along the gradient, with or without momentum."""

    def __init__(self, weights, learning_rate=0.01, momentum=0.0, nesterov=False):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.slot_names = ("momentum",) * (momentum != 0)
        self.can_skip = not momentum
        super().__init__(weights)

    def _compute_step(self, gradient, scratch, slots):
        if self.momentum == 0:
            return gradient, -self.learning_rate
        (momentum,) = slots
        momentum *= _round(self.momentum)
        add_multiple(momentum, gradient, -self.learning_rate)
        if not self.nesterov:
            return momentum, 1
        np.multiply(momentum, _round(self.momentum), out=scratch)
        add_multiple(scratch, gradient, -self.learning_rate)
        return scratch, 1


def _put_rows(array, rows, values):
    """Assign rows of a matrix as single items, which takes half the time."""
    item = f"V{array.itemsize * array.shape[1]}"
    array.view(item)[:, 0][rows] = values.view(item)[:, 0]


OPTIMIZERS = {"rmsprop": RMSprop, "adam": Adam, "sgd": SGD}
