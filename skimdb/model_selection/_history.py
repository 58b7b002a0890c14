"""Read curves, labels and best epochs from the tidy frame of an epoch curve."""

import numpy as np

from skimdb.model_selection._best_epoch import best_epoch, score_sign
from skimdb.model_selection._candidates import short_names


def _text(value):
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def labels(history):
    """Label each candidate by its name, or by the parameters that vary.

    Parameters
    ----------
    history : DataFrame

    Returns
    -------
    labels : dict
        From candidate to label, in order.
    """
    columns = list(history.columns)
    names = columns[columns.index("candidate") + 1 : columns.index("repeat")]
    first = history.drop_duplicates("candidate").set_index("candidate")[names]
    varying = [n for n in names if len({repr(value) for value in first[n]}) > 1]
    short = short_names(varying)
    return {
        candidate: candidate
        if isinstance(candidate, str)
        else ", ".join(f"{short[n]}={_text(first.at[candidate, n])}" for n in varying)
        for candidate in first.index
    }


def curves(history, candidate, name):
    """Curves of an entry, a row per split.

    Parameters
    ----------
    history : DataFrame
    candidate : str or int
    name : str
        Such as ``"val_loss"``.

    Returns
    -------
    values : ndarray of shape (n_splits, n_epochs)
    epochs : ndarray of shape (n_epochs,)

    Raises
    ------
    ValueError
        If there is no such entry.
    """
    if name not in history:
        known = [c for c in history if f"val_{c}" in history]
        raise ValueError(
            f"{name!r} is not in the history. Metrics there: {', '.join(known)}."
        )
    rows = history[history["candidate"] == candidate]
    table = rows.pivot(index=["repeat", "fold"], columns="epoch", values=name)
    return table.to_numpy(), table.columns.to_numpy()


def best(history, candidate, name):
    """Find the best epoch of the mean curve, and of each split.

    Parameters
    ----------
    history : DataFrame
    candidate : str or int
    name : str
        Such as ``"val_loss"``.

    Returns
    -------
    epoch : int
        Best epoch of the mean curve.
    values : ndarray of shape (n_splits,)
        The splits' values at that epoch.
    split_epochs : ndarray of shape (n_splits,)
        Best epoch of each split by itself.
    """
    values, epochs = curves(history, candidate, name)
    scores = score_sign(name) * values
    position = best_epoch(scores) - 1
    split_positions = [best_epoch(row[np.newaxis]) - 1 for row in scores]
    return epochs[position], values[:, position], epochs[split_positions]


def spread(values, kind):
    """Spread over the splits, which are the first axis.

    Parameters
    ----------
    values : ndarray of shape (n_splits, ...)
    kind : {"sd", "se"}
        Standard deviation, or standard error of the mean.

    Returns
    -------
    spread : ndarray of shape (...)
        NaN for a single split.
    """
    if len(values) == 1:
        return np.full(values.shape[1:], np.nan)
    deviation = values.std(axis=0, ddof=1)
    return deviation / np.sqrt(len(values)) if kind == "se" else deviation
