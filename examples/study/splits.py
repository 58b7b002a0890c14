"""Texts for training, for validation and for testing."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import Bunch

from study.files import FileError


def split_test(frame, seed):
    """Hold out a fifth of the texts for testing, with no group in both parts.

    Of five folds, the test part is the one whose class shares are closest to the whole.

    Parameters
    ----------
    frame : DataFrame
        As :func:`study.cleaning.clean_rows` returns it.
    seed : int

    Returns
    -------
    data : Bunch
        ``texts``, ``y``, ``groups`` (None without groups), ``test_texts``, ``y_test``
        and ``test_groups``; in random order.
    """
    columns = frame.sample(frac=1, random_state=seed).astype(object)
    texts, y = columns["text"].to_numpy(), columns["label"].to_numpy().astype(str)
    groups = columns["group"].to_numpy() if "group" in columns else None
    kept, held_out = min(
        list_splits(y, groups, 5, seed), key=lambda split: _compare_shares(y, split[1])
    )
    data = Bunch(texts=texts[kept], y=y[kept], groups=None, test_groups=None)
    data.update(test_texts=texts[held_out], y_test=y[held_out])
    if groups is not None:
        data.update(groups=groups[kept], test_groups=groups[held_out])
    return data


def _compare_shares(y, part):
    """Return the distance between the class shares of a part and of the whole."""
    whole = pd.Series(y).value_counts(normalize=True)
    shares = pd.Series(y[part]).value_counts(normalize=True)
    return whole.sub(shares, fill_value=0).abs().sum()


def list_splits(y, groups, n_splits, seed):
    """List the splits of a stratified K-fold that keeps groups together.

    Raises
    ------
    FileError
        If a class is missing in a training part, or a validation part is empty.
    """
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(n_splits, shuffle=True, random_state=seed)
    splits = list(splitter.split(np.zeros(len(y)), y, groups))
    classes = set(y)
    if any(set(y[train]) != classes or not len(rest) for train, rest in splits):
        raise FileError(
            "The groups are too few or too uneven: some class would be missing in a "
            "training part. Name a --group with more values."
        )
    return splits


def order_evenly(y, seed):
    """Return an order in which every beginning has the classes in proportion.

    The first texts are one of each class.
    """
    order = np.random.default_rng(seed).permutation(len(y))
    labels = pd.Series(y[order])
    by_class = labels.groupby(labels)
    place = by_class.cumcount() / by_class.transform("size")
    return order[np.argsort(place.to_numpy(), kind="stable")]
