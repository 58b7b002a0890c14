"""The multilayer perceptron as a scikit-learn classifier."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skimdb._sklearn import Interval, Options, StrOptions, _fit_context
from skimdb.neural_network._fit_classifier import fit_classifier
from skimdb.neural_network._forward import (
    ACTIVATIONS,
    forward,
    log_probabilities,
    probabilities,
)
from skimdb.neural_network._input_checks import (
    all_or_nothing,
    check_hidden_layers,
    check_no_texts,
)
from skimdb.neural_network._keras_params import RoutedParametersMixin
from skimdb.neural_network._labels import decode


class KerasMLPClassifier(
    RoutedParametersMixin, CallbackSupportMixin, ClassifierMixin, BaseEstimator
):
    """Multilayer perceptron trained by Keras, sparse from end to end.

    Dense hidden layers, each followed by an activation and, if asked for, dropout;
    one sigmoid unit and binary cross-entropy for two classes, a softmax and
    categorical cross-entropy for more, a sigmoid unit per label for an indicator
    matrix. Sparse input is never made dense as a whole.

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
        None takes the optimizer's own default (0.001 for RMSprop and Adam). A
        schedule of Keras counts steps, one per batch.
    epochs : int, default=20
        Passes over the training data.
    batch_size : int, default=512
        Samples in a step of the optimizer. If one batch holds all samples, their
        order plays no role and is not drawn.
    shuffle : bool, default=True
        Draw a new order of the samples for each epoch.
    metrics : tuple or list of str, default=("accuracy",)
        What to record per epoch beside the loss: names of scikit-learn scorers or,
        if it knows none, of Keras metrics. Sample weights count, class weights do
        not. Scorers that need a positive class take the last.
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
    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes, multiplied into the sample weights. The list has a
        dict for each column of an indicator matrix.
    callbacks : callback, class, function, or list, tuple or dict of them, default=None
        Keras callbacks. Each fit has its own: a class is instantiated with the
        parameters routed to it, a function without arguments makes one, an instance
        is copied, so look for what it found in `callbacks_`. In paths ``{run}``
        stands for something unique to the fit and ``{size}`` and the like for the
        parameters: ``"logs/{size}/{run}"``. Parallel fits need ``{run}``.
        scikit-learn's callbacks are set by `set_callbacks`, and see every epoch.
    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order, dropout and held-out samples. As everywhere
        in scikit-learn, an int gives all splits of a cross-validation the same draws;
        None gives each its own.
    verbose : int, default=0
        Print a line per epoch.
    warm_start : bool, default=False
        Let `fit` go on from the weights, optimizer state and history of the last, just
        as if they were one. If it is interrupted, finished epochs are kept.
    **routed : dict
        Parameters of the optimizer, the loss and callback classes, prefixed with
        ``optimizer__``, ``loss__`` or ``callbacks__``: ``optimizer__momentum=0.9``,
        ``callbacks__patience=3``, or ``callbacks__0__patience=3`` for the first.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of n_labels such arrays
        Class labels; a list for an indicator matrix.
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
    callbacks_ : list of keras.callbacks.Callback
        Those of the last fit. Copies and pickles of the estimator lack them.
    n_outputs_ : int
        Units of the last layer.
    out_activation_ : {"sigmoid", "softmax"}
        Their activation.
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

    Fitted attributes are plain arrays, so predicting and unpickling need no Keras.
    Besides pickle and joblib, ``skops.io.dumps`` writes an estimator, and
    ``skops.io.loads`` reads it with
    ``trusted=["skimdb.neural_network._multilayer_perceptron.KerasMLPClassifier"]``.

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
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        # On a few hundred samples 20 epochs are 20 steps, too few to learn much.
        tags.classifier_tags.poor_score = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples. float32 and float64 are computed in as they are, any
            other dtype in float64.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any kind, or an indicator matrix of 0 and 1.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; only their proportions count.
        X_val : {array-like, sparse matrix} of shape (n_val_samples, n_features), \
                default=None
            Validation samples; nothing is fitted to them.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_labels), \
                default=None
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
        with all_or_nothing(self):
            return fit_classifier(self, X, y, sample_weight, X_val, y_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on a part of the data.

        Goes on from the weights, optimizer state and history of the calls before, or
        of `fit`. The parameters `epochs` and `early_stopping` are not used.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels, or an indicator matrix.
        classes : array-like of shape (n_classes,), default=None
            All classes, those that y lacks included. Needed in the first call, but
            not for an indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; only their proportions count.

        Returns
        -------
        self : KerasMLPClassifier
            The fitted estimator. It is left as it was if fitting fails.

        Raises
        ------
        ValueError
            If a parameter or the data cannot be used; the message says why.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "partial_fit sees a part of the data only, so it cannot balance the "
                "classes: give class_weight as a dict."
            )
        with all_or_nothing(self):
            return fit_classifier(
                self, X, y, sample_weight, partial=True, classes=classes
            )

    def _forward(self, X, *, logits=False):
        check_is_fitted(self)
        check_no_texts(X)
        X = validate_data(
            self, X, accept_sparse="csr", dtype=self.coefs_[0].dtype, reset=False
        )
        return forward(
            X,
            self.coefs_,
            self.intercepts_,
            activation=self.activation,
            output_activation="linear" if logits else self.out_activation_,
        )

    def decision_function(self, X):
        """Logits: what the sigmoid or softmax of the last layer is applied to.

        Unlike probabilities they do not run into 0 and 1, so they rank samples
        better, and are what `CalibratedClassifierCV` calibrates.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logits : ndarray of shape (n_samples,) for two classes, \
                else (n_samples, n_classes)
            In the dtype of the network.
        """
        logits = self._forward(X, logits=True)
        return logits.ravel() if self.n_outputs_ == 1 else logits

    def predict_proba(self, X):
        """Probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            In the dtype of the network; columns in the order of `classes_`. Of an
            indicator matrix each label has a probability of its own.
        """
        return probabilities(self._forward(X))

    def predict_log_proba(self, X):
        """Logarithm of the probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            From the logits, so it is finite where a probability rounds to 0.
        """
        logits = self._forward(X, logits=True)
        return log_probabilities(logits, self.out_activation_)

    def predict(self, X):
        """Most probable class, or labels that are more probable than not.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            In the dtype of the labels that the classifier was fitted on.
        """
        return decode(self.predict_proba(X), self.classes_)

    def to_keras(self):
        """Build the network as a Keras model, compiled as it was trained.

        Returns
        -------
        model : keras.Sequential
            Predicts what the estimator does: one column for two classes, which is
            the probability of the last, else one per class. It is made of Keras's
            own layers, so what its method `save` writes loads without skimdb.
        """
        check_is_fitted(self)
        from skimdb.neural_network._keras._objects import build_model, compile_arguments

        routed = self._check_routed()
        model = build_model(
            self.coefs_,
            self.intercepts_,
            activation=self.activation,
            output_activation=self.out_activation_,
            l2=self.l2,
            dropout=check_hidden_layers(self.size, self.n_hidden_layers, self.dropout)[
                1
            ],
        )
        optimizer, loss, _ = compile_arguments(
            self.get_params() | {"callbacks": None},
            {k: v for k, v in routed.items() if not k.startswith("callbacks__")},
            output_activation=self.out_activation_,
            dtype=self.coefs_[0].dtype,
        )
        model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
        return model

    @property
    def model_(self):
        """The network as a Keras model, built when asked for."""
        return self.to_keras()

    def __dir__(self):
        # scikit-learn's looks at all attributes, as do its HTML representation and
        # tab completion at what is listed here: that would build the model.
        names = object.__dir__(self)
        return [name for name in names if name != "model_" and hasattr(self, name)]

    def __getstate__(self):
        # Keras callbacks are the one thing fitted that is not plain.
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "callbacks_"}
