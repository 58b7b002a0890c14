"""The notebook's dense input, and its network in Keras."""

import keras
import numpy as np
from keras import layers


def vectorize_sequences(sequences, dimension=10_000):
    """Turn lists of ids into rows of zeros and ones."""
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.0
    return results


def build_network(
    n_features, size, l2=0.0, dropout=0.0, n_outputs=1, activation="sigmoid"
):
    """Build two hidden layers and an output layer."""
    penalty = keras.regularizers.l2(l2) if l2 else None
    model = keras.Sequential([keras.Input((n_features,))])
    for _ in range(2):
        model.add(layers.Dense(size, activation="relu", kernel_regularizer=penalty))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(n_outputs, activation=activation))
    return model


def compile_network(n_features, size, l2=0.0, dropout=0.0):
    """Build and compile the network as the notebook does."""
    model = build_network(n_features, size, l2, dropout)
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def build_for_scikeras(meta, size, l2, dropout):
    """Build the network for `scikeras.wrappers.KerasClassifier`."""
    return build_network(meta["n_features_in_"], size, l2, dropout)
