"""Callbacks of Keras, and of scikit-learn."""

import collections
import contextlib
import functools
import pickle
import re
import threading
import warnings

import joblib
import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import make_classification
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import EpochSearchCV, KerasMLPClassifier, epoch_curve

# Keras, when it saves or logs a variable of TensorFlow.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def data():
    X, y = make_classification(120, random_state=0)
    return X.astype(np.float32), y


def make(callbacks=None, **params):
    defaults = {"epochs": 4, "batch_size": 64, "random_state": 0}
    return KerasMLPClassifier(8, callbacks=callbacks, **defaults | params)


class Recorder(keras.callbacks.Callback):
    """Notes the hooks, and the names in their logs."""

    def __init__(self, seen=None):
        super().__init__()
        self.seen = [] if seen is None else seen

    def _note(self, hook, logs):
        self.seen.append((hook, sorted(logs or {})))


def _hook(name):
    def hook(self, *args, logs=None):
        if args and isinstance(args[-1], dict):
            logs = args[-1]
        self._note(name, logs)

    return hook


for _name in (
    "on_train_begin",
    "on_train_end",
    "on_epoch_begin",
    "on_epoch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_begin",
    "on_test_end",
):
    setattr(Recorder, _name, _hook(_name))


def test_batches_do_not_change_training(data):
    """An epoch is cut into batches if a callback asks for them, to the same effect."""
    seen = []
    by_batch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(logs["loss"])
    )
    classifier = make(by_batch).fit(*data)
    whole = make().fit(*data)
    assert len(seen) == 4 * 2
    # The loss of the last batch is that of the epoch so far, as under Keras.
    np.testing.assert_allclose(seen[1::2], whole.history_["loss"], rtol=1e-6)
    for ours, theirs in zip(classifier.coefs_, whole.coefs_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


class StopAt(keras.callbacks.Callback):
    def __init__(self, epoch=1):
        super().__init__()
        self.epoch = epoch
        self.fits = 0

    def on_train_begin(self, logs=None):
        self.fits += 1

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.stop_training = True


@pytest.mark.parametrize(
    ("callbacks", "params"),
    [
        (StopAt, {}),
        (StopAt(), {}),
        (functools.partial(StopAt, epoch=1), {}),
        (lambda: StopAt(1), {}),
        ([StopAt, keras.callbacks.History()], {}),
        ((StopAt(1),), {}),
        ({"stop": StopAt}, {"callbacks__stop__epoch": 1}),
        (StopAt, {"callbacks__epoch": 1}),
        ([StopAt, StopAt(9)], {"callbacks__0__epoch": 1}),
    ],
    ids=[
        "class",
        "instance",
        "partial",
        "function",
        "list",
        "tuple",
        "dict routed",
        "class routed",
        "list routed",
    ],
)
def test_ways_to_give_and_stop(data, callbacks, params):
    classifier = clone(make(callbacks, **params)).fit(*data)
    assert classifier.n_iter_ == 2


class LossHistory(keras.callbacks.Callback):
    """The example of Keras's documentation."""

    def on_train_begin(self, logs=None):
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])


def test_a_fit_trains_with_the_given_instance(data):
    callback = LossHistory()
    classifier = make(callback)
    for given in (callback, [callback], {"name": callback}):
        classifier.set_params(callbacks=given)
        classifier.fit(*data)
        assert classifier.callbacks_ == [callback]
        np.testing.assert_array_equal(callback.losses, classifier.history_["loss"])
    classifier.partial_fit(*data)
    np.testing.assert_array_equal(callback.losses, classifier.history_["loss"][-1:])


def test_an_instance_that_cannot_be_copied(data):
    """One fit trains with it. Clones would share it, so cloning fails."""
    callback = LossHistory()
    callback.lock = threading.Lock()
    classifier = make(callback).fit(*data)
    assert len(callback.losses) == 4
    with pytest.raises(ValueError, match=r"Could not clone.*lock.*Give callbacks as"):
        clone(classifier)


@pytest.mark.parametrize("fitted_before", [False, True])
def test_clones_have_copies_of_the_given_instance(data, fitted_before, tmp_path):
    """They start as the instance was before its own fits, without open files."""
    callback = StopAt(1)
    logger = keras.callbacks.CSVLogger(tmp_path / "{run}.csv")
    classifier = make([callback, logger])
    if fitted_before:
        classifier.fit(*data)
    for copied in (clone(classifier), pickle.loads(pickle.dumps(classifier))):
        own, _ = copied.callbacks
        assert own is not callback
        assert own.fits == 0
        assert not hasattr(copied, "callbacks_")
    results = cross_validate(classifier, *data, cv=2, return_estimator=True)
    assert [e.callbacks_[0].fits for e in results["estimator"]] == [1, 1]
    assert callback.fits == fitted_before


def test_early_stopping_restores_weights(data):
    X, y = data
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=2, restore_best_weights=True
    )
    classifier = make(stopping, epochs=40, learning_rate=0.1)
    classifier.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    assert classifier.n_iter_ < 40
    assert classifier.n_iter_ == classifier.best_epoch_ + 2
    proba = classifier.predict_proba(X[60:])
    loss = -np.log(proba[np.arange(60), y[60:]]).mean()
    assert loss == pytest.approx(classifier.history_["val_loss"].min(), rel=1e-4)


def test_learning_rate_callbacks_act(data):
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    classifier = make(halve, learning_rate=0.008).fit(*data)
    np.testing.assert_allclose(
        classifier.history_["learning_rate"], [0.004, 0.002, 0.001, 0.0005], rtol=1e-6
    )
    stopped = make(
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.0 if epoch else 0.01)
    ).fit(*data)
    short = make(epochs=1, learning_rate=0.01, backend="tensorflow").fit(*data)
    np.testing.assert_array_equal(stopped.coefs_[0], short.coefs_[0])
    plateau = make(
        keras.callbacks.ReduceLROnPlateau,
        callbacks__monitor="loss",
        callbacks__patience=1,
        callbacks__min_delta=10.0,
        callbacks__factor=0.5,
    ).fit(*data)
    rates = plateau.history_["learning_rate"]
    assert rates[-1] < rates[0]


def test_learning_rate_schedule(data):
    """Constant until step 4, then nothing: two epochs of two steps count."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.01, 0.0])
    classifier = make(optimizer="nadam", learning_rate=schedule).fit(*data)
    short = make(optimizer="nadam", learning_rate=0.01, epochs=2).fit(*data)
    np.testing.assert_allclose(classifier.coefs_[0], short.coefs_[0], rtol=1e-5)


def test_checkpoints_of_a_cross_validation(data, tmp_path):
    """Each fit keeps its best model in a file of its own, that predicts as it did."""
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "{run}.keras"), monitor="val_loss", save_best_only=True
    )
    classifier = make(checkpoint, epochs=12, learning_rate=0.1, early_stopping=True)
    X, y = data
    results = cross_validate(classifier, X, y, cv=2, return_estimator=True)
    paths = list(tmp_path.iterdir())
    assert len(paths) == 2
    predictions = [np.asarray(keras.models.load_model(path)(X))[:, 0] for path in paths]
    for estimator in results["estimator"]:
        ours = estimator.predict_proba(X)[:, 1]
        distances = [np.abs(ours - theirs).max() for theirs in predictions]
        assert min(distances) < 1e-6


def test_fields_of_paths(data, tmp_path):
    """Each fit fills {run}, and the callback its own fields, such as {epoch}."""
    path = tmp_path / "{run}-{epoch:02d}.keras"
    classifier = make(keras.callbacks.ModelCheckpoint(path), epochs=2)
    for fits in (1, 2):
        classifier.fit(*data)
        names = sorted(path.name for path in tmp_path.iterdir())
        assert len(names) == 2 * fits
        for name, epoch in zip(names, ("01", "02") * fits, strict=True):
            assert re.fullmatch(rf"\d{{8}}-\d{{6}}-\w{{8}}-{epoch}\.keras", name)


def test_fields_of_paths_that_keras_has_derived(data, tmp_path):
    """BackupAndRestore stores paths of files below its folder."""
    backup = keras.callbacks.BackupAndRestore(tmp_path / "{run}")
    make([backup], epochs=1).fit(*data)
    assert "{run}" not in backup._weights_path


WAYS_TO_CLONE = {
    "one job": lambda c: cross_validate(c, *DATA, cv=2, error_score="raise"),
    "pickled for workers": lambda c: [fit_pickled_clone(c) for _ in range(2)],
    "threads": lambda c: in_threads(c),
    "grid search": lambda c: GridSearchCV(
        c, {"size": [4]}, cv=2, refit=False, error_score="raise"
    ).fit(*DATA),
    "epoch_curve": lambda c: epoch_curve(
        c, *DATA, max_epochs=1, cv=2, error_score="raise"
    ),
    "voting": lambda c: VotingClassifier([("a", c), ("b", c)]).fit(*DATA),
}
DATA = make_classification(60, random_state=0)


def fit_pickled_clone(classifier):
    pickle.loads(pickle.dumps(clone(classifier))).fit(*DATA)


def in_threads(classifier):
    with joblib.parallel_config("threading", n_jobs=2):
        cross_validate(classifier, *DATA, cv=2, error_score="raise")


@pytest.mark.parametrize("way", WAYS_TO_CLONE)
def test_clones_never_write_to_one_path(tmp_path, way):
    for make_logger in (
        lambda path: keras.callbacks.CSVLogger(path),
        lambda path: functools.partial(keras.callbacks.CSVLogger, path),
    ):
        fixed = make_logger(tmp_path / "log.csv")
        with pytest.raises(
            ValueError, match=r"Expected \{run\} in the filename of CSV"
        ):
            WAYS_TO_CLONE[way](make(fixed, epochs=1))
    assert not list(tmp_path.iterdir())
    WAYS_TO_CLONE[way](make(make_logger(tmp_path / "{run}.csv"), epochs=1))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_classifier_of_the_user_writes_to_a_fixed_path(tmp_path):
    """As in Keras, a second fit overwrites the file."""
    classifier = make(keras.callbacks.CSVLogger(tmp_path / "log.csv"), epochs=3)
    for _ in range(2):
        classifier.fit(*DATA)
        logged = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True)
        np.testing.assert_allclose(logged["loss"], classifier.history_["loss"])


def test_tensorboard_runs(data, tmp_path):
    from tensorboard.backend.event_processing import event_accumulator as accumulator

    board = keras.callbacks.TensorBoard(tmp_path / "{run}")
    grid = {"size": [4]}
    search = GridSearchCV(make(board, early_stopping=True), grid, cv=2, refit=False)
    search.fit(*data)
    runs = list(tmp_path.iterdir())
    assert len(runs) == 2
    for run in runs:
        events = accumulator.EventAccumulator(str(run / "validation")).Reload()
        assert len(events.Tensors("epoch_loss")) == 4


def test_backup_resumes_where_it_stopped(data, tmp_path):
    """As if it had not been interrupted, in the epochs that are left."""
    X, y = data
    whole = make(backend="tensorflow").fit(X, y, X_val=X, y_val=y)
    for folder in (str(tmp_path / "of str"), tmp_path / "of path"):
        backup = keras.callbacks.BackupAndRestore(folder)
        with pytest.raises(KeyboardInterrupt):
            make([backup, interrupt(2)]).fit(X, y, X_val=X, y_val=y)
        resumed = make([backup, Recorder]).fit(X, y, X_val=X, y_val=y)
        begun = [hook for hook, _ in resumed.callbacks_[1].seen].count("on_epoch_begin")
        assert begun == resumed.n_iter_ == 1  # the fourth: the third was done
        for name, values in whole.history_.items():
            np.testing.assert_allclose(resumed.history_[name], values[3:], rtol=1e-5)
        for one, other in zip(resumed.coefs_, whole.coefs_, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_backup_of_a_training_that_was_done(data, tmp_path):
    """There is no epoch left, and so no history, as under Keras."""
    backup = keras.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    first, again = (make(backup, epochs=2).fit(*data) for _ in range(2))
    assert again.n_iter_ == 0
    np.testing.assert_array_equal(first.coefs_[0], again.coefs_[0])
    assert again.predict(data[0]).shape == data[1].shape


class TakesAny(keras.callbacks.Callback):
    def __init__(self, **options):
        super().__init__()
        self.options = options


def test_class_that_takes_any_argument(data):
    fitted = make(TakesAny, callbacks__colour="red", epochs=1).fit(*data)
    assert fitted.callbacks_[0].options == {"colour": "red"}


class Adds(keras.callbacks.Callback):
    """Adds to the logs: always, every second time, and what is no number."""

    def on_epoch_end(self, epoch, logs=None):
        logs["val_own"] = 10.0 + epoch
        logs["array"] = np.float32(epoch)
        if epoch % 2 == 0:
            logs["sometimes"] = epoch
        logs["text"] = "a word"
        logs["vector"] = np.ones(3)


ADDED = {"val_own": [10, 11, 12, 13], "array": [0, 1, 2, 3]}


def test_entries_that_callbacks_add(data):
    with pytest.warns(UserWarning, match="not numbers: 'text', 'vector'") as caught:
        history = make(Adds).fit(*data).history_
    assert len(caught) == 1
    assert history.keys() == {"accuracy", "loss", "sometimes"} | ADDED.keys()
    for name, values in ADDED.items():
        np.testing.assert_array_equal(history[name], values)
    np.testing.assert_array_equal(history["sometimes"], [0, np.nan, 2, np.nan])


@pytest.mark.filterwarnings(
    "ignore:.*not stored in history_",
    "ignore:The best epoch is",
    "ignore:sometimes is not finite .* a callback logs it in some epochs only",
)
def test_entries_that_callbacks_add_reach_searches(data):
    search = EpochSearchCV(make(Adds), max_epochs=4, cv=2, monitor="val_own")
    search.fit(*data)
    assert search.best_epoch_ == 4
    frame = epoch_curve(make(Adds), *data, max_epochs=4, cv=2)
    for table in (search.history_, frame):
        for name, values in ADDED.items():
            np.testing.assert_array_equal(table[name], values * 2)


class LateCheckpoint(keras.callbacks.ModelCheckpoint):
    """Keras's attribute says that it waits for epochs; its own hook does not."""

    def on_train_batch_end(self, batch, logs=None):
        self.batches = [*getattr(self, "batches", ()), batch]


def test_hooks_of_subclasses_of_callbacks_that_wait(data, tmp_path):
    callback = LateCheckpoint(tmp_path / "{epoch}.keras")
    (callback,) = make(callback, epochs=2).fit(*data).callbacks_
    assert callback.batches == [0, 1, 0, 1]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("verbose", [0, 1, True])
def test_callbacks_are_told_how_verbose_training_is(data, verbose):
    (recorder,) = make(Recorder, epochs=1, verbose=verbose).fit(*data).callbacks_
    assert recorder.params == {"epochs": 1, "steps": 2, "verbose": int(verbose)}


def test_nan_ends_the_epoch(data):
    """TerminateOnNaN stops at the batch, and training that diverged is an error."""
    X, y = data
    seen = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(batch)
    )
    classifier = make([keras.callbacks.TerminateOnNaN(), note], batch_size=10)
    classifier.set_params(optimizer="sgd", activation="linear", learning_rate=1e30)
    with pytest.raises(ValueError, match="Training diverged in epoch 1"):
        classifier.fit(X, y)
    assert len(seen) < 12


def test_exception_leaves_unfitted(data):
    def fail(epoch, logs):
        raise RuntimeError("no more")

    classifier = make(keras.callbacks.LambdaCallback(on_epoch_end=fail))
    before = vars(classifier).copy()
    with pytest.raises(RuntimeError, match="no more"):
        classifier.fit(*data)
    assert vars(classifier) == before


def interrupt(at):
    def callback(epoch, logs):
        if epoch == at:
            raise KeyboardInterrupt

    return keras.callbacks.LambdaCallback(on_epoch_end=callback)


def test_interrupt_leaves_as_it_was(data):
    classifier = make(interrupt(1))
    before = vars(classifier).copy()
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*data)
    assert vars(classifier) == before
    classifier.set_params(callbacks=None).fit(*data)
    classifier.set_params(callbacks=interrupt(1))
    before = vars(classifier).copy()
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*data)
    assert vars(classifier).keys() == before.keys()
    assert all(vars(classifier)[name] is before[name] for name in before)


def test_interrupt_under_warm_start_keeps_epochs(data):
    classifier = make(interrupt(2), warm_start=True)
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*data)
    assert classifier.n_iter_ == len(classifier.history_["loss"]) == 2
    assert 0 <= classifier.score(*data) <= 1


def test_scoring_monitor_sees_every_epoch(data):
    monitor = ScoringMonitor(scoring="accuracy")
    X, y = data
    weight = np.linspace(0.5, 2, len(y))
    make(learning_rate=0.05).set_callbacks(monitor).fit(X, y, sample_weight=weight)
    logged = [
        row["accuracy"]
        for row in monitor.get_logs().data
        if row["task_name"] == "epoch"
    ]
    expected = [
        accuracy_score(
            y,
            make(learning_rate=0.05, epochs=n)
            .fit(X, y, sample_weight=weight)
            .predict(X),
            sample_weight=weight,
        )
        for n in range(1, 5)
    ]
    np.testing.assert_allclose(logged, expected)


def test_scoring_monitor_nested(data):
    """Below a pipeline below a search: an entry per epoch of each fit."""
    monitor = ScoringMonitor(scoring="accuracy")
    pipe = make_pipeline(StandardScaler(), make().set_callbacks(monitor))
    grid = {"kerasmlpclassifier__size": [2, 4]}
    GridSearchCV(pipe, grid, cv=2).fit(*data)
    log = monitor.get_logs().data_as_pandas
    epochs = log[log["task_name"] == "epoch"]
    assert len(epochs) == 4 * (2 * 2 + 1)
    assert epochs["parent_task_id_path"].nunique() == 2 * 2 + 1
    assert epochs["accuracy"].between(0, 1).all()


@pytest.mark.parametrize("nested", [False, True])
def test_progress_bar(data, capsys, nested):
    estimator = make()
    if nested:
        estimator = make_pipeline(StandardScaler(), estimator)
    estimator.set_callbacks(ProgressBar()).fit(*data)
    out = capsys.readouterr().out
    assert "KerasMLPClassifier - fit" in out
    assert "100%" in out


class Watch:
    """A callback by scikit-learn's protocol, that stops at an epoch or raises."""

    def __init__(self, stop_at=None, raise_at=None):
        self.stop_at, self.raise_at = stop_at, raise_at
        self.events = []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, X=None):
        self.events.append(f"end {context.task_name}")
        if fitted_estimator is None:  # ended by an error
            return False
        fitted_estimator.predict(X)
        if context.task_name == "epoch":
            if context.task_id == self.raise_at:
                raise RuntimeError("no more")
            return context.task_id == self.stop_at
        return False


def test_scikit_learn_callback_stops(data):
    watch = Watch(stop_at=1)
    classifier = make().set_callbacks(watch).fit(*data)
    assert classifier.n_iter_ == 2
    epoch = ["begin epoch", "end epoch"]
    fit = ["begin fit", *epoch, *epoch, "end fit"]
    assert watch.events == ["setup", *fit, "teardown"]


def test_scikit_learn_callback_raises(data):
    watch = Watch(raise_at=1)
    classifier = make().set_callbacks(watch)
    before = vars(classifier).copy()
    with pytest.raises(RuntimeError, match="no more"):
        classifier.fit(*data)
    assert watch.events[-2:] == ["end fit", "teardown"]
    assert_balanced(watch)
    assert vars(classifier) == before


def assert_balanced(watch):
    """As many ends as begins of every task."""
    counts = collections.Counter(event.partition(" ")[::2] for event in watch.events)
    assert {name for kind, name in counts if kind == "begin"}
    for (kind, name), count in counts.items():
        if kind in ("begin", "end"):
            assert counts["begin", name] == counts["end", name] == count


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no more")])
def test_scikit_learn_callbacks_see_the_end_of_what_fails(data, monkeypatch, error):
    """In the midst of an epoch, between epochs, and after the last."""
    from skimdb.neural_network._metrics import Metrics

    X, y = data
    compute, calls = Metrics.compute, []

    def fail(*args):
        calls.append(args)
        if len(calls) == 2:
            raise error
        return compute(*args)

    monkeypatch.setattr(Metrics, "compute", fail)
    watch = Watch()
    with pytest.raises(type(error)):
        make().set_callbacks(watch).fit(X, y)
    assert watch.events.count("begin epoch") == 2
    assert_balanced(watch)


def test_scikit_learn_callbacks_see_the_end_of_what_diverges(data):
    X, y = data
    for samples, rate in [(X * 1e30, 0.1), (X, 1e30)]:
        watch = Watch()
        classifier = make(optimizer="sgd", activation="linear", learning_rate=rate)
        with pytest.raises(ValueError, match="diverged"):
            classifier.set_callbacks(watch).fit(samples, y)
        assert_balanced(watch)


def test_a_callback_that_cannot_take_an_error_does_not_hide_it(data):
    class NeedsEstimator(Watch):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, X=None):
            fitted_estimator.predict(X)

    classifier = make(optimizer="sgd", activation="linear", learning_rate=1e30)
    with pytest.raises(ValueError, match="diverged") as caught:
        classifier.set_callbacks(NeedsEstimator()).fit(*data)
    assert all("failed when" in note for note in caught.value.__notes__)


def test_scikit_learn_callbacks_see_the_end_of_a_search(data):
    X, y = data
    bad = {"size": [2, 4], "learning_rate": [0.01, 1e30]}
    base = make(optimizer="sgd", activation="linear")
    for error_score, X_fit in [(np.nan, X), ("raise", X)]:
        of_search, of_fits = Watch(), Watch()
        search = EpochSearchCV(
            clone(base).set_callbacks(of_fits),
            bad,
            max_epochs=2,
            cv=2,
            error_score=error_score,
        ).set_callbacks(of_search)
        with warnings.catch_warnings(), contextlib.suppress(ValueError):
            warnings.simplefilter("ignore")
            search.fit(X_fit, y)
        assert_balanced(of_search)
        assert_balanced(of_fits)
    assert not hasattr(search, "cv_results_")


def test_scikit_learn_callback_in_partial_fit(data):
    watch = Watch()
    make().set_callbacks(watch).partial_fit(*data, classes=[0, 1])
    assert watch.events.count("end epoch") == 1
