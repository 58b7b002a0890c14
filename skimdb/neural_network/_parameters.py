"""Parameters of a classifier and those of its optimizer, loss and callbacks."""

import functools
import inspect
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from skimdb._messages import suggest_nearest
from skimdb.neural_network._keras_params import ROUTES, describe_unknown

# Names in scikit-learn and Keras, and the attribute that has the same values.
_OTHER_ATTRIBUTES = {
    "loss_curve_": "history_['loss']",
    "validation_scores_": "history_['val_accuracy']",
    "best_loss_": "history_",
    "history": "history_",
    "n_layers_": "len(coefs_) + 1",
}


class RoutedParametersMixin:
    """Adds parameters with a prefix, such as ``optimizer__momentum``.

    They are plain attributes. The constructor passes them to `_set_routed`.
    """

    @staticmethod
    def _is_routed(name):
        # scikit-learn's check of constructors passes the name of the signature.
        return name.startswith(ROUTES) or name == "routed"

    def _set_routed(self, params):
        for name in params:
            if not self._is_routed(name):
                raise TypeError(self._describe_unknown(name))
        vars(self).update(params)

    def _get_routed(self):
        return {k: v for k, v in vars(self).items() if self._is_routed(k)}

    @classmethod
    @functools.cache  # a search clones estimators hundreds of times
    def _get_param_names(cls):
        return super()._get_param_names()

    @classmethod
    @functools.cache
    def _takes_routed(cls):
        parameters = inspect.signature(cls.__init__).parameters.values()
        return any(p.kind is p.VAR_KEYWORD for p in parameters)

    def _describe_unknown(self, name):
        return describe_unknown(name, type(self).__name__, self._get_param_names())

    def _refuse_arguments(self, method, names):
        """Raise an error for unknown arguments of `fit` or `partial_fit`."""
        for name in names:
            if name in self._get_param_names() or self._is_routed(name):
                hint = f" Set it with set_params({name}=...)."
            elif name == "validation_data":
                hint = " Pass X_val and y_val."
            elif name == "validation_split":
                hint = " Use early_stopping=True and set validation_fraction."
            else:
                known = inspect.signature(getattr(self, method)).parameters
                hint = suggest_nearest(name, known)
            raise TypeError(f"{method}() got an unexpected argument {name!r}.{hint}")

    def __getattr__(self, name):
        if name == "model_":  # the property has raised a NotFittedError
            check_is_fitted(self)
        message = f"{type(self).__name__!r} object has no attribute {name!r}."
        if name in _OTHER_ATTRIBUTES:
            message += f" Use {_OTHER_ATTRIBUTES[name]} after fit."
        raise AttributeError(message, name=name, obj=self)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, including those of optimizer, loss and callbacks.

        Parameters
        ----------
        deep : bool, default=True
            Has no effect, because no parameter is an estimator.

        Returns
        -------
        params : dict
            Parameters by name.
        """
        params = super().get_params(deep=deep)
        return params | (self._get_routed() if self._takes_routed() else {})

    def set_params(self, **params: Any) -> Self:
        """Set parameters, including those of optimizer, loss and callbacks.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : KerasMLPClassifier
            The estimator.

        Raises
        ------
        ValueError
            If a parameter does not exist. No parameter is set then.
        """
        valid = self.get_params()
        for name in params:
            if name not in valid and not self._is_routed(name):
                raise ValueError(self._describe_unknown(name))
        vars(self).update(params)
        return self
