"""Files of one's own texts: read correctly, or one sentence and exit code 1."""

import codecs
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


def write(text="A film", label="{}", header="review,sentiment", n=12, **options):
    """Return the bytes of a table; ``{}`` is the class, and ``{i}`` the row."""
    line = options.get("line", "{text},{label}")
    end = options.get("end", "\n")
    rows = [
        line.format(text=text.format(name, i=f"{i}{name}"), label=label.format(name))
        for name in options.get("names", ["good", "bad"])
        for i in range(n)
    ]
    return (end.join([header, *rows]) + end).encode(options.get("encoding", "utf-8"))


def write_json(records, **options):
    return json.dumps(records, ensure_ascii=False, **options)


RECORDS = [{"text": f"Nice {i} {k}", "label": k} for k in ("a", "b") for i in range(12)]
LINES = "\n".join(write_json(record) for record in RECORDS)
TEXT = "A film {i}"

# Name of the file, its bytes, more arguments, one text and the labels.
READABLE = {
    "commas": ("a.csv", write(TEXT), [], "A film 0good", "good bad"),
    "semicolons": (
        "a.csv",
        write(TEXT, header="review;sentiment", line="{text};{label}"),
        [],
        "A film 0good",
        "good bad",
    ),
    "tabs": (
        "a.tsv",
        write("A film, {i}", header="review\tsentiment", line="{text}\t{label}"),
        [],
        "A film, 0good",
        "good bad",
    ),
    "bars in a text file": (
        "a.txt",
        write(TEXT, header="review|sentiment", line="{text}|{label}"),
        [],
        "A film 0good",
        "good bad",
    ),
    "first line of Excel": (
        "a.csv",
        b"sep=;\r\n" + write(TEXT, header="review;sentiment", line="{text};{label}"),
        [],
        "A film 0good",
        "good bad",
    ),
    "separators in the names of columns": (
        "a.csv",
        write(TEXT, header="Text (de, at);label", line="{text};{label}"),
        [],
        "A film 0good",
        "good bad",
    ),
    "separators in quoted names of columns": (
        "a.csv",
        write(TEXT, header='"Text; all, of it",label'),
        [],
        "A film 0good",
        "good bad",
    ),
    "quotes around all cells": (
        "a.csv",
        write(TEXT, header='"review","sentiment"', line='"{text}","{label}"'),
        [],
        "A film 0good",
        "good bad",
    ),
    "quoted line breaks": (
        "a.csv",
        write("A, film,\nso {i}", line='"{text}",{label}'),
        [],
        "A, film,\nso 0good",
        "good bad",
    ),
    "doubled quotes": (
        "a.csv",
        write('A ""film"", {i}', line='"{text}",{label}'),
        [],
        'A "film", 0good',
        "good bad",
    ),
    "texts that begin with a quotation": (
        "a.tsv",
        write('"Film" {i}', header="review\tsentiment", line="{text}\t{label}"),
        [],
        '"Film" 0good',
        "good bad",
    ),
    "two texts that begin with a quote": (
        "a.tsv",
        write(TEXT, header="review\tsentiment", line="{text}\t{label}")
        + b'"Oh no\tgood\n"Ah yes\tbad\n',
        [],
        '"Oh no',
        "good bad",
    ),
    "apostrophes": ("a.csv", write("It's {i}"), [], "It's 0good", "good bad"),
    "blanks after separators": (
        "a.csv",
        write("A film, {i}", header="review, sentiment", line='"{text}", "{label}"'),
        ["--label=sentiment"],
        "A film, 0good",
        "good bad",
    ),
    "Windows line ends": (
        "a.csv",
        write(TEXT, end="\r\n"),
        [],
        "A film 0good",
        "good bad",
    ),
    "old Mac line ends": (
        "a.csv",
        write(TEXT, end="\r"),
        [],
        "A film 0good",
        "good bad",
    ),
    "empty lines": ("a.csv", write(TEXT, end="\n\n"), [], "A film 0good", "good bad"),
    "no line break at the end": (
        "a.csv",
        write(TEXT).rstrip(),
        [],
        "A film 0good",
        "good bad",
    ),
    "upper case ending": ("A.CSV", write(TEXT), [], "A film 0good", "good bad"),
    "UTF-8 with a mark": (
        "a.csv",
        write("Café {i}", encoding="utf-8-sig"),
        [],
        "Café 0good",
        "good bad",
    ),
    "UTF-16 of Excel": (
        "a.csv",
        write("Café {i}", encoding="utf-16", header="review\tsentiment").replace(
            ",".encode("utf-16-le"), "\t".encode("utf-16-le")
        ),
        [],
        "Café 0good",
        "good bad",
    ),
    "UTF-16, big-endian": (
        "a.csv",
        codecs.BOM_UTF16_BE + write("Café {i}", encoding="utf-16-be"),
        [],
        "Café 0good",
        "good bad",
    ),
    "UTF-32": (
        "a.csv",
        write("Café {i}", encoding="utf-32"),
        [],
        "Café 0good",
        "good bad",
    ),
    "UTF-16 without a mark": (
        "a.csv",
        write("Café {i}", encoding="utf-16-le"),
        ["--encoding=utf-16-le"],
        "Café 0good",
        "good bad",
    ),
    "cp1252": (
        "a.csv",
        write("Café „{i}“", encoding="cp1252"),
        ["--encoding=cp1252"],
        "Café „0good“",
        "good bad",
    ),
    "Cyrillic": (
        "a.csv",
        write("Фильм {i}", encoding="koi8-r"),
        ["--encoding=koi8-r"],
        "Фильм 0good",
        "good bad",
    ),
    "labels with leading zeros": (
        "a.csv",
        write(TEXT, names=["0101", "101", "0202"]),
        [],
        "A film 00101",
        "0101 101 0202",
    ),
    "labels that are equal numbers": (
        "a.csv",
        write(TEXT, names=["007", "7", "7.0"]),
        [],
        "A film 0007",
        "007 7 7.0",
    ),
    "long numbers": (
        "a.csv",
        write(TEXT, names=["12345678901234567890", "12345678901234567891"]),
        [],
        "A film 012345678901234567890",
        "12345678901234567890 12345678901234567891",
    ),
    "labels like exponents": (
        "a.csv",
        write(TEXT, names=["1e5", "100000"]),
        [],
        "A film 01e5",
        "1e5 100000",
    ),
    "dates": (
        "a.csv",
        write(TEXT, names=["2024-01-02", "2.1.2024"]),
        [],
        "A film 02024-01-02",
        "2024-01-02 2.1.2024",
    ),
    "booleans": ("a.csv", write(TEXT, names=["TRUE", "false"]), [], None, "TRUE false"),
    "a class called NA": ("a.csv", write(TEXT, names=["NA", "b"]), [], None, "NA b"),
    "a class called None": (
        "a.csv",
        write(TEXT, names=["None", "nan"]),
        [],
        None,
        "None nan",
    ),
    "two forms of an accent": (
        "a.csv",
        write(TEXT, names=["caf\xe9", "cafe\u0301"]),
        [],
        None,
        "caf\xe9 cafe\u0301",
    ),
    "blanks around labels": ("a.csv", write(TEXT, label=" {} "), [], None, "good bad"),
    "formulas": ("a.csv", write("=1+{i}", names=["=A", "-B"]), [], "=1+0=A", "=A -B"),
    "emoji": ("a.csv", write("👍{i}", names=["👍", "👎"]), [], "👍0👍", "👍 👎"),
    "right to left": ("a.csv", write("סרט {i}"), [], "סרט 0good", "good bad"),
    "text of one word": ("a.csv", write("{i}"), [], "0good", "good bad"),
    "a long text": ("a.csv", write("x" * 300_000 + " {i}"), [], None, "good bad"),
    "many columns": (
        "a.csv",
        write(
            TEXT,
            header="review,sentiment," + ",".join(f"c{i}" for i in range(10_000)),
            line="{text},{label}" + ",1.5" * 10_000,
        ),
        ["--text=review", "--label=sentiment"],
        "A film 0good",
        "good bad",
    ),
    "columns with the same name": (
        "a.csv",
        write(TEXT, header="review,sentiment,x,x", line="{text},{label},1,2"),
        ["--text=review", "--label=sentiment"],
        "A film 0good",
        "good bad",
    ),
    "JSON lines": ("a.jsonl", LINES.encode(), [], "Nice 0 a", "a b"),
    "JSON lines with a mark": (
        "a.jsonl",
        LINES.encode("utf-8-sig"),
        [],
        "Nice 0 a",
        "a b",
    ),
    "JSON lines in UTF-16": ("a.jsonl", LINES.encode("utf-16"), [], "Nice 0 a", "a b"),
    "a JSON array": (
        "a.json",
        write_json(RECORDS, indent=2).encode("utf-8-sig"),
        [],
        "Nice 0 a",
        "a b",
    ),
    "JSON lines named .json": ("a.json", LINES.encode(), [], "Nice 0 a", "a b"),
    "JSON with line separators in texts": (
        "a.jsonl",
        LINES.replace("Nice ", "Nice\u2028").encode(),
        [],
        "Nice\u20280 a",
        "a b",
    ),
    "JSON numbers": (
        "a.jsonl",
        LINES.replace('"a"', "1.50").replace('"b"', "2").encode(),
        [],
        "Nice 0 a",
        "1.50 2",
    ),
    "JSON booleans": (
        "a.jsonl",
        LINES.replace('"a"', "true").replace('"b"', "false").encode(),
        [],
        "Nice 0 a",
        "true false",
    ),
    "JSON with other keys": (
        "a.jsonl",
        (LINES + '\n{"other": [1]}\n{"text": null, "label": "a"}').encode(),
        [],
        "Nice 0 a",
        "a b",
    ),
    "JSON with a lone surrogate": (
        "a.jsonl",
        LINES.replace("Nice 0 a", "Nice \\ud83d 0 a").encode(),
        [],
        "Nice ? 0 a",
        "a b",
    ),
}


@pytest.mark.parametrize("name", READABLE)
def test_file_is_read(load, tmp_path, name):
    file, content, arguments, text, labels = READABLE[name]
    (tmp_path / file).write_bytes(content)
    data = load(tmp_path / file, *arguments)
    assert set(data.y) | set(data.y_test) == set(labels.split())
    texts = [*data.texts, *data.test_texts]
    assert len(texts) >= 24
    assert text is None or text in texts


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

AMBIGUOUS = write(TEXT, header="sentiment\treview", line="{label}\t{text}")
AMBIGUOUS += b'good\t"Oh\nbad\tno"\n'
FAILING = {
    "empty": ("a.csv", b"", [], "is empty"),
    "only a header": ("a.csv", b"review,sentiment\n", [], "has no rows"),
    "only blanks": ("a.csv", b"\n\n", [], "has only"),
    "one column": ("a.csv", b"review\nGood\n", [], "has only 'review'"),
    "wrong name of texts": ("a.csv", write(TEXT), ["--text=Reveiw"], "mean 'review'?"),
    "wrong name of labels": ("a.csv", write(TEXT), ["--label=x"], "no column 'x', but"),
    "one column twice": (
        "a.csv",
        write(TEXT),
        ["--text=review", "--label=review"],
        "must name different columns",
    ),
    "two columns with the name": (
        "a.csv",
        write(TEXT, header="review,review,x", line="{text},{label},1"),
        ["--text=review"],
        "several columns 'review'",
    ),
    "nothing in common": (
        "a.csv",
        b"review,sentiment\na,\n,b\n",
        [],
        "no row with both",
    ),
    "no labels": (
        "a.csv",
        b"review,x\na b c,1\nd e f,2\ng h i,3\n",
        [],
        "looks like labels",
    ),
    "no header": (
        "a.csv",
        write(TEXT).partition(b"\n")[2],
        [],
        "'good' is also a label",
    ),
    "a row too long": ("a.csv", b"review,x\na,1\nb,2,3\n", [], "line 3 has 3 fields"),
    "a row too short": ("a.csv", b"review,x\na,1\nb\n", [], "line 3 has 1 fields"),
    "commas in texts": (
        "a.csv",
        b"label,text\nneg,Dear Ann, the scene, was dull\npos,It was good, Ann\n",
        [],
        "line 2 has 4 fields instead of 2",
    ),
    "all rows longer than the header": (
        "a.csv",
        write(TEXT, line="{text},{label},1"),
        [],
        "has 3 fields instead of 2",
    ),
    "an open quote": (
        "a.csv",
        write(TEXT) + b'"Oh,\nno',
        [],
        "need quotes around them",
    ),
    "quotes that close rows later": ("a.tsv", AMBIGUOUS, [], "can be read in two ways"),
    "two separators": (
        "a.csv",
        write(header="a;b,c", line="{label};{text},{label}", text=TEXT),
        [],
        "can be read in two ways",
    ),
    "one class": ("a.csv", write(TEXT, names=["good"]), [], "got 'good'"),
    "few texts": ("a.csv", write(TEXT, n=3), [], "10 different texts"),
    "many classes": (
        "a.csv",
        write(TEXT, names=list(map(str, range(300))), n=1, label="{0}"),
        ["--label=sentiment"],
        "300 different values",
    ),
    "unknown encoding": (
        "a.csv",
        write(TEXT),
        ["--encoding=utf8000"],
        "not an encoding",
    ),
    "a codec of bytes": ("a.csv", write(TEXT), ["--encoding=hex"], "not an encoding"),
    "cp1252 unnamed": (
        "a.csv",
        write("Café {i}", encoding="cp1252"),
        [],
        "--encoding cp1252",
    ),
    "UTF-8 read as cp1252": (
        "a.csv",
        write("Café {i}"),
        ["--encoding=cp1252"],
        "can be read in two ways",
    ),
    "UTF-16 read as cp1252": (
        "a.csv",
        write(TEXT, encoding="utf-16"),
        ["--encoding=cp1252"],
        "can be read in two ways",
    ),
    "UTF-16 without a mark, unnamed": (
        "a.csv",
        write(TEXT, encoding="utf-16-le"),
        [],
        "--encoding utf-16-le",
    ),
    "NUL characters": ("a.csv", write("A\0film {i}"), [], "NUL"),
    "gzip": ("a.csv.gz", gzip.compress(write(TEXT)), [], "*.gz"),
    "gzip named .csv": ("a.csv", gzip.compress(write(TEXT)), [], "compressed"),
    "Excel": ("a.xlsx", b"PK\3\4", [], "Save the texts as CSV"),
    "Excel named .csv": ("a.csv", b"PK\3\4", [], "compressed"),
    "no ending": ("a", write(TEXT), [], "Save the texts as CSV"),
    "damaged Parquet": ("a.parquet", b"PAR1 no", [], "damaged"),
    "text named .parquet": ("a.parquet", write(TEXT), [], "damaged"),
    "deep JSON": ("a.json", b"[" * 100_000, [], "damaged"),
    "deep JSON lines": ("a.jsonl", b'{"a":' * 100_000, [], "damaged"),
    "JSON lines that are not objects": (
        "a.jsonl",
        b'{"text": "a"}\n[1]\n',
        [],
        "Expected objects",
    ),
    "JSON over several lines": (
        "a.json",
        write_json({"text": ["a"], "label": ["b"]}, indent=1).encode(),
        [],
        "line 1: Expected objects",
    ),
    "JSON of numbers": ("a.json", b"[1, 2]", [], "Expected objects"),
    "an open JSON array": ("a.json", b'[{"text": "a"', [], "damaged"),
    "JSON lists as labels": (
        "a.jsonl",
        b'{"text": "a", "label": ["b"]}\n{"text": "c", "label": ["d"]}',
        ["--text=text", "--label=label"],
        "Expected strings in the column 'label'",
    ),
    "three groups": (
        "a.csv",
        write("A film {i}", header="t,label,g", line="{text},{label},{text}").replace(
            b"A film", b"x"
        ),
        ["--text=t", "--label=label", "--group=label"],
        "must name different columns",
    ),
    "seed -1": ("a.csv", write(TEXT), ["--seed=-1"], "got -1"),
    "seed too large": ("a.csv", write(TEXT), ["--seed=4294967296"], "got 4294967296"),
    "no texts wanted": ("a.csv", write(TEXT), ["--max-texts=0"], "got 0"),
    "long separator": ("a.csv", write(TEXT), ["--separator=ab"], "one character"),
}


@pytest.mark.parametrize("name", FAILING)
def test_problem_is_one_sentence(fail, tmp_path, name):
    file, content, arguments, expected = FAILING[name]
    (tmp_path / file).write_bytes(content)
    assert expected in fail(tmp_path / file, *arguments)


def test_there_are_enough_hostile_files():
    assert len(READABLE) + len(FAILING) >= 60


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
    path.write_bytes(write(header="a;b,c", line="{label};{text},{label}", text=TEXT))
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
    (tmp_path / "a.csv").write_bytes(write(TEXT, names=names))
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
