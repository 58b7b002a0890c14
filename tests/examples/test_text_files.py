"""Files of one's own texts: read correctly, or one sentence and exit code 1."""

import gzip
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        import text_study

        return text_study


@pytest.fixture
def load(script):
    """Reads a file as the study does."""

    def load_texts(path, *arguments):
        return script.load_texts(script.parse_arguments([str(path), *arguments]))

    return load_texts


@pytest.fixture
def fail(script, tmp_path):
    """Runs the study on a file, and returns the sentence that it ends with."""

    def run(path, *arguments):
        output = tmp_path / "never"
        with pytest.raises(SystemExit) as stop:
            script.main([str(path), "--output", str(output), *arguments])
        message = stop.value.code  # a string is printed, and the exit code is 1
        assert isinstance(message, str)
        assert "\n" not in message
        assert message[-1] in ".?"
        assert not output.exists()
        return message

    return run


def make_frame(n_each=20):
    """Make reviews of two classes; each has a number of its own."""
    good = ["A warm and witty film", "Bright from end to end", "I liked every minute"]
    bad = ["A dull and empty film", "Tired from end to end", "I slept every minute"]
    rows = [(f"{text} {i}", "good") for i in range(n_each) for text in good]
    rows += [(f"{text} {i}", "bad") for i in range(n_each) for text in bad]
    frame = pd.DataFrame(rows, columns=["review", "sentiment"])
    return frame.assign(
        id=range(len(rows)), film=[i // 3 % 12 for i in range(len(rows))]
    )


# Files that are read


def write(text="A film {i}", sep=",", end="\n", encoding="utf-8", **options):
    """Return the bytes of a table of 12 rows of each class.

    ``{i}`` in a text is the number of the row and its class.
    """
    header = options.get("header", "review{s}sentiment").replace("{s}", sep)
    line = options.get("line", "{text}{s}{label}").replace("{s}", sep)
    rows = [
        line.format(text=text.replace("{i}", f"{i}{name}"), label=name)
        for name in options.get("names", ["good", "bad"])
        for i in range(options.get("n", 12))
    ]
    return end.join([header, *rows, ""]).encode(encoding)


RECORDS = [{"text": f"Nice {i} {k}", "label": k} for k in ("a", "b") for i in range(12)]
LINES = "\n".join(json.dumps(record) for record in RECORDS)


def csv(content, text="A film 0good", labels="good bad", name="a.csv", options=""):
    """Return a table, one of its texts, its labels and the options to read it."""
    return name, content, text, labels, options.split()


def tsv(content, text="A film 0good"):
    return csv(content, text, name="a.tsv")


def labelled(*names):
    return csv(write(names=names), f"A film 0{names[0]}", " ".join(names))


def jsonl(content, text="Nice 0 a", labels="a b", name="a.jsonl"):
    content = content.encode() if isinstance(content, str) else content
    return csv(content, text, labels, name)


QUOTED = {"header": '"review"{s}"sentiment"', "line": '"{text}"{s}"{label}"'}
ACCENTS, CAFE = write("Café {i}").decode(), "Café 0good"
READABLE = {
    "commas": csv(write()),
    "semicolons": csv(write(sep=";")),
    "tabs": tsv(write("A film, {i}", sep="\t"), "A film, 0good"),
    "bars in a text file": csv(write(sep="|"), name="a.txt"),
    "first line of Excel": csv(b"sep=;\r\n" + write(sep=";")),
    "separators in a name": csv(write(sep=";", header="Text (de, at){s}label")),
    "separators in a quoted name": csv(write(header='"Text; all, of it",label')),
    "quotes around all cells": csv(write(**QUOTED)),
    "quoted separators": csv(write("A, film; {i}", **QUOTED), "A, film; 0good"),
    "quoted line breaks": csv(write("A film,\nso {i}", **QUOTED), "A film,\nso 0good"),
    "doubled quotes": csv(write('A ""film"", {i}', **QUOTED), 'A "film", 0good'),
    "a NUL": csv(
        write() + b"A\0 film,good\n",
        "A\0 film",
        options="--encoding=utf-8",
    ),
    "quotations": tsv(write('"Film" {i}', sep="\t"), '"Film" 0good'),
    "open quotes": tsv(write(sep="\t") + b'"Oh no\tgood\n"Ah yes\tbad\n', '"Oh no'),
    "apostrophes": csv(write("It's {i}"), "It's 0good"),
    "blanks after separators": csv(
        write("A, film {i}", ", ", **QUOTED), "A, film 0good"
    ),
    "Windows line ends": csv(write(end="\r\n")),
    "old Mac line ends": csv(write(end="\r")),
    "empty lines": csv(b"\n" + write(end="\n\n")),
    "no line break at the end": csv(write().rstrip()),
    "upper case ending": csv(write(), name="A.CSV"),
    "header like an archive": csv(write(header="PK,sentiment")),
    "UTF-8 with a mark": csv(ACCENTS.encode("utf-8-sig"), CAFE),
    "UTF-16 of Excel": csv(write("Café {i}", sep="\t", encoding="utf-16"), CAFE),
    "UTF-16, big-endian": csv(("\ufeff" + ACCENTS).encode("utf-16-be"), CAFE),
    "UTF-32": csv(ACCENTS.encode("utf-32"), CAFE),
    "UTF-16 without a mark": csv(
        write("Café {i}", encoding="utf-16-le"), CAFE, options="--encoding=utf-16-le"
    ),
    "cp1252": csv(
        write("„Café {i}“", encoding="cp1252"),
        "„Café 0good“",
        options="--encoding=cp1252",
    ),
    "Cyrillic": csv(
        write("Фильм {i}", encoding="koi8-r"),
        "Фильм 0good",
        options="--encoding=koi8-r",
    ),
    "leading zeros": labelled("0101", "101", "0202"),
    "equal numbers": labelled("007", "7", "7.0"),
    "long numbers": labelled("12345678901234567890", "12345678901234567891"),
    "exponents": labelled("1e5", "100000"),
    "dates": labelled("2024-01-02", "2.1.2024"),
    "booleans": labelled("TRUE", "false"),
    "a class called NA": labelled("NA", "b"),
    "a class called None": labelled("None", "nan"),
    "two forms of an accent": labelled("caf\xe9", "cafe\u0301"),
    "formulas": labelled("=A", "-B"),
    "emoji": labelled("👍", "👎"),
    "blanks around labels": csv(write(line="{text}, {label} ")),
    "right to left": csv(write("סרט {i}"), "סרט 0good"),
    "texts of one word": csv(write("{i}"), "0good"),
    "a long text": csv(write("x" * 300_000 + " {i}"), "x" * 300_000 + " 0good"),
    "columns with the same name": csv(
        write(header="review,sentiment,x,x", line="{text},{label},1,2")
    ),
    "many columns": csv(
        write(
            header="review,sentiment" + "".join(f",c{i}" for i in range(10_000)),
            line="{text},{label}" + ",1.5" * 10_000,
        ),
        options="--text=review --label=sentiment",
    ),
    "JSON lines": jsonl(LINES),
    "JSON lines with a mark": jsonl("\ufeff" + LINES),
    "JSON lines in UTF-16": jsonl(LINES.encode("utf-16")),
    "JSON lines named .json": jsonl(LINES, name="a.json"),
    "a JSON array": jsonl("\ufeff" + json.dumps(RECORDS, indent=2), name="a.json"),
    "line separators": jsonl(LINES.replace("Nice ", "Nice\u2028"), "Nice\u20280 a"),
    "JSON numbers": jsonl(
        LINES.replace('"a"', "1.50").replace('"b"', "2"), labels="1.50 2"
    ),
    "JSON booleans": jsonl(
        LINES.replace('"a"', "true").replace('"b"', "false"), labels="true false"
    ),
    "JSON with other keys": jsonl(
        LINES + '\n{"other": [1]}\n{"text": null, "label": "a"}'
    ),
    "lone surrogate": jsonl(LINES.replace("Nice 0 a", "\\ud83d 0 a"), "? 0 a"),
}


@pytest.mark.parametrize("name", READABLE)
def test_file_is_read(load, tmp_path, name):
    file, content, text, labels, arguments = READABLE[name]
    (tmp_path / file).write_bytes(content)
    data = load(tmp_path / file, *arguments)
    assert set(data.y) | set(data.y_test) == set(labels.split())
    texts = [*data.texts, *data.test_texts]
    assert len(texts) >= 24
    assert text in texts


PARQUET = {
    "strings": (pd.Series(["a", "b"] * 12), "a b"),
    "categories": (pd.Series(["a", "b"] * 12, dtype="category"), "a b"),
    "integers": (pd.Series([1, 10] * 12), "1 10"),
    "booleans": (pd.Series([True, False] * 12), "true false"),
    "bytes": (pd.Series([b"a", b"b"] * 12), "a b"),
    "dates": (pd.Series(pd.to_datetime(["2024-01-01", "2025-01-01"] * 12)), None),
}


@pytest.mark.parametrize("name", PARQUET)
def test_parquet_is_read(load, tmp_path, name):
    labels, expected = PARQUET[name]
    texts = [f"A film {i}" for i in range(24)]
    frame = pd.DataFrame({"text": texts, "label": labels, "other": [[1]] * 24})
    frame.to_parquet(tmp_path / "a.parquet")
    data = load(tmp_path / "a.parquet")
    assert {*data.texts, *data.test_texts} == set(texts)
    found = set(data.y)
    assert found == set(expected.split()) if expected else len(found) == 2


# Files that are not read

AMBIGUOUS = write(header="sentiment\treview", line="{label}\t{text}")
AMBIGUOUS += b'good\t"Oh\nbad\tno"\n'
TWO_SEPARATORS = write(header="a;b,c", line="{label};{text},{label}")
MANY = write(names=list(map(str, range(300))), n=1)
CP1252 = write("Café {i}", encoding="cp1252")
UTF_16 = write(encoding="utf-16-le")


# The bytes of a file, the end of its name, options, and a part of the sentence.
FAILING = [
    (b"", ".csv", "", "is empty"),
    (b"review,sentiment\n", ".csv", "", "has no rows"),
    (b"\n\n", ".csv", "", "has only"),
    (b"review\nGood\n", ".csv", "", "has only 'review'"),
    (write(), ".csv", "--text=Reveiw", "mean 'review'?"),
    (write(), ".csv", "--label=x", "no column 'x', but 'review'"),
    (write(), ".csv", "--text=review --label=review", "different columns"),
    (write(), ".csv", "--label=sentiment --group=sentiment", "different columns"),
    (write(header="a,a", names="ab"), ".csv", "--text=a", "several columns 'a'"),
    (b"review,sentiment\na,\n,b\n", ".csv", "", "no row with both"),
    (b"review,x\na b c,1\nd e f,2\ng h i,3\n", ".csv", "", "looks like labels"),
    (write().partition(b"\n")[2], ".csv", "", "'good' is also a label"),
    (b"review,x\na,1\nb,2,3\n", ".csv", "", "line 3 has 3 fields"),
    (b"review,x\na,1\nb\n", ".csv", "", "line 3 has 1 fields"),
    (b"label,text\nneg,Dear Ann, so, dull\n", ".csv", "", "4 fields instead of 2"),
    (write(line="{text},{label},1"), ".csv", "", "3 fields instead of 2"),
    (write() + b'"Oh,\nno', ".csv", "", "need quotes around them"),
    (AMBIGUOUS, ".tsv", "", "can be read in two ways"),
    (TWO_SEPARATORS, ".csv", "", "can be read in two ways"),
    (write(names=["good"]), ".csv", "", "got 'good'"),
    (write(n=3), ".csv", "", "10 different texts"),
    (MANY, ".csv", "--label=sentiment", "300 different values"),
    (write(), ".csv", "--encoding=utf8000", "not an encoding"),
    (write(), ".csv", "--encoding=hex", "not an encoding"),
    (CP1252, ".csv", "", "--encoding cp1252"),
    (write("Café {i}"), ".csv", "--encoding=cp1252", "can be read in two ways"),
    (write(encoding="utf-16"), ".csv", "--encoding=cp1252", "can be read in two ways"),
    (UTF_16, ".csv", "", "--encoding utf-16-le"),
    (write("A\0film {i}"), ".csv", "", "NUL"),
    (UTF_16, ".csv", "--encoding=utf-8", "--encoding utf-16-le"),
    (UTF_16, ".csv", "--encoding=latin-1", "--encoding utf-16-le"),
    (gzip.compress(write()), ".csv.gz", "", "*.gz"),
    (gzip.compress(write()), ".csv", "", "compressed"),
    (b"PK\3\4", ".xlsx", "", "Save the texts as CSV"),
    (b"PK\3\4", ".csv", "", "compressed"),
    (write(), "", "", "Save the texts as CSV"),
    (b"PAR1 no", ".parquet", "", "damaged"),
    (write(), ".parquet", "", "damaged"),
    (b"[" * 100_000, ".json", "", "damaged"),
    (b'{"a":' * 100_000, ".jsonl", "", "damaged"),
    (b'{"text": "a"}\n[1]\n', ".jsonl", "", "Expected objects"),
    (b'{\n"text": ["a"], "label": ["b"]}', ".json", "", "line 1: Expected objects"),
    (b"[1, 2]", ".json", "", "Expected objects"),
    (b'[{"text": "a"', ".json", "", "damaged"),
    (b'{"text": "a", "label": ["b"]}', ".json", "--label=label", "Expected strings"),
    (write(), ".csv", "--seed=-1", "got -1"),
    (write(), ".csv", "--seed=4294967296", "got 4294967296"),
    (write(), ".csv", "--max-texts=0", "got 0"),
    (write(), ".csv", "--sizes 128 0", "--sizes of at least 1, got 0"),
    (write(), ".csv", "--separator=ab", "one character"),
]


@pytest.mark.parametrize(("content", "suffix", "options", "expected"), FAILING)
def test_problem_is_one_sentence(fail, tmp_path, content, suffix, options, expected):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    assert expected in fail(path, *options.split())


def test_missing_file_and_folder(fail, tmp_path):
    (tmp_path / "reviews.csv").write_text("a,b\n")
    assert "Did you mean 'reviews.csv'?" in fail(tmp_path / "revews.csv")
    assert "is a folder" in fail(tmp_path)


def test_both_readings_can_be_chosen(load, fail, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(AMBIGUOUS)
    message = fail(path)
    assert "--quotes yes gives 25 rows" in message
    assert "--quotes no gives 26 rows" in message
    assert len(load(path, "--quotes=no").texts) > 10
    path = tmp_path / "b.csv"
    path.write_bytes(TWO_SEPARATORS)
    assert "--separator ','" in fail(path)
    assert set(load(path, "--separator=,").y) == {"good", "bad"}
    assert set(load(path, "--label=c").y) == {"good", "bad"}  # in one reading only


# From rows to data


def test_messy_file_is_cleaned_in_plain_words(load, tmp_path):
    frame = make_frame()[["review", "sentiment"]]
    more = pd.DataFrame(
        [
            ("", "good"),
            ("  ", "bad"),
            ("No label", ""),
            (frame["review"][0], "good"),  # once more
            ("Both at once", "good"),
            ("Both at once", "bad"),
            ("!!! ...", "good"),
            ('A "quoted", text\nof two lines 🎉', "good"),
            *[(f"Send {i} back", "refund {€}") for i in range(3)],
        ],
        columns=frame.columns,
    )
    pd.concat([frame, more]).to_csv(tmp_path / "messy.csv", index=False)
    data = load(tmp_path / "messy.csv", "--text=review", "--label=sentiment")
    assert dict(data.cleaning.to_numpy()) == {
        "rows read": 131,
        "no text": -2,
        "no label": -1,
        "one text with several labels": -2,
        "repeated text": -1,
        "class with fewer than 10 texts": -3,
        "rows studied": 122,
    }
    notes = " ".join(data.notes)
    assert "with fewer than 10 texts are removed: 'refund {€}' (3)." in notes
    assert "1 texts contain no word, such as '!!! ...'" in notes
    assert set(data.y) == {"good", "bad"}
    assert 'A "quoted", text\nof two lines 🎉' in {*data.texts, *data.test_texts}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["caf\xe9", "cafe\u0301"],
            r"look alike.*'caf\\xe9' \(12\), 'cafe\\u0301' \(12",
        ),
        (["Good", "good"], r"look alike.*'Good' \(12\), 'good'"),
        (["007", "7"], r"look alike.*'007' \(12\), '7'"),
        (["NA", "b"], r"The label 'NA' \(12 rows\) is used like any other"),
        (["a", "b"], "^$"),
    ],
)
def test_odd_labels_are_noted(load, tmp_path, names, expected):
    (tmp_path / "a.csv").write_bytes(write(names=names))
    assert re.search(expected, " ".join(load(tmp_path / "a.csv").notes))


def test_single_characters_are_words(load, tmp_path):
    texts = ["👍", "好", "A+", "5!"]
    rows = pd.DataFrame({"text": texts, "label": ["a", "b", "a", "b"]})
    more = pd.DataFrame(
        {"text": [f"Film {i}" for i in range(40)], "label": ["a", "b"] * 20}
    )
    pd.concat([rows, more]).to_csv(tmp_path / "a.csv", index=False)
    data = load(tmp_path / "a.csv")
    assert set(texts) < {*data.texts, *data.test_texts}
    assert data.notes == []


def test_groups_are_on_one_side_of_every_split(load, tmp_path):
    frame = make_frame()
    frame["film"] = frame["film"].astype(object)
    frame.loc[:3, "film"] = ""
    frame.to_csv(tmp_path / "a.csv", index=False)
    data = load(tmp_path / "a.csv", "--group=film")
    assert not set(data.groups) & set(data.test_groups)
    for train, validation in data.splits:
        assert not set(data.groups[train]) & set(data.groups[validation])
    assert "4 rows without a group" in " ".join(data.notes)


@pytest.mark.parametrize("seed", range(5))
def test_large_group_is_not_the_test_part(load, tmp_path, seed):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"label": rng.choice(["a", "b", "c"], 400)})
    frame["group"] = np.where(rng.random(400) < 0.9, frame["label"], "")
    frame.loc[frame["label"] != "a", "group"] = ""
    number = pd.Series(range(400)).astype(str)
    frame["group"] = frame["group"].mask(frame["group"] == "", number.str[:-1] + "0")
    frame["text"] = "Text " + number
    frame.to_csv(tmp_path / "a.csv", index=False)
    data = load(tmp_path / "a.csv", "--group=group", f"--seed={seed}")
    assert "a" not in data.test_groups
    shares = pd.Series(data.y_test).value_counts(normalize=True)
    assert shares["b"] < 0.7


def test_groups_too_few_to_divide_are_one_sentence(fail, tmp_path):
    frame = make_frame()
    frame["film"] = frame["id"] % 3
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert "groups" in fail(tmp_path / "a.csv", "--group=film")


def test_rows_of_a_large_file_are_drawn(load, tmp_path):
    make_frame(100).to_csv(tmp_path / "a.csv", index=False)
    data = load(tmp_path / "a.csv", "--max-texts=100")
    assert "100 of 600 rows, drawn at random" in data.description
    assert len(data.texts) + len(data.test_texts) == 100
    again = load(tmp_path / "a.csv", "--max-texts=100")
    assert data.texts.tolist() == again.texts.tolist()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_console_without_all_characters_ends_no_study(
    script, tmp_path, monkeypatch, encoding
):
    from study.report import Report

    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    report = Report(tmp_path, "A 🙂 study", "")
    report.text("好")
    assert raw.getvalue().decode(encoding).split() == [
        "A",
        r"\U0001f642",
        "study",
        r"\u597d",
    ]
