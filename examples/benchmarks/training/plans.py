"""Sizes of each comparison."""

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


@dataclass(frozen=True)
class Plan:
    """Sizes of all comparisons."""

    n_reviews: int = 25_000
    n_validation: int = 10_000  # the first reviews, as in the notebook
    n_small: int = 1000  # reviews of the cross-validations and searches
    script_epochs: int = 12
    holdout: Network = Network()
    wide: Network = Network(size=512, epochs=3)
    kfold: Network = Network(size=32, epochs=30, batch_size=256)
    grid_epochs: int = 20
    grid_sizes: tuple = (4, 16, 512)
    grid_l2: tuple = (0.0, 0.002)
    grid_dropout: tuple = (0.0, 0.5)
    product_units: tuple = (16, 64, 128, 512)
    accuracy: Network = Network(epochs=10)  # the best epoch is among the first ten
    n_seeds: int = 5
    n_single: int = 200  # predictions of one review


FULL = Plan()
QUICK = Plan(
    n_reviews=1500,
    n_validation=600,
    n_small=200,
    script_epochs=2,
    holdout=Network(epochs=2),
    wide=Network(size=64, epochs=2),
    kfold=Network(size=32, epochs=2, batch_size=50),
    grid_epochs=2,
    grid_sizes=(4,),
    grid_l2=(0.0,),
    product_units=(16,),
    accuracy=Network(epochs=2),
    n_seeds=1,
    n_single=5,
)
