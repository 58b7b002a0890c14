"""The same network in skimdb and in its peers, each as its own users write it.

Every ``fit_*`` takes training data, validation data or None, a `Network` and a seed,
and returns `Fitted`. The libraries are imported on first use, so that a process
measures only the one it compares.
"""

import warnings
from collections import namedtuple

import numpy as np

# curve: what the validation loss and accuracy were after each epoch, {} without one.
# predict: from samples to probabilities of class 1.
# model: what a later fit may go on with.
Fitted = namedtuple("Fitted", ["curve", "predict", "model"])


def import_libraries(peer):
    """Import what `peer` needs, and no more."""
    if peer == "MLPClassifier":
        import sklearn.neural_network  # noqa: F401
    elif peer == "torch":
        import torch  # noqa: F401
    else:
        import keras  # noqa: F401
    if peer.startswith("skimdb"):
        from skimdb import KerasMLPClassifier  # noqa: F401
    if peer.startswith("scikeras"):
        import scikeras.wrappers  # noqa: F401


def densify(peer, X):
    """Return `X` in the form that `peer` takes."""
    return X.toarray() if peer.endswith("dense") else X


def _keep_validation(history):
    return {
        name: list(map(float, history.get(name, [])))
        for name in ("val_loss", "val_accuracy")
        if name in history
    }


# skimdb


def make_skimdb(network, seed):
    from skimdb import KerasMLPClassifier

    return KerasMLPClassifier(
        size=network.size,
        epochs=network.epochs,
        batch_size=network.batch_size,
        l2=network.l2,
        dropout=network.dropout,
        random_state=seed,
    )


def fit_skimdb(X, y, X_val, y_val, network, seed, model=None):
    model = make_skimdb(network, seed).fit(X, y, X_val=X_val, y_val=y_val)
    return Fitted(
        _keep_validation(model.history_),
        lambda X: model.predict_proba(X)[:, 1],
        model,
    )


# Keras on dense arrays, as in the notebook


def vectorize_sequences(sequences, dimension=10_000):
    """Turn lists of ids into rows of zeros and ones."""
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.0
    return results


def build_keras(n_features, size, l2=0.0, dropout=0.0):
    import keras
    from keras import layers

    penalty = keras.regularizers.l2(l2) if l2 else None
    model = keras.Sequential([keras.Input((n_features,))])
    for _ in range(2):
        model.add(layers.Dense(size, activation="relu", kernel_regularizer=penalty))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(1, activation="sigmoid"))
    return model


def fit_keras(X, y, X_val, y_val, network, seed, model=None):
    """Fit a new model, or go on with `model`, for which nothing is traced again."""
    import keras

    if model is None:
        keras.utils.set_random_seed(seed)
        model = build_keras(X.shape[1], network.size, network.l2, network.dropout)
        model.compile(
            optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"]
        )
    history = model.fit(
        X,
        y,
        epochs=network.epochs,
        batch_size=network.batch_size,
        validation_data=None if X_val is None else (X_val, y_val),
        verbose=0,
    )
    return Fitted(
        _keep_validation(history.history),
        lambda X: model.predict(X, batch_size=512, verbose=0)[:, 0],
        model,
    )


# scikeras, on sparse or dense samples


def _build_for_scikeras(meta, size, l2, dropout):
    return build_keras(meta["n_features_in_"], size, l2, dropout)


def make_scikeras(network, seed):
    from scikeras.wrappers import KerasClassifier

    return KerasClassifier(
        _build_for_scikeras,
        size=network.size,
        l2=network.l2,
        dropout=network.dropout,
        optimizer="rmsprop",
        loss="binary_crossentropy",
        metrics=["accuracy"],
        epochs=network.epochs,
        batch_size=network.batch_size,
        random_state=seed,
        verbose=0,
    )


def fit_scikeras(X, y, X_val, y_val, network, seed, model=None):
    validation = {} if X_val is None else {"validation_data": (X_val, y_val)}
    model = make_scikeras(network, seed).fit(X, y, **validation)
    return Fitted(
        _keep_validation(model.history_),
        lambda X: model.predict_proba(X)[:, 1],
        model,
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


def fit_sklearn(X, y, X_val, y_val, network, seed, model=None):
    """Fit without a curve, which it does not have: validation data are not used."""
    model = make_sklearn(network, seed).fit(X, y)
    return Fitted({}, lambda X: model.predict_proba(X)[:, 1], model)


# torch: an EmbeddingBag sums the rows of the first kernel that a review's words name


def fit_torch(X, y, X_val, y_val, network, seed, model=None):
    import torch
    from torch import nn

    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.EmbeddingBag(
                X.shape[1], network.size, mode="sum", include_last_offset=True
            )
            self.bias = nn.Parameter(torch.zeros(network.size))
            self.second = nn.Linear(network.size, network.size)
            self.output = nn.Linear(network.size, 1)
            for layer in (self.words, self.second, self.output):  # Keras's start
                nn.init.xavier_uniform_(layer.weight)
            for layer in (self.second, self.output):
                nn.init.zeros_(layer.bias)

        def forward(self, ids, offsets):
            hidden = torch.relu(self.words(ids, offsets) + self.bias)
            return self.output(torch.relu(self.second(hidden))).squeeze(1)

    def tensors(X):
        return torch.from_numpy(X.indices), torch.from_numpy(X.indptr)

    def batches(X, batch_size):
        """Yield the ids of each batch and where its reviews begin."""
        ids, offsets = tensors(X)
        for first in range(0, X.shape[0], batch_size):
            batch = offsets[first : first + batch_size + 1]
            yield ids[batch[0] : batch[-1]], batch - batch[0]

    def logits(X):
        bag.eval()
        with torch.inference_mode():
            return torch.cat([bag(*batch) for batch in batches(X, 2048)])

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    bag = Bag()
    # Keras's RMSprop.
    optimizer = torch.optim.RMSprop(bag.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    loss_function = nn.BCEWithLogitsLoss()
    y = np.asarray(y, dtype=np.float32)
    curve = {} if X_val is None else {"val_loss": [], "val_accuracy": []}
    for _ in range(network.epochs):
        order = rng.permutation(len(y))
        targets = torch.from_numpy(y[order]).split(network.batch_size)
        bag.train()
        shuffled = batches(X[order], network.batch_size)
        for batch, target in zip(shuffled, targets, strict=True):
            optimizer.zero_grad()
            loss_function(bag(*batch), target).backward()
            optimizer.step()
        if X_val is not None:
            outputs, target = logits(X_val), torch.as_tensor(y_val)
            loss = loss_function(outputs, target.float())
            curve["val_loss"].append(loss.item())
            correct = (outputs > 0) == target.bool()
            curve["val_accuracy"].append(correct.float().mean().item())
    return Fitted(curve, lambda X: torch.sigmoid(logits(X)).numpy(), bag)


FIT = {
    "skimdb": fit_skimdb,
    "skimdb, no curve": fit_skimdb,
    "Keras, dense": fit_keras,
    "scikeras, dense": fit_scikeras,
    "scikeras, CSR": fit_scikeras,
    "MLPClassifier": fit_sklearn,
    "torch": fit_torch,
}
