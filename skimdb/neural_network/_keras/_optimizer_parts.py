"""An optimizer instance taken apart, so that each fit has one of its own.

Keras copies and pickles an optimizer by its `get_config` and the name of its class. A
class of the user's own may not be registered with Keras, or have arguments or a
schedule that `get_config` does not know.
"""

import copy
import inspect
from dataclasses import dataclass

import keras

# Arguments that Keras keeps under another name.
_KEPT_AS = {"learning_rate": "_learning_rate", "optimizer_map": "_optimizer_map"}


@dataclass(frozen=True)
class OptimizerParts:
    """What a new optimizer of the same kind is made of.

    Attributes
    ----------
    cls : class
    arguments : dict
        Of the constructor of Keras's class, which is `cls` or the nearest base.
    attributes : dict
        What a class of the user's own has beside.
    """

    cls: type
    arguments: dict
    attributes: dict

    def assemble(self):
        """Make the optimizer.

        Returns
        -------
        optimizer : keras.optimizers.Optimizer
            Without any state of training.
        """
        optimizer = self.cls.__new__(self.cls)
        arguments = {name: _assemble(value) for name, value in self.arguments.items()}
        _find_base(self.cls).__init__(optimizer, **arguments)
        for name, value in self.attributes.items():
            setattr(optimizer, name, _assemble(value))
        return optimizer


@dataclass(frozen=True)
class _MapParts:
    """An OptimizerMap: its default, and the optimizers by their patterns."""

    default: OptimizerParts
    by_pattern: dict

    def assemble(self):
        by_pattern = {name: value.assemble() for name, value in self.by_pattern.items()}
        return keras.optimizers.OptimizerMap(self.default.assemble(), by_pattern)


def take_apart(optimizer):
    """Take an optimizer apart.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Not changed. It may have been trained with.

    Returns
    -------
    parts : OptimizerParts
        They share no variable with it.
    """
    base = _find_base(type(optimizer))
    arguments = {
        name: _take_apart(getattr(optimizer, _KEPT_AS.get(name, name)))
        for name, parameter in inspect.signature(base).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    }
    plain = base.__new__(base)
    base.__init__(
        plain, **{name: _assemble(value) for name, value in arguments.items()}
    )
    attributes = {
        name: _take_apart(value)
        for name, value in vars(optimizer).items()
        if name not in vars(plain) and not _has_variables(value)
    }
    return OptimizerParts(type(optimizer), arguments, attributes)


def _find_base(cls):
    """Keras's class: the first one in the order in which methods are looked up."""
    return next(c for c in cls.__mro__ if c.__module__.startswith("keras."))


def _take_apart(value):
    if isinstance(value, keras.Variable):
        return float(value.numpy())
    if isinstance(value, keras.optimizers.Optimizer):
        return take_apart(value)
    if isinstance(value, keras.optimizers.OptimizerMap):
        by_pattern = {name: take_apart(value[name]) for name in value}
        return _MapParts(take_apart(value.default_optimizer), by_pattern)
    return copy.copy(value) if isinstance(value, (dict, list, set)) else value


def _assemble(value):
    is_apart = isinstance(value, (OptimizerParts, _MapParts))
    return value.assemble() if is_apart else value


def _has_variables(value):
    """Whether a value is what training has made."""
    return any(isinstance(each, keras.Variable) for each in keras.tree.flatten(value))
