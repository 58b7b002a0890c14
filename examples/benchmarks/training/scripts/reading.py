"""The beginning and the end of every script: arguments, reviews and results."""

import json
import pickle
import sys
from pathlib import Path


def read_arguments():
    """Return the folder of the reviews, the epochs, the seed, and the rest."""
    folder, epochs, seed, *rest = sys.argv[1:]
    return Path(folder), int(epochs), int(seed), rest


def read(folder, name):
    """Return reviews and their labels: ``"texts"``, ``"ids"`` or ``"matrix"``."""
    return pickle.loads((folder / f"{name}.pickle").read_bytes())


def make_callbacks(logs):
    """Make TensorBoard and ModelCheckpoint if there is a folder for them."""
    if not logs:
        return None
    from keras.callbacks import ModelCheckpoint, TensorBoard

    best = ModelCheckpoint(f"{logs[0]}/best.keras", save_best_only=True)
    return [TensorBoard(logs[0]), best]


def print_result(**values):
    """Print results as one line of JSON."""
    print(json.dumps({name: float(value) for name, value in values.items()}))


def print_curve(losses, accuracies):
    """Print the best epoch of a validation curve."""
    best = min(range(len(losses)), key=losses.__getitem__)
    print_result(best_loss=losses[best], best_accuracy=accuracies[best])
