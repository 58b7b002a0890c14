"""The multilayer perceptron as a scikit-learn classifier."""

import sys
from collections.abc import Iterator
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils.validation import check_is_fitted

from skimdb._sklearn import Interval, Options, StrOptions, _fit_context
from skimdb.neural_network._fitting import build_keras_model, fit_network
from skimdb.neural_network._input_checks import LAYERS, RATE, UNITS, Matrix, read_chunks
from skimdb.neural_network._network import ACTIVATIONS
from skimdb.neural_network._parameters import LARGEST, RoutedParametersMixin
from skimdb.neural_network._prediction import PredictionMixin

if TYPE_CHECKING:
    import keras


class KerasMLPClassifier(
    PredictionMixin,
    RoutedParametersMixin,
    CallbackSupportMixin,
    ClassifierMixin,
    BaseEstimator,
):
    """Multilayer perceptron with Keras's initial weights, optimizers and results.

    The network has dense hidden layers, each followed by an activation and optional
    dropout. For two classes it ends in one sigmoid unit with binary cross-entropy, for
    more classes in a softmax with categorical cross-entropy, and for an indicator
    matrix in one sigmoid unit per label. Sparse input stays sparse.

    NumPy and TensorFlow train the same network and give the same results up to
    rounding. TensorFlow is imported only if a Keras-only feature is used (see
    `backend`).

    Read more in the :ref:`User Guide <guide-network>`.

    Parameters
    ----------
    size : int or tuple of int, default=16
        Number of units of each hidden layer. A tuple has one number per layer.
    n_hidden_layers : int, default=2
        Number of hidden layers. Not used if `size` is a tuple. With 0 or ``size=()``,
        the network is a linear model: logistic or softmax regression.
    l2 : float, default=0.0
        Strength of the penalty ``l2 * sum(w ** 2)`` on the kernels of the hidden
        layers, added to the training loss. A linear model has it on its only kernel.
    dropout : float or tuple of float, default=0.0
        Dropout rate after every hidden layer. A tuple has one rate per layer. A linear
        model has no dropout.
    activation : {"elu", "linear", "relu", "sigmoid", "silu", "softplus", "tanh"}, \
            default="relu"
        Activation of the hidden layers.
    optimizer : str, class or keras.optimizers.Optimizer, default="rmsprop"
        Name, class or instance of a Keras optimizer. Instances are copied. RMSprop,
        Adam and SGD by name train in NumPy.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, \
            default=None
        Learning rate. None uses the optimizer's default (0.001 for RMSprop and Adam).
        A Keras schedule counts steps, one per batch.
    epochs : int, default=20
        Number of passes over the training data.
    batch_size : int, default=512
        Number of samples per step of the optimizer. A single batch is not shuffled.
    shuffle : bool, default=True
        Whether to draw a new order of the samples for each epoch.
    metrics : tuple or list of str, default=("accuracy",)
        Metrics to record per epoch in addition to the loss: names of scikit-learn
        scorers, or names of Keras metrics that scikit-learn does not have. They use
        sample weights but not class weights. If a scorer needs a positive class among
        strings, it is the last one. A metric that cannot be computed is NaN in
        `history_`. At batches, Keras callbacks get only the loss and the accuracy of
        the epoch so far.
    early_stopping : bool, default=False
        Whether to stop when `monitor` no longer improves and to restore the weights of
        its best epoch. Without `X_val`, a part of the training data is held out.
    monitor : str, default="val_loss"
        Entry of `history_` that decides early stopping and `best_epoch_`. Smaller is
        better for losses and Keras's error metrics, larger for all other metrics.
    validation_fraction : float, default=0.1
        Share of the training data to hold out, stratified by class. Only used with
        ``early_stopping=True`` and without `X_val`.
    n_iter_no_change : int or inf, default=10
        Number of epochs without improvement after which early stopping stops. With
        ``np.inf``, all epochs run and the best weights are restored.
    tol : float, default=0.0
        Minimum improvement of `monitor` that counts as progress.
    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes, multiplied into the sample weights. At least two
        classes need samples with a positive sample weight. The list has a dict for
        each column of an indicator matrix.
    callbacks : callback, class, function, or list, tuple or dict of them, default=None
        Keras callbacks. `fit` uses the given instances, instantiates classes with the
        parameters routed to them, and calls functions without arguments to make
        callbacks. Clones of the classifier, as in a cross-validation or a search, use
        copies of the instances; find them in `callbacks_` of the fitted clone. In
        paths, each fit replaces ``{run}`` by an identifier of its own, as in
        ``"logs/{run}"``. Paths without ``{run}`` raise an error in clones, which would
        overwrite each other's files.
        Set callbacks of scikit-learn with the method `set_callbacks`.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the order, dropout and the held-out samples. As in
        scikit-learn, all splits share the draws of an int; None gives each its own.
    verbose : int, default=0
        Whether to print a line per epoch.
    warm_start : bool, default=False
        When True, `fit` continues from the weights, optimizer state and history of the
        previous call. Two fits then equal a single one, except with Keras callbacks
        that keep a state of their own, such as EarlyStopping, ReduceLROnPlateau,
        CSVLogger or SwapEMAWeights. `fit` refuses optimizers that average weights. If
        you interrupt `fit`, the finished epochs are kept.
    backend : {"auto", "numpy", "tensorflow"}, default="auto"
        Library to train with. ``"numpy"`` trains in NumPy and SciPy, and imports
        neither TensorFlow nor Keras. ``"tensorflow"`` trains a Keras model with a Keras
        optimizer, on the device that TensorFlow chooses. ``"auto"`` uses NumPy unless
        the fit needs Keras: for `callbacks`, a learning rate schedule, an optimizer
        other than RMSprop, Adam and SGD or given as a class or an instance, options of
        these three such as ``optimizer__clipnorm``, or a Keras metric. Both backends
        draw the same weights, order and dropout.
    **routed : dict
        Parameters of the optimizer, the loss and callback classes, with the prefix
        ``optimizer__``, ``loss__`` or ``callbacks__``: ``optimizer__momentum=0.9``,
        ``callbacks__patience=3``, or ``callbacks__0__patience=3`` for the first.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels. For an indicator matrix, the column numbers, as in
        `MLPClassifier`.
    coefs_ : list of ndarray
        Kernel of each layer, of shape (n_inputs, n_units), in the dtype of the input.
    intercepts_ : list of ndarray
        Bias of each layer, of shape (n_units,).
    history_ : dict of ndarray of shape (n_epochs,)
        Values per epoch: ``loss``, the training objective with the penalty, and the
        metrics. With validation data, also ``val_loss``, without the penalty, and
        the metrics with the prefix ``val_``.
    n_iter_ : int
        Number of epochs, including those of earlier calls that were continued.
        (`MLPClassifier` counts the last call only.)
    best_epoch_ : int or None
        Epoch, counted from 1, with the best `monitor`. None if it was not recorded.
    backend_ : {"numpy", "tensorflow"}
        Library that trained the network.
    device_ : str
        Device that trained the network: ``"CPU:0"``, or the device that TensorFlow
        chose, such as ``"GPU:0"``.
    callbacks_ : list of keras.callbacks.Callback
        Callbacks of the last fit. Not copied or pickled.
    n_outputs_ : int
        Number of units of the last layer.
    out_activation_ : {"sigmoid", "softmax"}
        Activation of the last layer.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if all column names of `X` are strings.
    model_ : keras.Model
        The network as a Keras model: the trained model with the TensorFlow backend,
        otherwise a new model, built on each access.

    See Also
    --------
    skimdb.EpochSearchCV : Tune the number of epochs without extra training runs.
    sklearn.neural_network.MLPClassifier : The multilayer perceptron of scikit-learn.

    Notes
    -----
    Keras's validation loss includes the L2 penalty. ``val_loss`` excludes it, so that
    you can compare models with and without a penalty.

    A sample weight of 2 equals a repetition if one batch holds all samples. With
    smaller batches, a repeated sample may be in two batches.

    Fitted attributes are plain arrays, so prediction and unpickling need no Keras.
    Besides pickle and joblib, you can use skops:
    ``skops.io.loads(file, trusted=[name])``, where ``name`` is
    ``"skimdb.neural_network._multilayer_perceptron.KerasMLPClassifier"``.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skimdb import KerasMLPClassifier
    >>> X, y = make_classification(random_state=0)
    >>> classifier = KerasMLPClassifier(epochs=100, learning_rate=0.01, random_state=0)
    >>> bool(classifier.fit(X, y).score(X, y) > 0.9)
    True
    """

    classes_: np.ndarray
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    history_: dict[str, np.ndarray]
    n_iter_: int
    best_epoch_: int | None
    backend_: str
    device_: str
    callbacks_: "list[keras.callbacks.Callback]"
    n_outputs_: int
    out_activation_: str
    n_features_in_: int
    feature_names_in_: np.ndarray

    _parameter_constraints = {
        "size": [UNITS, tuple, list],
        "n_hidden_layers": [LAYERS],
        "l2": [Interval(Real, 0, LARGEST, closed="both")],
        "dropout": [RATE, tuple, list],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "optimizer": "no_validation",  # by Keras, which knows its optimizers
        "learning_rate": [None, Interval(Real, 0, LARGEST, closed="right"), callable],
        "epochs": [Interval(Integral, 1, sys.maxsize, closed="both")],
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
        "backend": [StrOptions({"auto", "numpy", "tensorflow"})],
    }

    def __init__(
        self,
        size: int | tuple[int, ...] = 16,
        *,
        n_hidden_layers: int = 2,
        l2: float = 0.0,
        dropout: float | tuple[float, ...] = 0.0,
        activation: str = "relu",
        optimizer: Any = "rmsprop",
        learning_rate: Any = None,
        epochs: int = 20,
        batch_size: int = 512,
        shuffle: bool = True,
        metrics: tuple[str, ...] | list[str] = ("accuracy",),
        early_stopping: bool = False,
        monitor: str = "val_loss",
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        tol: float = 0.0,
        class_weight: dict | list[dict] | str | None = None,
        callbacks: Any = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        warm_start: bool = False,
        backend: str = "auto",
        **routed: Any,
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
        self.backend = backend
        self._set_routed(routed)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        # On a few hundred samples, 20 epochs are 20 steps: too few to learn much.
        tags.classifier_tags.poor_score = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Matrix,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        X_val: Matrix | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        **unknown: Any,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples. The network computes in float32 for float32 samples, and
            in float64 for all others.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels of any type, or an indicator matrix of 0 and 1.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Only their proportions count.
        X_val : {array-like, sparse matrix} of shape (n_val_samples, n_features), \
                default=None
            Validation samples, evaluated after each epoch but never trained on.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_labels), \
                default=None
            Labels of the validation samples.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the validation samples.
        **unknown : dict
            Raise a TypeError that suggests the right name.

        Returns
        -------
        self : KerasMLPClassifier
            The fitted estimator, unchanged if `fit` fails.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or if training diverges.
        """
        self._refuse_arguments("fit", unknown)
        validation = (X_val, y_val, sample_weight_val)
        return fit_network(self, (X, y, sample_weight), validation)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Matrix | Iterator[tuple],
        y: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        X_val: Matrix | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        **unknown: Any,
    ) -> Self:
        """Train for one epoch on a part of the data, or on a stream of chunks.

        Continues from the weights, optimizer state and history of earlier calls. The
        parameters `epochs` and `early_stopping` are not used.

        Data that do not fit in memory can be an iterator of chunks, such as a
        generator. Batches continue across chunks: with ``shuffle=False``, the weights
        equal those of `fit` on all samples. With ``shuffle=True``, the order is drawn
        within each chunk. Training metrics are averaged over the chunks; sample and
        class weights are scaled within each. scikit-learn's callbacks get the first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or iterator
            Training samples. Or an iterator of chunks ``(X, y)`` or
            ``(X, y, sample_weight)`` that together are the epoch.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), default=None
            Labels, or an indicator matrix. None if `X` is an iterator.
        classes : array-like of shape (n_classes,), default=None
            All classes, including those that `y` lacks. Required in the first call,
            except for an indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Only their proportions count.
        X_val : {array-like, sparse matrix} of shape (n_val_samples, n_features), \
                default=None
            Validation samples, evaluated after each epoch but never trained on.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_labels), \
                default=None
            Labels of the validation samples.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the validation samples.
        **unknown : dict
            Raise a TypeError that suggests the right name.

        Returns
        -------
        self : KerasMLPClassifier
            The fitted estimator, unchanged if `partial_fit` or the iterator fails.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or if training diverges.
        """
        self._refuse_arguments("partial_fit", unknown)
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit. Pass the "
                "weights as a dict."
            )
        chunks = None
        if isinstance(X, Iterator):
            chunks = read_chunks(X, y, sample_weight)
            X, y, sample_weight = next(chunks)
        given = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
        return fit_network(self, *given, partial=True, classes=classes, chunks=chunks)

    def to_keras(self) -> "keras.Sequential":
        """Build the network as a Keras model, compiled as it was trained.

        Returns
        -------
        model : keras.Sequential
            Model of Keras's own layers, which loads without skimdb after `save`. It
            returns one column for two classes, the probability of the last class. Its
            `fit` continues with the state of the optimizer.
        """
        check_is_fitted(self)
        return build_keras_model(self)

    @property
    def model_(self) -> "keras.Model":
        """The network as a Keras model: the trained one, or a new one."""
        check_is_fitted(self)
        coefs, model = getattr(self, "_trained_model", (None, None))
        trained = model is not None and coefs is self.coefs_
        return model if trained else self.to_keras()

    def __dir__(self):
        # scikit-learn and tab completion read all attributes in this list. Reading
        # `model_` would build the model.
        names = object.__dir__(self)
        return [name for name in names if name != "model_" and hasattr(self, name)]
