"""Sizes of each comparison."""

from collections import namedtuple
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Network:
    """Two hidden layers of `size` units, and the parameters of their training."""

    size: int = 16
    epochs: int = 20
    batch_size: int = 512
    l2: float = 0.0
    dropout: float = 0.0

    def make_params(self, seed):
        """Return the parameters of an estimator that uses the same names."""
        return {**asdict(self), "random_state": seed}

    def __str__(self):
        units = f"{self.size}-{self.size}-1"
        return f"{units}, {self.epochs} epochs, batches of {self.batch_size}"


SIZES = {  # in full, and in a quick test
    "n_reviews": (25_000, 1500),
    "n_validation": (10_000, 600),  # the first reviews, as in the notebook
    "n_small": (1000, 200),  # reviews of the cross-validations and searches
    "script_epochs": (12, 2),
    "holdout": (Network(), Network(epochs=2)),
    "wide": (Network(512, 3), Network(64, 2)),
    "kfold": (Network(32, 30, 256), Network(32, 2, 50)),
    "grid_epochs": (20, 2),
    "grid_sizes": ((4, 16, 512), (4,)),
    "grid_l2": ((0.0, 0.002), (0.0,)),
    "grid_dropout": ((0.0, 0.5), (0.0, 0.5)),
    "product_units": ((16, 64, 128, 512), (16,)),
    "accuracy": (Network(epochs=10), Network(epochs=2)),  # the best is among the ten
    "n_seeds": (5, 1),
    "n_single": (200, 5),  # predictions of one review
}
Plan = namedtuple("Plan", SIZES)
FULL, QUICK = map(Plan._make, zip(*SIZES.values(), strict=True))
