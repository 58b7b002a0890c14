"""RMSprop, Adam and SGD with Keras's names, defaults and formulas.

Each optimizer keeps arrays next to the weights, its slots. They have Keras's names, so
that training can continue in either library.
"""

import numpy as np

# Number of weights to update at a time, so that they, the gradient and the slots stay
# in the cache: examples/benchmarks/bench_training.py, section "wide", sets it.
_BLOCK = 2**17
# RMSprop applies the decay to its moving averages before it gets smaller than this.
_LEAST_DECAY = 1e-6


def _round(value):
    """Round to single precision, as Keras does with some constants."""
    return float(np.float32(value))


class Optimizer:
    """Base of the optimizers.

    A subclass has `_name_slots`, which returns the names of the slots that its options
    need, and `_compute_step`, which takes a gradient, a scratch array and the slots,
    all of one block of weights. It updates the slots and returns the change of the
    weights, which may be stored in the gradient, in the scratch array or in a slot.

    Parameters
    ----------
    weights : ndarray of shape (n_weights,)
        All weights of a network, changed in place.
    **options : dict
        Values that replace the ones of `defaults`. All options become attributes.

    Attributes
    ----------
    iteration : int
        Number of steps so far. The caller counts them.
    slots : dict of ndarray of shape (n_weights,)
        Arrays by their names in Keras.
    decay : float
        Factor that is still to be applied to the moving averages among the slots.
    gradient_factor : float
        Factor by which the caller multiplies the gradients of a step.
    can_skip : bool
        Whether a zero gradient leaves the weight and its slots unchanged, so that the
        update can be skipped. The averages of Adam and momentum always change.
    """

    defaults = {}
    decay = gradient_factor = 1.0

    def __init__(self, weights, **options):
        vars(self).update(self.defaults | options)
        self.iteration = 0
        self.learning_rate = _round(self.learning_rate)
        self.weights = weights
        self.can_skip = vars(self).get("momentum") == 0
        # Unlike `zeros_like`, `zeros` does not touch the memory before it is needed.
        self.slots = {
            name: np.zeros(weights.shape, weights.dtype) for name in self._name_slots()
        }

    def begin_step(self):
        """Begin a step, before the caller computes its gradients."""

    def update(self, gradient, start=0):
        """Update the weights from a position on.

        Parameters
        ----------
        gradient : ndarray of shape (n_updated,)
            Gradient times `gradient_factor`. It is overwritten.
        start : int, default=0
            Position of the first weight.
        """
        scratch = np.empty(min(_BLOCK, len(gradient)), gradient.dtype)
        arrays = [self.weights, *self.slots.values()]
        for first in range(0, len(gradient), _BLOCK):
            part = gradient[first : first + _BLOCK]
            begin, end = start + first, start + first + len(part)
            weight, *slots = [array[begin:end] for array in arrays]
            weight += self._compute_step(part, scratch[: len(part)], slots)

    def update_rows(self, kernel, slots, rows, gradient):
        """Update some rows of a kernel.

        Parameters
        ----------
        kernel : ndarray of shape (n_features, n_units)
        slots : list of ndarray of shape (n_features, n_units)
            One per entry of `self.slots`.
        rows : ndarray of int of shape (n_rows,)
            Distinct row numbers.
        gradient : ndarray of shape (n_rows, n_units)
            Gradient times `gradient_factor`. It is overwritten.
        """
        parts = [slot[rows] for slot in slots]
        kernel[rows] += self._compute_step(gradient, np.empty_like(gradient), parts)
        for slot, part in zip(slots, parts, strict=True):
            slot[rows] = part


class RMSprop(Optimizer):
    """Divide the gradient by a moving average of its magnitude.

    The average ``v = rho * v + (1 - rho) * g**2`` after step t is stored as
    ``V = v / rho**t``. A step is then ``V += h**2``, where ``h`` is the gradient times
    `gradient_factor`. This takes fewer passes over memory, and features that are absent
    from a batch need none.

    Hinton, G. (2012). Neural networks for machine learning, lecture 6.
    """

    defaults = {
        "learning_rate": 0.001,
        "rho": 0.9,
        "momentum": 0.0,
        "epsilon": 1e-7,
        "centered": False,
    }

    def _name_slots(self):
        names = ("velocity",) + ("momentum",) * (self.momentum > 0)
        return names + ("average_gradient",) * bool(self.centered)

    def begin_step(self):
        """Let the averages decay."""
        self.decay *= self.rho
        if self.decay < _LEAST_DECAY:
            for name, slot in self.slots.items():
                if name != "momentum":
                    slot *= self.decay
            self.decay = 1.0
        self.gradient_factor = ((1 - self.rho) / self.decay) ** 0.5

    def _compute_step(self, gradient, scratch, slots):
        velocity, *others = slots
        rate = self.learning_rate / (1 - self.rho) ** 0.5
        velocity += np.square(gradient, out=scratch)
        if self.centered:
            others[-1] += np.multiply(gradient, self.gradient_factor, out=scratch)
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
            gradient *= rate
            momentum += gradient
            return np.negative(momentum, out=scratch)
        gradient *= -rate
        return gradient


class Adam(Optimizer):
    """Moving averages of the gradient and of its square, corrected for their start.

    Kingma, D. P., and Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.
    Reddi, S. J., Kale, S., and Kumar, S. (2018). On the convergence of Adam and
    beyond. ICLR (`amsgrad`).
    """

    defaults = {
        "learning_rate": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "amsgrad": False,
    }

    def _name_slots(self):
        return ("momentum", "velocity") + ("velocity_hat",) * bool(self.amsgrad)

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
        gradient *= -float(rate)  # a NumPy scalar would compute in double precision
        return gradient


class SGD(Optimizer):
    """Steps along the gradient, with or without momentum."""

    defaults = {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False}

    def _name_slots(self):
        return ("momentum",) * (self.momentum != 0)

    def _compute_step(self, gradient, scratch, slots):
        gradient *= -self.learning_rate
        if self.momentum == 0:
            return gradient
        (momentum,) = slots
        momentum *= _round(self.momentum)
        momentum += gradient
        if not self.nesterov:
            return momentum
        np.multiply(momentum, _round(self.momentum), out=scratch)
        scratch += gradient
        return scratch


OPTIMIZERS = {"rmsprop": RMSprop, "adam": Adam, "sgd": SGD}
