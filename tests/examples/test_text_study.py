"""The study of texts of one's own: files of all kinds, messy ones, and a whole run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
GOOD = ["A warm and witty film", "Bright from end to end", "I liked every minute"]
BAD = ["A dull and empty film", "Tired from end to end", "I slept every minute"]


@pytest.fixture(scope="module")
def script():
    """The study as a module."""
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
        output = ["--output", str(tmp_path / "never")]
        with pytest.raises(SystemExit) as stop:
            script.main([str(path), *output, *arguments])
        message = stop.value.code
        assert "\n" not in message
        assert message[-1] in ".?"
        assert not (tmp_path / "never").exists()
        return message

    return run


def make_frame(n_each=20):
    """Make reviews of two kinds; each has a number of its own."""
    rows = [(f"{text} {i}", "good") for i in range(n_each) for text in GOOD]
    rows += [(f"{text} {i}", "bad") for i in range(n_each) for text in BAD]
    frame = pd.DataFrame(rows, columns=["review", "sentiment"])
    return frame.assign(
        id=range(len(rows)), film=[i // 3 % 12 for i in range(len(rows))]
    )


WRITERS = {
    "a.csv": lambda frame, path: frame.to_csv(path, index=False),
    "a.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "semicolons.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";"),
    "excel.csv": lambda frame, path: frame.to_csv(
        path, index=False, encoding="utf-8-sig"
    ),
    "a.parquet": lambda frame, path: frame.to_parquet(path),
    "a.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_reads_each_kind_of_file_and_guesses_the_columns(load, tmp_path, name):
    frame = make_frame()
    WRITERS[name](frame, tmp_path / name)
    data = load(tmp_path / name)
    assert "texts from the column 'review'" in data.description
    assert "labels from the column 'sentiment'" in data.description
    assert {*data.texts, *data.test_texts} == set(frame["review"])
    assert not set(data.texts) & set(data.test_texts)
    assert len(data.test_texts) == len(frame) / 5
    labels = frame.set_index("review")["sentiment"]
    assert (labels[data.texts] == data.y).all()


def test_messy_file_is_cleaned_in_plain_words(load, tmp_path):
    frame = make_frame()[["review", "sentiment"]]
    more = pd.DataFrame(
        [
            ("", "good"),
            ("  ", "bad"),
            ("No label", ""),
            ("nan", "good"),
            (frame["review"][0], "good"),  # once more
            ("Both at once", "good"),
            ("Both at once", "bad"),
            ("😀 🎬", "good"),
            ('A "quoted", text\nof two lines 🎉', "good"),
            *[(f"Send {i} back", "refund {€}") for i in range(3)],
        ],
        columns=frame.columns,
    )
    pd.concat([frame, more]).to_csv(tmp_path / "messy.csv", index=False)
    data = load(tmp_path / "messy.csv", "--text=review", "--label=sentiment")
    assert dict(data.cleaning.to_numpy()) == {
        "rows read": 132,
        "no text": -3,
        "no label": -1,
        "one text, several labels": -2,
        "a text once more": -1,
        "a class with fewer than 10 texts": -3,
        "rows studied": 122,
    }
    assert data.cleaning["rows"][:-1].sum() == 122
    notes = " ".join(data.notes)
    assert "fewer than 10: 'refund {€}' (3)" in notes
    assert "1 text of no word" in notes
    assert set(data.y) == {"good", "bad"}
    assert 'A "quoted", text\nof two lines 🎉' in {*data.texts, *data.test_texts}


def test_groups_are_on_one_side_of_every_split(load, tmp_path):
    frame = make_frame()
    frame.loc[:3, "film"] = np.nan
    frame.to_csv(tmp_path / "a.csv", index=False)
    data = load(tmp_path / "a.csv", "--group=film")
    assert not set(data.groups) & set(data.test_groups)
    for train, validation in data.splits:
        assert not set(data.groups[train]) & set(data.groups[validation])
    assert "4 rows without a group" in " ".join(data.notes)


def test_numbers_as_labels_are_in_their_order(load, tmp_path):
    frame = make_frame().drop(columns=["sentiment", "id"])
    frame["stars"] = [10, 9, 1] * (len(frame) // 3)
    frame.loc[0, "stars"] = np.nan
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    data = load(tmp_path / "a.jsonl", "--label=stars")
    assert np.unique(data.y).tolist() == [1, 9, 10]
    assert dict(data.cleaning.to_numpy())["no label"] == -1


def test_of_a_large_file_some_rows_are_drawn(load, tmp_path):
    make_frame(100).to_csv(tmp_path / "a.csv", index=False)
    data = load(tmp_path / "a.csv", "--max-texts=100")
    assert "100 of 600 rows, drawn at random" in data.description
    assert len(data.texts) + len(data.test_texts) == 100
    again = load(tmp_path / "a.csv", "--max-texts=100")
    assert data.texts.tolist() == again.texts.tolist()


@pytest.mark.parametrize(
    ("content", "arguments", "expected"),
    [
        ("", [], "is empty"),
        ("review,sentiment\n", [], "has no rows"),
        ("review\nGood\n", [], "has only 'review'"),
        ("review,sentiment\na,b\n", ["--text=Reveiw"], "Did you mean 'review'?"),
        ("review,sentiment\na,b\n", ["--label=lable"], "no column 'lable', but 'rev"),
        ("review,sentiment\na,b\n", ["--text=review", "--label=review"], "not twice"),
        ("review,sentiment\na,\n,b\n", [], "no row with both"),
        ("review,x\na b c,1\nd e f,2\ng h i,3\n", [], "looks like labels"),
        ("review,x\na,1\nb,2,3,4\n", ["--label=x"], "line 3, saw 4"),
        (
            "review,sentiment\n" + "".join(f"Fine {i},good\n" for i in range(50)),
            [],
            "are of one class, 'good'",
        ),
        (
            "review,id\n" + "".join(f"Fine {i},{i}\n" for i in range(300)),
            ["--label=id"],
            "300 different values",
        ),
        ("review,sentiment\nfine,good\nbad,bad\n", [], "10 different texts"),
        ("review,sentiment\na,b\n", ["--encoding=utf8000"], "no such encoding"),
        ("review,sentiment\ncaf\xe9,b\n", [], "--encoding cp1252"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(
    fail, tmp_path, content, arguments, expected
):
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode("latin-1"))
    assert expected in fail(path, *arguments)


def test_what_is_no_table_is_one_sentence(fail, tmp_path):
    (tmp_path / "reviews.csv").write_text("a,b\n")
    assert "Did you mean 'reviews.csv'?" in fail(tmp_path / "revews.csv")
    (tmp_path / "a.xlsx").touch()
    assert "save it as CSV" in fail(tmp_path / "a.xlsx")
    assert "files without an ending" in fail(tmp_path)
    (tmp_path / "a.parquet").write_text("no")
    assert "as a file of its kind" in fail(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n[1]\n')
    assert "line 2, is no JSON object" in fail(tmp_path / "a.jsonl")


def test_groups_too_few_to_divide_are_one_sentence(fail, tmp_path):
    frame = make_frame()
    frame["film"] = frame["id"] % 3
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert "groups" in fail(tmp_path / "a.csv", "--group=film")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Run the study once on three classes; return what it printed, and its folder."""
    folder = tmp_path_factory.mktemp("study")
    frame = make_frame(12)
    frame.loc[frame["review"].str.contains("minute"), "sentiment"] = "$so-so$ 🙂"
    frame.to_csv(folder / "films.csv", index=False)
    run = subprocess.run(
        [sys.executable, EXAMPLES / "text_study.py", "films.csv", "--group=film"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout, folder


def test_study_leaves_tables_plots_and_a_page(study):
    told, folder = study
    output = folder / "text_study"
    names = {path.stem for path in output.glob("*.png")}
    assert names == {
        "data",
        "holdout",
        "kfold",
        "regularization",
        "confusion_matrix",
        "calibration",
        "learning_curve",
    }
    tables = {path.stem: pd.read_csv(path) for path in output.glob("*.csv")}
    assert tables["data_counts"]["count"].sum() == 72
    assert tables["data_classes"][["training", "test"]].to_numpy().sum() == 72
    assert len(tables["kfold_curves"]) == 4 * 100
    assert len(tables["regularization_curves"]) == 5 * 4 * 100
    n_test = tables["data_counts"]["count"][1]
    assert tables["test_classes"]["texts"].sum() == n_test
    assert tables["calibration"]["predictions"].sum() == n_test
    assert tables["learning_curve"]["texts"].is_monotonic_increasing
    page = (output / "report.html").read_text(encoding="utf-8")
    assert page.count("<h2>") == 10
    assert page.count("<img") == len(names)
    assert not re.search("<script|<link|url\\(|https?:", page)
    assert str(folder) not in page
    assert "The study goes on" not in page
    for heading in ("taken for which", "learning curve"):
        assert heading in page.lower()
    assert told.splitlines()[0] == "A study of films.csv"


def test_words_are_those_that_decide(study):
    words = pd.read_csv(study[1] / "text_study" / "words.csv")
    found = {name: set(rows["word"]) for name, rows in words.groupby("class")}
    assert {"warm", "bright"} & found["good"]
    assert {"dull", "tired"} & found["bad"]
    assert "minute" in found["$so-so$ 🙂"]
    assert (words["points"] > 0).all()


def test_last_lines_load_the_network_and_predict(study):
    told, folder = study
    lines = told.rstrip().splitlines()[-3:]
    lines[-1] = f"print(json.dumps(pipe.predict({GOOD + BAD!r}).tolist()))"
    code = "\n".join(["import json", *lines])
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    so_so = "$so-so$ 🙂"
    expected = ["good", "good", so_so, "bad", "bad", so_so]
    assert json.loads(run.stdout) == expected


def test_words_are_measured_by_taking_them_away(script):
    from sklearn.pipeline import make_pipeline
    from study.words import measure_words

    from skimdb import KerasMLPClassifier, TextMultiHotVectorizer

    texts = [f"{text} {i}" for i in range(5) for text in GOOD + BAD]
    y = np.array(["good"] * 3 + ["bad"] * 3)[np.arange(len(texts)) % 6]
    network = KerasMLPClassifier(learning_rate=0.05, epochs=5, random_state=0)
    pipe = make_pipeline(TextMultiHotVectorizer(), network).fit(texts, y)
    effects, counts, n_texts = measure_words(pipe, texts)
    assert n_texts == len(texts)
    assert counts["dull"] == 5
    with_word = pipe.predict_proba(["A dull and empty film"])
    without = pipe.predict_proba(["A and empty film"])
    expected = (with_word - without)[0]
    np.testing.assert_allclose(effects.loc["dull"], expected, atol=0.02)
    assert effects.loc["dull", "bad"] > 0.05


@pytest.mark.parametrize(
    ("right_share", "confidence", "expected"),
    [(0.6, 0.9, "surer than it should"), (0.9, 0.6, "less sure"), (0.75, 0.75, "word")],
)
def test_calibration_conclusion_follows_the_numbers(
    script, right_share, confidence, expected
):
    right = np.arange(400) < 400 * right_share
    (sentence,) = script.conclusions.on_calibration(np.full(400, confidence), right)
    assert expected in sentence


def test_test_conclusion_follows_the_numbers(script):
    y = np.array(["a"] * 50 + ["b"] * 50)
    confidence = np.full(100, 0.9)
    told = " ".join(script.conclusions.on_test(y, y, confidence))
    assert "right for 100.0%" in told
    assert "mistake" not in told
    told = " ".join(script.conclusions.on_test(y, np.full(100, "a"), confidence))
    assert "no clear gain over guessing" in told
    assert "take b for a, 50 of 50 mistakes" in told
    assert "Never predicted: b." in told


@pytest.mark.parametrize(("gain", "expected"), [(0.1, "still rises"), (0, "little")])
def test_learning_curve_conclusion_follows_the_numbers(script, gain, expected):
    table = pd.DataFrame(
        {
            "texts": [100, 200],
            "val_accuracy": [0.7, 0.7 + gain],
            "accuracy_error": [0.01, 0.01],
        }
    )
    assert expected in " ".join(script.conclusions.on_sizes(table))


def test_labels_that_a_plot_cannot_show_as_they_are(script):
    write_label = script.plots.write_label
    assert write_label("good") == "good"
    assert write_label("5 \N{THUMBS UP SIGN}") == "5 [thumbs up sign]"
    assert write_label("\N{GRINNING FACE}") != write_label("\N{POUTING FACE}")
    assert write_label("\u65e5\u672c") == "\N{WHITE SQUARE}" * 2
    assert write_label("$5") == r"\$5"
    assert len(write_label("x" * 50)) == 20


def test_labels_that_look_alike_have_a_bar_each(script):
    labels = ["a very long label, part one", "a very long label, part two"]
    figure = script.plots.plot_data(pd.Series([5, 3], index=labels), [10, 20])
    assert sorted(bar.get_width() for bar in figure.axes[0].patches) == [3, 5]
    assert len(figure.axes[0].get_yticklabels()) == 2
    script.plots.plt.close(figure)


def test_group_of_predictions_that_are_all_right_has_an_error(script):
    from study.tables import compare_confidence

    table = compare_confidence(np.full(20, 0.9), np.ones(20, dtype=bool), 2)
    assert (table["accuracy"] == 1).all()
    np.testing.assert_allclose(table["accuracy_error"], np.sqrt(11 / 12**3))
