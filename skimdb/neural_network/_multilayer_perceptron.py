"""The multilayer perceptron as a scikit-learn classifier."""

import copy
import dataclasses
import functools
import inspect
import sys
from collections.abc import Iterator
from itertools import chain, islice
from numbers import Integral, Real

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skimdb._sklearn import (
    Interval,
    Options,
    StrOptions,
    _clone_parametrized,
    _fit_context,
)
from skimdb.neural_network._epoch_tasks import EpochTasks
from skimdb.neural_network._input_checks import (
    check_classes,
    check_continues,
    check_finite_logits,
    check_hidden_layers,
    check_matrix,
    check_memory,
    check_training,
    check_validation,
    match_kind,
    read_chunks,
)
from skimdb.neural_network._keras_params import (
    LARGEST,
    ROUTES,
    choose_backend,
    describe_unknown,
    divide_keras_params,
    keep_numpy_params,
)
from skimdb.neural_network._labels import (
    decode_labels,
    encode_labels,
    is_multilabel,
    weigh_classes,
)
from skimdb.neural_network._metrics import Metrics, lower_is_better
from skimdb.neural_network._monitor import (
    Monitor,
    check_finite,
    check_monitor,
)
from skimdb.neural_network._network import (
    ACTIVATIONS,
    NetworkSpec,
    compute_log_probabilities,
    compute_logits,
    compute_probabilities,
    draw_weights,
)
from skimdb.neural_network._numpy_backend import NumpyBackend
from skimdb.neural_network._samples import choose_held_out, fill_batches, make_samples
from skimdb.neural_network._training import NoHooks, Schedule, Trainer

# Attributes of a fit that are known before it trains.
_SET_AT_START = (
    "n_features_in_",
    "feature_names_in_",
    "classes_",
    "_label_classes",
    "n_outputs_",
    "out_activation_",
    "_seeds",
)
# What copies and files leave out.
_NOT_PLAIN = ("callbacks_", "_trained_model")
# Counts changes of what the attributes are, so that no file is misread.
_STATE_VERSION = 3


class KerasMLPClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Keras's multilayer perceptron, sparse from end to end.

    Dense hidden layers, each followed by an activation and, if asked for, dropout;
    one sigmoid unit and binary cross-entropy for two classes, a softmax and
    categorical cross-entropy for more, a sigmoid unit per label for an indicator
    matrix. Sparse input is never made dense as a whole.

    The network, its initial weights and its numbers are Keras's, whether it is trained
    in NumPy or in TensorFlow. TensorFlow is imported only where something is asked for
    that only Keras has.

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
        RMSprop, Adam and SGD by name train in NumPy.
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
        not. Scorers that need a positive class among strings take the last.
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
        parameters: ``"logs/{size}/{run}"``. The fits of a search
        need ``{run}``.
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
    backend : {"auto", "numpy", "tensorflow"}, default="auto"
        Where to train. ``"numpy"`` trains in NumPy and SciPy, and imports neither
        TensorFlow nor Keras. ``"tensorflow"`` trains a Keras model with a Keras
        optimizer, on the device that TensorFlow chooses. ``"auto"`` takes NumPy unless
        the fit needs Keras: for `callbacks`, a `learning_rate` that is a schedule, an
        optimizer other than RMSprop, Adam and SGD or given as a class or an instance,
        options of these three such as ``optimizer__clipnorm``, or a metric of Keras.
        Both draw the same weights, order and dropout, and give the same numbers up to
        rounding.
    **routed : dict
        Parameters of the optimizer, the loss and callback classes, prefixed with
        ``optimizer__``, ``loss__`` or ``callbacks__``: ``optimizer__momentum=0.9``,
        ``callbacks__patience=3``, or ``callbacks__0__patience=3`` for the first.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels. For an indicator matrix the numbers of its columns, as in
        `MLPClassifier`.
    coefs_ : list of ndarray
        Kernel of each layer, of shape (n_inputs, n_units), in the input's dtype.
    intercepts_ : list of ndarray
        Bias of each layer, of shape (n_units,).
    history_ : dict of ndarray of shape (n_epochs,)
        Per epoch ``loss``, which training minimizes, penalty included; the metrics;
        and with validation data their ``val_`` twins, where ``val_loss`` is without
        the penalty.
    n_iter_ : int
        Epochs run.
    best_epoch_ : int or None
        Epoch, counted from 1, at which `monitor` was best; None without it.
    backend_ : {"numpy", "tensorflow"}
        Where it was trained.
    callbacks_ : list of keras.callbacks.Callback
        Those of the last fit. Copies and pickles of the estimator lack them.
    n_outputs_ : int
        Units of the last layer.
    out_activation_ : {"sigmoid", "softmax"}
        Their activation.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if `X` had any that are all strings.
    model_ : keras.Model
        The network as a Keras model. If it was trained in TensorFlow, the model that
        was trained; otherwise built when asked for.

    See Also
    --------
    skimdb.EpochSearchCV : Finds the number of epochs at no extra cost.
    sklearn.neural_network.MLPClassifier : The multilayer perceptron of scikit-learn.

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
        "l2": [Interval(Real, 0, LARGEST, closed="both")],
        "dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
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
        backend="auto",
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
        self.backend = backend
        for name in routed:
            if not self._is_routed(name):
                raise TypeError(self._describe_unknown(name))
        vars(self).update(routed)

    @staticmethod
    def _is_routed(name):
        # scikit-learn's check of constructors passes the name of the signature.
        return name.startswith(ROUTES) or name == "routed"

    @classmethod
    @functools.cache  # a search clones some hundred times
    def _get_param_names(cls):
        return super()._get_param_names()

    @classmethod
    @functools.cache
    def _takes_routed(cls):
        parameters = inspect.signature(cls.__init__).parameters.values()
        return any(p.kind is p.VAR_KEYWORD for p in parameters)

    def _describe_unknown(self, name):
        return describe_unknown(name, type(self).__name__, self._get_param_names())

    def _get_routed(self):
        """Parameters of optimizer, loss and callbacks, which are plain attributes."""
        return {k: v for k, v in vars(self).items() if self._is_routed(k)}

    def get_params(self, deep=True):
        """Get the parameters, those of optimizer, loss and callbacks included.

        Parameters
        ----------
        deep : bool, default=True
            Has no effect: no parameter is an estimator.

        Returns
        -------
        params : dict
            Parameters by name.
        """
        params = super().get_params(deep=deep)
        return params | (self._get_routed() if self._takes_routed() else {})

    def set_params(self, **params):
        """Set parameters, those of optimizer, loss and callbacks included.

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
            If there is no such parameter; nothing is set then.
        """
        valid = self.get_params()
        for name in params:
            if name not in valid and not self._is_routed(name):
                raise ValueError(self._describe_unknown(name))
        vars(self).update(params)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        # On a few hundred samples 20 epochs are 20 steps, too few to learn much.
        tags.classifier_tags.poor_score = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
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
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Their weights.

        Returns
        -------
        self : KerasMLPClassifier
            The fitted estimator. It is left as it was if fitting fails.

        Raises
        ------
        ValueError
            If a parameter or the data cannot be used, or if training diverges; the
            message says why.
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X,
        y=None,
        classes=None,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train for one epoch on a part of the data, or on a stream of chunks.

        Goes on from the weights, optimizer state and history of the calls before, or
        of `fit`. The parameters `epochs` and `early_stopping` are not used.

        Data that do not fit in memory come as an iterator of chunks, such as a
        generator. Batches reach across the borders of chunks, so that with
        ``shuffle=False`` the weights are those of `fit` on all samples at once, to the
        last bit; with ``shuffle=True`` the order is drawn within each chunk. Metrics of
        the training samples are averaged over the chunks, sample and class weights
        scaled within each. scikit-learn's callbacks are given the first chunk.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or iterator
            Training samples. Or an iterator of chunks ``(X, y)`` or
            ``(X, y, sample_weight)``, which together are the epoch.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), default=None
            Labels, or an indicator matrix. Not given if the chunks have them.
        classes : array-like of shape (n_classes,), default=None
            All classes, those that y lacks included. Needed in the first call, but
            not for an indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; only their proportions count.
        X_val : {array-like, sparse matrix} of shape (n_val_samples, n_features), \
                default=None
            Validation samples, evaluated at the end of the epoch.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_labels), \
                default=None
            Their labels.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Their weights.

        Returns
        -------
        self : KerasMLPClassifier
            The fitted estimator. It is left as it was if fitting fails, or if the
            iterator raises an error.

        Raises
        ------
        ValueError
            If a parameter or the data cannot be used, or if training diverges; the
            message says why.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "partial_fit sees a part of the data only, so it cannot balance the "
                "classes: give class_weight as a dict."
            )
        validation = (X_val, y_val, sample_weight_val)
        chunks = None
        if isinstance(X, Iterator):
            chunks = read_chunks(X, y, sample_weight)
            X, y, sample_weight = next(chunks)
        return self._fit(
            X,
            y,
            sample_weight,
            validation,
            partial=True,
            classes=classes,
            chunks=chunks,
        )

    def _fit(
        self,
        X,
        y,
        sample_weight,
        validation=(None, None, None),
        *,
        partial=False,
        classes=None,
        chunks=None,
    ):
        """Check the input, train, and set all that was fitted at the end.

        `chunks` yields further samples of the one epoch of `partial_fit`.
        """
        data = {"X": X, "y": y, "metadata": None}
        if sample_weight is not None:
            data["metadata"] = {"sample_weight": sample_weight}
        sizes, dropout = check_hidden_layers(
            self.size, self.n_hidden_layers, self.dropout
        )
        if hasattr(self, "routed"):
            raise TypeError(self._describe_unknown("routed"))
        keras_params = divide_keras_params(self, self._get_routed())
        backend_name = choose_backend(self.backend, keras_params)
        # What scikit-learn's checks and a new network set is set on a copy.
        start = copy.copy(self)
        warm = (partial or self.warm_start) and hasattr(self, "coefs_")
        dtype = self.coefs_[0].dtype if warm else None
        X, y, weight = check_training(start, X, y, sample_weight, dtype)
        if warm:
            check_continues(self, y, sizes, classes, partial=partial)
        else:
            start._set_outputs(check_classes(self, y, classes, partial=partial))
        early_stopping = self.early_stopping and not partial
        validation = check_validation(start, *validation, X)
        samples, validation = start._make_samples(
            X, y, weight, validation, hold_out=early_stopping
        )
        spec = start._make_spec(samples, sizes, dropout, keras_params)
        blocks = [samples]
        if chunks is not None:
            blocks = start._read_blocks(samples, chunks)
        schedule = start._make_schedule(
            1 if partial else self.epochs, blocks, warm=warm
        )
        monitor = self._make_monitor(early_stopping, warm=warm)
        check_memory(spec, min(len(samples), schedule.batch_size))
        make_backend = getattr(start, f"_make_{backend_name}_backend")
        backend, hooks = make_backend(spec, keras_params, schedule, samples)
        metrics = Metrics(self.metrics, start._label_classes, start.out_activation_)
        trainer = Trainer(backend, hooks, spec, schedule, metrics, blocks, validation)
        with EpochTasks(self, len(schedule.epochs), **data) as tasks:
            try:
                self._train(start, trainer, monitor, tasks)
            finally:
                hooks.detach()
                backend.close()
            fitted = start._collect_fitted(trainer, monitor)
            weights = (fitted["coefs_"], fitted["intercepts_"])
            check_finite(*weights, fitted["_optimizer_state"], monitor)
            self._set_fitted(fitted)
        return self

    def _train(self, start, trainer, monitor, tasks):
        """Train epoch by epoch."""
        best_weights = finished = None

        def collect_predictor():
            return start._collect_predictor(trainer.backend, monitor)

        try:
            for epoch in trainer.begin_training():
                tasks.begin_epoch()
                logs = trainer.train_epoch(epoch)
                stop = monitor.append(logs)
                if monitor.is_best and monitor.early_stopping:
                    best_weights = trainer.backend.read_weights()
                if self.verbose:
                    entries = " ".join(f"{k}={v:.4f}" for k, v in logs.items())
                    print(f"Epoch {epoch + 1}/{trainer.n_epochs} {entries}")
                stop |= tasks.end_epoch(collect_predictor)
                if self.warm_start:
                    finished = start._collect_fitted(trainer, monitor)
                if stop or trainer.hooks.stop:
                    break
            trainer.finish_training(best_weights)
        except BaseException as error:
            if finished is not None and not isinstance(error, ValueError):
                self._set_fitted(finished)
            raise

    def _collect_predictor(self, backend, monitor):
        """Fitted attributes as of now, but for what only going on needs."""
        coefs, intercepts = backend.read_weights()
        known = {k: v for k, v in vars(self).items() if k in _SET_AT_START}
        return known | {
            "coefs_": coefs,
            "intercepts_": intercepts,
            "history_": monitor.make_history(),
            "n_iter_": monitor.n_epochs,
            "best_epoch_": monitor.find_best_epoch(),
            "backend_": backend.name,
        }

    def _collect_fitted(self, trainer, monitor):
        """Fitted attributes as of now, by name."""
        backend = trainer.backend
        fitted = self._collect_predictor(backend, monitor)
        return fitted | {
            "callbacks_": list(trainer.hooks.callbacks),
            "_optimizer_state": backend.read_state(),
            "_trained_model": (fitted["coefs_"], backend.model),
        }

    def _set_fitted(self, fitted):
        """Set the fitted attributes by one update."""
        vars(self).update(fitted)
        if "feature_names_in_" not in fitted:  # of an earlier fit
            vars(self).pop("feature_names_in_", None)

    def _set_outputs(self, classes):
        """Set what a new network predicts, and the seeds of its draws."""
        multilabel = is_multilabel(classes)
        single = not multilabel and len(classes) == 2
        self.classes_ = np.arange(len(classes)) if multilabel else classes
        self._label_classes = classes
        self.n_outputs_ = 1 if single else len(classes)
        self.out_activation_ = "sigmoid" if single or multilabel else "softmax"
        random_state = check_random_state(self.random_state)
        self._seeds = random_state.randint(2**31 - 1, size=4, dtype=np.int64)

    def _make_samples(self, X, y, weight, validation, *, hold_out):
        """Samples to train and to validate on, of checked input."""
        check_monitor(
            self.monitor,
            self.metrics,
            validated=validation is not None
            or (hold_out and self.monitor.startswith("val_")),
            early_stopping=hold_out,
        )
        Y = encode_labels(y, self._label_classes)
        by_class = weigh_classes(self.class_weight, y, self._label_classes, weight)
        if validation is not None:
            X_val, y_val, weight_val = validation
            Y_val = encode_labels(y_val, self._label_classes, "y_val")
            validation = make_samples(X_val, Y_val, weight_val)
        elif hold_out and self.monitor.startswith("val_"):
            held_out = choose_held_out(
                X,
                Y,
                self.validation_fraction,
                self._seeds[3],
                stratify=not is_multilabel(self._label_classes),
            )
            if not held_out.any():
                raise ValueError(
                    "Early stopping has nothing to hold out: no class has two "
                    "different samples. Give X_val and y_val, or more samples."
                )
            validation = make_samples(X[held_out], Y[held_out], weight[held_out])
            kept = ~held_out
            X, Y, weight, by_class = X[kept], Y[kept], weight[kept], by_class[kept]
        return make_samples(X, Y, weight, by_class), validation

    def _read_blocks(self, first, chunks):
        """Whole batches of the first samples and of chunks: a list if they are one."""

        def make_samples_of(chunk):
            X, y, weight = check_training(self, *chunk, first.X.dtype)
            data = match_kind(X, first.X), y, weight
            return self._make_samples(*data, None, hold_out=False)[0]

        samples = chain([first], map(make_samples_of, chunks))
        blocks = fill_batches(samples, int(self.batch_size))
        head = list(islice(blocks, 2))
        return head if len(head) == 1 else chain(head, blocks)

    def _make_spec(self, samples, sizes, dropout, keras_params):
        return NetworkSpec(
            layer_sizes=(samples.X.shape[1], *sizes, self.n_outputs_),
            activation=self.activation,
            output_activation=self.out_activation_,
            l2=float(self.l2),
            dropout=dropout,
            label_smoothing=float(keras_params.loss_params.get("label_smoothing", 0)),
            dtype=samples.X.dtype,
        )

    def _make_schedule(self, n_epochs, blocks, *, warm):
        first = self.n_iter_ if warm else 0
        n_batches = None
        if isinstance(blocks, list):
            n_batches = -(-len(blocks[0]) // int(self.batch_size))
        return Schedule(
            range(first, first + n_epochs),
            int(self.batch_size),
            self.shuffle,
            *self._seeds[1:3].tolist(),
            n_batches,
        )

    def _make_monitor(self, early_stopping, *, warm):
        return Monitor(
            self.monitor,
            patience=self.n_iter_no_change,
            tol=self.tol,
            history=self.history_ if warm else None,
            early_stopping=early_stopping,
        )

    def _make_numpy_backend(self, spec, keras_params, schedule, samples):
        backend = NumpyBackend(
            spec,
            *self._get_weights(spec, schedule),
            self.optimizer.lower(),
            keep_numpy_params(keras_params),
        )
        if schedule.epochs.start:
            backend.write_state(self._optimizer_state)
        return backend, NoHooks()

    def _make_tensorflow_backend(self, spec, keras_params, schedule, samples):
        from skimdb.neural_network._keras._backend import TensorFlowBackend
        from skimdb.neural_network._keras._objects import make_objects

        optimizer, loss, callbacks = make_objects(
            keras_params,
            output_activation=spec.output_activation,
            dtype=spec.dtype,
            fields={k: v for k, v in vars(self).items() if not k.endswith("_")},
        )
        backend = TensorFlowBackend(
            spec,
            *self._get_weights(spec, schedule),
            (optimizer, loss),
            {name: lower_is_better(name) for name in self.metrics},
            is_sparse=scipy.sparse.issparse(samples.X),
        )
        if schedule.epochs.start:
            backend.write_state(self._optimizer_state)
        if not callbacks:
            return backend, NoHooks()
        hooks = backend.make_hooks(
            callbacks,
            n_epochs=schedule.epochs.stop,
            n_batches=schedule.n_batches,
            verbose=int(self.verbose),
        )
        return backend, hooks

    def _get_weights(self, spec, schedule):
        """Weights to go on from, or new ones."""
        if schedule.epochs.start:
            return self.coefs_, self.intercepts_
        return draw_weights(spec, self._seeds[0])

    def _compute_logits(self, X):
        check_is_fitted(self)
        X = check_matrix(self, X, dtype=self.coefs_[0].dtype)
        logits = compute_logits(X, self.coefs_, self.intercepts_, self.activation)
        check_finite_logits(logits, X)
        return logits

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
        logits = self._compute_logits(X)
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
        return compute_probabilities(self._compute_logits(X), self.out_activation_)

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
        return compute_log_probabilities(self._compute_logits(X), self.out_activation_)

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
        return decode_labels(self.predict_proba(X), self._label_classes)

    def to_keras(self):
        """Build the network as a Keras model, compiled as it was trained.

        Returns
        -------
        model : keras.Sequential
            Predicts what the estimator does: one column for two classes, which is
            the probability of the last, else one per class. It is made of Keras's
            own layers, so what its method `save` writes loads without skimdb. It has
            the state of the optimizer, so that its `fit` goes on.
        """
        check_is_fitted(self)
        from skimdb.neural_network._keras import _objects

        keras_params = dataclasses.replace(
            divide_keras_params(self, self._get_routed()),
            callbacks=None,
            callbacks_params={},
        )
        n_units = [len(intercept) for intercept in self.intercepts_]
        _, dropout = check_hidden_layers(tuple(n_units[:-1]), None, self.dropout)
        spec = NetworkSpec(
            layer_sizes=(self.n_features_in_, *n_units),
            activation=self.activation,
            output_activation=self.out_activation_,
            l2=float(self.l2),
            dropout=dropout,
            label_smoothing=0.0,  # Keras's loss knows it
            dtype=self.coefs_[0].dtype,
        )
        optimizer, loss, _ = _objects.make_objects(
            keras_params,
            output_activation=spec.output_activation,
            dtype=spec.dtype,
            fields={},
        )
        model = _objects.build_model(self.coefs_, self.intercepts_, spec)
        _objects.compile_model(model, optimizer, loss)
        _objects.write_state(optimizer, self._optimizer_state)
        return model

    @property
    def model_(self):
        """The network as a Keras model: the one that was trained, or a new one."""
        check_is_fitted(self)
        coefs, model = getattr(self, "_trained_model", (None, None))
        trained = model is not None and coefs is self.coefs_
        return model if trained else self.to_keras()

    def __dir__(self):
        # scikit-learn's looks at all attributes, as do its HTML representation and
        # tab completion at what is listed here: that would build the model.
        names = object.__dir__(self)
        return [name for name in names if name != "model_" and hasattr(self, name)]

    def __sklearn_clone__(self):
        # scikit-learn copies by copy.deepcopy, and Keras an optimizer by its
        # configuration, which need not know all. A fit trains with a copy anyway.
        if not _is_optimizer(vars(self).get("optimizer")):
            return _clone_parametrized(self)
        plain = copy.copy(self)
        plain.optimizer = None
        clone = _clone_parametrized(plain)
        clone.optimizer = self.optimizer
        return clone

    def __getstate__(self):
        # Keras's callbacks and model are all that is fitted and not plain.
        state = super().__getstate__()
        plain = {k: v for k, v in state.items() if k not in _NOT_PLAIN}
        if _is_optimizer(plain.get("optimizer")):
            from skimdb.neural_network._keras._optimizer_parts import take_apart

            plain["optimizer"] = take_apart(plain["optimizer"])
        return plain | {"_state_version": _STATE_VERSION}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_state_version", 1)
        if version != _STATE_VERSION:
            raise ValueError(
                f"This {type(self).__name__} was saved with layout {version} of its "
                f"attributes, but this version of skimdb reads {_STATE_VERSION}. Load "
                "it with the version of skimdb that saved it, or fit it again."
            )
        if hasattr(state.get("optimizer"), "assemble"):
            state["optimizer"] = state["optimizer"].assemble()
        super().__setstate__(state)


def _is_optimizer(value):
    """Whether a value is an optimizer instance of Keras, which is not imported here."""
    return hasattr(value, "update_step") and not isinstance(value, type)
