"""The same network in skimdb and in its peers, each as its own users write it.

Every ``fit_*`` takes a peer's name, training data, validation data or None, a `Network`
and a seed, and returns `Fitted`. The libraries are imported on first use, so that a
process measures only the one it compares.
"""

import warnings
from typing import NamedTuple

import numpy as np

# Names of the peers, as the page has them.
SKIMDB = "skimdb"
NO_CURVE = "skimdb without a curve"
TENSORFLOW = "skimdb in TensorFlow"
FIRST_VERSION = "skimdb's first version"
DENSE_KERAS = "Keras, dense"
SCIKERAS = "scikeras, dense"
SKLEARN = "MLPClassifier"
TORCH = "torch"

CURVE = ("val_loss", "val_accuracy")


class Fitted(NamedTuple):
    """A trained network.

    Attributes
    ----------
    curve : dict of str to list of float
        Validation loss and accuracy after each epoch; empty without a curve.
    predict : callable
        From samples to probabilities of class 1.
    model : object
        What a later fit may go on with.
    """

    curve: dict
    predict: object
    model: object


def import_libraries(peer):
    """Import what `peer` needs, and no more."""
    if peer.startswith("skimdb"):
        from skimdb import KerasMLPClassifier  # noqa: F401
    elif peer == SKLEARN:
        import sklearn.neural_network  # noqa: F401
    elif peer == TORCH:
        import torch  # noqa: F401
    elif peer == SCIKERAS:
        import scikeras.wrappers  # noqa: F401
    if peer.startswith((TENSORFLOW, FIRST_VERSION, "Keras")):
        import keras  # noqa: F401


def densify(peer, X):
    """Return `X` in the form that `peer` takes."""
    return X.toarray() if peer.endswith("dense") else X


def _read_curve(history):
    return {name: list(map(float, history[name])) for name in CURVE if name in history}


# skimdb


def make_skimdb(network, seed, **params):
    from skimdb import KerasMLPClassifier

    return KerasMLPClassifier(**network.make_params(seed), **params)


def fit_skimdb(peer, data, validation, network, seed, model=None):
    """Fit anew; it does not go on with a `model`, and does not need to."""
    params = {"backend": "tensorflow"} if peer == TENSORFLOW else {}
    X_val, y_val = validation or (None, None)
    model = make_skimdb(network, seed, **params).fit(*data, X_val=X_val, y_val=y_val)
    return Fitted(
        _read_curve(model.history_), lambda X: model.predict_proba(X)[:, 1], model
    )


# Keras on dense arrays, as in the notebook


def fit_keras(peer, data, validation, network, seed, model=None):
    """Fit a new model, or go on with `model`, for which nothing is traced again."""
    import keras

    from training.scripts.dense_keras import compile_network

    X, y = data
    if model is None:
        keras.utils.set_random_seed(seed)
        model = compile_network(X.shape[1], network.size, network.l2, network.dropout)
    history = model.fit(
        X,
        y,
        epochs=network.epochs,
        batch_size=network.batch_size,
        validation_data=validation,
        verbose=0,
    )
    return Fitted(
        _read_curve(history.history),
        lambda X: model.predict(X, batch_size=512, verbose=0)[:, 0],
        model,
    )


def make_scikeras(network, seed):
    from scikeras.wrappers import KerasClassifier

    from training.scripts.dense_keras import build_for_scikeras

    return KerasClassifier(
        build_for_scikeras,
        optimizer="rmsprop",
        loss="binary_crossentropy",
        verbose=0,
        **network.make_params(seed),
    )


# scikit-learn


def make_sklearn(network, seed):
    """The same network and as many epochs; Adam, as it has no RMSprop."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    # It is meant to stop after these epochs, and says each time that it did.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    return MLPClassifier(
        hidden_layer_sizes=(network.size, network.size),
        alpha=network.l2,
        batch_size=network.batch_size,
        max_iter=network.epochs,
        n_iter_no_change=np.inf,
        random_state=seed,
    )


def fit_sklearn(peer, data, validation, network, seed, model=None):
    """Fit without a curve, which it does not have: validation data are not used."""
    model = make_sklearn(network, seed).fit(*data)
    return Fitted({}, lambda X: model.predict_proba(X)[:, 1], model)


# torch: an EmbeddingBag sums the rows of the first weights that a review's words name


def make_torch(n_features, size):
    """Build the network, with Keras's initial weights."""
    import torch
    from torch import nn

    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.EmbeddingBag(
                n_features, size, mode="sum", include_last_offset=True
            )
            self.bias = nn.Parameter(torch.zeros(size))
            self.second = nn.Linear(size, size)
            self.output = nn.Linear(size, 1)
            for layer in (self.words, self.second, self.output):
                nn.init.xavier_uniform_(layer.weight)
            for layer in (self.second, self.output):
                nn.init.zeros_(layer.bias)

        def forward(self, ids, offsets):
            hidden = torch.relu(self.words(ids, offsets) + self.bias)
            return self.output(torch.relu(self.second(hidden))).squeeze(1)

    return Bag()


def _iterate_bags(X, batch_size):
    """Yield the ids of each batch and where its reviews begin."""
    import torch

    ids, offsets = torch.from_numpy(X.indices), torch.from_numpy(X.indptr)
    for first in range(0, X.shape[0], batch_size):
        batch = offsets[first : first + batch_size + 1]
        yield ids[batch[0] : batch[-1]], batch - batch[0]


def fit_torch(peer, data, validation, network, seed, model=None):
    """Fit with Keras's RMSprop."""
    import torch
    from torch import nn

    def compute_logits(X):
        bag.eval()
        with torch.inference_mode():
            return torch.cat([bag(*batch) for batch in _iterate_bags(X, 2048)])

    X, y = data
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    bag = make_torch(X.shape[1], network.size)
    optimizer = torch.optim.RMSprop(bag.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    loss_function = nn.BCEWithLogitsLoss()
    y = np.asarray(y, dtype=np.float32)
    curve = {name: [] for name in CURVE} if validation else {}
    for _ in range(network.epochs):
        order = rng.permutation(len(y))
        targets = torch.from_numpy(y[order]).split(network.batch_size)
        bag.train()
        batches = _iterate_bags(X[order], network.batch_size)
        for batch, target in zip(batches, targets, strict=True):
            optimizer.zero_grad()
            loss_function(bag(*batch), target).backward()
            optimizer.step()
        if validation:
            outputs = compute_logits(validation[0])
            target = torch.as_tensor(validation[1])
            loss = loss_function(outputs, target.float())
            curve["val_loss"].append(loss.item())
            correct = (outputs > 0) == target.bool()
            curve["val_accuracy"].append(correct.float().mean().item())
    return Fitted(curve, lambda X: torch.sigmoid(compute_logits(X)).numpy(), bag)


def choose_fit(peer):
    """Return the function that fits a peer."""
    if peer.startswith("skimdb"):
        return fit_skimdb
    return {DENSE_KERAS: fit_keras, SKLEARN: fit_sklearn, TORCH: fit_torch}[peer]
