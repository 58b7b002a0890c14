"""A file of texts, labels and groups.

Every problem of a file is a :class:`FileError`: one sentence with a solution.
"""

import codecs
import csv
import difflib
import io
import json
from collections import Counter
from itertools import chain, islice

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

# The names of columns are guessed in this order.
LABELS = "label labels sentiment class category target topic rating stars score y"
TEXTS = "text texts review reviews document comment message content body"
SEPARATORS = ",;\t|"
MARKS = {
    "utf-8-sig": codecs.BOM_UTF8,
    # Before UTF-16, which begins with the same bytes.
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
N_GUESS = 1000  # rows that columns are guessed from
KINDS = "CSV (*.csv), TSV (*.tsv), Parquet (*.parquet) or JSON lines (*.jsonl)"

csv.field_size_limit(2**31 - 1)  # a text may be long


class FileError(ValueError):
    """The problem of a file, in one sentence."""


def read_file(path, wanted, encoding=None, separator=None, quotes=None):
    """Read texts and labels, and groups if their column is named.

    Parameters
    ----------
    path : Path
        A file of CSV, TSV, Parquet, JSON lines or a JSON array.
    wanted : dict of str to str or None
        Names of the columns text, label and group; texts and labels are guessed if
        they are None.
    encoding : str, default=None
        Encoding of a file that is text; None uses its byte order mark or UTF-8.
    separator : str, default=None
        Separator of a table; None finds it.
    quotes : {"yes", "no"}, default=None
        Whether quotes enclose cells of a table; None finds it.

    Returns
    -------
    frame : DataFrame
        The columns text, label and group, of stripped strings. Missing values are
        empty.
    names : dict of str to str
        The column of the file for each.

    Raises
    ------
    FileError
        If the file cannot be read, can be read in two ways, or lacks a column.
    """
    try:
        frame, names = _find_reader(path)(path, wanted, encoding, separator, quotes)
    except UnicodeError as error:
        raise FileError(
            f"{path.name} is not encoded as {encoding or 'UTF-8'} ({error.reason} at "
            f"byte {error.start}). Name its encoding, such as --encoding cp1252."
        ) from error
    except (pa.ArrowException, json.JSONDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:150].rstrip(".")
        raise FileError(
            f"{path.name} is damaged, or its name has the wrong ending ({reason})."
        ) from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}.") from error
    frame = frame.fillna("").apply(lambda column: column.str.strip())
    is_guess = wanted["label"] is None and names["label"].lower() not in LABELS.split()
    if is_guess and names["label"] in set(frame["label"]):
        raise FileError(
            f"Expected column names in the first line of {path.name}, but "
            f"{names['label']!r} is also a label. Add a line such as text,label."
        )
    return frame, names


def _find_reader(path):
    suffix = path.suffix.lower()
    if not path.exists():
        there = [near.name for near in path.parent.glob("*")]
        raise FileError(f"There is no file {path}.{suggest(path.name, there)}")
    if path.is_dir() or suffix not in READERS:
        kind = "a folder" if path.is_dir() else f"a file like *{suffix}"
        raise FileError(f"{path.name} is {kind}. Save the texts as {KINDS}.")
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise FileError(f"{path.name} is empty.")
    if start.startswith((b"\x1f\x8b", b"PK\3\4", b"BZh", b"\xfd7zX")):
        raise FileError(f"{path.name} is compressed. Unpack it first.")
    return READERS[suffix]


def suggest(name, names):
    """Return a question after the name that was probably meant, or nothing."""
    by_lower_case = {str(existing).lower(): existing for existing in names}
    near = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return f" Did you mean {by_lower_case[near[0]]!r}?" if near else ""


# Reading


def _decode(path, encoding):
    """Return the text of a file; two possible encodings are an error."""
    data = path.read_bytes()
    own = next((name for name in MARKS if data.startswith(MARKS[name])), "utf-8")
    try:
        text = data.decode(encoding or own).removeprefix("\ufeff")
    except LookupError as error:
        raise FileError(f"--encoding {encoding} is not an encoding of text.") from error
    other = text
    if encoding is not None:
        other = data.decode(own, "replace").removeprefix("\ufeff")
    if other != text and not {"\0", "\ufffd"} & set(other):
        start = next((i for i, c in enumerate(other) if c != text[i : i + 1]), 0)
        pair = {encoding: text, own: other}.items()
        shown = [f"{reading[start : start + 20]!r} ({name})" for name, reading in pair]
        raise FileError(
            f"{path.name} can be read in two ways: {' or '.join(shown)}. Leave out "
            "--encoding, or save the file as UTF-8."
        )
    # A text may contain a few, but then the encoding must be certain.
    if text.count("\0") > (len(text) / 100 if encoding else 0):
        raise FileError(
            f"{path.name} contains NUL characters, such as UTF-16 without a byte order "
            "mark. Name its encoding, such as --encoding utf-16-le; or --encoding "
            "utf-8 if a few texts contain them."
        )
    return text.lstrip("\r\n")


def _read_table(path, wanted, encoding, separator, quotes):
    """Read a table in the only possible way; two ways are an error."""
    text = _decode(path, encoding)
    head, _, rest = text.partition("\n")
    if head.strip().lower() in {f"sep={sep}" for sep in SEPARATORS}:
        separator, text = head.strip()[-1], rest  # the first line is for Excel
        head = text.partition("\n")[0]
    if path.suffix.lower() == ".tsv" and "\t" in head:
        separator = separator or "\t"
    separators = separator or [sep for sep in SEPARATORS if sep in head] or ","
    styles = [quotes] if quotes else ["yes", "no"] if '"' in text else ["yes"]
    readings, errors = {}, {}
    for sep in separators:
        for style in styles:
            try:
                readings[sep, style] = _parse(path, wanted, text, sep, style)
            except FileError as error:
                errors[head.count(sep), style] = error
        if {(sep, "yes"), (sep, "no")} <= readings.keys():
            quoted, plain = readings[sep, "yes"][0], readings[sep, "no"][0]
            n_odd = (~plain["label"].isin(quoted["label"])).sum()
            if n_odd >= len(plain) - len(quoted):  # lines of texts, no rows
                del readings[sep, "no"]
    if not readings:
        raise errors[max(errors)]
    if len(readings) > 1:
        shown = [
            f"--separator {sep!r} --quotes {style} gives {len(frame):,} rows, the "
            f"last with the label {frame['label'].iloc[-1]!r:.40}"
            for (sep, style), (frame, _) in readings.items()
        ]
        raise FileError(f"{path.name} can be read in two ways: {'; '.join(shown)}.")
    return readings.popitem()[1]


def _parse(path, wanted, text, separator, style):
    """Read a table in one way; rows of different lengths are an error."""
    rows = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if style == "yes" else csv.QUOTE_NONE,
        skipinitialspace=True,
        strict=True,
    )

    def check_rows():
        for row in filter(None, rows):
            if len(row) != len(columns):
                raise csv.Error(f"{len(row)} fields instead of {len(columns)}")
            yield row

    try:
        columns = [name.strip() for name in next(rows, [])]
        checked = check_rows()
        start = list(islice(checked, N_GUESS))
        frame = pd.DataFrame(start, columns=columns, dtype=object)
        names = _find_columns(frame, wanted, path.name)
        places = [columns.index(name) for name in names.values()]
        cells = [[row[i] for i in places] for row in chain(start, checked)]
    except csv.Error as error:
        raise FileError(
            f"{path.name} cannot be read as a table with the separator {separator!r}: "
            f"line {rows.line_num} has {error}. Texts that contain the separator, line "
            "breaks or quotes need quotes around them."
        ) from error
    return pd.DataFrame(cells, columns=list(names)), names


def _read_json(path, wanted, encoding, separator, quotes):
    """Read a JSON array, or JSON lines; numbers stay as they are written."""
    text = _decode(path, encoding)
    options = {"parse_float": str, "parse_int": str, "parse_constant": str}
    is_array = text.lstrip().startswith("[")
    records = json.loads(text, **options) if is_array else []
    for number, line in enumerate([] if is_array else text.split("\n"), start=1):
        try:
            records += [json.loads(line, **options)] if line.strip() else []
        except json.JSONDecodeError as error:
            raise FileError(f"{path.name}, line {number}: {JSON_HELP}") from error
    if not all(isinstance(record, dict) for record in records):
        raise FileError(f"{path.name}: {JSON_HELP}")
    start = [{k: _encode(v) for k, v in record.items()} for record in records[:N_GUESS]]
    names = _find_columns(pd.DataFrame(start, dtype=object), wanted, path.name)
    cells = [[_write(row.get(n), n, path) for n in names.values()] for row in records]
    return pd.DataFrame(cells, columns=list(names)), names


def _write(value, name, path):
    """Return a value of JSON as text."""
    if isinstance(value, dict | list):
        found = f"{value!r:.40} in the column {name!r} of {path.name}"
        raise FileError(f"Expected strings, got {found}.")
    return json.dumps(value) if isinstance(value, bool) else _encode(value)


def _encode(value):
    """Return a value as text, without lone surrogates."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode()


def _read_parquet(path, wanted, encoding, separator, quotes):
    with pa.parquet.ParquetFile(path) as file:
        start = next(file.iter_batches(N_GUESS), pa.table({})).to_pandas()
        names = _find_columns(start.map(str, na_action="ignore"), wanted, path.name)
        table = file.read(columns=list(names.values()))
    columns = {}
    for kind, name in names.items():
        try:
            columns[kind] = table[name].cast(pa.string()).to_pandas()
        except pa.ArrowException as error:
            found = f"{table[name].type} in the column {name!r} of {path.name}"
            raise FileError(f"Expected strings, got {found}.") from error
    return pd.DataFrame(columns, dtype=object), names


JSON_HELP = 'Expected objects such as {"text": "Nice.", "label": "good"}, one per line.'
READERS = {
    **dict.fromkeys([".csv", ".tsv", ".tab", ".txt"], _read_table),
    **dict.fromkeys([".json", ".jsonl", ".ndjson"], _read_json),
    **dict.fromkeys([".parquet", ".pq"], _read_parquet),
}


# Columns


def _find_columns(frame, wanted, file_name):
    """Return the names of the columns, as wanted or guessed from the first rows."""
    columns = frame.columns = list(map(str, frame.columns))
    counts = Counter(columns)
    names = {kind: name for kind, name in wanted.items() if name is not None}
    for name in names.values():
        if counts[name] != 1:
            has = "several columns" if counts[name] else "no column"
            raise FileError(
                f"{file_name} has {has} {name!r}, but {_list_names(columns)}."
                f"{suggest(name, columns)}"
            )
    if len(set(names.values())) < len(names):
        raise FileError("--text, --label and --group must name different columns.")
    free = [n for n in columns if counts[n] == 1 and n not in names.values()]
    missing = [kind for kind in ("text", "label") if kind not in names]
    if len(free) < len(missing):
        raise FileError(
            f"{file_name} has only {_list_names(columns)}. Expected a column of texts "
            "and one of labels."
        )
    if frame.empty:
        raise FileError(
            f"{file_name} has no rows. Expected a line of column names, and then a row "
            "for each text."
        )
    values = frame[free if missing else []].fillna("")
    for kind, guess in [("text", _guess_text), ("label", _guess_label)]:
        if kind in missing:
            names[kind] = guess(values, file_name)
            values = values.drop(columns=names[kind])
    return {kind: names[kind] for kind in wanted if kind in names}


def _guess_text(values, file_name):
    """Guess that the longest values are the texts, or a column with a typical name."""
    lengths = values.apply(lambda column: column.str.len().mean())
    called = lengths[[name.lower() in TEXTS.split() for name in values]]
    called = called[called > lengths.max() / 3]
    return (called if len(called) else lengths).idxmax()


def _guess_label(values, file_name):
    """Guess a column with a typical name, or else the one with the fewest values."""
    called = {name.lower(): name for name in reversed(values.columns)}
    for name in filter(called.get, LABELS.split()):
        return called[name]
    counts = values.replace("", None).nunique()
    counts = counts[(counts >= 2) & (counts <= max(2, len(values) / 5))]
    if counts.empty:
        raise FileError(
            f"No column of {file_name} looks like labels among {_list_names(values)}. "
            "Name it with --label."
        )
    return counts.idxmin()


def _list_names(names):
    names = [repr(str(name)) for name in names]
    shown = names[:8] + [f"{len(names) - 8} more"] * (len(names) > 8)
    return ", ".join(shown)
