"""RMSprop, Adam and SGD with Keras's names, defaults and formulas.

Each keeps values beside the weights, its slots, of which Keras knows the names too, so
that training can go on in either library.
"""

import numpy as np

# Weights that are updated at a time, so that they, the gradient and the slots stay in
# the cache: examples/benchmarks/bench_training.py, section "wide", sets it.
_BLOCK = 2**17


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
    can_skip : bool
        Whether a zero gradient leaves the weight as it is and multiplies the slots by
        `decay`, so that such updates can be made up for later.
    """

    slot_names = ()
    can_skip = False
    decay = 1.0

    def __init__(self, weights):
        self.iteration = 0
        self.learning_rate = _round(self.learning_rate)
        self.weights = weights
        self.slots = [np.zeros_like(weights) for _ in self.slot_names]

    def update(self, gradient, start=0):
        """Update the weights from a position on.

        Parameters
        ----------
        gradient : ndarray of shape (n_updated,)
            It is overwritten.
        start : int, default=0
        """
        scratch = np.empty(min(_BLOCK, len(gradient)), gradient.dtype)
        arrays = [self.weights, *self.slots]
        for first in range(0, len(gradient), _BLOCK):
            part = gradient[first : first + _BLOCK]
            begin, end = start + first, start + first + len(part)
            weight, *slots = [array[begin:end] for array in arrays]
            self._update(weight, part, scratch[: len(part)], *slots)

    def update_arrays(self, weight, gradient, slots):
        """Update weights that are kept elsewhere, such as rows of a kernel.

        Parameters
        ----------
        weight, gradient : ndarray of the same shape
            The gradient is overwritten.
        slots : list of ndarray
            One per entry of `slot_names`.
        """
        self._update(weight, gradient, np.empty_like(gradient), *slots)


class RMSprop(Optimizer):
    """Divide the gradient by a moving average of its magnitude.

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
        self.rho = self.decay = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        self.slot_names = ("velocity",)
        self.slot_names += ("momentum",) * (momentum > 0)
        self.slot_names += ("average_gradient",) * bool(centered)
        self.can_skip = not momentum
        super().__init__(weights)

    def _update(self, weight, gradient, scratch, velocity, *others):
        np.square(gradient, out=scratch)
        scratch *= 1 - self.rho
        velocity *= self.rho
        velocity += scratch
        if self.centered:
            average = others[-1]
            average *= self.rho
            np.multiply(gradient, 1 - self.rho, out=scratch)
            average += scratch
            np.square(average, out=scratch)
            np.subtract(velocity, scratch, out=scratch)
            scratch += self.epsilon
        else:
            np.add(velocity, self.epsilon, out=scratch)
        np.sqrt(scratch, out=scratch)
        gradient *= self.learning_rate
        gradient /= scratch
        if self.momentum > 0:
            momentum = others[0]
            momentum *= self.momentum
            momentum += gradient
            weight -= momentum
        else:
            weight -= gradient


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

    def _update(self, weight, gradient, scratch, momentum, velocity, *others):
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
        np.multiply(momentum, float(rate), out=gradient)
        gradient /= scratch
        weight -= gradient


class SGD(Optimizer):
    """Steps along the gradient, with or without momentum."""

    def __init__(self, weights, learning_rate=0.01, momentum=0.0, nesterov=False):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.slot_names = ("momentum",) * (momentum != 0)
        self.can_skip = not momentum
        super().__init__(weights)

    def _update(self, weight, gradient, scratch, *slots):
        gradient *= self.learning_rate
        if self.momentum == 0:
            weight -= gradient
            return
        (momentum,) = slots
        momentum *= _round(self.momentum)
        momentum -= gradient
        if self.nesterov:
            np.multiply(momentum, _round(self.momentum), out=scratch)
            scratch -= gradient
            weight += scratch
        else:
            weight += momentum


OPTIMIZERS = {"rmsprop": RMSprop, "adam": Adam, "sgd": SGD}
