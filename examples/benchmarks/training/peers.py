"""The same network in skimdb and in its peers, each as its own users write it.

Every ``fit_*`` takes the name of a peer, training data, validation data or None, a
`Network`, a seed and a model to continue with or None. It returns `Fitted`. The
libraries are imported on first use, so that a process measures one library only.
"""

import warnings
from pkgutil import resolve_name
from typing import NamedTuple

import numpy as np

# Names of the peers in the tables.
SKIMDB = "skimdb"
NO_CURVE = "skimdb without a curve"
TENSORFLOW = "skimdb in TensorFlow"
OTHER_VERSION = "skimdb, other version"
DENSE_KERAS = "Keras, dense"
SCIKERAS = "scikeras, dense"
SKLEARN = "MLPClassifier"
TORCH = "torch"

MODULES = {
    SKIMDB: "skimdb:KerasMLPClassifier",
    "Keras": "keras",
    "TensorFlow": "keras",
    SCIKERAS: "scikeras.wrappers",
    SKLEARN: "sklearn.neural_network",
    TORCH: "torch",
}
CURVE = ("val_loss", "val_accuracy")


class Fitted(NamedTuple):
    """A trained network.

    Attributes
    ----------
    curve : dict of str to list of float
        Validation loss and accuracy after each epoch; empty without a curve.
    predict : callable
        Takes samples and returns probabilities of class 1.
    model : object
        The model that a later fit may continue with.
    """

    curve: dict
    predict: object
    model: object


def import_library(peer):
    """Import the library of `peer`, and no other."""
    for name, module in MODULES.items():
        if name in peer:
            resolve_name(module)


def densify(peer, X):
    """Return `X` in the form that `peer` takes."""
    return X.toarray() if peer.endswith("dense") else X


def fit(peer, training, validation, network, seed, model=None):
    """Fit the network of a peer."""
    fits = {DENSE_KERAS: fit_keras, SKLEARN: fit_sklearn, TORCH: fit_torch}
    return fits.get(peer, fit_skimdb)(peer, training, validation, network, seed, model)


# skimdb


def make_skimdb(network, seed, **params):
    from skimdb import KerasMLPClassifier

    return KerasMLPClassifier(**network.make_params(seed), **params)


def fit_skimdb(peer, training, validation, network, seed, model):
    """Fit from scratch; a `model` to continue with would save nothing."""
    params = {"backend": "tensorflow"} if peer == TENSORFLOW else {}
    X_val, y_val = validation or (None, None)
    model = make_skimdb(network, seed, **params)
    model.fit(*training, X_val=X_val, y_val=y_val)
    curve = {name: model.history_[name] for name in CURVE} if validation else {}
    return Fitted(curve, lambda X: model.predict_proba(X)[:, 1], model)


# Keras on dense arrays, as in the notebook


def fit_keras(peer, training, validation, network, seed, model):
    """Fit a new model, or continue with `model`, which saves the tracing."""
    import keras

    from training.scripts.dense_keras import compile_network

    X, y = training
    if model is None:
        keras.utils.set_random_seed(seed)
        model = compile_network(X.shape[1], network.size, network.l2, network.dropout)
    options = {"epochs": network.epochs, "batch_size": network.batch_size}
    history = model.fit(X, y, validation_data=validation, verbose=0, **options).history
    curve = {name: history[name] for name in CURVE} if validation else {}
    return Fitted(
        curve, lambda X: model.predict(X, batch_size=512, verbose=0)[:, 0], model
    )


def make_scikeras(network, seed):
    from scikeras.wrappers import KerasClassifier

    from training.scripts.dense_keras import build_for_scikeras

    params = {"optimizer": "rmsprop", "loss": "binary_crossentropy", "verbose": 0}
    return KerasClassifier(build_for_scikeras, **params, **network.make_params(seed))


# scikit-learn


def make_sklearn(network, seed):
    """Make the same network with Adam, since MLPClassifier has no RMSprop."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    # It warns after each fit with a fixed number of epochs.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    return MLPClassifier(
        hidden_layer_sizes=(network.size, network.size),
        alpha=network.l2,
        batch_size=network.batch_size,
        max_iter=network.epochs,
        n_iter_no_change=np.inf,
        random_state=seed,
    )


def fit_sklearn(peer, training, validation, network, seed, model):
    """Fit without a curve, which MLPClassifier does not have."""
    model = make_sklearn(network, seed).fit(*training)
    return Fitted({}, lambda X: model.predict_proba(X)[:, 1], model)


# torch: an EmbeddingBag adds up the rows of the first weights for the words of a review


def make_torch(n_features, size):
    """Return the parameters of the network, initialized as in Keras, and its function.

    The function takes word ids and the position where each review begins.
    """
    import torch
    from torch import nn

    words = nn.EmbeddingBag(n_features, size, mode="sum", include_last_offset=True)
    bias, second, output = torch.zeros(size), nn.Linear(size, size), nn.Linear(size, 1)
    for layer in (words, second, output):
        nn.init.xavier_uniform_(layer.weight)
    for layer in (second, output):
        nn.init.zeros_(layer.bias)
    bias.requires_grad_()

    def compute_logits(ids, offsets):
        hidden = torch.relu(words(ids, offsets) + bias)
        return output(torch.relu(second(hidden))).squeeze(1)

    parameters = [p for layer in (words, second, output) for p in layer.parameters()]
    return [*parameters, bias], compute_logits


def _iterate_bags(X, batch_size):
    """Yield the ids of each batch and where its reviews begin."""
    import torch

    ids, offsets = torch.from_numpy(X.indices), torch.from_numpy(X.indptr)
    for first in range(0, X.shape[0], batch_size):
        batch = offsets[first : first + batch_size + 1]
        yield ids[batch[0] : batch[-1]], batch - batch[0]


def fit_torch(peer, training, validation, network, seed, model):
    """Fit with Keras's RMSprop."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as compute_loss

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    X, y = training[0], np.asarray(training[1], dtype=np.float32)
    parameters, compute_logits = make_torch(X.shape[1], network.size)
    optimizer = torch.optim.RMSprop(parameters, lr=0.001, alpha=0.9, eps=1e-7)

    def predict(X):
        with torch.inference_mode():
            return torch.cat(
                [compute_logits(*batch) for batch in _iterate_bags(X, 2048)]
            )

    curve = {name: [] for name in CURVE} if validation else {}
    for _ in range(network.epochs):
        order = rng.permutation(len(y))
        targets = torch.from_numpy(y[order]).split(network.batch_size)
        batches = _iterate_bags(X[order], network.batch_size)
        for batch, target in zip(batches, targets, strict=True):
            optimizer.zero_grad()
            compute_loss(compute_logits(*batch), target).backward()
            optimizer.step()
        if validation:
            logits, target = predict(validation[0]), torch.as_tensor(validation[1])
            curve["val_loss"].append(compute_loss(logits, target.float()).item())
            right = (logits > 0) == target.bool()
            curve["val_accuracy"].append(right.float().mean().item())
    return Fitted(curve, lambda X: torch.sigmoid(predict(X)).numpy(), None)
