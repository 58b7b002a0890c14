"""The order of the gallery."""

ORDER = [
    "quick_start",
    "reviews",
    "holdout",
    "kfold",
    "iterated_kfold",
    "size",
    "regularization",
    "grid_search",
    "epoch_search",
    "own_csv",
    "star_ratings",
    "multilabel",
    "which_words_matter",
    "calibration",
    "callbacks",
    "beyond_the_notebook",
    "larger_than_memory",
    "cluster",
]


def find_place(filename):
    """Sort key: the place in `ORDER`; what is not listed follows by name.

    Parameters
    ----------
    filename : str

    Returns
    -------
    place : tuple of int and str
    """
    name = str(filename).removeprefix("plot_").removesuffix(".py")
    place = ORDER.index(name) if name in ORDER else len(ORDER)
    return place, name
