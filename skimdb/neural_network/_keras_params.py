"""Parameters that go to what they name, such as ``optimizer__momentum``."""

import inspect

from skimdb._suggestions import suggest_nearest

ROUTES = ("optimizer__", "loss__", "callbacks__")


def check_arguments(owner, names, route):
    """Raise for a name that the constructor of a class does not take.

    Parameters
    ----------
    owner : class
    names : iterable of str
    route : str
        Prefix of the parameters.

    Raises
    ------
    ValueError
        That names the nearest argument.
    """
    parameters = {}
    for cls in inspect.getmro(owner):
        if "__init__" in vars(cls):
            parameters |= inspect.signature(cls.__init__).parameters
    valid = sorted(
        name
        for name, parameter in parameters.items()
        if name not in ("self", "kwargs")
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    )
    for name in names:
        if name not in valid:
            hint = suggest_nearest(name, valid).replace("'", f"'{route}__", 1)
            raise ValueError(
                f"Invalid parameter '{route}__{name}': {owner.__name__} takes no "
                f"argument {name!r}.{hint} Valid ones: {', '.join(valid)}."
            )


class RoutedParametersMixin:
    """Takes parameters of optimizer, loss and callbacks beside the named ones.

    They are plain attributes, like all parameters.
    """

    def _get_routed(self):
        """Parameters that the constructor does not name."""
        named = self._get_param_names()
        return {
            name: value
            for name, value in vars(self).items()
            if name not in named and name[0] != "_" and name[-1] != "_"
        }

    def _no_such_parameter(self, name):
        prefix, separator, rest = name.partition("__")
        names = [*self._get_param_names(), *(route[:-2] for route in ROUTES)]
        hint = suggest_nearest(prefix, names)
        if separator and hint:
            hint = hint.replace("'?", f"__{rest}'?")
        return (
            f"Invalid parameter {name!r} for estimator {type(self).__name__}.{hint} "
            f"Valid parameters are: {self._get_param_names()!r}, and those of the "
            f"optimizer, the loss or the callbacks with the prefix {', '.join(ROUTES)}."
        )

    def _check_routed(self):
        routed = self._get_routed()
        for name in routed:
            if not name.startswith(ROUTES):
                raise TypeError(self._no_such_parameter(name))
        return routed

    def get_params(self, deep=True):
        """Get the parameters, routed ones included.

        Parameters
        ----------
        deep : bool, default=True
            Has no effect: no parameter is an estimator.

        Returns
        -------
        params : dict
        """
        return super().get_params(deep=deep) | self._get_routed()

    def set_params(self, **params):
        """Set parameters, routed ones included.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If there is no such parameter; nothing is set then.
        """
        valid = self.get_params()
        for name in params:
            if name not in valid and not name.startswith(ROUTES):
                raise ValueError(self._no_such_parameter(name))
        vars(self).update(params)
        return self
