"""RMSprop, Adam and SGD in NumPy: Keras's names and defaults, and skipped features."""

import copy
import inspect

import keras
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from skimdb import KerasMLPClassifier
from skimdb.neural_network._optimizers import OPTIMIZERS
from skimdb.neural_network._parameters import _KERAS_ONLY


def read_defaults(cls, *without):
    """Arguments of a class that have a default, and the default."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is not parameter.empty and name not in without
    }


@pytest.mark.parametrize(
    "theirs", [keras.optimizers.RMSprop, keras.optimizers.Adam, keras.optimizers.SGD]
)
def test_names_and_defaults_are_those_of_keras(theirs):
    """What NumPy has, and what it knows that only Keras has."""
    ours = OPTIMIZERS[theirs.__name__.lower()]
    assert ours.__name__ == theirs.__name__
    expected = read_defaults(theirs, "name")
    own = ours.defaults
    assert own.items() <= expected.items()
    assert expected.keys() - own.keys() == set(_KERAS_ONLY["optimizer"])


@pytest.mark.parametrize(
    "theirs",
    [keras.losses.BinaryCrossentropy, keras.losses.CategoricalCrossentropy],
)
def test_options_of_losses_are_those_of_keras(theirs):
    expected = read_defaults(theirs, "name", "reduction")
    assert expected.keys() == {*_KERAS_ONLY["loss"], "label_smoothing"}


@pytest.fixture(scope="module")
def rare_data():
    """More columns than the batches have entries, some of them empty."""
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array((120, 1000), density=0.002, format="csr", rng=rng)
    X.data[:] = rng.uniform(0.5, 2, X.nnz)
    return X, (np.asarray(X[:, ::2].sum(axis=1)) > 1).astype(int)


def fit_both(classifier, X, y, call):
    """Fit on sparse rows, where features are skipped, and on dense ones."""
    sparse, dense = copy.deepcopy(classifier), copy.deepcopy(classifier)
    call(sparse, X, y)
    call(dense, X.toarray(), y)
    return sparse, dense


def assert_same(sparse, dense, atol):
    """Weights and the optimizer's state agree, and there was something to skip."""
    for name in ("coefs_", "intercepts_"):
        for ours, theirs in zip(
            getattr(sparse, name), getattr(dense, name), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)
    ours, theirs = (c._optimizer_state["variables"] for c in (sparse, dense))
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], rtol=0, atol=atol)


@settings(deadline=None, max_examples=25)
@given(
    optimizer=st.sampled_from(
        [
            ("rmsprop", {}),
            ("rmsprop", {"rho": 0.5, "epsilon": 1e-4}),
            ("rmsprop", {"rho": 0.0}),
            ("rmsprop", {"centered": True}),
            ("rmsprop", {"momentum": 0.5}),
            ("adam", {}),
            ("sgd", {}),
            ("sgd", {"momentum": 0.9, "nesterov": True}),
        ]
    ),
    params=st.sampled_from(
        [{}, {"l2": 0.01}, {"dropout": 0.3}, {"size": 130}, {"early_stopping": True}]
    ),
    dtype=st.sampled_from(["float32", "float64"]),
    batch_size=st.sampled_from([20, 60, 500]),
    epochs=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    ones=st.booleans(),
)
def test_skipped_features(
    rare_data, optimizer, params, dtype, batch_size, epochs, ones
):
    """The result is that of updating all, and so is that of going on from there."""
    X, y = rare_data
    X = X.astype(dtype)
    if ones:
        X.data[:] = 1
    name, options = optimizer
    if dtype == "float32" and name != "sgd":
        # The default of 1e-7 turns the rounding of a gradient near 0 into whole steps.
        options = options | {"epsilon": 1e-3}
    options = {f"optimizer__{option}": value for option, value in options.items()}
    classifier = KerasMLPClassifier(
        optimizer=name, batch_size=batch_size, warm_start=True, random_state=0
    ).set_params(**{"size": 4} | params | options)

    def fit(estimator, X, y):
        for n_epochs in epochs:
            estimator.set_params(epochs=n_epochs).fit(X, y)
        estimator.partial_fit(X[:5], y[:5])

    sparse, dense = fit_both(classifier, X, y, fit)
    assert_same(sparse, dense, 1e-6 if dtype == "float32" else 1e-12)
    # On other rows, of dense ones as of sparse ones, from either state.
    sparse.partial_fit(X[60:].toarray(), y[60:])
    dense.partial_fit(X[60:], y[60:])
    assert_same(sparse, dense, 1e-6 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rho": 0.0},
        {"centered": True, "rho": 0.3},
        {"momentum": 0.5, "centered": True, "rho": 0.8},
    ],
    ids=str,
)
def test_many_steps_of_rmsprop(options):
    """The averages stay those of the formula, however they are kept."""
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(2, 50))
    theirs[...] = ours
    optimizer = OPTIMIZERS["rmsprop"](ours, learning_rate=0.01, **options)
    keras_optimizer = keras.optimizers.RMSprop(learning_rate=0.01, **options)
    variable = keras.Variable(theirs, dtype="float64")
    for step in range(150):
        gradient = rng.normal(size=50) * 10.0 ** rng.integers(-4, 3)
        gradient[step % 7 :: 7] = 0
        keras_optimizer.apply([keras.ops.array(gradient, "float64")], [variable])
        optimizer.begin_step()
        optimizer.update(gradient * optimizer.gradient_factor)
        optimizer.iteration += 1
    np.testing.assert_allclose(ours, np.asarray(variable), rtol=0, atol=1e-6)


def test_a_feature_that_is_never_seen_keeps_its_weights(rare_data):
    X, y = rare_data
    unseen = np.flatnonzero(np.bincount(X.indices, minlength=X.shape[1]) == 0)
    assert len(unseen) > 500
    one, more = (
        KerasMLPClassifier(4, epochs=n, batch_size=30, random_state=0).fit(X, y)
        for n in (1, 5)
    )
    np.testing.assert_array_equal(one.coefs_[0][unseen], more.coefs_[0][unseen])
    assert not np.array_equal(one.coefs_[0], more.coefs_[0])


def test_state_has_the_names_of_keras(rare_data):
    """Else Keras could not go on, and would begin its averages anew."""
    X, y = rare_data
    for name, options in (
        ("rmsprop", {"centered": True, "momentum": 0.5}),
        ("adam", {"amsgrad": True}),
        ("sgd", {"momentum": 0.5}),
    ):
        options = {f"optimizer__{option}": value for option, value in options.items()}
        classifier = KerasMLPClassifier(
            4, optimizer=name, epochs=2, batch_size=60, random_state=0, **options
        ).fit(X, y)
        variables = {v.name: v for v in classifier.to_keras().optimizer.variables}
        state = classifier._optimizer_state
        assert variables.keys() == state["variables"].keys()
        for variable, value in state["variables"].items():
            if variable.endswith(("velocity", "average_gradient")):
                value = value * state["decay"]
            np.testing.assert_allclose(variables[variable], value)
        assert int(variables["iteration"].numpy()) == 4
