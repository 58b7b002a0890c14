"""Rows of a file that a study cannot use, removed and counted."""

import unicodedata

import pandas as pd

from skimdb import TextMultiHotVectorizer
from study.files import FileError

MIN_TEXTS = 10  # of a class: two for testing, and two in each of four folds
MIN_GROUPS = 5  # of a class: one for testing, and one in each of four folds
MAX_CLASSES = 100
NO_VALUE = {"nan", "na", "n/a", "#n/a", "null", "none", "<na>", "?", "-"}


def clean_rows(frame, file_name, label_name):
    """Remove the rows that a study cannot use.

    Parameters
    ----------
    frame : DataFrame
        As :func:`study.files.read_file` returns it.
    file_name, label_name : str
        Names for messages.

    Returns
    -------
    frame : DataFrame
        The other rows.
    table : DataFrame
        The number of removed rows, and the reasons.
    notes : list of str
        Sentences on classes that were removed, and on remaining oddities.

    Raises
    ------
    FileError
        If too few rows are left.
    """
    rows, notes = {"rows read": len(frame)}, []

    def remove(reason, found):
        nonlocal frame
        if found.any():
            rows[reason] = -int(found.sum())
        frame = frame[~found]

    def remove_classes(reason, counts, minimum):
        few = counts[counts < minimum]
        if len(few):
            named = [f"{name!r} ({count})" for name, count in few.items()]
            notes.append(f"Classes {reason} are removed: {', '.join(named)}.")
        remove(f"class {reason}", frame["label"].isin(few.index))

    remove("no text", frame["text"] == "")
    remove("no label", frame["label"] == "")
    _check_labels(frame, file_name, label_name)
    n_labels = frame.groupby("text")["label"].transform("nunique")
    remove("one text with several labels", n_labels > 1)
    remove("repeated text", frame.duplicated("text"))
    if "group" in frame:
        alone = frame["group"] == ""
        own = "(row " + frame.index.astype(str) + ")"
        frame = frame.assign(group=frame["group"].mask(alone, own))
        if alone.any():
            notes.append(f"{alone.sum():,} rows without a group are their own groups.")
    counts = frame["label"].value_counts()
    remove_classes(f"with fewer than {MIN_TEXTS} texts", counts, MIN_TEXTS)
    if "group" in frame:
        counts = frame.groupby("label")["group"].nunique()
        remove_classes(f"in fewer than {MIN_GROUPS} groups", counts, MIN_GROUPS)
    classes = frame["label"].unique()
    if len(classes) < 2:
        groups = f" in {MIN_GROUPS} groups" if "group" in frame else ""
        found = ", ".join(map(repr, classes)) or "none"
        raise FileError(
            f"Expected two classes with {MIN_TEXTS} different texts{groups} in the "
            f"column {label_name!r} of {file_name}, got {found}."
        )
    rows["rows studied"] = len(frame)
    table = pd.DataFrame(rows.items(), columns=["reason", "rows"])
    return frame.reset_index(drop=True), table, notes + _list_oddities(frame)


def _check_labels(frame, file_name, label_name):
    """Raise if there are no labels, or too many for classes."""
    if frame.empty:
        raise FileError(f"{file_name} has no row with both a text and a label.")
    n_labels = frame["label"].nunique()
    if n_labels > MAX_CLASSES and n_labels > len(frame) / MIN_TEXTS:
        raise FileError(
            f"The column {label_name!r} has {n_labels:,} different values in "
            f"{len(frame):,} rows, too many for classes. Name another with --label."
        )


def _list_oddities(frame):
    """Return sentences on remaining rows that may be mistakes."""
    notes = []
    labels = frame["label"].value_counts()
    alike = labels[labels.index.map(_simplify).duplicated(keep=False)]
    if len(alike):
        named = ", ".join(f"{name!a} ({count})" for name, count in alike.items())
        notes.append(f"These labels look alike, but are different classes: {named}.")
    for kind in {"label", "group"} & set(frame):
        counts = frame[kind].value_counts()
        for value in counts.index[counts.index.str.lower().isin(NO_VALUE)]:
            notes.append(
                f"The {kind} {value!r} ({counts[value]:,} rows) is used like any "
                "other. If it means a missing value, leave these cells empty."
            )
    analyze = TextMultiHotVectorizer().build_analyzer()
    empty = [text for text in frame["text"] if not analyze(text)]
    if empty:
        notes.append(
            f"{len(empty):,} texts contain no word, such as {empty[0]!r:.30}: the "
            "network sees an empty row."
        )
    return notes


def _simplify(label):
    """Return a form that labels share if they look alike, or are equal numbers."""
    try:
        return str(float(label))
    except ValueError:
        return " ".join(unicodedata.normalize("NFKC", label).casefold().split())
