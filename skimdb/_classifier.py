"""The multilayer perceptron as a scikit-learn classifier."""

import difflib
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from skimdb._forward import ACTIVATIONS, forward
from skimdb._metrics import probabilities
from skimdb._rows import Rows, hold_out

# Parameters with these prefixes go to what they name.
_ROUTES = ("optimizer__", "loss__", "callbacks__")


@contextmanager
def _all_or_nothing(estimator):
    """Put an estimator back as it was if fitting fails or is interrupted."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def _check_no_texts(X):
    """Raise for raw texts, which only a vectorizer can take."""
    if isinstance(X, (list, tuple)) or getattr(X, "ndim", 2) == 1:
        X = next(iter(X), None)
    if isinstance(X, (str, bytes)):
        raise ValueError(
            "KerasMLPClassifier takes a matrix of numbers, but got texts. Put a "
            "vectorizer before it: make_pipeline(TextMultiHotVectorizer(), "
            "KerasMLPClassifier())."
        )


def _per_layer(value, n_layers, name):
    """One value per hidden layer, from a scalar or one value each."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n_layers
    if len(values) != n_layers:
        raise ValueError(
            f"{name}={value!r} has {len(values)} entries for {n_layers} hidden "
            f"layer(s); give one number for all, or one entry per hidden layer."
        )
    return values


class KerasMLPClassifier(ClassifierMixin, BaseEstimator):
    """Multilayer perceptron trained by Keras, sparse from end to end.

    Dense hidden layers, each followed by an activation and, if asked for, dropout;
    one sigmoid unit and binary cross-entropy for two classes, a softmax and
    categorical cross-entropy for more. Sparse input is never made dense as a whole.

    Parameters
    ----------
    size : int or tuple of int, default=16
        Units of each hidden layer; a tuple gives one number per layer.
    n_hidden_layers : int, default=2
        Number of hidden layers; not used if `size` is a tuple.
    l2 : float, default=0.0
        Strength of the penalty ``l2 * sum(w ** 2)`` on the kernels of the hidden
        layers, added to the training loss.
    dropout : float or tuple of float, default=0.0
        Rate after every hidden layer; a tuple gives one rate per layer.
    activation : {"elu", "linear", "relu", "sigmoid", "silu", "softplus", "tanh"}, \
            default="relu"
        Activation of the hidden layers.
    optimizer : str, class or keras.optimizers.Optimizer, default="rmsprop"
        By its Keras name, as a class, or as an instance (of which a copy is used).
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
            default=None
        None takes the optimizer's own default (0.001 for RMSprop and Adam).
    epochs : int, default=20
        Passes over the training data.
    batch_size : int, default=512
        Samples in a step of the optimizer. If one batch holds all samples, their
        order plays no role and is not drawn.
    shuffle : bool, default=True
        Draw a new order of the samples for each epoch.
    metrics : sequence of str, default=("accuracy",)
        What to record per epoch beside the loss: names of scikit-learn scorers or of
        Keras metrics.
    early_stopping : bool, default=False
        Stop when `monitor` no longer improves, and restore the weights of its best
        epoch. Without `X_val`, part of the training data is held out.
    monitor : str, default="val_loss"
        Entry of `history_` that early stopping and `best_epoch_` go by. Losses are
        better when smaller, metrics when larger, Keras's error metrics excepted.
    validation_fraction : float, default=0.1
        Share of the training data, stratified, that early stopping holds out.
    n_iter_no_change : int or inf, default=10
        Epochs without improvement after which early stopping stops. With ``np.inf``
        all epochs are run and the best weights restored.
    tol : float, default=0.0
        What an improvement has to exceed.
    class_weight : dict or "balanced", default=None
        Weights of the classes, multiplied into the sample weights.
    callbacks : keras.callbacks.Callback, class, or list of them, default=None
        Keras callbacks. Classes are instantiated for each fit, with the parameters
        routed to them; instances are shared between fits.
    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order, dropout and held-out samples.
    verbose : int, default=0
        Print a line per epoch.
    warm_start : bool, default=False
        Let `fit` go on from the weights, optimizer state and history of the last.
    **routed : dict
        Parameters of the optimizer, the loss and callback classes, prefixed with
        ``optimizer__``, ``loss__`` or ``callbacks__``: ``optimizer__momentum=0.9``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_ : list of ndarray
        Kernel of each layer, of shape (n_inputs, n_units), in the input's dtype.
    intercepts_ : list of ndarray
        Bias of each layer, of shape (n_units,).
    history_ : dict of ndarray of shape (n_iter_,)
        Per epoch ``loss``, which training minimizes, penalty included; the metrics;
        and with validation data their ``val_`` twins, where ``val_loss`` is without
        the penalty.
    n_iter_ : int
        Epochs run.
    best_epoch_ : int or None
        Epoch, counted from 1, at which `monitor` was best; None without it.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if `X` had any that are all strings.
    model_ : keras.Model
        The network as a Keras model, built when asked for.

    See Also
    --------
    skimdb.EpochSearchCV : Finds the number of epochs at no extra cost.
    sklearn.neural_network.MLPClassifier : scikit-learn's multilayer perceptron.

    Notes
    -----
    Keras reports a validation loss that includes the L2 penalty; ``val_loss`` here
    does not, so that penalized and other models can be compared.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skimdb import KerasMLPClassifier
    >>> X, y = make_classification(random_state=0)
    >>> classifier = KerasMLPClassifier(epochs=100, learning_rate=0.01, random_state=0)
    >>> bool(classifier.fit(X, y).score(X, y) > 0.9)
    True
    """

    _parameter_constraints = {
        "size": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "n_hidden_layers": [Interval(Integral, 1, None, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "optimizer": "no_validation",  # by Keras, which knows its optimizers
        "learning_rate": [None, Interval(Real, 0, None, closed="neither"), callable],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "metrics": [tuple, list],
        "early_stopping": ["boolean"],
        "monitor": [str],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "tol": [Interval(Real, 0, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "callbacks": "no_validation",
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        size=16,
        *,
        n_hidden_layers=2,
        l2=0.0,
        dropout=0.0,
        activation="relu",
        optimizer="rmsprop",
        learning_rate=None,
        epochs=20,
        batch_size=512,
        shuffle=True,
        metrics=("accuracy",),
        early_stopping=False,
        monitor="val_loss",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0,
        class_weight=None,
        callbacks=None,
        random_state=None,
        verbose=0,
        warm_start=False,
        **routed,
    ):
        self.size = size
        self.n_hidden_layers = n_hidden_layers
        self.l2 = l2
        self.dropout = dropout
        self.activation = activation
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.metrics = metrics
        self.early_stopping = early_stopping
        self.monitor = monitor
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        vars(self).update(routed)

    def _get_routed(self):
        """Parameters that the constructor does not name."""
        named = self._get_param_names()
        return {
            name: value
            for name, value in vars(self).items()
            if name not in named and name[0] != "_" and name[-1] != "_"
        }

    def _check_routed(self):
        routed = self._get_routed()
        for name in routed:
            if not name.startswith(_ROUTES):
                near = difflib.get_close_matches(name, self._get_param_names(), n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise TypeError(
                    f"KerasMLPClassifier has no parameter {name!r}.{hint} Parameters "
                    "of the optimizer, the loss or the callbacks take the prefix "
                    f"{', '.join(_ROUTES)}."
                )
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
        self : KerasMLPClassifier
        """
        routed = {k: v for k, v in params.items() if k.startswith(_ROUTES)}
        super().set_params(**{k: params[k] for k in params.keys() - routed.keys()})
        vars(self).update(routed)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        # On a few hundred samples 20 epochs are 20 steps, too few to learn much.
        tags.classifier_tags.poor_score = True
        return tags

    def _hidden_layers(self):
        """Units and dropout rate of each hidden layer, validated."""
        n_layers = (
            len(self.size)
            if isinstance(self.size, (tuple, list))
            else self.n_hidden_layers
        )
        sizes = _per_layer(self.size, n_layers, "size")
        if not sizes or any(
            not isinstance(n, Integral) or isinstance(n, bool) or n < 1 for n in sizes
        ):
            raise ValueError(
                f"size={self.size!r}: each hidden layer needs a whole number of units, "
                "1 or more."
            )
        rates = _per_layer(self.dropout, n_layers, "dropout")
        if any(not isinstance(r, Real) or not 0 <= r < 1 for r in rates):
            raise ValueError(
                f"dropout={self.dropout!r}: a rate is at least 0 and less than 1."
            )
        return tuple(int(n) for n in sizes), tuple(float(r) for r in rates)

    def _encode(self, y, name="y"):
        """Target matrix of the network: one column for two classes, else one each."""
        y = column_or_1d(y, warn=name == "y")
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"{name} has labels that are not among the classes "
                f"{self.classes_.tolist()}: {unknown.tolist()}."
            )
        codes = np.searchsorted(self.classes_, y)
        if len(self.classes_) == 2:
            return codes[:, np.newaxis]
        return np.eye(len(self.classes_))[codes]

    def _check_classes(self, y, sample_weight):
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        classes = np.unique(y[sample_weight > 0])
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, but y "
                f"has only one class: {classes.tolist()}. Were the samples sorted by "
                "label and then cut? Shuffle or stratify them."
            )
        return classes

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples. float32 and float64 are computed in as they are, any
            other dtype in float64.
        y : array-like of shape (n_samples,)
            Labels of any kind.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; only their proportions count.
        X_val : {array-like, sparse matrix} of shape (n_val_samples, n_features), \
                default=None
            Validation samples; nothing is fitted to them.
        y_val : array-like of shape (n_val_samples,), default=None
            Their labels.

        Returns
        -------
        self : KerasMLPClassifier
            The fitted estimator. It is left as it was if fitting fails.

        Raises
        ------
        ValueError
            If a parameter or the data cannot be used; the message says why.
        """
        with _all_or_nothing(self):
            return self._fit(X, y, sample_weight, X_val, y_val)

    def _fit(self, X, y, sample_weight, X_val, y_val):
        from skimdb._fitting import fit_network

        routed = self._check_routed()
        sizes, rates = self._hidden_layers()
        warm = self.warm_start and hasattr(self, "coefs_")
        _check_no_texts(X)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            reset=not warm,
        )
        weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        classes = self._check_classes(y, weight)
        if not warm:
            self.classes_ = classes
        balance = compute_sample_weight(self.class_weight, y)
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=4)
        validation = self._validation_rows(X_val, y_val, X.dtype)
        kept = weight > 0
        if not kept.all():
            X, y, weight, balance = X[kept], y[kept], weight[kept], balance[kept]
        Y = self._encode(y)
        if validation is None and self.early_stopping and "val_" in self.monitor:
            held_out = hold_out(X, Y, self.validation_fraction, seeds[3])
            if not held_out.any():
                raise ValueError(
                    "Early stopping has nothing to hold out: no class has two "
                    "different samples. Give X_val and y_val, or more samples."
                )
            validation = Rows.make(X[held_out], Y[held_out], weight[held_out])
            X, Y, weight = X[~held_out], Y[~held_out], weight[~held_out]
            balance = balance[~held_out]
        fitted = fit_network(
            Rows.make(X, Y, weight * balance),
            validation,
            self,
            sizes=sizes,
            dropout=rates,
            routed=routed,
            seeds=seeds,
            warm=warm,
        )
        vars(self).update(fitted)
        return self

    def _validation_rows(self, X_val, y_val, dtype):
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            raise ValueError("X_val and y_val go together; only one of them is given.")
        _check_no_texts(X_val)
        check_consistent_length(X_val, y_val)
        X_val = validate_data(
            self, X_val, accept_sparse="csr", dtype=dtype, reset=False
        )
        return Rows.make(X_val, self._encode(y_val, "y_val"))

    def _check_X(self, X):
        check_is_fitted(self)
        _check_no_texts(X)
        return validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=self.coefs_[0].dtype,
            reset=False,
        )

    @property
    def _output_activation(self):
        return "sigmoid" if len(self.classes_) == 2 else "softmax"

    def predict_proba(self, X):
        """Probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            In the dtype of the network; columns in the order of `classes_`.
        """
        X = self._check_X(X)
        return probabilities(
            forward(
                X,
                self.coefs_,
                self.intercepts_,
                activation=self.activation,
                output_activation=self._output_activation,
            )
        )

    def predict(self, X):
        """Most probable class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    @property
    def model_(self):
        """The network as a Keras model, built when asked for."""
        check_is_fitted(self)
        from skimdb._network import build_model

        return build_model(
            self.coefs_,
            self.intercepts_,
            activation=self.activation,
            output_activation=self._output_activation,
            l2=self.l2,
            dropout=self._hidden_layers()[1],
        )
