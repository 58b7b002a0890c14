"""Texts divided: to train, to validate, to test."""

import re

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import Bunch

from study.files import FileError


def split_test(frame, seed):
    """Hold out a fifth of the texts for testing, with no group in both parts.

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
    frame = frame.sample(frac=1, random_state=seed)
    has_groups = "group" in frame
    groups = frame["group"].to_numpy(dtype=object) if has_groups else None
    texts = frame["text"].to_numpy(dtype=object)
    y = frame["label"].to_numpy(dtype=object).astype(str)
    if all(re.fullmatch(r"-?\d{1,15}", label) for label in np.unique(y)):
        y = y.astype(np.int64)  # so that 10 comes after 9
    kept, held_out = list_splits(y, groups, 5, seed)[0]
    return Bunch(
        texts=texts[kept],
        y=y[kept],
        groups=groups[kept] if has_groups else None,
        test_texts=texts[held_out],
        y_test=y[held_out],
        test_groups=groups[held_out] if has_groups else None,
    )


def list_splits(y, groups, n_splits, seed):
    """List the splits of a stratified K-fold with whole groups, if there are groups.

    Raises
    ------
    FileError
        If a class or a part is missing somewhere, since groups are few and large.
    """
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(n_splits, shuffle=True, random_state=seed)
    splits = list(splitter.split(np.zeros(len(y)), y, groups))
    classes = set(y)
    if any(set(y[train]) != classes or not len(rest) for train, rest in splits):
        raise FileError(
            "The groups are too few or too uneven: some class would be missing where "
            "the network is trained; a --group with more values is needed."
        )
    return splits


def order_evenly(y, seed):
    """Return an order of which every beginning has the classes in proportion.

    The first ones are one of each class.
    """
    order = np.random.default_rng(seed).permutation(len(y))
    labels = pd.Series(y[order])
    by_class = labels.groupby(labels)
    place = by_class.cumcount() / by_class.transform("size")
    return order[np.argsort(place.to_numpy(), kind="stable")]
