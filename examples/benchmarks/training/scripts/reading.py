"""What every script begins and ends with: the reviews, and what came out."""

import json
import sys
from pathlib import Path

import numpy as np


def read_arguments():
    """Return the folder of the reviews, the epochs, the seed, and the rest."""
    folder, epochs, seed, *rest = sys.argv[1:]
    return Path(folder), int(epochs), int(seed), rest


def read_texts(folder):
    """Return some reviews as texts, and their labels."""
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    return texts, np.load(folder / "texts_y.npy")


def read_ids(folder):
    """Return each review as a list of word ids, and the labels."""
    with np.load(folder / "ids.npz") as arrays:
        reviews = np.split(arrays["ids"], arrays["ends"][:-1])
        return [review.tolist() for review in reviews], arrays["y"]


def print_result(**values):
    """Print what came out, as numbers of Python."""
    print(json.dumps({name: float(value) for name, value in values.items()}))


def print_curve(losses, accuracies):
    """Print the best of a validation curve."""
    best = int(np.argmin(losses))
    print_result(best_loss=losses[best], best_accuracy=accuracies[best])
