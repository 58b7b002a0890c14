"""Sizes of the measurements."""

from collections import namedtuple

SIZES = {  # in full, and in a quick test
    "n_reviews": (2000, 200),  # of the grid
    "sizes": ((4, 8, 16, 32), (4,)),
    "l2": ((0.0, 0.001, 0.01), (0.0,)),
    "dropout": ((0.0, 0.5), (0.0, 0.5)),
    "epochs": (10, 2),
    "n_splits": (4, 4),
    "rows": ((5_000, 20_000, 80_000, 320_000), (500, 1000)),
    "columns": ((1_000, 10_000, 100_000, 1_000_000), (1000, 2000)),
    "units": ((4, 16, 64, 256, 1024), (4, 16)),
    "candidates": ((6, 12, 24, 48), (2, 4)),
    "splits": ((2, 4, 8, 16), (2, 4)),
    "workers": ((1, 2, 4), (1, 2)),
    "fit_rows": (20_000, 500),  # of the fits by columns and by units
    "fit_epochs": (5, 5),
}


class Plan(namedtuple("Plan", SIZES)):
    """Sizes of all measurements."""

    @property
    def n_candidates(self):
        """Candidates of the grid."""
        return len(self.sizes) * len(self.l2) * len(self.dropout)


FULL, QUICK = map(Plan._make, zip(*SIZES.values(), strict=True))
