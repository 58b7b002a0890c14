"""Rows of a file that cannot be learned from, taken out and counted."""

import pandas as pd

from study.files import FileError

MIN_TEXTS = 10  # of a class: two to test on, and two in each of four folds
MIN_GROUPS = 5  # of a class: one to test on, and one in each of four folds
MAX_CLASSES = 100


def clean_rows(frame, file_name, label_name):
    """Take out what cannot be learned from.

    Parameters
    ----------
    frame : DataFrame
        As :func:`study.files.read_file` returns it.
    file_name, label_name : str
        For messages.

    Returns
    -------
    frame : DataFrame
        What is left.
    table : DataFrame
        How many rows were taken out, and why.
    notes : list of str
        The same in sentences.

    Raises
    ------
    FileError
        If too little is left.
    """
    sieve = _Sieve(frame)
    sieve.take_out(lambda f: f["text"] == "", "no text", "{} without a text left out.")
    sieve.take_out(
        lambda f: f["label"] == "", "no label", "{} without a label left out."
    )
    _check_labels(sieve.frame, file_name, label_name)
    labels = sieve.frame["label"]
    if labels.str.fullmatch(r"-?\d+(\.0+)?").all():  # integers, saved beside gaps
        sieve.frame = sieve.frame.assign(label=labels.str.partition(".")[0])
    sieve.take_out(
        lambda f: f.groupby("text")["label"].transform("nunique") > 1,
        "one text, several labels",
        "{} left out whose text is there with different labels.",
    )
    sieve.take_out(
        lambda f: f.duplicated("text"),
        "a text once more",
        "{} left out whose text was there before: tested on it, a network that has "
        "seen it would look better than it is.",
    )
    if "group" in frame:
        _fill_groups(sieve)
    _take_out_small_classes(sieve)
    _check_classes(sieve.frame, file_name, label_name)
    sieve.notes += _note_oddities(sieve.frame)
    rows = [*sieve.rows, ("rows studied", len(sieve.frame))]
    table = pd.DataFrame(rows, columns=["what", "rows"])
    return sieve.frame.reset_index(drop=True), table, sieve.notes


class _Sieve:
    """Rows, and what was taken out of them."""

    def __init__(self, frame):
        self.frame = frame
        self.rows = [("rows read", len(frame))]
        self.notes = []

    def take_out(self, find, why, note):
        """Take out the rows that `find` marks; `note` has a place for how many."""
        found = find(self.frame)
        if found.any():
            self.rows.append((why, -int(found.sum())))
            self.notes.append(note.format(_count(found.sum(), "row")))
            self.frame = self.frame[~found]


def _count(number, noun):
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _check_labels(frame, file_name, label_name):
    """Raise if there are no labels, or so many that they are something else."""
    if frame.empty:
        raise FileError(f"{file_name} has no row with both a text and a label.")
    n_labels = frame["label"].nunique()
    if n_labels > MAX_CLASSES and n_labels > len(frame) / MIN_TEXTS:
        raise FileError(
            f"The column {label_name!r} has {n_labels:,} different values in "
            f"{len(frame):,} rows, which are no classes; name another by --label."
        )


def _fill_groups(sieve):
    """Make each row without a group a group of its own."""
    groups = sieve.frame["group"]
    alone = groups == ""
    if alone.any():
        sieve.notes.append(
            f"{_count(alone.sum(), 'row')} without a group taken as groups of their "
            "own."
        )
        own = [f"(row {number})" for number in sieve.frame.index]
        sieve.frame = sieve.frame.assign(group=groups.where(~alone, own))


def _take_out_small_classes(sieve):
    """Take out the classes that have too few texts, or texts of too few groups."""
    counts = sieve.frame["label"].value_counts()
    few = counts[counts < MIN_TEXTS]
    named = ", ".join(f"{label!r} ({count})" for label, count in few[:5].items())
    named += f" and {len(few) - 5} more" * (len(few) > 5)
    sieve.take_out(
        lambda f: f["label"].isin(few.index),
        f"a class with fewer than {MIN_TEXTS} texts",
        "{} left out, of classes that have too few texts to learn from and to test on, "
        f"fewer than {MIN_TEXTS}: {_escape(named)}.",
    )
    if "group" in sieve.frame:
        counts = sieve.frame.groupby("label")["group"].nunique()
        few = counts[counts < MIN_GROUPS].index
        named = ", ".join(map(repr, few))
        sieve.take_out(
            lambda f: f["label"].isin(few),
            f"a class in fewer than {MIN_GROUPS} groups",
            "{} left out, of classes whose texts are of too few groups to divide, "
            f"fewer than {MIN_GROUPS}: {_escape(named)}.",
        )


def _escape(text):
    return text.replace("{", "{{").replace("}", "}}")


def _check_classes(frame, file_name, label_name):
    n_classes = frame["label"].nunique()
    if n_classes == 0:
        groups = f" of {MIN_GROUPS} groups" if "group" in frame else ""
        raise FileError(
            f"No class of {file_name} has {MIN_TEXTS} different texts{groups} (labels "
            f"are from the column {label_name!r}); more are needed."
        )
    if n_classes == 1:
        raise FileError(
            f"All usable rows of {file_name} are of one class, "
            f"{frame['label'].iloc[0]!r} (labels are from the column {label_name!r}); "
            f"two classes with {MIN_TEXTS} texts each are needed."
        )


def _note_oddities(frame):
    """Say what was left in, and may be a mistake."""
    notes = []
    labels = pd.Series(frame["label"].unique())
    alike = labels[labels.str.lower().duplicated(keep=False)]
    if len(alike):
        notes.append(
            f"Labels that differ only in case are taken as different: "
            f"{', '.join(map(repr, alike))}."
        )
    wordless = ~frame["text"].str.contains(r"\w\w", regex=True)
    if wordless.any():
        notes.append(
            f"{_count(wordless.sum(), 'text')} of no word, only of signs or emoji; the "
            "network sees an empty row there."
        )
    return notes
