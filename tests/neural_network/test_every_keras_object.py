"""Every callback, optimizer, schedule and hook of Keras, against `keras.Model.fit`."""

import inspect
import pickle
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

from skimdb import EpochSearchCV, KerasMLPClassifier
from skimdb.neural_network._keras._callbacks import _sees_batches

# Keras, when it saves or logs a variable of TensorFlow.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.slow,
]

X, Y = make_classification(30, 6, random_state=0)
X = X.astype(np.float32)
TARGETS = Y[:, np.newaxis].astype(np.float32)
BATCH, EPOCHS = 20, 2


def make(**params):
    """A classifier that trains a Keras model on the samples in their order."""
    defaults = {
        "size": 4,
        "epochs": EPOCHS,
        "batch_size": BATCH,
        "shuffle": False,
        "random_state": 0,
        "backend": "tensorflow",
    }
    return KerasMLPClassifier(**defaults | params)


def interleave(classifier):
    pairs = zip(classifier.coefs_, classifier.intercepts_, strict=True)
    return [weight for pair in pairs for weight in pair]


@pytest.fixture(scope="module")
def fit_keras():
    """Return a function that trains by Keras from the weights of the classifier."""
    still = make(backend="numpy", optimizer="sgd", learning_rate=1e-30, epochs=1)
    still.fit(X, Y)
    # Biases begin at 0; the least step away from it would matter to a unit at 0.
    start = [w if w.ndim == 2 else 0 * w for w in interleave(still)]
    # Made once: of arrays Keras would make one in each fit, which takes half of it.
    batches = tf.data.Dataset.from_tensor_slices((X, TARGETS)).batch(BATCH)

    def fit(optimizer, callbacks=(), *, validated=False, build=False):
        model = still.to_keras()
        model.set_weights(start)
        if build:
            optimizer.build(model.trainable_variables)
        # Eagerly, since some steps take less time than compiling.
        loss = "binary_crossentropy"
        model.compile(optimizer, loss, metrics=["accuracy"], run_eagerly=True)
        history = model.fit(
            batches,
            epochs=EPOCHS,
            shuffle=False,
            validation_data=batches if validated else None,
            callbacks=list(callbacks),
            verbose=0,
        )
        return model, history.history

    return fit


def assert_same(classifier, model, history):
    assert classifier.history_.keys() == history.keys()
    for name, values in history.items():
        np.testing.assert_allclose(classifier.history_[name], values, atol=1e-4)
    for ours, theirs in zip(interleave(classifier), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def list_classes(module, base):
    """Public classes of a module of Keras, by name."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, base)
    }


# Optimizers

OPTIMIZERS = list_classes(keras.optimizers, keras.optimizers.Optimizer)
# Those that take others; all others are made with a learning rate.
WRAPPERS = {
    "LossScaleOptimizer": lambda cls: cls(keras.optimizers.Adam(0.05)),
    "MultiOptimizer": lambda cls: cls(
        keras.optimizers.OptimizerMap(
            keras.optimizers.SGD(0.1), {".*hidden_1.*": keras.optimizers.Adam(0.05)}
        )
    ),
}
# ScheduleFreeAdamW begins its average with the weights that there are when it is built:
# Keras's fit builds it within the first step, where that is lost.
BUILT_BEFORE = {"ScheduleFreeAdamW"}


def make_optimizer(name):
    cls = OPTIMIZERS[name]
    return WRAPPERS.get(name, lambda cls: cls(learning_rate=0.05))(cls)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.keys() - {"Optimizer"}))
def test_optimizer(fit_keras, name):
    expected = fit_keras(make_optimizer(name), build=name in BUILT_BEFORE)
    optimizer = make_optimizer(name)
    assert_same(clone(make(optimizer=optimizer)).fit(X, Y), *expected)
    assert not optimizer.built  # a fit trains with a copy
    if name in WRAPPERS:  # training goes on from the state of all that is wrapped
        classifier = make(optimizer=optimizer, epochs=1, warm_start=True)
        for _ in range(EPOCHS):
            classifier.fit(X, Y)
        assert_same(classifier, *expected)


# Schedules

SCHEDULES = list_classes(
    keras.optimizers.schedules, keras.optimizers.schedules.LearningRateSchedule
)
ARGUMENTS = {
    "CosineDecay": (0.1, 6),
    "CosineDecayRestarts": (0.1, 4),
    "ExponentialDecay": (0.1, 3, 0.5),
    "InverseTimeDecay": (0.1, 3, 0.5),
    "PiecewiseConstantDecay": ([2, 5], [0.1, 0.05, 0.01]),
    "PolynomialDecay": (0.1, 6),
}


@pytest.mark.parametrize("name", sorted(SCHEDULES.keys() - {"LearningRateSchedule"}))
def test_schedule(fit_keras, name):
    schedule = SCHEDULES[name](*ARGUMENTS[name])
    expected = fit_keras(keras.optimizers.SGD(schedule))
    assert_same(make(optimizer="sgd", learning_rate=schedule).fit(X, Y), *expected)


# Optimizers and schedules of the user's own. Keras copies them by `get_config`.


class Lossy(keras.optimizers.SGD):
    """Its `get_config` does not return its argument."""

    def __init__(self, factor=1.0, **params):
        super().__init__(**params)
        self.factor = factor

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self.factor, variable, learning_rate)


class Amplified(Lossy):
    """Not registered with Keras."""

    def get_config(self):
        return super().get_config() | {"factor": self.factor}


class Unknown(keras.optimizers.schedules.LearningRateSchedule):
    """It has no `get_config`."""

    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start * 0.5 ** keras.ops.cast(step, "float32")


class Halving(Unknown):
    def get_config(self):
        return {"start": self.start}


@pytest.fixture
def _keras_forgets():
    """Restore the registered classes after a test."""
    known = keras.saving.get_custom_objects()
    before = dict(known)
    yield
    known.clear()
    known.update(before)


OWN = {
    "optimizer": lambda: Amplified(3.0, learning_rate=0.05),
    "schedule": lambda: keras.optimizers.Adam(Halving(0.1)),
    "both": lambda: Amplified(3.0, learning_rate=Halving(0.1), momentum=0.5),
    "wrapped": lambda: keras.optimizers.LossScaleOptimizer(
        Amplified(3.0, learning_rate=0.05)
    ),
}


@pytest.mark.usefixtures("_keras_forgets")
@pytest.mark.parametrize("kind", OWN)
def test_own(fit_keras, kind):
    if kind != "optimizer":  # what Keras makes from a configuration must be registered
        for cls in (Amplified, Halving):
            keras.saving.register_keras_serializable()(cls)
    expected = fit_keras(OWN[kind]())
    optimizer = OWN[kind]()
    classifier = make(optimizer=optimizer)
    sent = pickle.loads(pickle.dumps(clone(clone(classifier))))
    for copied in (classifier, sent):
        assert_same(copied.fit(X, Y), *expected)
    assert type(sent.to_keras().optimizer) is type(optimizer)
    assert not optimizer.built


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: Lossy(3.0, learning_rate=0.05),
        lambda: keras.optimizers.Adam(Unknown(0.1)),
        lambda: keras.optimizers.Adam(Halving(0.1)),  # not registered
        OWN["wrapped"],
    ],
)
def test_own_that_keras_cannot_copy(optimizer):
    """Copies would train another optimizer, so every way to make one is an error."""
    classifier = make(optimizer=optimizer())
    for call in (lambda: classifier.fit(X, Y), lambda: clone(classifier)):
        with pytest.raises(ValueError, match=r"Could not copy.*Define get_config"):
            call()
    with pytest.raises(ValueError, match=r"Could not copy.*Define get_config"):
        pickle.dumps(classifier)


def test_own_by_class(fit_keras):
    expected = fit_keras(Lossy(3.0, learning_rate=Unknown(0.1)))
    classifier = make(
        optimizer=Lossy, optimizer__factor=3.0, learning_rate=Unknown(0.1)
    )
    assert_same(clone(classifier).fit(X, Y), *expected)


def test_own_in_a_search():
    optimizer = OWN["optimizer"]()
    search = EpochSearchCV(make(), {"optimizer": [optimizer]}, max_epochs=1, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X, Y)
    expected = make(optimizer=optimizer, epochs=1).fit(X, Y).coefs_
    for ours, theirs in zip(search.best_estimator_.coefs_, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS.keys() - {"Optimizer"}))
def test_pickled_optimizer(name):
    """Keras's own way to pickle Lamb loses the learning rate."""
    optimizer = make_optimizer(name)
    sent = pickle.loads(pickle.dumps(make(optimizer=optimizer))).optimizer
    assert sent.get_config() == optimizer.get_config()


@pytest.mark.usefixtures("_keras_forgets")
def test_own_edited_and_run_again(fit_keras):
    """The class that is given counts, not the one that was registered by its name."""
    for factor in (1.0, 3.0):

        @keras.saving.register_keras_serializable("notebook", "Edited")
        class Edited(keras.optimizers.SGD):
            sign = factor

            def update_step(self, gradient, variable, learning_rate):
                super().update_step(gradient * self.sign, variable, learning_rate)

        if factor == 1.0:
            before = Edited(0.05)
    for optimizer, factor in ((before, 1.0), (Edited(0.05), 3.0)):
        expected = fit_keras(keras.optimizers.SGD(0.05 * factor))
        assert_same(clone(make(optimizer=optimizer)).fit(X, Y), *expected)


# Averaged weights

AVERAGING = {
    "option": {"optimizer": "sgd", "optimizer__use_ema": True},
    "instance": {"optimizer": keras.optimizers.Adam(use_ema=True)},
    "wrapped": {
        "optimizer": keras.optimizers.LossScaleOptimizer(
            keras.optimizers.Adam(use_ema=True)
        )
    },
    "one of several": {
        "optimizer": keras.optimizers.MultiOptimizer(
            keras.optimizers.OptimizerMap(
                keras.optimizers.SGD(),
                {".*hidden_1.*": keras.optimizers.Adam(use_ema=1)},
            )
        )
    },
    "swapped by a callback": {
        "optimizer": "sgd",
        "optimizer__use_ema": True,
        "callbacks": keras.callbacks.SwapEMAWeights,
    },
}


@pytest.mark.parametrize("kind", AVERAGING)
def test_training_does_not_continue_from_averaged_weights(kind):
    classifier = make(**AVERAGING[kind])
    for call in (
        lambda: clone(classifier).set_params(warm_start=True).fit(X, Y),
        lambda: clone(classifier).partial_fit(X, Y, classes=[0, 1]),
        lambda: clone(classifier).fit(X, Y).partial_fit(X, Y),
    ):
        with pytest.raises(ValueError, match="do not support use_ema=True"):
            call()


def test_training_continues_without_averages():
    classifier = make(optimizer="sgd", optimizer__use_ema=False, warm_start=True)
    classifier.fit(X, Y).partial_fit(X, Y)
    assert classifier.n_iter_ == EPOCHS + 1


# Callbacks

HOOKS = sorted(h for h in vars(keras.callbacks.Callback) if h.startswith("on_"))


class Recorder(keras.callbacks.Callback):
    """Notes the hooks, their numbers and logs, and the state of the model."""

    hooks = HOOKS

    def __init__(self):
        super().__init__()
        self.seen = []
        self.values = []
        for hook in self.hooks:
            setattr(self, hook, self._make_hook(hook))

    def _make_hook(self, hook):
        def note(*numbers, logs=None):
            if numbers and (numbers[-1] is None or isinstance(numbers[-1], dict)):
                *numbers, logs = numbers
            logs = {name: float(value) for name, value in (logs or {}).items()}
            rate = self.model.optimizer.learning_rate
            self.seen.append((hook, *numbers, sorted(logs)))
            self.values += [logs[name] for name in sorted(logs)]
            self.values.append(float(rate))
            self.values += [float(w.sum()) for w in self.model.get_weights()]

        return note

    def __deepcopy__(self, memo):
        return type(self)()


class EpochRecorder(Recorder):
    """Sees no batches, so that it does not decide whether another does."""

    hooks = tuple(hook for hook in HOOKS if "batch" not in hook)


def halve(epoch, rate):
    return rate / 2


# Arguments of each callback, with the folder that it may write to. These only observe:
# those that need no batches are compared in one fit, and the others in another.
OF_EPOCHS = [
    (
        "BackupAndRestore",
        lambda f: {"backup_dir": f / "backup", "delete_checkpoint": False},
    ),
    ("CSVLogger", lambda f: {"filename": f / "log.csv"}),
    ("History", lambda f: {}),
    (
        "LambdaCallback",
        lambda f: {"on_epoch_end": lambda epoch, logs: (f / str(epoch)).touch()},
    ),
    (
        "ModelCheckpoint",
        lambda f: {"filepath": f / "{epoch}-{val_accuracy:.2f}.keras"},
    ),
    (
        "ModelCheckpoint",
        lambda f: (
            {"filepath": f / "{epoch}.keras", "monitor": "val_accuracy"}
            | {"save_best_only": True, "initial_value_threshold": 0.4}
        ),
    ),
    ("RemoteMonitor", lambda f: {"root": "http://localhost:9"}),
    ("TensorBoard", lambda f: {"log_dir": f}),
]
OF_BATCHES = [
    (
        "BackupAndRestore",
        lambda f: (
            {"backup_dir": f / "backup", "save_freq": 2} | {"delete_checkpoint": False}
        ),
    ),
    (
        "ModelCheckpoint",
        lambda f: (
            {"filepath": f / "{epoch}-{batch}.weights.h5"}
            | {"save_weights_only": True, "save_freq": 2}
        ),
    ),
    ("ProgbarLogger", lambda f: {}),
    ("TensorBoard", lambda f: {"log_dir": f, "update_freq": 1}),
    ("TerminateOnNaN", lambda f: {}),
]
# These change the training, or what is logged of it.
ACTING = [
    (
        "EarlyStopping",
        lambda f: {"monitor": "val_accuracy", "min_delta": 1.0, "patience": 1},
    ),
    (
        "EarlyStopping",
        lambda f: (
            {"monitor": "accuracy", "min_delta": 1.0, "patience": 1}
            | {"restore_best_weights": True}
        ),
    ),
    ("LearningRateScheduler", lambda f: {"schedule": halve}),
    (
        "ReduceLROnPlateau",
        lambda f: {"monitor": "val_accuracy", "patience": 1, "min_delta": 1.0},
    ),
    (
        "ReduceLROnPlateau",
        lambda f: {"monitor": "loss", "patience": 1, "min_delta": 9.0},
    ),
    ("SwapEMAWeights", lambda f: {}),
    ("SwapEMAWeights", lambda f: {"swap_on_epoch": True}),
]
GROUPS = [OF_EPOCHS, OF_BATCHES, *([case] for case in ACTING)]
GROUP_IDS = ["of epochs", "of batches", *(name for name, _ in ACTING)]
NOT_COMPARED = {
    "Callback": "the base, which does nothing",
    "CallbackList": "Keras's own container",
    "OrbaxCheckpoint": "needs the package orbax, which Keras does not bring",
}


def test_every_callback_is_compared():
    known = {name for group in GROUPS for name, _ in group} | NOT_COMPARED.keys()
    assert known == list_classes(keras.callbacks, keras.callbacks.Callback).keys()


def read_files(folder):
    """Names of files, and the content of tables."""
    names, tables = [], []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        # Event files of TensorBoard are named for the time and the process.
        names.append(name.partition(".tfevents")[0])
        if path.suffix == ".csv":
            tables.append(np.genfromtxt(path, delimiter=",", skip_header=1))
    return names, tables


def make_callbacks(group, folder):
    """The callbacks of a group, each with a folder of its own below this one."""
    callbacks = []
    for number, (name, arguments) in enumerate(group):
        own = folder / f"{name}-{number}"
        own.mkdir(parents=True)
        callbacks.append(getattr(keras.callbacks, name)(**arguments(own)))
    return callbacks


@pytest.mark.parametrize("group", GROUPS, ids=GROUP_IDS)
def test_callbacks(fit_keras, monkeypatch, tmp_path, group):
    sent = []
    monkeypatch.setattr("requests.post", lambda *a, **k: sent.append(a), raising=False)
    ema = {"use_ema": True} if group[0][0] == "SwapEMAWeights" else {}
    folders = [tmp_path / "theirs", tmp_path / "ours"]
    expected, given = (make_callbacks(group, folder) for folder in folders)
    recorder = EpochRecorder()
    optimizer = keras.optimizers.SGD(0.1, **ema)
    model, history = fit_keras(optimizer, [*expected, recorder], validated=True)
    classifier = make(
        optimizer="sgd",
        learning_rate=0.1,
        callbacks=[*given, EpochRecorder()],
        **{f"optimizer__{option}": value for option, value in ema.items()},
    ).fit(X, Y, X_val=X, y_val=Y)
    *fitted, recorded = classifier.callbacks_
    assert recorded.seen == recorder.seen
    np.testing.assert_allclose(recorded.values, recorder.values, atol=1e-4)
    assert_same(classifier, model, history)
    assert len(clone(classifier).callbacks) == len(given) + 1
    names, tables = zip(*map(read_files, folders), strict=True)
    assert names[0] == names[1]
    for one, other in zip(*tables, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert len(sent) == (2 * EPOCHS if group is OF_EPOCHS else 0)
    for ours, theirs in zip(fitted, expected, strict=True):
        for attribute in ("stopped_epoch", "best_epoch", "best", "epoch", "wait"):
            value = getattr(theirs, attribute, None)
            if isinstance(value, float):
                value = pytest.approx(value, abs=1e-4)
            assert getattr(ours, attribute, None) == value


def test_which_callbacks_need_batches(tmp_path):
    """Each by itself: beside another that does, it would be told of them, too."""
    for group in GROUPS:
        for callback in make_callbacks(group, tmp_path / str(GROUPS.index(group))):
            assert _sees_batches(callback, "train") == (group is OF_BATCHES)


def test_every_hook(fit_keras):
    """The same calls, in the same order, with the same numbers and logs."""
    theirs = Recorder()
    fit_keras(keras.optimizers.SGD(0.1), [theirs], validated=True)
    classifier = make(optimizer="sgd", learning_rate=0.1, callbacks=Recorder())
    (ours,) = classifier.fit(X, Y, X_val=X, y_val=Y).callbacks_
    assert {hook for hook, *_ in theirs.seen} == {
        hook for hook in HOOKS if "predict" not in hook and "on_batch" not in hook
    }
    assert ours.seen == theirs.seen
    np.testing.assert_allclose(ours.values, theirs.values, atol=1e-4)
    assert ours.params == theirs.params


class OldNames(keras.callbacks.Callback):
    """The hooks by the names that Keras has kept for old code."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_batch_begin(self, batch, logs=None):
        self.seen.append(("begin", batch))

    def on_batch_end(self, batch, logs=None):
        self.seen.append(("end", batch, sorted(logs)))


def test_old_names_of_hooks(fit_keras):
    theirs = OldNames()
    fit_keras(keras.optimizers.SGD(0.1), [theirs])
    (ours,) = make(callbacks=OldNames()).fit(X, Y).callbacks_
    assert ours.seen == theirs.seen


def test_hooks_of_predictions_by_a_callback():
    """A callback may predict and evaluate with the model, as under Keras."""

    class Predicts(EpochRecorder):
        hooks = ("on_predict_begin", "on_predict_end")

        def on_epoch_end(self, epoch, logs=None):
            proba = self.model.predict(X, verbose=0, callbacks=[self])
            loss, _ = self.model.evaluate(X, TARGETS, verbose=0)
            logs["own"], logs["again"] = proba.mean(), loss

    classifier = make(callbacks=Predicts()).fit(X, Y, X_val=X, y_val=Y)
    hooks = [hook for hook, *_ in classifier.callbacks_[0].seen]
    assert hooks == ["on_predict_begin", "on_predict_end"] * EPOCHS
    history = classifier.history_
    np.testing.assert_allclose(history["again"], history["val_loss"], rtol=1e-5)
    proba = classifier.predict_proba(X)[:, 1]
    assert history["own"][-1] == pytest.approx(proba.mean(), rel=1e-5)


def test_default_mode_on_every_entry(tmp_path):
    """Metrics of scikit-learn and of Keras, in training and in validation."""
    rising = ["accuracy", "roc_auc", "neg_log_loss", "f1", "AUC", "BinaryAccuracy"]
    falling = ["loss", "MeanSquaredError", "BinaryCrossentropy"]
    kinds = [
        (keras.callbacks.EarlyStopping, {"patience": 9}),
        (keras.callbacks.ReduceLROnPlateau, {"patience": 9}),
        (
            keras.callbacks.ModelCheckpoint,
            {"filepath": tmp_path / "best.weights.h5"}
            | {"save_best_only": True, "save_weights_only": True},
        ),
    ]
    callbacks = [
        kind(monitor=prefix + name, **options)
        for name in rising + falling
        for prefix in ("", "val_")
        for kind, options in kinds
    ]
    metrics = (*rising, *falling[1:])
    fitted = make(metrics=metrics, callbacks=callbacks).fit(X, Y, X_val=X, y_val=Y)
    for callback in fitted.callbacks_:
        values = fitted.history_[callback.monitor]
        is_rising = callback.monitor.removeprefix("val_") in rising
        best = max(values) if is_rising else min(values)
        assert callback.best == pytest.approx(best)
