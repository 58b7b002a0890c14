"""Sizes of the measurements."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes of all measurements."""

    n_reviews: int = 2000  # of the grid
    sizes: tuple = (4, 8, 16, 32)
    l2: tuple = (0.0, 0.001, 0.01)
    dropout: tuple = (0.0, 0.5)
    epochs: int = 10
    n_splits: int = 4
    rows: tuple = (5_000, 20_000, 80_000, 320_000)
    columns: tuple = (1_000, 10_000, 100_000, 1_000_000)
    units: tuple = (4, 16, 64, 256, 1024)
    candidates: tuple = (6, 12, 24, 48)
    splits: tuple = (2, 4, 8, 16)
    workers: tuple = (1, 2, 4)
    fit_rows: int = 20_000  # of the fits by columns and by units
    fit_epochs: int = 5

    @property
    def n_candidates(self):
        """Candidates of the grid."""
        return len(self.sizes) * len(self.l2) * len(self.dropout)


FULL = Plan()
QUICK = Plan(
    n_reviews=200,
    sizes=(4,),
    l2=(0.0,),
    epochs=2,
    rows=(500, 1000),
    columns=(1000, 2000),
    units=(4, 16),
    candidates=(2, 4),
    splits=(2, 4),
    workers=(1, 2),
    fit_rows=500,
)
