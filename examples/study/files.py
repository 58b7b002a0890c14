"""A file of the reader's own, read into texts, labels and groups.

Whatever is wrong with a file is one sentence, a :class:`FileError`: what, why, and
what to do about it.
"""

import csv
import difflib
import json
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

CHUNK = 20_000  # rows at a time, so that a large file need not fit into memory
LABEL_NAMES = ["label", "labels", "sentiment", "class", "category", "target", "topic"]
LABEL_NAMES += ["rating", "stars", "score", "y"]  # in this order
TEXT_NAMES = ["text", "texts", "review", "reviews", "document", "comment", "message"]
TEXT_NAMES += ["content", "body"]
NO_VALUE = {"", "nan", "na", "n/a", "#n/a", "null", "<na>"}
SEPARATORS = ",;\t|"


class FileError(ValueError):
    """What is wrong with a file, in one sentence."""


def read_file(path, text=None, label=None, group=None, *, limit, encoding, seed):
    """Read texts and labels, and groups if a column of them is named.

    Parameters
    ----------
    path : str or path-like
        Of CSV, TSV, Parquet or JSON lines.
    text, label, group : str, default=None
        Names of the columns; those of texts and labels are guessed if they are None.
    limit : int
        The most rows to keep; of more, so many are drawn at random.
    encoding : str
        Of a file that is text.
    seed : int

    Returns
    -------
    frame : DataFrame
        The columns text, label and group, of strings; what has no value is empty.
    names : dict of str to str
        The column of the file that each was taken from.
    n_rows : int
        Rows of the file.

    Raises
    ------
    FileError
        If the file cannot be read, or has no such columns.
    """
    path = Path(path)
    chunks = _open_chunks(path, encoding)
    first = next(chunks, None)
    if first is None or first.empty:
        raise FileError(
            f"{path.name} has no rows; a line of column names and then a row for each "
            "text are needed."
        )
    names = _find_columns(first, text, label, group, path.name)
    rng = np.random.default_rng(seed)
    kept, n_rows = [], 0
    for chunk in chain([first], chunks):
        rows = pd.DataFrame({name: _to_text(chunk[names[name]]) for name in names})
        kept.append(rows.assign(draw=rng.random(len(rows))))
        n_rows += len(rows)
        if sum(map(len, kept)) > 4 * limit:
            kept = [pd.concat(kept).nsmallest(limit, "draw")]
    frame = pd.concat(kept, ignore_index=True)
    if len(frame) > limit:
        frame = frame.nsmallest(limit, "draw")
    return frame.drop(columns="draw").reset_index(drop=True), names, n_rows


def suggest(name, names):
    """Return a question after the name that was probably meant, or nothing."""
    by_lower_case = {str(existing).lower(): existing for existing in names}
    near = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return f" Did you mean {by_lower_case[near[0]]!r}?" if near else ""


# Reading


def _open_chunks(path, encoding):
    """Yield the rows of a file as frames; what goes wrong is a FileError."""
    if not path.exists():
        there = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise FileError(f"There is no file {path}.{suggest(path.name, there)}")
    suffix = path.suffix.lower()
    if suffix not in READERS:
        kind = f"files like *{suffix}" if suffix else "files without an ending"
        raise FileError(
            f"{path.name}: {kind} cannot be read; save it as CSV (*.csv), TSV (*.tsv), "
            "Parquet (*.parquet) or JSON lines (*.jsonl)."
        )
    try:
        yield from READERS[suffix](path, encoding)
    except pd.errors.EmptyDataError:
        raise FileError(f"{path.name} is empty.") from None
    except UnicodeError as error:
        raise FileError(
            f"{path.name} is not encoded as {encoding}; name its encoding, as in "
            "--encoding cp1252."
        ) from error
    except LookupError as error:
        raise FileError(f"--encoding {encoding}: there is no such encoding.") from error
    except pd.errors.ParserError as error:
        reason = " ".join(str(error).split()).removeprefix(
            "Error tokenizing data. C error: "
        )
        raise FileError(
            f"{path.name} cannot be read as a table ({reason.rstrip('.')}); texts that "
            "hold the separator or line breaks need quotes around them."
        ) from error
    except (pa.ArrowInvalid, ValueError) as error:
        reason = " ".join(str(error).split())[:100].rstrip(".")
        raise FileError(
            f"{path.name} cannot be read as a file of its kind ({reason}); is it whole?"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise FileError(f"{path} cannot be read: {reason}.") from error


def _read_table(path, encoding):
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding  # as Excel writes it
    with path.open(encoding=encoding, newline="") as file:
        head = file.readline()
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    if not head.count(separator):
        separator = max(SEPARATORS, key=head.count)
    csv.field_size_limit(2**31 - 1)  # a text may be long
    with pd.read_csv(
        path,
        sep=separator,
        dtype=str,
        keep_default_na=False,
        chunksize=CHUNK,
        encoding=encoding,
        index_col=False,
    ) as chunks:
        yield from chunks


def _read_json_lines(path, encoding):
    with path.open(encoding=encoding) as file:
        rows = []
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                row = None
            if not isinstance(row, dict):
                raise FileError(
                    f"{path.name}, line {number}, is no JSON object; each line has one,"
                    ' such as {"text": "Nice.", "label": "good"}.'
                )
            rows.append(row)
            if len(rows) == CHUNK:
                yield pd.DataFrame(rows, dtype=object)
                rows = []
    if rows:
        yield pd.DataFrame(rows, dtype=object)


def _read_parquet(path, encoding):
    with pa.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(CHUNK):
            yield batch.to_pandas()


READERS = {
    ".csv": _read_table,
    ".tsv": _read_table,
    ".tab": _read_table,
    ".txt": _read_table,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".json": _read_json_lines,
    ".parquet": _read_parquet,
    ".pq": _read_parquet,
}


def _to_text(values):
    """Return a column as stripped strings; empty where there is no value."""
    texts = values.astype("string").fillna("").str.strip()
    return texts.mask(texts.str.lower().isin(NO_VALUE), "").astype(object)


# Columns


def _find_columns(frame, text, label, group, file_name):
    """Return the names of the columns, as asked for or guessed from the first rows."""
    columns = [str(column) for column in frame.columns]
    frame.columns = columns
    for name in (text, label, group):
        if name is not None and name not in columns:
            raise FileError(
                f"{file_name} has no column {name!r}, but {_list_names(columns)}."
                f"{suggest(name, columns)}"
            )
    named = [name for name in (text, label, group) if name is not None]
    if len(set(named)) < len(named):
        raise FileError(
            "--text, --label and --group name columns of their own, not twice the same."
        )
    free = [column for column in columns if column not in named]
    if len(free) + len(named) < 2 or (not free and None in (text, label)):
        raise FileError(
            f"{file_name} has only {_list_names(columns)}; a column of texts and one "
            "of labels are needed."
        )
    values = {column: _to_text(frame[column]) for column in free}
    if text is None:
        text = _guess_text(values)
        values.pop(text)
    if label is None:
        label = _guess_label(values, file_name)
    names = {"text": text, "label": label}
    return names if group is None else {**names, "group": group}


def _guess_text(values):
    """Guess that the longest values are the texts, or what is called so."""
    lengths = {column: texts.str.len().mean() for column, texts in values.items()}
    longest = max(lengths, key=lengths.get)
    called = [column for column in values if column.lower() in TEXT_NAMES]
    called = [column for column in called if lengths[column] > lengths[longest] / 3]
    return max(called or [longest], key=lengths.get)


def _guess_label(values, file_name):
    """Guess that the labels are called so, or else have the fewest values."""
    for name in LABEL_NAMES:
        for column in values:
            if column.lower() == name:
                return column
    counts = {column: texts[texts != ""].nunique() for column, texts in values.items()}
    counts = {
        column: count
        for column, count in counts.items()
        if 2 <= count <= max(2, len(values[column]) / 5)
    }
    if not counts:
        raise FileError(
            f"No column of {file_name} looks like labels among "
            f"{_list_names(values)}; name it by --label."
        )
    return min(counts, key=counts.get)


def _list_names(names):
    names = [repr(str(name)) for name in names]
    shown = names[:8] + [f"{len(names) - 8} more"] * (len(names) > 8)
    return ", ".join(shown)
